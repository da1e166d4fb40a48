package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	pontlevis "github.com/pontlevis/pontlevis/caddy"
	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/criteria"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/rehearsal"
	"github.com/pontlevis/pontlevis/plugins/cage"
	"github.com/pontlevis/pontlevis/store"
)

// checkFlags are the flags of pontlevis app check.
type checkFlags struct {
	data, binaries, language string
	asJSON                   bool
}

func appCheck() *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use: "check <file>", Short: "Makes the machine's checks for a label, and says what each rests on", Args: cobra.ExactArgs(1),
		Long: "Makes every check that a machine can make before a person looks at an app: of its manifest, of what it did in its\n" +
			"rehearsal, and for a plugin of its binaries, one of which is called in the cage for an invented person. It ends with an error when a\n" +
			"criterion that applies is not met. - is the standard input.",
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args[0]) },
	}
	c.Flags().StringVar(&f.data, "data", "", "data folder of a server that is stopped, or a copy: its rehearsals are looked at")
	c.Flags().StringVar(&f.binaries, "binaries", "", "folder of a plugin's binaries, by digest or by id (default: that of the file)")
	c.Flags().StringVar(&f.language, "lang", "en", "language: en or fr")
	c.Flags().BoolVar(&f.asJSON, "json", false, "write the criteria as JSON")
	return c
}

func (f *checkFlags) run(c *cobra.Command, name string) error {
	if f.language != "en" && f.language != "fr" {
		return fmt.Errorf("--lang is en or fr, not %q", f.language)
	}
	raw, err := readManifest(c, name)
	if err != nil {
		return err
	}
	in := criteria.Input{Raw: raw, Now: time.Now()}
	m, _ := manifest.Parse(raw) // nil when it cannot be read, which the first criterion says
	if m != nil && f.data != "" {
		if in.Findings, err = f.rehearsed(c.Context(), m.ID, raw); err != nil {
			return err
		}
	}
	if m != nil && m.Is(manifest.KindPlugin) {
		folder := f.binaries
		if folder == "" {
			folder = filepath.Dir(name)
		}
		warden, err := cage.Open(cage.Options{Least: cage.S1, Reason: "pontlevis app check, which asks for the manifest's own level"})
		if err != nil {
			fmt.Fprintln(c.ErrOrStderr(), err)
		} else {
			defer warden.Close()
		}
		in.Binaries = pontlevis.Tried{Cage: criteria.Cage{Folders: []string{folder}, Warden: warden}, Manifest: raw}
	}
	all := criteria.Check(c.Context(), in)
	if err := f.write(c.OutOrStdout(), all); err != nil {
		return err
	}
	if !criteria.Passed(all) {
		return errors.New("not every criterion is met")
	}
	return nil
}

// rehearsed is what the app did in the rehearsal of these very bytes, nil when there was none.
func (f *checkFlags) rehearsed(ctx context.Context, app string, raw []byte) (*rehearsal.Findings, error) {
	file := filepath.Join(f.data, "rehearsal", "state.db")
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("--data: there are no rehearsals in %s", f.data)
	}
	db, err := store.OpenBoltReadOnly(file)
	if errors.Is(err, store.ErrInUse) {
		return nil, fmt.Errorf("--data: %w: stop that server or copy the folder; of one that runs, the vendor's desk shows the same checks", err)
	}
	if err != nil {
		return nil, err
	}
	defer db.Close()
	all := &rehearsal.Rehearsals{DB: db, Now: time.Now}
	one, err := all.Get(ctx, app)
	if errors.Is(err, rehearsal.ErrNotFound) || err == nil && one.Manifest != manifest.Digest(raw) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &one.Findings, nil
}

// stateWords are the states of criteria in a line of the output.
var stateWords = map[string]catalog.Text{
	catalog.Passed: {FR: "rempli", EN: "met"}, catalog.Failed: {FR: "NON REMPLI", EN: "NOT MET"},
	catalog.NotYet: {FR: "à montrer", EN: "to be shown"}, catalog.NotApplicable: {FR: "sans objet", EN: "not applicable"},
}

func (f *checkFlags) write(w io.Writer, all []catalog.Criterion) error {
	if f.asJSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(all)
	}
	for _, one := range all {
		if _, err := fmt.Fprintf(w, "%-14s %s [%s]\n               %s\n", stateWords[one.State].In(f.language), one.Title.In(f.language), one.ID, one.Evidence.In(f.language)); err != nil {
			return err
		}
	}
	return nil
}
