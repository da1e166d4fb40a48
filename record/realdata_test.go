package record

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// eachReal calls fn with each resource of the files of real data that match pattern, those of Bundles one by one.
func eachReal(t *testing.T, pattern string, fn func(*fhir.Resource)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "shared", "data", pattern))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("NOT TESTED: no real data at ../shared/data/%s", pattern)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(z)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			r, err := fhir.ParseResource(bytes.Clone(lines.Bytes()))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			fn(r)
			if r.Type() != "Bundle" {
				continue
			}
			for _, entry := range r.Node().Get("entry").Items() {
				if in, err := fhir.ResourceOf(entry.Get("resource")); err == nil {
					fn(in)
				}
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
}

// Records of a bulk export are written whole, read back byte for byte but for their stamps, and every equality search
// finds by the index what looking at each resource finds.
func TestRealRecords(t *testing.T) {
	t.Parallel()
	byPatient := map[string][]Change{}
	bodies := map[Ref]*fhir.Resource{}
	eachReal(t, filepath.Join("synthea-bulk-2025", "*.ndjson.gz"), func(r *fhir.Resource) {
		patient := ""
		if owners := r.Patients(); len(owners) > 0 {
			patient = owners[0]
		}
		byPatient[patient] = append(byPatient[patient], Change{Ref: Ref{r.Type(), r.ID()}, Body: r.JSON()})
		bodies[Ref{r.Type(), r.ID()}] = r
	})
	e := openEmbedded(t)
	largest := ""
	for patient, changes := range byPatient {
		if _, err := e.Write(t.Context(), patient, changes); err != nil {
			t.Fatal(err)
		}
		if patient != "" && len(changes) > len(byPatient[largest]) || largest == "" {
			largest = patient
		}
	}
	stamps := []string{"id", "meta"}
	for ref, r := range bodies {
		s, err := e.Read(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Resource()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Node().Without(stamps...), r.Node().Without(stamps...)) {
			t.Fatalf("%s changed while it was kept", ref)
		}
	}
	for patient := range byPatient {
		checkIndexes(t, e, patient)
	}
	checkNarrowing(t, e, largest, byPatient[largest])
}

// checkNarrowing searches by the values that some resources of a record have.
func checkNarrowing(t *testing.T, e *Embedded, patient string, changes []Change) {
	t.Helper()
	searched := 0
	for i := 0; i < len(changes); i += 1 + len(changes)/60 {
		s, err := e.Read(t.Context(), changes[i].Ref)
		if err != nil {
			t.Fatal(err)
		}
		for _, query := range queriesFor(t, s) {
			q := parseQuery(t, query+"&_count=200&_total=accurate")
			page, err := Search(t.Context(), e, q, Scope{Patients: []string{patient}}, nil, allow)
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			for other, err := range e.Compartment(t.Context(), patient, []string{s.Type}, nil) {
				if err != nil {
					t.Fatal(err)
				}
				r, _ := other.Resource()
				ok, err := q.Criteria[0].Match(r)
				if err != nil {
					t.Fatal(err)
				}
				if ok {
					want++
				}
			}
			if *page.Total != want || want == 0 {
				t.Errorf("%s: %d found, %d match", query, *page.Total, want)
			}
			searched++
		}
	}
	if searched < 60 {
		t.Errorf("only %d searches were tried", searched)
	}
}

// queriesFor writes searches that s should answer, by its tokens and references.
func queriesFor(t *testing.T, s *Stored) (queries []string) {
	t.Helper()
	r, err := s.Resource()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range fhir.Params(s.Type) {
		for _, v := range p.Values(r) {
			switch {
			case p.Type == "token" && v.Code != "" && !strings.ContainsAny(v.Code, `,|\$`):
				queries = append(queries, fmt.Sprintf("%s?%s=%s", s.Type, p.Name, escape(v.Code)))
			case p.Type == "reference" && v.Reference.Literal() != "":
				queries = append(queries, fmt.Sprintf("%s?%s=%s", s.Type, p.Name, v.Reference.Literal()))
			}
		}
	}
	slices.Sort(queries)
	return slices.Compact(queries)
}

func escape(s string) string {
	return strings.NewReplacer("%", "%25", "&", "%26", "+", "%2B", "#", "%23", " ", "%20").Replace(s)
}

// Every example that HL7 and the French agency give can be kept, found by its own search values, and summarised.
func TestRealExamples(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	n := 0
	keep := func(r *fhir.Resource) {
		patient := ""
		if owners := r.Patients(); len(owners) > 0 {
			patient = owners[0]
		}
		ref := Ref{r.Type(), NewID()}
		if r.Type() == "Patient" {
			ref.ID = patient
		}
		if ref.ID == "" {
			return // a Patient without an id
		}
		out, err := e.Write(context.Background(), patient, []Change{{Ref: ref, Body: r.JSON()}})
		if err != nil {
			t.Errorf("%s/%s: %v", r.Type(), r.ID(), err)
			return
		}
		for _, raw := range []string{"_summary=true", "_summary=text", "_summary=data", "_elements=status"} {
			q, _, err := search.Parse(ref.Type, raw, true)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := fhir.ParseResource(Subset(out[0], q)); err != nil {
				t.Errorf("%s of %s/%s: %v", raw, r.Type(), r.ID(), err)
			}
		}
		n++
	}
	eachReal(t, filepath.Join("fr-ans", "examples.ndjson.gz"), keep)
	eachReal(t, filepath.Join("hl7-r4-examples", "*.ndjson.gz"), keep)
	if n < 250 {
		t.Errorf("only %d examples were kept", n)
	}
	for patient, err := range e.Patients(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		checkIndexes(t, e, patient)
	}
}
