package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	pontlevis "github.com/pontlevis/pontlevis/caddy"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/store"
)

// adminFile is where the demo says its admin address, in its data folder.
const adminFile = "admin.address"

// labelServer is the server whose log is meant: one that runs, at its admin address, or a data folder that none has open.
type labelServer struct{ admin, data, authority string }

func (s *labelServer) flags(c *cobra.Command) {
	c.Flags().StringVar(&s.admin, "admin", "", "Caddy's admin address of the running server (default 127.0.0.1:2019, or the demo's of --data)")
	c.Flags().StringVar(&s.data, "data", "", "data folder")
	c.Flags().StringVar(&s.authority, "authority", "", "authority.json, for the data folder of a stopped server whose settings name another than its own")
}

// take has the server log a label or an order.
func (s *labelServer) take(ctx context.Context, q pontlevis.LabelRequest) (pontlevis.LabelAnswer, error) {
	if s.admin == "" && s.data != "" {
		a, err := pontlevis.SubmitLabel(ctx, s.data, s.authority, q)
		if !errors.Is(err, store.ErrInUse) {
			return a, err
		}
	}
	body, err := json.Marshal(q)
	if err != nil {
		return pontlevis.LabelAnswer{}, err
	}
	return s.ask(ctx, http.MethodPost, "", body)
}

// list lists the log from an index on, to its end.
func (s *labelServer) list(ctx context.Context, from int64) (pontlevis.LabelAnswer, error) {
	all, err := s.part(ctx, from)
	for err == nil && len(all.Entries) > 0 {
		next := all.Entries[len(all.Entries)-1].Index + 1
		if next >= all.Size {
			break
		}
		var more pontlevis.LabelAnswer
		if more, err = s.part(ctx, next); len(more.Entries) == 0 {
			break
		}
		all.Entries, all.Size = append(all.Entries, more.Entries...), more.Size
	}
	return all, err
}

// part lists as much of it as one answer holds.
func (s *labelServer) part(ctx context.Context, from int64) (a pontlevis.LabelAnswer, err error) {
	if s.admin == "" && s.data != "" {
		log, closing, err := pontlevis.OpenLabels(ctx, s.data, s.authority)
		if err == nil {
			a, err = pontlevis.Listing(ctx, log, from)
			return a, errors.Join(err, closing())
		}
		if !errors.Is(err, store.ErrInUse) {
			return a, err
		}
	}
	return s.ask(ctx, http.MethodGet, "from="+strconv.FormatInt(from, 10), nil)
}

// address is the admin address of the server that runs.
func (s *labelServer) address() string {
	if s.admin != "" {
		return s.admin
	}
	if s.data != "" {
		if kept, err := os.ReadFile(filepath.Join(s.data, adminFile)); err == nil {
			return strings.TrimSpace(string(kept))
		}
	}
	return "127.0.0.1:2019"
}

// ask asks the server that runs about its log of labels.
func (s *labelServer) ask(ctx context.Context, method, query string, body []byte) (a pontlevis.LabelAnswer, err error) {
	response, err := s.send(ctx, method, pontlevis.LabelPath, query, body)
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(io.LimitReader(response.Body, mostAnswered)).Decode(&a); err != nil {
		return a, fmt.Errorf("the server answered %s: %w", response.Status, err)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// mostAnswered bounds an answer of the admin endpoint, in bytes.
const mostAnswered = 8 << 20

// send sends a request to the admin endpoint of the server that runs, about its data folder where that was named.
func (s *labelServer) send(ctx context.Context, method, path, query string, body []byte) (*http.Response, error) {
	if s.data != "" {
		folder, err := filepath.Abs(s.data)
		if err != nil {
			return nil, err
		}
		query += "&data=" + url.QueryEscape(folder)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.address()+path+"?"+strings.TrimPrefix(query, "&"), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := asking.Do(r)
	if err != nil {
		return nil, fmt.Errorf("the server does not answer at its admin address (--admin says another): %w", err)
	}
	return response, nil
}

func labelIssueCommand() *cobra.Command {
	var s labelServer
	var file string
	c := &cobra.Command{
		Use:   "issue [--admin <address> | --data <folder>] [--manifest <manifest.json>] <label.json> <publication.json>",
		Short: "Logs a label: from then on it is in force, and its version on the air",
		Long: "Logs a label. A version of the catalogue that waits for it is on the air when the command returns; one that the catalogue\n" +
			"has not is put there with --manifest, or later with `pontlevis label manifest`.",
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			b, err := readBundle(args[0], args[1])
			if err != nil {
				return err
			}
			if _, err := label.Peek(b.Label); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			q := pontlevis.LabelRequest{Bundle: &b}
			if file != "" {
				if q.Manifest, err = readSmall(file); err != nil {
					return err
				}
			}
			return s.submit(c, q)
		},
	}
	s.flags(c)
	c.Flags().StringVar(&file, "manifest", "", "the manifest that the label is about, byte by byte")
	return c
}

func labelManifestCommand() *cobra.Command {
	var s labelServer
	c := &cobra.Command{
		Use:   "manifest [--admin <address> | --data <folder>] <manifest.json>",
		Short: "Brings the manifest of a label in force, and puts its version on the air",
		Long: "A server that follows another authority's log fetches the manifests by itself, by their digest. Where it cannot, this\n" +
			"brings one. A file that no label in force is about, byte by byte, is refused.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			raw, err := readSmall(args[0])
			if err != nil {
				return err
			}
			return s.submit(c, pontlevis.LabelRequest{Manifest: raw})
		},
	}
	s.flags(c)
	return c
}

// submit has the server take a label or a manifest, and prints what became of it.
func (s *labelServer) submit(c *cobra.Command, q pontlevis.LabelRequest) error {
	a, err := s.take(c.Context(), q)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.OutOrStdout(), a.Aired)
	return printEntries(c.OutOrStdout(), a)
}

func labelLogCommand() *cobra.Command {
	var s labelServer
	var from int64
	c := &cobra.Command{
		Use:   "log [--admin <address> | --data <folder>] [--from <index>]",
		Short: "Lists the log of labels",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := s.list(c.Context(), from)
			if err != nil {
				return err
			}
			whose := "own log"
			if !a.Own {
				whose = "followed, seen " + a.Seen.Format(time.RFC3339)
			}
			fmt.Fprintf(c.OutOrStdout(), "%s: %d entries (%s)\nverifier %s\n", a.Authority, a.Size, whose, a.Verifier)
			if a.Trouble != "" {
				fmt.Fprintln(c.OutOrStdout(), "trouble:", a.Trouble)
			}
			return printEntries(c.OutOrStdout(), a)
		},
	}
	s.flags(c)
	c.Flags().Int64Var(&from, "from", 0, "first entry to list")
	return c
}

func printEntries(out io.Writer, a pontlevis.LabelAnswer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "entry\tat\tkind\tapp\tlabel\treason\tuntil\tnow")
	for _, e := range a.Entries {
		until := ""
		if !e.Until.IsZero() {
			until = e.Until.UTC().Format(time.DateOnly)
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Index, e.At.UTC().Format(time.RFC3339), e.Kind, e.App, e.Label, e.Reason, until, e.Status)
	}
	return table.Flush()
}
