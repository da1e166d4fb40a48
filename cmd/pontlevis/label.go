package main

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pontlevis/pontlevis/catalog/label"
)

func labelCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "label <command>",
		Short: "Signs, issues, recalls and checks the labels of apps",
		Long: "A label is what the authority says of one version of an app: two of its keys sign it, beside the publisher's own\n" +
			"signature over the same bytes. Every label, suspension and recall is an entry of a public log. Private keys stay in\n" +
			"files of whoever signs; a server knows the public ones alone.",
	}
	c.AddCommand(labelKeysCommand(), labelSignCommand(), labelPublishCommand(), labelIssueCommand(), labelManifestCommand(), labelLogCommand(), labelExportCommand(), labelVerifyCommand())
	for _, kind := range []string{label.Suspend, label.Revoke, label.Reinstate, label.Keys} {
		c.AddCommand(labelOrderCommand(kind))
	}
	return c
}

func labelKeysCommand() *cobra.Command {
	c := &cobra.Command{Use: "keys <command>", Short: "Makes keys, and shows public ones"}
	var name string
	var holders []string
	var threshold int
	fresh := &cobra.Command{
		Use:   "new --authority <name> <new folder> | new <new file>",
		Short: "Makes the keys of an authority, or one key of a publisher",
		Long: "With --authority: a private key for each holder in a new folder, and authority.json with the public ones, which is\n" +
			"what a server needs. Give each holder their own file and keep no copy together. Without it: one private key, by which\n" +
			"a publisher signs what it publishes.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if name == "" {
				key, err := label.NewKey(args[0])
				if err == nil {
					fmt.Fprintln(c.OutOrStdout(), label.PublicText(label.Public(key)))
				}
				return err
			}
			return newAuthority(c, args[0], name, holders, threshold)
		},
	}
	fresh.Flags().StringVar(&name, "authority", "", "name of the authority")
	fresh.Flags().StringSliceVar(&holders, "holder", []string{"holder-1", "holder-2", "holder-3"}, "who keeps a key each; repeatable")
	fresh.Flags().IntVar(&threshold, "threshold", 2, "how many of them decide")
	show := &cobra.Command{
		Use: "show <key file>", Short: "Prints the public key of a private one, and its id", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			key, err := label.LoadKey(args[0])
			if err == nil {
				fmt.Fprintf(c.OutOrStdout(), "%s\n%s\n", label.PublicText(label.Public(key)), label.KeyID(label.Public(key)))
			}
			return err
		},
	}
	c.AddCommand(fresh, show)
	return c
}

// newAuthority makes the keys of an authority in a folder that is not there yet.
func newAuthority(c *cobra.Command, folder, name string, holders []string, threshold int) error {
	if threshold < 2 || threshold > len(holders) {
		return fmt.Errorf("--threshold %d of %d holders: it must be at least 2, and no more than there are holders", threshold, len(holders))
	}
	for k, holder := range holders {
		if holder == "" || strings.ContainsAny(holder, `/\`) || strings.HasPrefix(holder, ".") {
			return fmt.Errorf("--holder %q cannot be the name of a file", holder)
		}
		if slices.Contains(holders[:k], holder) {
			return fmt.Errorf("--holder %s is named twice: each keeps a key of their own", holder)
		}
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return fmt.Errorf("%w: name a folder that is not there yet", err)
	}
	t := label.Trust{Authority: name, Threshold: threshold}
	for _, holder := range holders {
		key, err := label.NewKey(filepath.Join(folder, holder+".key"))
		if err != nil {
			return err
		}
		t.Keys = append(t.Keys, label.Key{Public: label.PublicText(label.Public(key)), Holder: holder})
	}
	raw, err := t.JSON()
	if err != nil {
		return err
	}
	public := filepath.Join(folder, "authority.json")
	if err := os.WriteFile(public, raw, 0o644); err != nil { //nolint:gosec // public keys
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "%d keys, %d of which decide, in %s; the server's Caddyfile needs: authority %s\n", len(holders), threshold, folder, public)
	return nil
}

// loadKeys reads the private keys of the flag --key.
func loadKeys(files []string) (keys []ed25519.PrivateKey, err error) {
	if len(files) == 0 {
		return nil, errors.New("say by which key to sign (--key <file>)")
	}
	for _, f := range files {
		key, err := label.LoadKey(f)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// writeOut writes a result to a file, in the place of what is there, or to standard output where none is named.
func writeOut(c *cobra.Command, path string, content []byte) error {
	if path == "" {
		_, err := c.OutOrStdout().Write(append(content, '\n'))
		return err
	}
	return os.WriteFile(path, append(content, '\n'), 0o644) //nolint:gosec // what is signed is public
}

// maxFile bounds a label, an order, a manifest or a proof that is read from a file, in bytes.
const maxFile = 1 << 20

// readSmall reads a file of at most maxFile.
func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("%s is longer than a mebibyte: it is none of the files of a label", path)
	}
	return b, nil
}

// readTrust reads the file of an authority's public keys.
func readTrust(path string) (label.Trust, error) {
	raw, err := readSmall(path)
	if err != nil {
		return label.Trust{}, err
	}
	t, err := label.ParseTrust(raw)
	if err != nil {
		return label.Trust{}, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}
