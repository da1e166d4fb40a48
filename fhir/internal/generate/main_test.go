package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestTablesAreUpToDate generates the tables again and compares what they hold
// with what is embedded.
func TestTablesAreUpToDate(t *testing.T) {
	t.Parallel()
	const data = "../../../../shared/data"
	if _, err := os.Stat(data); err != nil {
		t.Skipf("SKIPPED: no definitions at %s; this test proves nothing here", data)
	}
	fresh := t.TempDir()
	if err := run(data, fresh); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"types.json.gz", "elements.json.gz", "parameters.json.gz"} {
		got, want := unpacked(t, filepath.Join("../../definitions", name)), unpacked(t, filepath.Join(fresh, name))
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator makes: run go generate ./fhir", name)
		}
	}
}

func unpacked(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMissingDefinitionsAreAnError(t *testing.T) {
	t.Parallel()
	if err := run(t.TempDir(), t.TempDir()); err == nil {
		t.Error("generated tables from nothing")
	}
}
