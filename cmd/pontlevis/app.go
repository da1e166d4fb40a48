package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pontlevis/pontlevis/catalog/manifest"
)

func appCommand() *cobra.Command {
	c := &cobra.Command{Use: "app <command>", Short: "Reads and checks the manifests of apps of the catalogue"}
	c.AddCommand(appLint(), appScopes(), appSchema(), appCheck())
	return c
}

// readManifest reads a file, or the standard input for "-", up to what a manifest may be and one byte.
func readManifest(c *cobra.Command, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(c.InOrStdin(), manifest.MaxSize+1))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, manifest.MaxSize+1))
}

// linted is what the lint finds in one file.
type linted struct {
	File     string             `json:"file"`
	SHA256   string             `json:"sha256"`
	Findings []manifest.Finding `json:"findings"`
}

func appLint() *cobra.Command {
	var asJSON, strict bool
	var language string
	c := &cobra.Command{
		Use: "lint <file>...", Short: "Says what is to mend in manifests, with line and column", Args: cobra.MinimumNArgs(1),
		Long: "Checks each manifest against the JSON Schema and the rules of the catalogue. It ends with an error when a manifest has\n" +
			"errors; what the authority will ask about is a warning. - is the standard input.",
		RunE: func(c *cobra.Command, args []string) error {
			if language != "en" && language != "fr" {
				return fmt.Errorf("--lang is en or fr, not %q", language)
			}
			var all []linted
			bad := 0
			for _, name := range args {
				raw, err := readManifest(c, name)
				if err != nil {
					return err
				}
				one := linted{File: name, SHA256: manifest.Digest(raw), Findings: manifest.Lint(raw)}
				if len(manifest.Errors(one.Findings)) > 0 || strict && len(one.Findings) > 0 {
					bad++
				}
				all = append(all, one)
			}
			if err := writeFindings(c.OutOrStdout(), all, asJSON, language); err != nil {
				return err
			}
			if bad > 0 {
				return fmt.Errorf("%d of %d manifests have something to mend", bad, len(all))
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write the findings as JSON")
	c.Flags().BoolVar(&strict, "strict", false, "take warnings for errors")
	c.Flags().StringVar(&language, "lang", "en", "language of the findings: en or fr")
	return c
}

// writeFindings writes findings as lines of file:line:column, or as JSON.
func writeFindings(w io.Writer, all []linted, asJSON bool, language string) error {
	if asJSON {
		for k := range all {
			if all[k].Findings == nil {
				all[k].Findings = []manifest.Finding{}
			}
		}
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(all)
	}
	for _, one := range all {
		for _, f := range one.Findings {
			if _, err := fmt.Fprintf(w, "%s:%d:%d: %s: %s [%s]\n", one.File, f.Line, f.Column, f.Severity, f.Text.In(language), f.Rule); err != nil {
				return err
			}
		}
	}
	return nil
}

func appScopes() *cobra.Command {
	return &cobra.Command{
		Use: "scopes <file>", Short: "Says which SMART scopes a manifest comes to", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			raw, err := readManifest(c, args[0])
			if err != nil {
				return err
			}
			m, err := manifest.Parse(raw)
			var invalid *manifest.Invalid
			if errors.As(err, &invalid) {
				return errors.Join(writeFindings(c.ErrOrStderr(), []linted{{File: args[0], Findings: invalid.Findings}}, false, "en"), err)
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), strings.Join(m.Scopes(), "\n"))
			return err
		},
	}
}

func appSchema() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Writes the JSON Schema of manifests", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := c.OutOrStdout().Write(manifest.Schema())
			return err
		},
	}
}
