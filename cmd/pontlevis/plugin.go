package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	pontlevis "github.com/pontlevis/pontlevis/caddy"
	"github.com/pontlevis/pontlevis/plugins"
)

func pluginCommand() *cobra.Command {
	c := &cobra.Command{Use: "plugin", Short: "Makes a plugin, and runs one in the cage"}
	c.AddCommand(pluginNewCommand(), pluginRunCommand(), pluginArtifactsCommand(), pluginDueCommand())
	return c
}

func pluginDueCommand() *cobra.Command {
	var data string
	c := &cobra.Command{
		Use: "due --data <folder>", Short: "Runs the scheduled plugins whose turn it is, in a running demo", Args: cobra.NoArgs,
		Long: "Runs at once what the running demo would run by itself within ten minutes of its start, and each hour then: the plugins\n" +
			"that have a schedule, for those who agreed, where it is their turn. It says for how many each ran, and for how many it\n" +
			"left something. What they left is in the agenda of the person, on the page /space/agenda.",
		RunE: func(c *cobra.Command, _ []string) error {
			answer, err := ask(data, "schedules", pontlevis.TokenRequest{})
			if err != nil {
				return err
			}
			fmt.Fprint(c.OutOrStdout(), answer.Explanation)
			return nil
		},
	}
	c.Flags().StringVar(&data, "data", "", "data folder of the running demo")
	return c
}

// pluginRun are the flags of plugin run.
type pluginRun struct {
	trial    pontlevis.PluginTrial
	manifest string
	context  string
	json     bool
}

func pluginRunCommand() *cobra.Command {
	var f pluginRun
	c := &cobra.Command{
		Use:   "run <binary> [flags]",
		Short: "Runs a plugin in the cage against an invented person",
		Long: "Runs a plugin once, as it would run here: labelled (by the authority of a demonstration made for the occasion), in the\n" +
			"cage, through the gate. It shows each read with what became of it, each decision of the access log with its rule and\n" +
			"reason, the cards, what was used of the limits, and the isolation that was had. The exit status is 1 when it gave nothing.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			f.trial.Binary = args[0]
			ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM) // what it made is removed
			defer stop()
			return f.run(ctx, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&f.manifest, "manifest", "", "the manifest (default: manifest.json beside the binary)")
	c.Flags().StringVar(&f.trial.Hook, "hook", "", "id of the hook in the manifest (default: the first)")
	c.Flags().StringVar(&f.trial.Patient, "patient", "camille", "key of an invented person: camille, lucas, jeanne, yanis")
	c.Flags().StringVar(&f.trial.As, "as", "dr-roux", "key of who calls: dr-roux, inf-martin, dr-urgence, camille …")
	c.Flags().StringVar(&f.trial.Language, "language", "en", "language of the cards: fr or en")
	c.Flags().StringVar(&f.context, "context", "", "more members of the hook's context, as a JSON object")
	c.Flags().BoolVar(&f.trial.Alone, "no-consent", false, "without the person's consent")
	c.Flags().StringVar(&f.trial.Level, "isolation", "S3", "isolation below which it does not start; below S3 give a reason")
	c.Flags().StringVar(&f.trial.Reason, "reason", "", "why the isolation is below S3")
	c.Flags().BoolVar(&f.json, "json", false, "print the cards alone, as CDS Hooks has them")
	return c
}

func (f *pluginRun) run(ctx context.Context, out io.Writer) (err error) {
	if f.manifest == "" {
		f.manifest = filepath.Join(filepath.Dir(f.trial.Binary), "manifest.json")
	}
	if f.trial.Manifest, err = os.ReadFile(f.manifest); err != nil {
		return fmt.Errorf("the manifest: %w", err)
	}
	if f.context != "" {
		f.trial.Context = json.RawMessage(f.context)
	}
	if f.trial.Data, err = os.MkdirTemp("", "pontlevis-plugin-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(f.trial.Data)) }()
	tried, err := f.trial.Try(ctx)
	if err != nil {
		return err
	}
	if f.json {
		if tried.Outcome == nil {
			return errors.New("it gave no cards")
		}
		said := map[string]any{"cards": tried.Outcome.Cards}
		if tried.Outcome.Page != nil {
			said["page"] = tried.Outcome.Page
		}
		return json.NewEncoder(out).Encode(said)
	}
	return f.show(out, tried)
}

// show writes what became of a run, for its author.
func (f *pluginRun) show(out io.Writer, t *pontlevis.PluginTried) error {
	fmt.Fprintf(out, "hook %s (%s), %s as %s\n\n", t.Hook.ID, t.Hook.Hook, f.trial.Patient, f.trial.As)
	f.reads(out, t)
	fmt.Fprintln(out, "Decisions, as in the access log:")
	for _, d := range t.Entries {
		fmt.Fprintf(out, "  %s  %-14s %-11s %-12s %s: %s\n", d.Entry.Outcome, d.Entry.Client, d.Entry.Interaction, d.Entry.Rule, strings.Join(d.Entry.Resources, " "), d.Reason)
	}
	fmt.Fprintln(out)
	if t.Tried == nil || !t.Opens {
		fmt.Fprintf(out, "Nothing ran. The record does not open to %s, or nothing in it to the plugin: a caller gets {\"cards\":[]}.\n", f.trial.As)
		return errors.New("nothing ran")
	}
	if errors.Is(t.Failure, plugins.ErrLevel) {
		return fmt.Errorf("%w; to try it in the cage that this machine has: --isolation %s --reason \"…\"; for what to mend: pontlevis doctor", t.Failure, t.Reached)
	}
	if t.Failure != nil {
		return fmt.Errorf("it gave nothing, after %s: %w", t.Took.Round(time.Millisecond), t.Failure)
	}
	for _, c := range t.Outcome.Cards {
		fmt.Fprintf(out, "Card (%s): %s\n\n%s\n\n", c.Indicator, c.Summary, c.Detail)
		for _, s := range c.Suggestions {
			fmt.Fprintf(out, "  proposes: %s\n", s.Label)
		}
	}
	if p := t.Outcome.Page; p != nil {
		fmt.Fprintf(out, "Page: %s\n", p.Title)
		for _, figure := range p.Figures {
			fmt.Fprintf(out, "  %-44s %12s %s  %s\n", figure.Label, strconv.FormatFloat(figure.Value, 'g', -1, 64), figure.Unit, figure.At)
		}
		fmt.Fprintln(out)
	}
	for _, thing := range t.Outcome.Withdrawn {
		fmt.Fprint(out, "Over, for a schedule to take back:")
		for _, code := range thing {
			fmt.Fprintf(out, " %s|%s", code.System, code.Code)
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "%d cards in %s of %s, at isolation %s.\n", len(t.Outcome.Cards), t.Outcome.Took.Round(10*time.Microsecond), t.Limits.Deadline, t.Outcome.Level)
	return nil
}

// reads writes what the plugin asked, and what it was told; of one that failed as well.
func (f *pluginRun) reads(out io.Writer, t *pontlevis.PluginTried) {
	if t.Tried == nil || !t.Opens {
		return
	}
	var asked []plugins.Asked
	if failed := new(plugins.Failure); errors.As(t.Failure, &failed) {
		asked = failed.Reads
	} else if t.Outcome != nil {
		asked = t.Outcome.Reads
	}
	fmt.Fprintf(out, "It may read and propose, at most: %s\n\nReads (%d of %d):\n", strings.Join(t.Within, " "), len(asked), t.Limits.Reads)
	bytes := 0
	for _, r := range asked {
		bytes += r.Bytes
		fmt.Fprintf(out, "  %d  %-44s %7d bytes  %s  %s\n", r.Status, r.Query, r.Bytes, r.Took.Round(10*time.Microsecond), r.Reason)
	}
	fmt.Fprintf(out, "  %d of %d bytes\n\n", bytes, t.Limits.Bytes)
}
