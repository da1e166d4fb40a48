package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestANewPluginRuns makes a plugin, builds and tests it as its author would, and runs it in the cage.
func TestANewPluginRuns(t *testing.T) {
	t.Parallel()
	source, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	in := func(folder string, env []string, name string, args ...string) (string, error) {
		c := exec.CommandContext(t.Context(), name, args...)
		c.Dir, c.Env, c.SysProcAttr = folder, append(os.Environ(), env...), withParent()
		out, err := c.CombinedOutput()
		return string(out), err
	}
	if out, err := in(dir, nil, binary, "plugin", "new", "counts", "--source", source); err != nil {
		t.Fatalf("plugin new: %v\n%s", err, out)
	}
	if out, err := in(dir, nil, binary, "plugin", "new", "Counts"); err == nil {
		t.Errorf("a name that is none is taken:\n%s", out)
	}
	made := filepath.Join(dir, "counts")
	if out, err := in(made, []string{"CGO_ENABLED=0"}, "go", "build", "-o", "counts", "."); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	if out, err := in(made, nil, "go", "test", "-vet=off", "."); err != nil {
		t.Fatalf("go test: %v\n%s", err, out)
	}
	out, err := in(made, nil, binary, "plugin", "run", "./counts", "--isolation", "S1", "--reason", "a test")
	if strings.Contains(out, "namespaces") && err != nil {
		lacking(t, "no cage can be had on this machine:\n"+out)
	}
	if err != nil {
		t.Fatalf("plugin run: %v\n%s", err, out)
	}
	for _, want := range []string{"Immunization?status=completed&_count=50", "granted  counts", "camille-flu", "2 vaccinations in what could be read.", "1 cards in", "at isolation S"} {
		if !strings.Contains(out, want) {
			t.Errorf("plugin run does not show %q:\n%s", want, out)
		}
	}
	for name, flags := range map[string][]string{"somebody without a link": {"--as", "dr-urgence"}, "no consent": {"--no-consent"}} {
		out, err := in(made, nil, binary, append([]string{"plugin", "run", "./counts", "--isolation", "S1", "--reason", "a test"}, flags...)...)
		if err == nil || !strings.Contains(out, "Nothing ran.") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
