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
		log, closing, err := pontlevis.OpenLabels(ctx, s.data, s.authority)
		if err == nil {
			return logHere(ctx, log, closing, q)
		}
		if !errors.Is(err, store.ErrInUse) {
			return pontlevis.LabelAnswer{}, err
		}
	}
	body, err := json.Marshal(q)
	if err != nil {
		return pontlevis.LabelAnswer{}, err
	}
	return s.ask(ctx, http.MethodPost, "", body)
}

// logHere logs in a folder that no server has open.
func logHere(ctx context.Context, log *label.Log, closing func() error, q pontlevis.LabelRequest) (a pontlevis.LabelAnswer, err error) {
	defer func() { err = errors.Join(err, closing()) }()
	var e label.Entry
	if q.Bundle != nil {
		e, err = log.Issue(ctx, *q.Bundle)
	} else {
		e, err = log.Order(ctx, q.Order)
	}
	if err != nil {
		return a, err
	}
	return pontlevis.Listing(ctx, log, e.Index)
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

func (s *labelServer) ask(ctx context.Context, method, query string, body []byte) (a pontlevis.LabelAnswer, err error) {
	if s.data != "" {
		folder, err := filepath.Abs(s.data)
		if err != nil {
			return a, err
		}
		query += "&data=" + url.QueryEscape(folder)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.address()+pontlevis.LabelPath+"?"+strings.TrimPrefix(query, "&"), bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := asking.Do(r)
	if err != nil {
		return a, fmt.Errorf("the server does not answer at its admin address (--admin says another): %w", err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(io.LimitReader(response.Body, 8<<20)).Decode(&a); err != nil {
		return a, fmt.Errorf("the server answered %s: %w", response.Status, err)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

func labelIssueCommand() *cobra.Command {
	var s labelServer
	c := &cobra.Command{
		Use:   "issue [--admin <address> | --data <folder>] <label.json> <publication.json>",
		Short: "Logs a label: from then on it is in force",
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			b, err := readBundle(args[0], args[1])
			if err != nil {
				return err
			}
			if _, err := label.Peek(b.Label); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			a, err := s.take(c.Context(), pontlevis.LabelRequest{Bundle: &b})
			if err != nil {
				return err
			}
			return printEntries(c.OutOrStdout(), a)
		},
	}
	s.flags(c)
	return c
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
