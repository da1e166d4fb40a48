package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
)

//go:embed skeleton/*.tmpl
var skeleton embed.FS

// pluginID is what an app may be called (package manifest).
var pluginID = regexp.MustCompile(`^[a-z][a-z0-9-]{2,39}$`)

func pluginNewCommand() *cobra.Command {
	var source string
	c := &cobra.Command{
		Use:   "new <name> [flags]",
		Short: "Makes a folder with a plugin that runs",
		Long: "Makes a folder with a Go module: one handler, its test, a manifest and a README. It builds against the source of pontlevis\n" +
			"that --source names, whose modules it takes over.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := newPlugin(args[0], source); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s is made. Next:\n\n  cd %[1]s\n  CGO_ENABLED=0 go build -trimpath -o %[1]s .\n  pontlevis plugin run ./%[1]s\n", args[0])
			return nil
		},
	}
	c.Flags().StringVar(&source, "source", ".", "folder of the source of pontlevis")
	return c
}

// newPlugin writes the skeleton into a folder that is not there yet.
func newPlugin(id, source string) error {
	if !pluginID.MatchString(id) {
		return fmt.Errorf("%q is no name of an app: 3 to 40 of a-z, 0-9 and -, a letter first", id)
	}
	source, err := filepath.Abs(source)
	if err != nil {
		return err
	}
	mod, err := moduleOver(id, source)
	if err != nil {
		return err
	}
	sum, err := os.ReadFile(filepath.Join(source, "go.sum"))
	if err != nil {
		return fmt.Errorf("--source: %w", err)
	}
	if err := os.Mkdir(id, 0o755); err != nil {
		return err
	}
	written := map[string][]byte{"go.mod": mod, "go.sum": sum}
	all, err := template.ParseFS(skeleton, "skeleton/*.tmpl")
	if err != nil {
		return err
	}
	for _, t := range all.Templates() {
		var b bytes.Buffer
		if err := t.Execute(&b, struct{ ID string }{id}); err != nil {
			return err
		}
		written[strings.TrimSuffix(t.Name(), ".tmpl")] = b.Bytes()
	}
	var errs []error
	for name, content := range written {
		errs = append(errs, os.WriteFile(filepath.Join(id, name), content, 0o644))
	}
	return errors.Join(errs...)
}

// relative finds a replacement by a folder of the module itself.
var relative = regexp.MustCompile(`(?m)=> \./`)

// moduleOver is the go.mod of pontlevis as that of a module which builds against it: with the very modules that it was
// tested with.
func moduleOver(id, source string) ([]byte, error) {
	raw, err := os.ReadFile(filepath.Join(source, "go.mod"))
	if err != nil {
		return nil, fmt.Errorf("--source: %w", err)
	}
	const module = "module github.com/pontlevis/pontlevis\n"
	rest, ours := strings.CutPrefix(string(raw), module)
	if !ours {
		return nil, fmt.Errorf("--source: %s is not the source of pontlevis", source)
	}
	rest = relative.ReplaceAllLiteralString(rest, "=> "+filepath.ToSlash(source)+"/")
	return []byte("module example.org/" + id + "\n" + rest +
		"\nrequire github.com/pontlevis/pontlevis v0.0.0-00010101000000-000000000000\n\nreplace github.com/pontlevis/pontlevis => " + filepath.ToSlash(source) + "\n"), nil
}
