package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	pontlevis "github.com/pontlevis/pontlevis/caddy"
	"github.com/pontlevis/pontlevis/catalog/label"
)

// orderFlags are what an order says that is not written yet.
type orderFlags struct {
	kind                       string
	server                     labelServer
	keys                       []string
	out, next                  string
	app, label, reason, fr, en string
	days                       int
}

func labelOrderCommand(kind string) *cobra.Command {
	f := orderFlags{kind: kind}
	short := map[string]string{
		label.Suspend:   "Stops an app for a week at most; one key is enough",
		label.Revoke:    "Recalls an app for good; its very next request fails",
		label.Reinstate: "Ends a suspension before its time",
		label.Keys:      "Puts the authority's next keys in the place of the former",
	}[kind]
	c := &cobra.Command{
		Use:   kind + " --key <file>… [-o <file>] … | " + kind + " --key <file> <order.json>",
		Short: short,
		Long: short + ".\n\nWith -o the order is written to a file with the signatures of --key, and not sent: give it to the next holder, who\n" +
			"adds a signature by naming that file. Without -o it is sent to the server, which answers once it is in force.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args) },
	}
	if kind == label.Revoke {
		c.Aliases = []string{"recall"}
	}
	fl := c.Flags()
	fl.StringArrayVar(&f.keys, "key", nil, "file of a private key of the authority; repeatable")
	fl.StringVarP(&f.out, "output", "o", "", "file to write the order to, instead of sending it")
	f.server.flags(c)
	if kind == label.Keys {
		fl.StringVar(&f.next, "next", "", "authority.json with the next keys; as many of them sign too")
		c.Use = strings.ReplaceAll(c.Use, kind+" --key", "rotate --key")
		return c
	}
	reasons := label.Reasons
	if kind == label.Reinstate {
		reasons = label.Remedies
	}
	fl.StringVar(&f.app, "app", "", "id of the app")
	fl.StringVar(&f.label, "label", "", "id of its label, as in the list of pontlevis label log (default: the newest)")
	fl.StringVar(&f.reason, "reason", "", strings.Join(reasons, " | "))
	fl.StringVar(&f.fr, "fr", "", "why, in French, as people and the publisher read it")
	fl.StringVar(&f.en, "en", "", "why, in English")
	if kind == label.Suspend {
		fl.IntVar(&f.days, "days", longestSuspension, fmt.Sprintf("for how many days, %d at most", longestSuspension))
	}
	return c
}

func (f *orderFlags) run(c *cobra.Command, args []string) error {
	var envelope []byte
	var err error
	if len(args) == 1 {
		if envelope, err = readSmall(args[0]); err != nil {
			return err
		}
		envelope = bytes.TrimSpace(envelope)
		o, err := label.PeekOrder(envelope)
		if err != nil {
			return fmt.Errorf("%s: %w", args[0], err)
		}
		if o.Kind != f.kind {
			return fmt.Errorf("%s is an order of kind %s, not %s", args[0], o.Kind, f.kind)
		}
	} else if envelope, err = f.draft(c); err != nil {
		return err
	}
	if len(f.keys) > 0 || len(args) == 0 {
		keys, err := loadKeys(f.keys)
		if err != nil {
			return err
		}
		if envelope, err = label.Sign(envelope, keys...); err != nil {
			return err
		}
	}
	if f.out != "" {
		return writeOut(c, f.out, envelope)
	}
	a, err := f.server.take(c.Context(), pontlevis.LabelRequest{Order: envelope})
	if err != nil {
		return err
	}
	if a.Seconds > 0 {
		fmt.Fprintf(c.OutOrStdout(), "in force after %.0f ms\n", a.Seconds*1000)
	}
	return printEntries(c.OutOrStdout(), a)
}

// draft writes an order.
func (f *orderFlags) draft(c *cobra.Command) ([]byte, error) {
	if f.kind == label.Suspend && (f.days < 1 || f.days > longestSuspension) {
		return nil, fmt.Errorf("--days %d: a suspension is for 1 to %d days; for longer, recall (revoke)", f.days, longestSuspension)
	}
	a, err := f.server.list(c.Context(), 0)
	if err != nil {
		return nil, fmt.Errorf("asking the server whose log it is: %w", err)
	}
	now := time.Now()
	o := label.Order{ID: f.kind + "-" + strings.ToLower(rand.Text()[:16]), Kind: f.kind, Authority: a.Authority, From: now}
	if f.kind == label.Keys {
		if f.next == "" {
			return nil, errors.New("say which keys are next (--next authority.json)")
		}
		next, err := readTrust(f.next)
		if err != nil {
			return nil, err
		}
		o.Next = &next
		return o.Draft()
	}
	o.App, o.Label, o.Reason, o.Words = f.app, f.label, f.reason, &label.Text{FR: f.fr, EN: f.en}
	if f.kind == label.Suspend {
		o.Until = now.AddDate(0, 0, f.days)
	}
	if o.App != "" && o.Label == "" {
		o.Label = newestLabel(a, o.App)
	}
	return o.Draft()
}

// longestSuspension is how many days one key alone can stop an app.
const longestSuspension = int(label.SuspendAtMost / (24 * time.Hour))

// newestLabel is the id of the last label that was issued to an app.
func newestLabel(a pontlevis.LabelAnswer, app string) (id string) {
	for _, e := range a.Entries {
		if e.App == app && (e.Kind == label.Issue || e.Kind == label.Supersede) {
			id = e.Label
		}
	}
	return id
}
