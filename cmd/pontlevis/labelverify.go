package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	pontlevis "github.com/pontlevis/pontlevis/caddy"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/store"
)

// verifyFlags are what `label verify` checks with.
type verifyFlags struct{ proof, key, authority, earlier string }

func labelVerifyCommand() *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify --authority <file> <label.json> <publication.json> <manifest.json> | verify --proof <file> --key <verifier key> [--authority <file>]",
		Short: "Checks a label against a manifest, or an entry of the log against its proof, offline",
		Long: "With three files: checks that enough keys of the authority signed the label, that the publisher signed the same\n" +
			"bytes, that it is about this manifest and in force now. With --proof, a file from /catalog/log/proof/<index>: checks\n" +
			"that the log with that verifier key holds the entry, and with --authority who signed it. With --earlier, a checkpoint\n" +
			"that was kept, a file from /catalog/log/consistency/<size> is checked instead: that the log goes on from there.",
		Args: cobra.MaximumNArgs(3),
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args) },
	}
	c.Flags().StringVar(&f.proof, "proof", "", "file of a proof")
	c.Flags().StringVar(&f.key, "key", "", "verifier key of the log, or the file that holds it")
	c.Flags().StringVar(&f.authority, "authority", "", "authority.json: the public keys of the authority")
	c.Flags().StringVar(&f.earlier, "earlier", "", "file of a checkpoint of the log that was kept")
	return c
}

func (f *verifyFlags) run(c *cobra.Command, args []string) error {
	var trust label.Trust
	if f.authority != "" {
		var err error
		if trust, err = readTrust(f.authority); err != nil {
			return err
		}
	}
	if f.proof != "" {
		if len(args) > 0 || f.key == "" {
			return errors.New("a proof is checked with the verifier key of its log (--key), and nothing else")
		}
		return f.verifyProof(c, trust)
	}
	if len(args) != 3 || f.authority == "" {
		return errors.New("name the label, the publication and the manifest, and the authority's keys (--authority authority.json)")
	}
	b, err := readBundle(args[0], args[1])
	if err != nil {
		return err
	}
	if _, err := label.Peek(b.Label); err != nil {
		return fmt.Errorf("%s is no label; the order is label, publication, manifest: %w", args[0], err)
	}
	said, err := readSmall(args[2])
	if err != nil {
		return err
	}
	l, err := label.Verify(b, said, trust, time.Now())
	if err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "%s %s is labelled %s by %s, until %s (%s)\n", l.App, l.Version, l.Level, l.Authority, l.NotAfter.Format(time.DateOnly), l.ID)
	fmt.Fprintln(c.OutOrStdout(), "whether it was suspended or recalled since, only the log says")
	return nil
}

func (f *verifyFlags) verifyProof(c *cobra.Command, trust label.Trust) error {
	raw, err := readSmall(f.proof)
	if err != nil {
		return err
	}
	key := f.key
	if kept, err := readSmall(f.key); err == nil {
		key = strings.TrimSpace(string(kept))
	}
	if f.earlier != "" {
		return f.verifyConsistency(c, raw, key)
	}
	p, err := label.ParseProof(bytes.TrimSpace(raw))
	if err != nil {
		return fmt.Errorf("%s is no proof of an entry, as /catalog/log/proof/<index> gives it: %w", f.proof, err)
	}
	e, head, err := label.VerifyProof(p, key)
	if err != nil {
		return err
	}
	if f.authority != "" {
		if err := e.Verify(trust); err != nil {
			return fmt.Errorf("the log holds the entry, but: %w", err)
		}
	}
	fmt.Fprintf(c.OutOrStdout(), "entry %d of %d: %s", e.Index, head.Size, e.Kind)
	if e.App != "" {
		fmt.Fprintf(c.OutOrStdout(), " of %s", e.App)
	}
	fmt.Fprintf(c.OutOrStdout(), ", logged %s\n", e.At.Format(time.RFC3339))
	return nil
}

func (f *verifyFlags) verifyConsistency(c *cobra.Command, raw []byte, key string) error {
	before, err := readSmall(f.earlier)
	if err != nil {
		return err
	}
	p, err := label.ParseConsistency(bytes.TrimSpace(raw))
	if err != nil {
		return fmt.Errorf("%s is no proof of consistency, as /catalog/log/consistency/<size> gives it: %w", f.proof, err)
	}
	if err := label.VerifyConsistency(before, p, key); err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "the log goes on from its first %d entries\n", p.Old)
	return nil
}

func labelExportCommand() *cobra.Command {
	var data, authority string
	c := &cobra.Command{
		Use:   "export --data <folder> <folder>",
		Short: "Writes the log of a stopped server into a folder, for others to follow",
		Long: "Writes what a running server publishes under /catalog/log into a folder: checkpoint, tiles and entries (C2SP\n" +
			"tlog-tiles). Any web server can serve it; `labels { follow <folder or URL> <verifier key> }` follows it.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			log, closing, err := pontlevis.OpenLabels(c.Context(), data, authority)
			if errors.Is(err, store.ErrInUse) {
				return fmt.Errorf("%w: stop that server, or follow its log where it publishes it, under /catalog/log", err)
			}
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, closing()) }()
			err = log.Export(c.Context(), func(path string, body []byte) error {
				full := filepath.Join(args[0], filepath.FromSlash(path))
				return errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, body, 0o644)) //nolint:gosec // the log is public
			})
			if err == nil {
				fmt.Fprintf(c.OutOrStdout(), "%d entries in %s, verifier %s\n", log.Size(), args[0], log.VerifierKey())
			}
			return err
		},
	}
	c.Flags().StringVar(&data, "data", "", "data folder of the stopped server")
	c.Flags().StringVar(&authority, "authority", "", "authority.json, where the server's settings name another than its own")
	return c
}
