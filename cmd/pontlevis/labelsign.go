package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/manifest"
)

// labelFlags are what `label sign` says of a label that is not written yet.
type labelFlags struct {
	keys, reservations               []string
	out, authority, publisher, level string
	id, replaces, review, isolation  string
	sequence                         int64
	months                           int
}

func labelSignCommand() *cobra.Command {
	var f labelFlags
	c := &cobra.Command{
		Use:   "sign --key <file> [-o <file>] <manifest.json> --level <level> --authority <file> --publisher <key> … | sign --key <file> <label.json>",
		Short: "Writes the label of a manifest and signs it, or adds a signature to one",
		Long: "Given a manifest: writes the label that covers what the manifest asks, by the authority of --authority, and signs it\n" +
			"with --key. Given a label: adds the signature of another holder to it. Two are needed until it can be issued.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args[0]) },
	}
	fl := c.Flags()
	fl.StringArrayVar(&f.keys, "key", nil, "file of a private key; repeatable")
	fl.StringVarP(&f.out, "output", "o", "", "file to write (default: standard output)")
	fl.StringVar(&f.authority, "authority", "", "authority.json, which names the authority")
	fl.StringVar(&f.publisher, "publisher", "", "public key of the publisher, as pontlevis label keys new printed it")
	fl.StringVar(&f.level, "level", "", "listed or exchanging")
	fl.StringVar(&f.id, "id", "", "id of the label (default: made from app, version and chance)")
	fl.Int64Var(&f.sequence, "sequence", 1, "which label of the app it is, from 1")
	fl.StringVar(&f.replaces, "replaces", "", "id of the label whose place it takes")
	fl.IntVar(&f.months, "months", 12, "how long it holds")
	fl.StringVar(&f.review, "review", "", "reference of the evaluation")
	fl.StringVar(&f.isolation, "isolation", "", "least isolation of a plugin, S1 to S4 (default: the manifest's)")
	fl.StringArrayVar(&f.reservations, "reservation", nil, "a reservation, as \"en français|in English\"; repeatable")
	return c
}

func (f *labelFlags) run(c *cobra.Command, file string) error {
	keys, err := loadKeys(f.keys)
	if err != nil {
		return err
	}
	raw, err := readSmall(file)
	if err != nil {
		return err
	}
	envelope := bytes.TrimSpace(raw)
	if _, err := label.Peek(envelope); err != nil {
		if f.level == "" {
			return fmt.Errorf("%s is no label (%w); for a manifest say --level, --authority and --publisher", file, err)
		}
		if envelope, err = f.draft(raw); err != nil {
			return err
		}
	}
	signed, err := label.Sign(envelope, keys...)
	if err != nil {
		return err
	}
	return writeOut(c, f.out, signed)
}

// draft writes the label of a manifest.
func (f *labelFlags) draft(raw []byte) ([]byte, error) {
	m, err := manifest.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("the manifest: %w", err)
	}
	if f.authority == "" || f.publisher == "" {
		return nil, errors.New("say whose label it is (--authority authority.json) and by which key the publisher signs (--publisher ed25519:…)")
	}
	t, err := readTrust(f.authority)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	p := label.Predicate{
		ID: f.id, Authority: t.Authority, App: m.ID, Version: m.Version, Level: f.level, Purposes: m.Purposes, Categories: m.Categories(),
		Directions: m.Directions(), Publisher: label.Publisher{ID: m.Publisher.SIREN, Key: f.publisher}, Isolation: f.isolation,
		NotBefore: now, NotAfter: now.AddDate(0, f.months, 0), Review: f.review, Sequence: f.sequence, Replaces: f.replaces,
	}
	if p.ID == "" {
		p.ID = fmt.Sprintf("%s-%s-%s", m.ID, m.Version, strings.ToLower(rand.Text()[:8]))
	}
	if p.Publisher.ID == "" {
		p.Publisher.ID = m.Publisher.Country
	}
	for _, r := range f.reservations {
		fr, en, ok := strings.Cut(r, "|")
		if !ok {
			return nil, fmt.Errorf("--reservation %q has no \"|\" between French and English", r)
		}
		p.Reservations = append(p.Reservations, label.Text{FR: fr, EN: en})
	}
	if m.Plugin != nil && p.Isolation == "" {
		p.Isolation = m.Plugin.Isolation
	}
	return label.Draft(p, raw, binariesOf(m))
}

// binariesOf are the digests of a plugin's binaries, by platform.
func binariesOf(m *manifest.Manifest) map[string]string {
	all := map[string]string{}
	if m.Plugin != nil {
		for _, one := range m.Plugin.Artifacts {
			all[one.OS+"/"+one.Arch] = one.SHA256
		}
	}
	return all
}

func labelPublishCommand() *cobra.Command {
	var keys []string
	var out string
	c := &cobra.Command{
		Use:   "publish --key <file> [-o <file>] <manifest.json>",
		Short: "Signs a manifest and its binaries as their publisher",
		Long: "Signs, as the publisher, the manifest and the digests of the binaries that it names: without this signature no label\n" +
			"counts. When the publisher changes its key, both keys sign (--key twice).",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			by, err := loadKeys(keys)
			if err != nil {
				return err
			}
			raw, err := readSmall(args[0])
			if err != nil {
				return err
			}
			m, err := manifest.Parse(raw)
			if err != nil {
				return fmt.Errorf("the manifest: %w", err)
			}
			draft, err := label.DraftPublication(m.ID, m.Version, raw, binariesOf(m))
			if err != nil {
				return err
			}
			signed, err := label.Sign(draft, by...)
			if err != nil {
				return err
			}
			return writeOut(c, out, signed)
		},
	}
	c.Flags().StringArrayVar(&keys, "key", nil, "file of the publisher's private key; repeatable")
	c.Flags().StringVarP(&out, "output", "o", "", "file to write (default: standard output)")
	return c
}

// readBundle reads a label and its publication.
func readBundle(labelFile, publicationFile string) (b label.Bundle, err error) {
	one, err := readSmall(labelFile)
	if err != nil {
		return b, err
	}
	two, err := readSmall(publicationFile)
	if err != nil {
		return b, err
	}
	return label.Bundle{Label: bytes.TrimSpace(one), Publication: bytes.TrimSpace(two)}, nil
}
