//go:build linux && (amd64 || arm64)

package cage

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/pontlevis/pontlevis/test/overlay"
)

// What a warden of the tests can leave out besides protections (testdata/omitted).
const (
	namespaces  Measure = "namespaces"
	newerClone  Measure = "clone3"
	closedImage Measure = "the image closed"
)

// asksWhatToOmit are the places at which a warden of the tests asks what it leaves out. Package cage itself does not ask:
// whatever a process is told, it can start nothing without its protections.
var asksWhatToOmit = []struct{ file, old, new string }{
	{"child_linux.go", "steps: c.program.jail(in)", "steps: c.program.without(c.program.jail(in))"},
	{"child_linux.go", "if !namespaces {\n\t\tif err := c.program.aim", "if !namespaces || omits(PIDSpace) {\n\t\tif err := c.program.aim"},
	{"keep_linux.go", "!sealed(image)", "!sealed(image) && !omits(SealedImage)"},
	{"keeper_linux.go", "groups, groupErr := openGroups()", "groups, groupErr := groupsToUse()"},
	{"keeper_linux.go", "\tfull, ok := k.tryOut()\n", "\tk.reduced, k.oldClone = omits(namespaces), omits(newerClone)\n\tfull, ok := k.tryOut()\n"},
}

// buildOmitting compiles the warden that leaves protections out into a file.
func buildOmitting(t testing.TB, file string) {
	t.Helper()
	sources, err := overlay.New("../..")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/omitted/omitted_linux.go")
	if err != nil {
		t.Fatal(err)
	}
	sources.Put("plugins/cage/omitted_linux.go", string(text))
	for _, a := range asksWhatToOmit {
		if err := sources.Replace("plugins/cage/"+a.file, a.old, a.new); err != nil {
			t.Fatal(err)
		}
	}
	laid, err := sources.Write(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-overlay", laid, "-o", file, "./testdata/warden")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// without gives a warden's program that leaves out what is listed.
func without(t testing.TB, omit ...Measure) string {
	t.Helper()
	raw, err := os.ReadFile(build(t, "warden"))
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(omit))
	for i, m := range omit {
		names[i] = string(m)
	}
	slices.Sort(names)
	list := "@@OMIT@@" + strings.Join(names, ",")
	at := bytes.Index(raw, []byte("@@OMIT@@..."))
	if at < 0 || raw[at+len(list)] != '.' || bytes.Contains(raw[at+1:], []byte("@@OMIT@@...")) {
		t.Fatal("the warden has no place for what it leaves out")
	}
	copy(raw[at:], list)
	folder, err := os.MkdirTemp("", "warden-without-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	file := filepath.Join(folder, "warden")
	// No process may begin while the file is open for writing: it would have it open too, and then nobody could execute it.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(file, raw, 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}
