package fhir

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// dataRoot holds real FHIR data that is not part of the repository.
const dataRoot = "../../shared/data"

// eachLine gives every line of the gzipped files below the data folder that
// match a pattern such as "fr-ans/examples*". It skips the test loudly where the
// data is absent.
func eachLine(t testing.TB, pattern string, do func(file string, line int, text []byte)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dataRoot, pattern+".ndjson.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("SKIPPED: no real data at %s (%s); this test proves nothing here", dataRoot, pattern)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReaderSize(z, 1<<20)
		for i := 1; ; i++ {
			text, err := lines.ReadBytes('\n')
			if text = bytes.TrimSuffix(text, []byte("\n")); len(text) > 0 {
				do(filepath.Base(file), i, text)
			}
			if err != nil {
				break
			}
		}
		f.Close()
	}
}

// eachResource gives every resource of the examples, those in Bundles included.
func eachResource(t testing.TB, pattern string, do func(name string, r *Resource)) {
	t.Helper()
	eachLine(t, pattern, func(file string, line int, text []byte) {
		r, err := ParseResource(text)
		if err != nil {
			t.Fatalf("%s:%d: %v", file, line, err)
		}
		name := strings.TrimSuffix(file, ".ndjson.gz") + "/" + r.Type() + "/" + r.ID()
		do(name, r)
		for entry := range r.Node().Get("entry").Each() {
			n := entry.Get("resource")
			if r.Type() != "Bundle" || n == nil {
				continue
			}
			inner, err := ResourceOf(n)
			if err != nil {
				t.Fatalf("%s:%d: entry: %v", file, line, err)
			}
			do(name+"/"+inner.Type()+"/"+inner.ID(), inner)
		}
	})
}

// mustResource parses a resource written in a test.
func mustResource(t testing.TB, text string) *Resource {
	t.Helper()
	r, err := ParseResource([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// mustParse parses a JSON text written in a test.
func mustParse(t testing.TB, text string) *Node {
	t.Helper()
	n, err := Parse([]byte(text), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
