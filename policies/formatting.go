package policies

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"
)

// formatOne gives a module as `opa fmt` writes it.
func formatOne(name string, src []byte) ([]byte, error) {
	opts := ast.ParserOptions{RegoVersion: ast.RegoV1, ProcessAnnotation: true}
	return format.SourceWithOpts(name, src, format.Opts{RegoVersion: ast.RegoV1, ParserOptions: &opts})
}

// unformatted gives a problem for each module that is not as `opa fmt` writes it. A module that does not parse is left to the parser.
func unformatted(files []file) []Problem {
	var out []Problem
	for _, f := range files {
		if !f.isRego() {
			continue
		}
		want, err := formatOne(f.name, f.content)
		if err != nil || bytes.Equal(want, f.content) {
			continue
		}
		out = append(out, Problem{Rule: "format", Severity: Error, File: f.name, Line: firstDifference(f.content, want),
			Message: "the module is not formatted.", Mend: "run `pontlevis policy fmt --write`."})
	}
	return out
}

func firstDifference(a, b []byte) int {
	line := 1
	for i := 0; i < len(a) && i < len(b) && a[i] == b[i]; i++ {
		if a[i] == '\n' {
			line++
		}
	}
	return line
}

// Format formats the modules of a folder as `opa fmt` does. It gives the names of those that differ; with write it rewrites them in place,
// keeping their mode. Modules that do not parse are errors, and do not keep the others from being formatted.
func Format(dir string, write bool) (changed []string, err error) {
	files, err := readFiles(os.DirFS(dir))
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, f := range files {
		if !f.isRego() {
			continue
		}
		want, err := formatOne(f.name, f.content)
		if err != nil {
			errs = append(errs, fmt.Errorf("formatting %s: %w", f.name, err))
			continue
		}
		if bytes.Equal(want, f.content) {
			continue
		}
		changed = append(changed, f.name)
		if write {
			if err := rewrite(filepath.Join(dir, filepath.FromSlash(f.name)), want); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return changed, errors.Join(errs...)
}

// rewrite replaces a file in one step, so that a server following the folder never reads half of it.
func rewrite(path string, content []byte) error {
	mode := fs.FileMode(0o644)
	if st, err := os.Stat(path); err == nil {
		mode = st.Mode().Perm()
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".fmt-*")
	if err != nil {
		return fmt.Errorf("rewriting %s: %w", path, err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(content)
	err = errors.Join(err, tmp.Chmod(mode), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("rewriting %s: %w", path, err)
	}
	return nil
}
