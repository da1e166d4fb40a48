// Package pontlevis_test holds the shape of the whole: which package may import which, and who may open a record.
package pontlevis_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/pontlevis/pontlevis/"

// levels are the floors of the design, from the bottom. A package imports packages of lower floors only, so packages
// of one floor do not import one another.
var levels = [][]string{
	{"fhir", "demo/glycare"},
	{"fhir/search", "fhir/structure", "fhir/terminology"},
	{"store", "policies/plan", "merkle", "plugins/wire", "plugins/cage"},
	{"policies", "space", "record", "audit", "plugins/sdk"},
	{"record/importer", "record/generate"},
	{"gate"},
	{"worlds"},
	{"catalog/label", "catalog/manifest", "oauth/scope", "oauth/dpop", "oauth/jwks", "oauth/keyring", "oauth/account", "oauth/upstream"},
	{"oauth", "catalog", "catalog/usage", "catalog/rehearsal", "cases", "notice", "plugins"},
	{"web", "plugins/hooks", "catalog/criteria", "catalog/signing", "catalog/uploads"},
	{"web/sentence", "web/qr", "web/storybook", "web/visit"},
	{"web/catalog", "web/emergency", "web/history", "web/label", "web/pro", "web/review", "web/sharing", "web/vendor"},
	{"web/card"},
	{"demo"},
	{"caddy"},
	{"cmd/pontlevis", "bench"},
}

// apart are folders that are no part of the gateway's own graph: generators, stand-ins for absent modules, the example
// plugins, and the benchmark of peers, a module of its own.
func apart(dir string) bool {
	return dir == "." || strings.Contains(dir, "internal/") || strings.HasPrefix(dir, "test") || strings.HasPrefix(dir, "plugins/apps/") || dir == "store/storetest" || dir == "plugins/sdk/sdktest" || dir == "bench/peers"
}

func floor(dir string) (int, bool) {
	for i, names := range levels {
		for _, name := range names {
			if name == dir {
				return i, true
			}
		}
	}
	return 0, false
}

// source is one Go file that is no test.
type source struct {
	dir, path string
	file      *ast.File
}

func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	files := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "node_modules" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || apart(filepath.ToSlash(filepath.Dir(path))) {
			return nil
		}
		f, err := parser.ParseFile(files, path, nil, 0)
		out = append(out, source{filepath.ToSlash(filepath.Dir(path)), path, f})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 50 {
		t.Fatalf("only %d files were found: the test does not see the code", len(out))
	}
	return out
}

func TestImportsPointDown(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		from, known := floor(s.dir)
		if !known {
			t.Errorf("%s: package %s has no floor: give it one in the design and here", s.path, s.dir)
			continue
		}
		for _, spec := range s.file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			name, ours := strings.CutPrefix(path, module)
			if !ours || apart(name) {
				continue
			}
			if to, known := floor(name); !known || to >= from {
				t.Errorf("%s imports %s: arrows point down only", s.path, name)
			}
		}
	}
}

// TestOneGate holds that nothing but the gate reads or writes records: only the gate (and the import, which is part of
// the record package's own floor) calls a record source, and only Caddy's state opens one, to hand it over.
func TestOneGate(t *testing.T) {
	t.Parallel()
	holders := map[string]bool{"gate": true, "record/importer": true, "caddy": true, "cmd/pontlevis": true}
	opened := 0
	for _, s := range sources(t) {
		if s.dir == "record" {
			continue
		}
		for _, spec := range s.file.Imports {
			if spec.Path.Value == strconv.Quote(module+"record") && !holders[s.dir] {
				t.Errorf("%s imports the record package: records are reached through the gate", s.path)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := selector.X.(*ast.Ident); ok && pkg.Name == "record" && selector.Sel.Name == "OpenEmbedded" {
				if opened++; s.path != filepath.FromSlash("caddy/state.go") {
					t.Errorf("%s opens a record source: only caddy/state.go does, for the gate", s.path)
				}
			}
			return true
		})
		if s.dir != "gate" {
			holdsOnly(t, s)
		}
	}
	if opened != 1 {
		t.Errorf("record sources are opened in %d places, want 1", opened)
	}
}

// holdsOnly fails when a file outside the gate calls a method of the source that the state holds.
func holdsOnly(t *testing.T, s source) {
	t.Helper()
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if held, ok := method.X.(*ast.SelectorExpr); ok && held.Sel.Name == "records" {
			t.Errorf("%s calls %s on a record source: that is the gate's", s.path, method.Sel.Name)
		}
		return true
	})
}
