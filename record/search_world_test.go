package record

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
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
	"Patient?", "Patient?name=Ana", "Patient?_has:Observation:patient:code=c2", "Patient?_has:Encounter:patient:_has:Observation:encounter:code=c1",
	"Encounter?status=finished", "Encounter?_has:Observation:encounter:performer:Practitioner.family=Roux",
	"Practitioner?", "Practitioner?family=Roux", "Practitioner?_has:PractitionerRole:practitioner:organization.name=Cab",
	"Practitioner?_has:Observation:performer:code=c1", "PractitionerRole?practitioner.family=Roux", "Organization?name=Cab",
	"DiagnosticReport?result.code=c1", "DiagnosticReport?result.encounter.status=finished", "DocumentReference?author:Practitioner.family=Roux",
	"DocumentReference?patient.identifier=urn:ins|p0&status=current", "DocumentReference?author:PractitionerRole.practitioner.family=Roux",
}

var includeTemplates = map[string][]string{
	"Observation": {"_include=Observation:patient", "_include=Observation:performer", "_include=Observation:performer:Practitioner", "_include=Observation:encounter",
		"_revinclude=DiagnosticReport:result", "_revinclude=Provenance:target", "_include=Observation:has-member"},
	"Patient":          {"_revinclude=Observation:subject", "_revinclude=Encounter:patient", "_revinclude=Provenance:target"},
	"Encounter":        {"_include=Encounter:service-provider", "_revinclude=Observation:encounter"},
	"Practitioner":     {"_revinclude=PractitionerRole:practitioner", "_revinclude=Observation:performer"},
	"PractitionerRole": {"_include=PractitionerRole:practitioner", "_include=PractitionerRole:organization"},
	"DiagnosticReport": {"_include=DiagnosticReport:result", "_include=DiagnosticReport:subject"},
}

var sortTemplates = map[string][]string{
	"Observation": {"_sort=date", "_sort=-date,code", "_sort=code,-_id", "_sort=-_lastUpdated", "_sort=-subject"},
	"Patient":     {"_sort=name", "_sort=-_id"}, "Practitioner": {"_sort=-family", "_sort=family"}, "Encounter": {"_sort=status"},
}

// painter draws the resources of a world, in which every reference may also dangle, lead out of scope, be contained or
// be logical.
type painter struct {
	t *rapid.T
	w *world
	n int // encounters and observations so far
}

func drawWorld(t *rapid.T) *world {
	w := &world{hidden: map[Ref]bool{}}
	p := &painter{t: t, w: w}
	p.people()
	for _, patient := range []string{"p0", "p1", "p2"} {
		for range rapid.IntRange(0, 2).Draw(t, "encounters") {
			p.encounter(patient)
		}
	}
	encounters := p.n
	for _, patient := range []string{"p0", "p0", "p1", "p2"} {
		for range rapid.IntRange(0, 4).Draw(t, "observations") {
			p.observation(patient, encounters)
		}
	}
	for _, b := range w.bodies {
		if rapid.IntRange(0, 3).Draw(t, "hide") == 0 {
			w.hidden[b.ref] = true
		}
	}
	w.scope = Scope{Patients: rapid.SampledFrom([][]string{{"p0"}, {"p1", "p0"}, {"p0", "p0"}, {}}).Draw(t, "scope"), Directory: rapid.Bool().Draw(t, "directory")}
	for range 12 {
		w.queries = append(w.queries, drawQuery(t))
	}
	return w
}

func (p *painter) pick(label string, options ...string) string {
	return rapid.SampledFrom(options).Draw(p.t, label)
}

// one names the resources prefix0 to prefix(n-1), and one that does not exist.
func (p *painter) one(label, prefix string, n int) string {
	return fmt.Sprintf("%s%d", prefix, rapid.IntRange(0, n).Draw(p.t, label))
}

func (p *painter) add(patient, resourceType, id, members string) {
	body := fmt.Sprintf(`{"resourceType":%q,"id":%q%s}`, resourceType, id, members)
	p.w.bodies = append(p.w.bodies, placed{Ref{resourceType, id}, patient, body})
}

func (p *painter) people() {
	for i := range 3 {
		id := fmt.Sprintf("p%d", i)
		if i == 2 || rapid.IntRange(0, 9).Draw(p.t, "patient") > 0 {
			p.add(id, "Patient", id, fmt.Sprintf(`,"identifier":[{"system":"urn:ins","value":%q}],"name":[{"family":%q}]`, id, p.pick("name", "Ana", "Bea", "Çan")))
		}
	}
	for i := range 3 {
		p.add("", "Practitioner", fmt.Sprintf("pr%d", i), fmt.Sprintf(`,"identifier":[{"system":"urn:rpps","value":%q}],"name":[{"family":%q}]`,
			p.pick("rpps", "1", "2"), p.pick("family", "Roux", "Lam")))
		p.add("", "PractitionerRole", fmt.Sprintf("role%d", i), fmt.Sprintf(`,"practitioner":{"reference":"Practitioner/%s"},"organization":{"reference":"Organization/%s"}`,
			p.one("rolePr", "pr", 3), p.one("roleOrg", "org", 2)))
	}
	for i := range 2 {
		p.add("", "Organization", fmt.Sprintf("org%d", i), fmt.Sprintf(`,"name":%q`, p.pick("org", "Cabinet", "Clinique")))
	}
}

func (p *painter) performer() string {
	return p.pick("performer", `{"reference":"Practitioner/`+p.one("pr", "pr", 3)+`"}`, `{"reference":"PractitionerRole/`+p.one("role", "role", 3)+`"}`,
		`{"type":"Practitioner","identifier":{"system":"urn:rpps","value":"`+p.pick("logical", "1", "2", "3")+`"}}`, `{"reference":"#in"}`, `{"reference":"#role"}`,
		`{"reference":"https://elsewhere.example/fhir/Practitioner/pr0"}`)
}

func (p *painter) contained() string {
	return fmt.Sprintf(`,"contained":[{"resourceType":"Practitioner","id":"in","name":[{"family":%q}]},{"resourceType":"PractitionerRole","id":"role","practitioner":{"reference":%q}}]`,
		p.pick("inside", "Roux", "Lam"), p.pick("insideRole", "#in", "Practitioner/pr0", "Practitioner/pr1"))
}

func (p *painter) encounter(patient string) {
	p.add(patient, "Encounter", fmt.Sprintf("e%d", p.n), fmt.Sprintf(`,"status":%q,"class":{"code":"AMB"},"subject":{"reference":"Patient/%s"},"serviceProvider":{"reference":"Organization/%s"}`,
		p.pick("status", "finished", "planned"), patient, p.one("provider", "org", 2)))
	p.n++
}

// observation draws one, and perhaps a report, a provenance and a document around it.
func (p *painter) observation(patient string, encounters int) {
	id := fmt.Sprintf("o%d", p.n)
	p.n++
	p.add(patient, "Observation", id, fmt.Sprintf(`%s,"status":%q,"code":{"coding":[{"code":%q}]},"subject":{"reference":"Patient/%s"},"encounter":{"reference":"Encounter/%s"},"effectiveDateTime":%q,"performer":[%s],"hasMember":[{"reference":"Observation/%s"}]`,
		p.contained(), p.pick("final", "final", "amended"), p.pick("code", "c1", "c2", "c3"), patient, p.one("enc", "e", encounters),
		p.pick("date", "2024", "2024-06-01", "2025-01-01T10:00:00Z"), p.performer(), p.one("member", "o", 14)))
	if rapid.Bool().Draw(p.t, "report") {
		p.add(patient, "DiagnosticReport", "r"+id, fmt.Sprintf(`,"status":%q,"code":{"coding":[{"code":"c1"}]},"subject":{"reference":"Patient/%s"},"result":[{"reference":"Observation/%s"},{"reference":"Observation/%s"}]`,
			p.pick("reported", "final", "partial"), patient, id, p.one("result", "o", 14)))
	}
	if rapid.Bool().Draw(p.t, "provenance") {
		p.add(patient, "Provenance", "v"+id, fmt.Sprintf(`,"target":[{"reference":"Observation/%s"},{"reference":"Patient/%s"}],"recorded":"2025-01-01T00:00:00Z","agent":[{"who":{"reference":"Practitioner/%s"}}]`,
			id, patient, p.one("agent", "pr", 3)))
	}
	if rapid.Bool().Draw(p.t, "document") {
		subject := p.pick("subject", `"reference":"Patient/`+patient+`"`, `"identifier":{"system":"urn:ins","value":"`+patient+`"},"type":"Patient"`)
		p.add(patient, "DocumentReference", "d"+id, fmt.Sprintf(`%s,"status":"current","subject":{%s},"author":[%s],"content":[{"attachment":{"url":"Binary/b"}}]`,
			p.contained(), subject, p.performer()))
	}
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

// reference is the dumbest search there is: what the asker may know of, all of it, looked at again for each question.
type reference struct {
	all   []*Stored // permitted, in scope or in the directory
	scope Scope
}

func (w *world) reference(t *rapid.T, e *Embedded) *reference {
	ref := &reference{scope: w.scope}
	for _, b := range w.bodies {
		if w.hidden[b.ref] || b.patient != "" && !slices.Contains(w.scope.Patients, b.patient) {
			continue
		}
		s, err := e.Read(context.Background(), b.ref)
		if err != nil {
			t.Fatal(err)
		}
		ref.all = append(ref.all, s)
	}
	slices.SortFunc(ref.all, func(a, b *Stored) int { return a.Ref.Compare(b.Ref) })
	return ref
}

func (ref *reference) pages(t *rapid.T, q *search.Query) []*Page {
	var matches []*Stored
	for _, s := range ref.all {
		if s.Type == q.Type && (s.Patient != "" || ref.scope.Directory) && ref.matches(t, mustResource(t, s), q.Criteria) {
			matches = append(matches, s)
		}
	}
	slices.SortStableFunc(matches, func(a, b *Stored) int { return search.Compare(q.Sort, mustResource(t, a), mustResource(t, b)) })
	var total *int
	if q.Total == "accurate" || q.Summary == search.SummaryCount {
		n := len(matches)
		total = &n
	}
	if q.Summary == search.SummaryCount {
		return []*Page{{Total: total}}
	}
	var pages []*Page
	for {
		cut := min(q.Count, len(matches))
		pages = append(pages, &Page{Matches: matches[:cut], Included: ref.included(t, q, matches[:cut]), Total: total})
		if matches = matches[cut:]; len(matches) == 0 {
			return pages
		}
	}
}

func mustResource(t *rapid.T, s *Stored) *fhir.Resource {
	r, err := s.Resource()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (ref *reference) matches(t *rapid.T, r *fhir.Resource, criteria []search.Criterion) bool {
	for i := range criteria {
		if !ref.match(t, r, r, &criteria[i]) {
			return false
		}
	}
	return true
}

// match looks at r, which is root or contained in it.
func (ref *reference) match(t *rapid.T, root, r *fhir.Resource, c *search.Criterion) bool {
	switch {
	case c.Has != nil:
		for _, s := range ref.all {
			seen := s.Patient != "" || ref.scope.Directory
			o := mustResource(t, s)
			if s.Type == c.Has.Type && seen && root == r && ref.match(t, o, o, c.Has.Then) {
				for _, v := range c.Has.Param.Values(o) {
					if v.Reference.Literal() == r.Type()+"/"+r.ID() {
						return true
					}
				}
			}
		}
		return false
	case len(c.Chain) > 0:
		for _, step := range c.Chain {
			for _, v := range c.Param.Values(r) {
				f := v.Reference
				if f.Contained {
					for _, n := range root.Node().Get("contained").Items() {
						in, err := fhir.ResourceOf(n)
						if err == nil && in.ID() == f.ID && in.Type() == step.Type && ref.match(t, root, in, step.Then) {
							return true
						}
					}
				} else if s := ref.find(f, step.Type); s != nil && s.Type == step.Type {
					if o := mustResource(t, s); ref.match(t, o, o, step.Then) {
						return true
					}
				}
			}
		}
		return false
	}
	ok, err := c.Match(r)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func (ref *reference) find(f fhir.Reference, resourceType string) *Stored {
	var identified []*Stored
	for _, s := range ref.all {
		if f.Literal() == s.Ref.String() {
			return s
		}
		r, err := s.Resource()
		wanted := f.Type
		if wanted == "" {
			wanted = resourceType
		}
		if f.URL == "" && f.Identifier != "" && s.Type == wanted && err == nil && slices.Contains(identifiersOf(r), f.Identifier) {
			identified = append(identified, s)
		}
	}
	if len(identified) == 1 {
		return identified[0]
	}
	return nil
}

func (ref *reference) included(t *rapid.T, q *search.Query, page []*Stored) []*Stored {
	var out []*Stored
	add := func(s *Stored) {
		if s != nil && !slices.Contains(page, s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, i := range q.Include {
		for _, s := range page {
			for _, v := range i.Param.Values(mustResource(t, s)) {
				target := i.Target
				if target == "" && len(i.Param.Target) == 1 {
					target = i.Param.Target[0]
				}
				if o := ref.find(v.Reference, target); o != nil && !v.Reference.Contained && (i.Target == "" || o.Type == i.Target) {
					add(o)
				}
			}
		}
	}
	for _, i := range q.RevInclude {
		for _, o := range ref.all {
			if o.Type != i.Source || o.Patient == "" && !ref.scope.Directory {
				continue
			}
			for _, v := range i.Param.Values(mustResource(t, o)) {
				if slices.ContainsFunc(page, func(s *Stored) bool { return s.Ref.String() == v.Reference.Literal() }) {
					add(o)
				}
			}
		}
	}
	return out
}

func cutQuery(query string) (resourceType, raw string, ok bool) { return strings.Cut(query, "?") }
