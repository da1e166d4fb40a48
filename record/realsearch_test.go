package record

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"pgregory.net/rapid"
)

// TestRealSearchesEqualTheReference draws whole searches from what real records hold — criteria, chains, _has, sorts,
// inclusions, totals — over a record and the directory, a third of it hidden, and compares each page with the reference.
// PONTLEVIS_SEARCH_ROUNDS makes it longer.
func TestRealSearchesEqualTheReference(t *testing.T) {
	t.Parallel()
	byPatient := map[string][]Change{}
	eachReal(t, filepath.Join("synthea-bulk-2025", "*.ndjson.gz"), func(r *fhir.Resource) {
		patient := ""
		if owners := r.Patients(); len(owners) > 0 {
			patient = owners[0]
		}
		byPatient[patient] = append(byPatient[patient], Change{Ref: Ref{r.Type(), r.ID()}, Body: r.JSON()})
	})
	patient := ""
	for p, changes := range byPatient { // the largest that the reference gets through
		if p != "" && len(changes) <= 700 && (patient == "" || len(changes) > len(byPatient[patient])) {
			patient = p
		}
	}
	e := openEmbedded(t)
	var all []*Stored
	for _, p := range []string{patient, ""} {
		out, err := e.Write(t.Context(), p, byPatient[p][:min(len(byPatient[p]), 700)])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, out...)
	}
	slices.SortFunc(all, func(a, b *Stored) int { return a.Ref.Compare(b.Ref) })
	rounds, _ := strconv.Atoi(os.Getenv("PONTLEVIS_SEARCH_ROUNDS"))
	found := 0
	for range max(rounds, 1) {
		rapid.Check(t, func(rt *rapid.T) { found += compareReal(rt, e, patient, all) })
	}
	if found == 0 {
		t.Error("no search found anything")
	}
	t.Logf("%d resources of %s, %d matches", len(all), patient, found)
}

func compareReal(t *rapid.T, e *Embedded, patient string, all []*Stored) (found int) {
	hidden := rapid.IntRange(0, 6).Draw(t, "hidden")
	sees := func(s *Stored) bool { return hidden > 2 || (int(s.ID[len(s.ID)-1])+hidden)%3 > 0 }
	scope := Scope{Patients: []string{patient}, Directory: rapid.Bool().Draw(t, "directory")}
	ref := &reference{scope: scope}
	for _, s := range all {
		if sees(s) {
			ref.all = append(ref.all, s)
		}
	}
	permit := func(_ context.Context, batch []*Stored) ([]bool, error) {
		out := make([]bool, len(batch))
		for i, s := range batch {
			out[i] = sees(s)
		}
		return out, nil
	}
	query := drawReal(t, all)
	q := parseQuery(t, query)
	var pages []*Page
	for after := (*Position)(nil); ; {
		page, err := Search(t.Context(), e, q, scope, after, permit)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		pages = append(pages, page)
		found += len(page.Matches)
		if after = page.Next; after == nil || len(pages) == 8 {
			break
		}
	}
	want := ref.pages(t, q)
	want = want[:min(len(want), len(pages))]
	for _, p := range want {
		if len(p.Included) > MaxIncluded {
			return found // cut, which the reference does not do
		}
	}
	if got, want := describePages(pages), describePages(want); got != want {
		t.Fatalf("%s (hidden %d)\ngot:\n%s\nwant:\n%s", query, hidden, got, want)
	}
	return found
}

// drawReal writes a search of the type of some resource by what some resources of the type hold.
func drawReal(t *rapid.T, all []*Stored) string {
	types := map[string][]*Stored{}
	var names []string
	for _, s := range all {
		if types[s.Type] == nil {
			names = append(names, s.Type)
		}
		types[s.Type] = append(types[s.Type], s)
	}
	slices.Sort(names)
	kind := rapid.SampledFrom(names).Draw(t, "type")
	d := realDrawer{t, types}
	parts := []string{fmt.Sprintf("_count=%d", rapid.IntRange(3, 40).Draw(t, "count"))}
	for range rapid.IntRange(0, 2).Draw(t, "criteria") {
		if c := d.criterion(kind, 0); c != "" {
			parts = append(parts, c)
		}
	}
	params := fhir.Params(kind)
	var sorts []string
	for range rapid.IntRange(0, 3).Draw(t, "sorts") {
		p := rapid.SampledFrom(params).Draw(t, "sort")
		if p.Type != "composite" && !slices.ContainsFunc(sorts, func(s string) bool { return strings.TrimPrefix(s, "-") == p.Name }) {
			sorts = append(sorts, rapid.SampledFrom([]string{"", "-"}).Draw(t, "direction")+p.Name)
		}
	}
	if sorts != nil {
		parts = append(parts, "_sort="+strings.Join(sorts, ","))
	}
	for range rapid.IntRange(0, 2).Draw(t, "includes") {
		parts = append(parts, d.include(kind, names))
	}
	if total := rapid.SampledFrom([]string{"", "_total=accurate"}).Draw(t, "total"); total != "" {
		parts = append(parts, total)
	}
	return kind + "?" + strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "&")
}

type realDrawer struct {
	t     *rapid.T
	types map[string][]*Stored
}

// criterion draws a plain one, a chain through a reference that is there, or a _has; "" when nothing comes to hand.
func (d *realDrawer) criterion(kind string, depth int) string {
	s := rapid.SampledFrom(d.types[kind]).Draw(d.t, "some")
	r := mustResource(d.t, s)
	p := rapid.SampledFrom(fhir.Params(kind)).Draw(d.t, "param")
	values := p.Values(r)
	if depth < 2 && rapid.IntRange(0, 4).Draw(d.t, "has") == 0 {
		return d.has(kind, depth)
	}
	if len(values) == 0 {
		if p.Type == "composite" {
			return ""
		}
		return p.Name + ":missing=true"
	}
	v := rapid.SampledFrom(values).Draw(d.t, "value")
	if p.Type == "reference" && depth < 2 && v.Reference.ID != "" && d.types[v.Reference.Type] != nil && rapid.Bool().Draw(d.t, "chain") {
		if then := d.criterion(v.Reference.Type, depth+1); then != "" {
			return p.Name + ":" + v.Reference.Type + "." + then
		}
	}
	return d.plain(p, v)
}

func (d *realDrawer) has(kind string, depth int) string {
	for _, source := range []string{"Encounter", "Observation", "DiagnosticReport", "PractitionerRole", "Provenance", "Claim"} {
		for _, p := range fhir.Params(source) {
			if d.types[source] != nil && p.Type == "reference" && slices.Contains(p.Target, kind) && rapid.IntRange(0, 2).Draw(d.t, "take") == 0 {
				if then := d.criterion(source, depth+1); then != "" {
					return "_has:" + source + ":" + p.Name + ":" + then
				}
			}
		}
	}
	return ""
}

func (d *realDrawer) plain(p *fhir.Param, v fhir.Value) string {
	prefix := rapid.SampledFrom([]string{"", "ge", "lt", "gt", "le", "ne", "sa", "eb"}).Draw(d.t, "prefix")
	switch {
	case p.Type == "token" && v.Code != "":
		return p.Name + rapid.SampledFrom([]string{"", "", ":not"}).Draw(d.t, "not") + "=" + escape(search.Escape(v.Code))
	case p.Type == "reference" && v.Reference.Literal() != "":
		return p.Name + "=" + v.Reference.Literal()
	case p.Type == "date" && !v.Low.IsZero():
		return p.Name + "=" + prefix + v.Low.UTC().Format(rapid.SampledFrom([]string{"2006", "2006-01", "2006-01-02"}).Draw(d.t, "precision"))
	case p.Type == "quantity" || p.Type == "number":
		return p.Name + "=" + prefix + v.Lexical
	case p.Type == "string":
		return p.Name + ":contains=" + escape(search.Escape(string([]rune(v.Text)[:min(3, len([]rune(v.Text)))])))
	case p.Type == "composite":
		return ""
	}
	return p.Name + ":missing=false"
}

func (d *realDrawer) include(kind string, names []string) string {
	iterate := rapid.SampledFrom([]string{"", ":iterate"}).Draw(d.t, "iterate")
	source := rapid.SampledFrom(names).Draw(d.t, "source")
	var refs []*fhir.Param
	for _, p := range fhir.Params(source) {
		if p.Type == "reference" && (iterate != "" || len(p.Target) == 0 || slices.Contains(p.Target, kind)) {
			refs = append(refs, p)
		}
	}
	if rapid.Bool().Draw(d.t, "reverse") && len(refs) > 0 {
		return "_revinclude" + iterate + "=" + source + ":" + rapid.SampledFrom(refs).Draw(d.t, "by").Name
	}
	if rapid.IntRange(0, 3).Draw(d.t, "wild") == 0 {
		return "_include" + iterate + "=" + kind + ":*"
	}
	for _, p := range fhir.Params(kind) {
		if p.Type == "reference" && rapid.Bool().Draw(d.t, "take") {
			return "_include" + iterate + "=" + kind + ":" + p.Name
		}
	}
	return ""
}
