package overlay

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBuild runs a program with one text replaced and one file more, and finds the sources as they were.
func TestBuild(t *testing.T) {
	t.Parallel()
	top, dir := t.TempDir(), t.TempDir()
	files := map[string]string{
		"go.mod":          "module example.org/x\n\ngo 1.26\n",
		"main.go":         "package main\n\nimport \"example.org/x/inner\"\n\nfunc main() { println(inner.Word()) }\n",
		"inner/word.go":   "package inner\n\n// Word is a word.\nfunc Word() string { return \"before\" }\n",
		"inner/unused.go": "package inner\n",
	}
	for name, text := range files {
		at := filepath.Join(top, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := New(top)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range [][2]string{{"inner/word.go", "nowhere"}, {"inner/word.go", "Word"}, {"missing.go", "x"}} {
		if err := s.Replace(wrong[0], wrong[1], ""); err == nil {
			t.Errorf("%v was replaced", wrong)
		}
	}
	if err := s.Replace("inner/word.go", `"before"`, `"mid" + more`); err != nil {
		t.Fatal(err)
	}
	if err := s.Replace("inner/word.go", `"mid"`, `"after"`); err != nil {
		t.Fatal(err)
	}
	s.Put("inner/more.go", "package inner\n\nconst more = \" all\"\n")
	file, err := s.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), "go", "run", "-overlay", file, ".")
	run.Dir = top
	if out, err := run.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "after all" {
		t.Errorf("%v: %s", err, out)
	}
	if b, err := os.ReadFile(filepath.Join(top, "inner", "word.go")); err != nil || string(b) != files["inner/word.go"] {
		t.Errorf("the source is now %s, %v", b, err)
	}
}
