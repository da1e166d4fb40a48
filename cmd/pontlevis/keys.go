package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	pontlevis "github.com/pontlevis/pontlevis/caddy"
	"github.com/pontlevis/pontlevis/oauth/keyring"
)

// askTime bounds how long a command waits for the running server.
const askTime = time.Minute

func keysCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "keys <command>",
		Short: "Lists and rotates the signing keys of a running server",
		Long:  "Asks a running server, at Caddy's admin address, about the keys that sign id_tokens, logout tokens and JWT access tokens.",
	}
	var admin string
	var q pontlevis.KeysRequest
	list := &cobra.Command{
		Use:   "list [--admin <address>]",
		Short: "Lists the keys: next, current and retired",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return tellKeys(c.OutOrStdout(), func(address string) (*http.Response, error) {
				return asking.Get(address + "?data=" + url.QueryEscape(q.Data))
			}, admin)
		},
	}
	rotate := &cobra.Command{
		Use:   "rotate [--admin <address>] [--withdraw]",
		Short: "Lets the next keys sign, as soon as they have been published long enough",
		Long: "Lets the next key of each algorithm sign. One that has not been published long enough (24 hours, unless the\n" +
			"Caddyfile says otherwise) will sign once it has; the list says when. Retired keys go on verifying.\n" +
			"With --withdraw, for keys that were stolen, new keys sign at once and nothing that was signed before verifies any more.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			body, err := json.Marshal(q)
			if err != nil {
				return err
			}
			return tellKeys(c.OutOrStdout(), func(address string) (*http.Response, error) {
				return asking.Post(address, "application/json", bytes.NewReader(body))
			}, admin)
		},
	}
	rotate.Flags().BoolVar(&q.Withdraw, "withdraw", false, "the keys were stolen: withdraw them at once")
	for _, sub := range []*cobra.Command{list, rotate} {
		sub.Flags().StringVar(&admin, "admin", "127.0.0.1:2019", "Caddy's admin address")
		sub.Flags().StringVar(&q.Data, "data", "", "absolute data folder, where the server has several open")
		c.AddCommand(sub)
	}
	return c
}

var asking = &http.Client{Timeout: askTime}

// tellKeys asks the server and prints its keys.
func tellKeys(out io.Writer, ask func(address string) (*http.Response, error), admin string) error {
	response, err := ask("http://" + admin + pontlevis.KeysPath)
	if err != nil {
		return fmt.Errorf("the server does not answer at its admin address (--admin says another): %w", err)
	}
	defer response.Body.Close()
	var answer pontlevis.KeysAnswer
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&answer); err != nil {
		return fmt.Errorf("the server answered %s: %w", response.Status, err)
	}
	if answer.Error != "" {
		return fmt.Errorf("the server answered %s: %s", response.Status, answer.Error)
	}
	return printKeys(out, answer.Keys)
}

func printKeys(out io.Writer, keys []keyring.Key) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "key\talgorithm\tstate\tpublished since\tthen")
	then := map[keyring.State]string{keyring.Next: "signs", keyring.Current: "retires", keyring.Retired: "is removed"}
	for _, k := range keys {
		due := ""
		if !k.Due.IsZero() {
			due = then[k.State] + " " + k.Due.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", k.ID, k.Algorithm, k.State, k.Made.UTC().Format(time.RFC3339), due)
	}
	return table.Flush()
}
