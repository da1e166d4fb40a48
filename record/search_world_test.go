package record

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/store"
	"pgregory.net/rapid"
)

// A world is what a random search runs over: two patients' records, a third that is out of scope, and a directory.
type world struct {
	bodies  []placed
	hidden  map[Ref]bool
	scope   Scope
	queries []string // Type?raw
}

type placed struct {
	ref     Ref
	patient string
	body    string
}

var queryTemplates = []string{
	"Observation?", "Observation?code=c1", "Observation?code=c1,c2&status=final", "Observation?code:not=c1", "Observation?subject=Patient/p0",
	"Observation?patient.identifier=urn:ins|p0", "Observation?patient.identifier=urn:ins|p1", "Observation?subject:Patient.name=Ana",
	"Observation?performer:Practitioner.family=Roux", "Observation?performer:PractitionerRole.practitioner.family=Roux",
	"Observation?encounter.status=finished", "Observation?encounter.service-provider.name=Cab", "Observation?date=ge2024-06",
	"Observation?encounter:missing=true", "Observation?_id=o0,o1,o2,o3", "Observation?has-member.code=c1", "Observation?_has:DiagnosticReport:result:status=final",
	"Observation?_has:Provenance:target:agent=Practitioner/pr0",
	"Patient?_has:Observation:focus:code=c2", "Patient?_id=p0&_has:Observation:focus:_has:DiagnosticReport:result:status=final", "Observation?focus:Patient.name=Ana",
	"Patient?", "Patient?name=Ana", "Patient?_has:Observation:patient:code=c2", "Patient?_has:Encounter:patient:_has:Observation:encounter:code=c1",
	"Encounter?status=finished", "Encounter?_has:Observation:encounter:performer:Practitioner.family=Roux",
	"Practitioner?", "Practitioner?family=Roux", "Practitioner?_has:PractitionerRole:practitioner:organization.name=Cab",
	"Practitioner?_has:Observation:performer:code=c1", "PractitionerRole?practitioner.family=Roux", "Organization?name=Cab",
	"DiagnosticReport?result.code=c1", "DiagnosticReport?result.encounter.status=finished", "DocumentReference?author:Practitioner.family=Roux",
	"Observation?_list=l0", "Observation?_list=l0,l1,nowhere&code=c1", "Patient?_list=l1", "Practitioner?_list=l2", "List?_list=l0",
	"Encounter?location:below=Location/lo0", "Encounter?location:below=lo1,Location/lo2", "Encounter?location:above=Location/lo2", "Location?partof:below=lo0",
	"Encounter?part-of:below=e0", "Observation?encounter.location:below=lo0", "Patient?_has:Encounter:patient:location:above=lo1",
	"Observation?code:in=http://vs/a", "Observation?code:not-in=http://vs/a", "Observation?code:in=ValueSet/vsb,http://vs/a", "Observation?code:below=http://cs|c1",
	"Observation?code:above=http://cs|c3", "Patient?_has:Observation:patient:code:in=http://vs/b", "DiagnosticReport?result.code:below=http://cs|c2",
	"QuestionnaireResponse?", "QuestionnaireResponse?questionnaire.title=Som", "QuestionnaireResponse?questionnaire=http://q/a", "StructureDefinition?base.base.name=Un", "StructureDefinition?_has:StructureDefinition:base:name=Deux", "StructureDefinition?",
	"Questionnaire?", "Questionnaire?_has:QuestionnaireResponse:questionnaire:status=completed", "Patient?_has:QuestionnaireResponse:subject:questionnaire.title=Som",
	"DocumentReference?patient.identifier=urn:ins|p0&status=current", "DocumentReference?author:PractitionerRole.practitioner.family=Roux",
}

var includeTemplates = map[string][]string{
	"Observation": {"_include=Observation:patient", "_include=Observation:performer", "_include=Observation:performer:Practitioner", "_include=Observation:encounter",
		"_revinclude=DiagnosticReport:result", "_revinclude=Provenance:target", "_include=Observation:has-member", "_include=Observation:focus", "_include=*", "_include=Observation:*:Practitioner",
		"_include:iterate=Observation:has-member", "_include:iterate=PractitionerRole:practitioner", "_include:iterate=PractitionerRole:*", "_include:iterate=Encounter:location",
		"_include:iterate=Location:partof", "_revinclude:iterate=DiagnosticReport:result", "_revinclude:iterate=Observation:has-member", "_revinclude=DiagnosticReport:*"},
	"Patient":               {"_revinclude=Observation:subject", "_revinclude=Observation:focus", "_revinclude=Encounter:patient", "_revinclude=Provenance:target"},
	"Location":              {"_include:iterate=Location:partof", "_revinclude:iterate=Location:partof", "_revinclude=Encounter:location"},
	"Encounter":             {"_include=Encounter:location", "_include:iterate=Location:partof", "_revinclude:iterate=Encounter:part-of", "_include=Encounter:service-provider", "_revinclude=Observation:encounter"},
	"Practitioner":          {"_revinclude=PractitionerRole:practitioner", "_revinclude=Observation:performer"},
	"PractitionerRole":      {"_include=PractitionerRole:practitioner", "_include=PractitionerRole:organization"},
	"QuestionnaireResponse": {"_include=QuestionnaireResponse:questionnaire", "_include=*", "_include=QuestionnaireResponse:questionnaire:Questionnaire"},
	"Questionnaire":         {"_revinclude=QuestionnaireResponse:questionnaire", "_revinclude=QuestionnaireResponse:*"},
	"StructureDefinition":   {"_include:iterate=StructureDefinition:base", "_revinclude=StructureDefinition:base", "_revinclude:iterate=StructureDefinition:base"},
	"DiagnosticReport":      {"_include=DiagnosticReport:result", "_include=DiagnosticReport:subject"},
}

var sortTemplates = map[string][]string{
	"Observation": {"_sort=date", "_sort=-date,code", "_sort=code,-_id", "_sort=-_lastUpdated", "_sort=-subject"},
	"Patient":     {"_sort=name", "_sort=-_id"}, "Practitioner": {"_sort=-family", "_sort=family"}, "Encounter": {"_sort=status"},
}

func drawQuery(t *rapid.T) string {
	query := rapid.SampledFrom(queryTemplates).Draw(t, "query")
	resourceType, _, _ := strings.Cut(query, "?")
	parts := []string{fmt.Sprintf("_count=%d", rapid.IntRange(1, 5).Draw(t, "count"))}
	for range rapid.IntRange(0, 2).Draw(t, "includes") {
		if options := includeTemplates[resourceType]; options != nil {
			parts = append(parts, rapid.SampledFrom(options).Draw(t, "include"))
		}
	}
	if options := sortTemplates[resourceType]; options != nil && rapid.Bool().Draw(t, "sorted") {
		parts = append(parts, rapid.SampledFrom(options).Draw(t, "sort"))
	}
	if total := rapid.SampledFrom([]string{"", "_total=accurate", "_total=none", "_summary=count"}).Draw(t, "total"); total != "" {
		parts = append(parts, total)
	}
	return query + "&" + strings.Join(parts, "&")
}

// embed writes the resources that keep lets through into a fresh store.
func (w *world) embed(t *rapid.T, e *Embedded, keep func(Ref) bool) {
	changes := map[string][]Change{}
	for _, b := range w.bodies {
		if keep(b.ref) {
			changes[b.patient] = append(changes[b.patient], Change{Ref: b.ref, Body: []byte(b.body)})
		}
	}
	for patient, list := range changes {
		if _, err := e.Write(context.Background(), patient, list); err != nil {
			t.Fatal(err)
		}
	}
}

// watched is a Permit that hides, and fails when it is asked twice about a version, or about too much at once.
func (w *world) watched(t *rapid.T) Permit {
	asked := map[versionOf]bool{}
	return func(_ context.Context, batch []*Stored) ([]bool, error) {
		if len(batch) == 0 || len(batch) > MaxBatch {
			t.Fatalf("asked about %d at once", len(batch))
		}
		out := make([]bool, len(batch))
		for i, s := range batch {
			v := versionOf{s.Ref, s.Version}
			if asked[v] || s.within != nil || s.Deleted {
				t.Fatalf("asked about %s again, or about what is no resource", s.Ref)
			}
			asked[v] = true
			out[i] = !w.hidden[s.Ref]
		}
		return out, nil
	}
}

// run searches page by page and gives the Bundle of each, with the position in place of a sealed cursor.
func (w *world) run(t *rapid.T, src Source, query string, permit func() Permit) (pages []*Page, bundles [][]byte) {
	q := parseQuery(t, query)
	var after *Position
	for {
		page, err := Search(context.Background(), src, q, w.scope, after, permit())
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		next := ""
		if page.Next != nil {
			next = fmt.Sprintf("http://test/fhir/%s?after=%q", query, page.Next)
		}
		pages, bundles = append(pages, page), append(bundles, page.Bundle("http://test/fhir", q, next, nil))
		if after = page.Next; after == nil {
			return pages, bundles
		}
		if len(pages) > 100 {
			t.Fatalf("%s: pages without end", query)
		}
	}
}

type fataler interface{ Fatalf(string, ...any) }

func parseQuery(t fataler, query string) *search.Query {
	resourceType, raw, _ := strings.Cut(query, "?")
	q, _, err := search.Parse(resourceType, strings.TrimPrefix(raw, "&"), true)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return q
}

// ephemeral is an Embedded that lives for one run of a property.
func ephemeral(t *rapid.T) *Embedded {
	e, err := OpenEmbedded(&memory{partitions: map[store.Partition]map[string][]byte{}}, fixedNow)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestSearchEqualsTheReference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		e := ephemeral(t)
		w.embed(t, e, func(Ref) bool { return true })
		ref := w.reference(t, e)
		for _, query := range w.queries {
			pages, _ := w.run(t, e, query, func() Permit { return w.watched(t) })
			q := parseQuery(t, query)
			if got, want := describePages(pages), describePages(ref.pages(t, q)); got != want {
				t.Fatalf("%s in %+v hidden %v\ngot:\n%s\nwant:\n%s", query, w.scope, w.hidden, got, want)
			}
		}
	})
}

// What is hidden and what does not exist look the same, byte for byte (rules.md S1).
func TestHiddenLooksLikeAbsent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		full, bare := ephemeral(t), ephemeral(t)
		w.embed(t, full, func(Ref) bool { return true })
		w.embed(t, bare, func(r Ref) bool { return !w.hidden[r] })
		everybody := func() Permit {
			return func(_ context.Context, batch []*Stored) ([]bool, error) {
				return slices.Repeat([]bool{true}, len(batch)), nil
			}
		}
		for _, query := range w.queries {
			_, hiding := w.run(t, full, query, func() Permit { return w.watched(t) })
			_, absent := w.run(t, bare, query, everybody)
			if !slices.EqualFunc(hiding, absent, bytes.Equal) {
				t.Fatalf("%s in %+v hidden %v\nhidden:\n%s\nabsent:\n%s", query, w.scope, w.hidden, hiding, absent)
			}
		}
		for _, p := range w.scope.Patients {
			hiding := w.everything(t, full, p, w.watched(t))
			if absent := w.everything(t, bare, p, everybody()); !bytes.Equal(hiding, absent) {
				t.Fatalf("everything of %s hidden %v\nhidden:\n%s\nabsent:\n%s", p, w.hidden, hiding, absent)
			}
		}
	})
}

func (w *world) everything(t *rapid.T, src Source, patient string, permit Permit) []byte {
	page, err := Everything(context.Background(), src, patient, EverythingOptions{Count: 7}, permit)
	if err != nil {
		t.Fatal(err)
	}
	return page.BundleAt("http://test/fhir", "self", fmt.Sprint(page.Next), nil)
}

func describePages(pages []*Page) string {
	var b strings.Builder
	for _, p := range pages {
		b.WriteString("matches")
		for _, s := range p.Matches {
			b.WriteString(" " + s.Ref.String())
		}
		b.WriteString(" included")
		for _, s := range p.Included {
			b.WriteString(" " + s.Ref.String())
		}
		if p.Total != nil {
			fmt.Fprintf(&b, " total %d", *p.Total)
		}
		fmt.Fprintf(&b, " notices %d\n", len(p.Notices))
	}
	return b.String()
}

func cutQuery(query string) (resourceType, raw string, ok bool) { return strings.Cut(query, "?") }
