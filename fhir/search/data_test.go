package search_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"pgregory.net/rapid"
)

// data is where real FHIR lies beside the repository, absent from a bare clone.
const data = "../../../shared/data"

// real is a resource twice: as this project reads it, and as plain JSON for the reference below.
type real struct {
	*fhir.Resource
	plain map[string]any
}

// reals are resources of the real data, by type, at most 400 of each.
var reals = sync.OnceValues(func() (map[string][]real, error) {
	byType := map[string][]real{}
	files, err := filepath.Glob(filepath.Join(data, "*", "*.ndjson.gz"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no real FHIR in %s", data)
	}
	for _, file := range files {
		if strings.Contains(file, "definitions") {
			continue
		}
		if err := readAll(file, byType); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return byType, nil
})

func readAll(file string, into map[string][]real) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	scanner := bufio.NewScanner(z)
	scanner.Buffer(nil, 64<<20)
	for scanner.Scan() {
		r, err := fhir.ParseResource(slices.Clone(scanner.Bytes()))
		if err != nil {
			return err
		}
		if err := keep(r, into); err != nil {
			return err
		}
	}
	return scanner.Err()
}

func keep(r *fhir.Resource, into map[string][]real) error {
	for entry := range r.Node().Get("entry").Each() {
		if inner := entry.Get("resource"); inner != nil {
			resource, err := fhir.ResourceOf(inner)
			if err != nil {
				return err
			}
			if err := keep(resource, into); err != nil {
				return err
			}
		}
	}
	if len(into[r.Type()]) >= 400 {
		return nil
	}
	plain := map[string]any{}
	if err := json.Unmarshal(r.JSON(), &plain); err != nil {
		return err
	}
	into[r.Type()] = append(into[r.Type()], real{r, plain})
	return nil
}

func realOnes(tb testing.TB) map[string][]real {
	tb.Helper()
	byType, err := reals()
	if err != nil {
		tb.Skipf("SKIPPED: the real FHIR data is not beside the repository: %v", err)
	}
	return byType
}

// walk is the reference's only notion of a path: every value at a.b.c, through any list.
func walk(v any, path ...string) []any {
	if list, ok := v.([]any); ok {
		var all []any
		for _, item := range list {
			all = append(all, walk(item, path...)...)
		}
		return all
	}
	if len(path) == 0 {
		return []any{v}
	}
	if object, ok := v.(map[string]any); ok && object[path[0]] != nil {
		return walk(object[path[0]], path[1:]...)
	}
	return nil
}

// dumb are searches with the paths they mean, written by hand from R4's pages.
var dumb = []struct{ resourceType, param, kind, path string }{
	{"Patient", "gender", "code", "gender"},
	{"Patient", "identifier", "identifier", "identifier"},
	{"Patient", "family", "string", "name.family"},
	{"Patient", "address-city", "string", "address.city"},
	{"Patient", "birthdate", "date", "birthDate"},
	{"Observation", "status", "code", "status"},
	{"Observation", "code", "coding", "code.coding"},
	{"Observation", "category", "coding", "category.coding"},
	{"Observation", "encounter", "reference", "encounter.reference"},
	{"Observation", "subject", "reference", "subject.reference"},
	{"Condition", "code", "coding", "code.coding"},
	{"Condition", "recorded-date", "date", "recordedDate"},
	{"Procedure", "code", "coding", "code.coding"},
	{"Immunization", "vaccine-code", "coding", "vaccineCode.coding"},
	{"Immunization", "date", "date", "occurrenceDateTime"},
	{"MedicationRequest", "authoredon", "date", "authoredOn"},
	{"MedicationRequest", "status", "code", "status"},
	{"MedicationRequest", "intent", "code", "intent"},
	{"DocumentReference", "type", "coding", "type.coding"},
	{"DocumentReference", "category", "coding", "category.coding"},
	{"DocumentReference", "date", "date", "date"},
	{"DocumentReference", "author", "reference", "author.reference"},
	{"DocumentReference", "security-label", "coding", "securityLabel.coding"},
	{"Encounter", "class", "coding", "class"},
	{"Organization", "address-city", "string", "address.city"},
	{"Practitioner", "given", "string", "name.given"},
}

// TestAgainstADumbReference searches real resources for what real resources hold, and compares the outcome on every
// resource of the type with a reference that only knows maps, lists and strings.
func TestAgainstADumbReference(t *testing.T) {
	t.Parallel()
	byType := realOnes(t)
	found := 0
	rapid.Check(t, func(rt *rapid.T) {
		d := rapid.SampledFrom(dumb).Draw(rt, "search")
		some := rapid.SampledFrom(byType[d.resourceType]).Draw(rt, "resource")
		raw, expected, ok := reference(rt, d.kind, d.path, some.plain)
		if !ok {
			return
		}
		full := d.param + "=" + url.QueryEscape(raw)
		q, _, err := search.Parse(d.resourceType, full, true)
		if err != nil {
			rt.Fatalf("%s?%s: %v", d.resourceType, full, err)
		}
		for _, r := range byType[d.resourceType] {
			want := expected(r.plain)
			if got := holds(t, q, r.Resource); got != want {
				rt.Fatalf("%s?%s on %s: %t, want %t", d.resourceType, full, r.JSON(), got, want)
			}
			if want {
				found++
			}
		}
	})
	if found == 0 {
		t.Error("no search found anything")
	}
}

// reference draws a search from what a resource holds, and the test that it means.
func reference(rt *rapid.T, kind, path string, some map[string]any) (raw string, test func(any) bool, ok bool) {
	values := walk(some, strings.Split(path, ".")...)
	if len(values) == 0 {
		return "", nil, false
	}
	v := rapid.SampledFrom(values).Draw(rt, "value")
	in := func(match func(any) bool) func(any) bool {
		return func(r any) bool { return slices.ContainsFunc(walk(r, strings.Split(path, ".")...), match) }
	}
	switch kind {
	case "coding", "identifier":
		return coded(rt, kind, v.(map[string]any), in)
	case "code":
		return v.(string), in(func(x any) bool { return x == v }), true
	case "string":
		whole := plainLetters(v.(string))
		start := strings.TrimSpace(whole[:rapid.IntRange(1, len(whole)).Draw(rt, "length")])
		wanted := simplified(start)
		if wanted == "" || !ascii(start) {
			return "", nil, false
		}
		return search.Escape(strings.ToUpper(start)), in(func(x any) bool {
			text := simplified(x.(string))
			return strings.HasPrefix(text, wanted) || path == "name.family" && strings.Contains(text, " "+wanted)
		}), true
	case "reference":
		if strings.HasPrefix(v.(string), "#") || strings.Contains(v.(string), "?") {
			return "", nil, false
		}
		return search.Escape(v.(string)), in(func(x any) bool { return x == v }), true
	}
	return dated(rt, v.(string), in)
}

// coded draws system|code or code alone.
func coded(rt *rapid.T, kind string, v map[string]any, in func(func(any) bool) func(any) bool) (string, func(any) bool, bool) {
	member := map[string]string{"coding": "code", "identifier": "value"}[kind]
	code, system := v[member], v["system"]
	if code == nil || system == nil {
		return "", nil, false
	}
	same := func(x any) bool { return strings.EqualFold(fmt.Sprint(x.(map[string]any)[member]), code.(string)) }
	if rapid.Bool().Draw(rt, "system") {
		return search.Escape(system.(string)) + "|" + search.Escape(code.(string)),
			in(func(x any) bool { return same(x) && x.(map[string]any)["system"] == system }), true
	}
	return search.Escape(code.(string)), in(same), true
}

// dated draws a day with ge, lt or eq; the reference knows whole days and instants within them alone.
func dated(rt *rapid.T, v string, in func(func(any) bool) func(any) bool) (string, func(any) bool, bool) {
	day := span(v)
	if day == nil {
		return "", nil, false
	}
	start := day[0].UTC().Truncate(24 * time.Hour)
	end := start.Add(24 * time.Hour)
	prefix := rapid.SampledFrom([]string{"eq", "ge", "lt", "sa", "eb"}).Draw(rt, "prefix")
	return prefix + start.Format(time.DateOnly), in(func(x any) bool {
		s := span(x.(string))
		inside := !s[0].Before(start) && !s[1].After(end)
		switch prefix {
		case "ge":
			return inside || s[1].After(end)
		case "lt":
			return s[0].Before(start)
		case "sa":
			return !s[0].Before(end)
		case "eb":
			return !s[1].After(start)
		}
		return inside
	}), true
}

// span is the interval of a date of the real data.
func span(s string) []time.Time {
	for layout, add := range map[string][3]int{"2006": {1, 0, 0}, "2006-01": {0, 1, 0}, "2006-01-02": {0, 0, 1}} {
		if t, err := time.Parse(layout, s); err == nil {
			return []time.Time{t, t.AddDate(add[0], add[1], add[2])}
		}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return nil
	}
	unit := time.Second
	if i := strings.IndexByte(s, '.'); i >= 0 {
		for range strings.TrimRight(strings.FieldsFunc(s[i+1:], func(r rune) bool { return r == 'Z' || r == '+' || r == '-' })[0], "") {
			unit /= 10
		}
	}
	return []time.Time{t, t.Add(unit)}
}

// plainLetters folds the letters that the real data has.
func plainLetters(s string) string {
	return strings.NewReplacer("á", "a", "à", "a", "é", "e", "è", "e", "ê", "e", "ë", "e", "í", "i", "î", "i", "ï", "i", "ñ", "n",
		"ó", "o", "ô", "o", "ú", "u", "û", "u", "ü", "u", "ç", "c").Replace(strings.ToLower(s))
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) && !strings.Contains(s, "  ")
}

// TestEveryValueFindsItsResource searches each real resource by each value of each of its parameters: it must be
// found, and its index keys must not hide it.
func TestEveryValueFindsItsResource(t *testing.T) {
	t.Parallel()
	searched := map[string]int{}
	for _, some := range realOnes(t) {
		for _, r := range some[:min(len(some), 20)] {
			for _, p := range fhir.Params(r.Type()) {
				for _, v := range p.Values(r.Resource) {
					raw, ok := asked(p, v)
					if !ok {
						continue
					}
					searched[p.Type]++
					q, _, err := search.Parse(r.Type(), p.Name+"="+url.QueryEscape(raw), true)
					if err != nil {
						t.Fatalf("%s?%s=%s: %v", r.Type(), p.Name, raw, err)
					}
					if !holds(t, q, r.Resource) {
						t.Fatalf("%s?%s=%s does not find %.2000s", r.Type(), p.Name, raw, r.JSON())
					}
				}
			}
		}
	}
	for _, kind := range []string{"token", "reference", "date", "string", "quantity", "number", "uri", "composite"} {
		if searched[kind] == 0 {
			t.Errorf("no parameter of type %s was searched", kind)
		}
	}
}

// asked writes a value as a search for it.
func asked(p *fhir.Param, v fhir.Value) (string, bool) {
	switch p.Type {
	case "token":
		if v.System == "" {
			return search.Escape(v.Code), v.Code != ""
		}
		return search.Escape(v.System) + "|" + search.Escape(v.Code), true
	case "reference":
		if literal := v.Reference.Literal(); literal != "" {
			return literal, true
		}
		return search.Escape(v.Reference.URL), strings.Contains(v.Reference.URL, ":") && !v.Reference.Contained && !strings.Contains(v.Reference.URL, "?")
	case "date":
		if v.Low.IsZero() {
			return "le" + v.High.Format("2006-01-02T15:04:05.000Z"), true
		}
		return "ge" + v.Low.UTC().Format("2006-01-02T15:04:05.000Z"), true
	case "string":
		return search.Escape(v.Text), len(v.Text) < 2000
	case "number", "quantity":
		return v.Lexical, v.Comparator == "" && !strings.HasPrefix(v.Lexical, "+") && v.NumberHigh-v.NumberLow < 1
	case "uri":
		return search.Escape(v.Code), true
	case "composite":
		var parts []string
		for i, part := range v.Parts {
			raw, ok := asked(&fhir.Param{Type: p.Components[i].Type}, part[0])
			if !ok {
				return "", false
			}
			parts = append(parts, raw)
		}
		return strings.Join(parts, "$"), true
	}
	return "", false
}

func BenchmarkMatchCode(b *testing.B) {
	some := realOnes(b)["Observation"]
	q := query(b, "Observation", "code=http://loinc.org|8480-6&date=ge2015&status=final")
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		for j := range q.Criteria {
			if _, err := q.Criteria[j].Match(some[i%len(some)].Resource); err != nil {
				b.Fatal(err)
			}
		}
		i++
	}
}

func BenchmarkIndexKeys(b *testing.B) {
	some := realOnes(b)["Observation"]
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		search.IndexKeys(some[i%len(some)].Resource)
		i++
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := search.Parse("DocumentReference", "patient.identifier=urn:oid:1|2&status=current&date=ge2024&_sort=-date", true); err != nil {
			b.Fatal(err)
		}
	}
}
