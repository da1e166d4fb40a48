package criteria

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/plugins/cage"
)

// TestMain lets the test binary be its own warden.
func TestMain(m *testing.M) {
	cage.Main()
	os.Exit(m.Run())
}

// TestInTheCage: a real plugin comes up in the real cage; one whose bytes were changed is not run, and one that is no plugin
// says nothing.
func TestInTheCage(t *testing.T) {
	t.Parallel()
	warden, err := cage.Open(cage.Options{Least: cage.S1, Reason: "tests", Synthetic: true})
	if err != nil {
		t.Skip("there is no cage on this machine: ", err)
	}
	defer warden.Close()
	folder := t.TempDir()
	file := filepath.Join(folder, "rappel-test")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", file, "../../plugins/testdata/plugin")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	binary, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	check := func(t *testing.T, declared, there []byte) map[string]string {
		t.Helper()
		sum := sha256.Sum256(declared)
		if err := os.WriteFile(file, there, 0o700); err != nil {
			t.Fatal(err)
		}
		raw := example(t, "rappel", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", hex.EncodeToString(sum[:]),
			`"size": 4096`, fmt.Sprintf(`"size": %d`, len(declared)), `"S3"`, `"S1"`, `"memory_mib": 64`, `"memory_mib": 128`)
		all := Check(t.Context(), Input{Raw: raw, Binaries: Cage{Folders: []string{t.TempDir(), folder}, Warden: warden}})
		for _, c := range all {
			t.Log(c.ID, c.State, c.Evidence.EN)
		}
		return states(all)
	}
	if got := check(t, binary, binary); got["artifact"] != catalog.Passed || got["cage"] != catalog.NotYet { // it comes up, and nobody calls it here
		t.Errorf("a plugin: %v", got)
	}
	swapped := append([]byte{}, binary...)
	swapped[len(swapped)-1] ^= 1
	if got := check(t, binary, swapped); got["artifact"] != catalog.Failed || got["cage"] == catalog.Passed {
		t.Errorf("a changed byte: %v", got)
	}
	if got := check(t, []byte("#!/bin/sh\n"), []byte("#!/bin/sh\n")); got["artifact"] != catalog.Failed || got["cage"] != catalog.Failed {
		t.Errorf("a script: %v", got)
	}
}
