package structure_test

import (
	"bufio"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/structure"
)

// data is where real FHIR lies beside the repository, absent from a bare clone.
const data = "../../../shared/data"

// lines reads a gzipped NDJSON file of the real data, or skips the test.
func lines(tb testing.TB, name string) [][]byte {
	tb.Helper()
	f, err := os.Open(filepath.Join(data, name))
	if err != nil {
		tb.Skipf("SKIPPED: the real FHIR data is not beside the repository: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	var all [][]byte
	scanner := bufio.NewScanner(z)
	scanner.Buffer(nil, 64<<20)
	for scanner.Scan() {
		all = append(all, append([]byte(nil), scanner.Bytes()...))
	}
	if err := scanner.Err(); err != nil {
		tb.Fatal(err)
	}
	return all
}

func parse(tb testing.TB, text []byte) *fhir.Resource {
	tb.Helper()
	r, err := fhir.ParseResource(text)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestRealResourcesAreAccepted(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{
		"hl7-r4-examples/resources.ndjson.gz": 265, "hl7-r4-examples/bundles.ndjson.gz": 16, "fr-ans/examples.ndjson.gz": 36,
		"synthea-2019/patients.bundles.ndjson.gz": 24, "synthea-hiv-2021/2-patients.bundles.ndjson.gz": 9,
		"synthea-bulk-2025/DocumentReference.ndjson.gz": 1215, "hl7-r4-definitions/StructureDefinition.ndjson.gz": 215,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := lines(t, name)
			if len(all) != want {
				t.Errorf("%d resources, want %d", len(all), want)
			}
			for i, text := range all {
				for _, issue := range structure.Check(parse(t, text)) {
					t.Errorf("line %d: %s: %s", i+1, issue.Path, issue.EN)
				}
			}
		})
	}
}
