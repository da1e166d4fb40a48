package overlay

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Names are what a pattern's first group finds in some texts, sorted, each once: the names by which changes are told apart.
func Names(pattern *regexp.Regexp, texts ...string) []string {
	var out []string
	for _, text := range texts {
		for _, m := range pattern.FindAllStringSubmatch(text, -1) {
			out = append(out, m[1])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Run builds the tests in the working directory out of the changed sources, flags being further ones of "go test -c", and runs
// those of these names there. Each must pass, none may be skipped; what they wrote is returned.
func (s *Sources) Run(t testing.TB, tests []string, flags ...string) string {
	t.Helper()
	dir := t.TempDir()
	laid, err := s.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "changed.test")
	build := exec.CommandContext(t.Context(), "go", append([]string{"test", "-c", "-overlay", laid, "-o", binary}, append(flags, ".")...)...)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the changed sources: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), binary, "-test.run", "^("+strings.Join(tests, "|")+")$", "-test.v").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, test := range tests {
		if !strings.Contains("\n"+string(out), "\n--- PASS: "+test+" (") {
			t.Fatalf("%s did not pass\n%s", test, out)
		}
	}
	return string(out)
}
