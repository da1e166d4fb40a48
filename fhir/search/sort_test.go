package search_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"pgregory.net/rapid"
)

// sorted returns the ids of resources in the order of a `_sort`, ties by id.
func sorted(tb testing.TB, resourceType, sort string, all []*fhir.Resource) string {
	tb.Helper()
	q := query(tb, resourceType, "_sort="+sort)
	ordered := slices.Clone(all)
	slices.SortFunc(ordered, func(a, b *fhir.Resource) int {
		return cmp.Or(search.Compare(q.Sort, a, b), strings.Compare(a.ID(), b.ID()))
	})
	var ids []string
	for _, r := range ordered {
		ids = append(ids, r.ID())
	}
	return strings.Join(ids, " ")
}

func TestSort(t *testing.T) {
	t.Parallel()
	var patients, observations []*fhir.Resource
	for id, rest := range map[string]string{
		"a": `"birthDate":"1980-02-03","name":[{"family":"Roux"}],"gender":"male"`,
		"b": `"birthDate":"1980","name":[{"family":"Évrard"},{"family":"Zola"}],"gender":"female"`,
		"c": `"birthDate":"1979-12-31","name":[{"family":"rouxel"}]`,
		"d": `"gender":"female"`,
	} {
		patients = append(patients, resource(t, `{"resourceType":"Patient","id":"`+id+`",`+rest+`}`))
	}
	for id, rest := range map[string]string{
		"a": `"effectivePeriod":{"start":"2020-01-01"},"valueQuantity":{"value":-2.5}`,
		"b": `"effectivePeriod":{"end":"2019-01-01"},"valueQuantity":{"value":10}`,
		"c": `"effectiveDateTime":"2019-06-01T10:00:00+02:00","valueQuantity":{"value":9.99},"subject":{"reference":"Patient/y"}`,
		"d": `"effectiveDateTime":"2019-06-01T09:00:00Z","valueQuantity":{"value":0},"subject":{"reference":"Patient/x"}`,
	} {
		observations = append(observations, resource(t, `{"resourceType":"Observation","id":"`+id+`",`+rest+`}`))
	}
	for sort, want := range map[string]string{
		"birthdate": "c b a d", "-birthdate": "b a c d", "family": "b a c d", "-family": "b c a d",
		"gender": "b d a c", "-gender": "a b d c", "gender,-birthdate": "b d a c", "gender,-_id": "d b a c", "-_id": "d c b a",
	} {
		if got := sorted(t, "Patient", sort, patients); got != want {
			t.Errorf("Patient by %s: %s, want %s", sort, got, want)
		}
	}
	for sort, want := range map[string]string{
		"date": "b c d a", "-date": "a d c b", "value-quantity": "a d c b", "-value-quantity": "b c d a", "subject": "d c a b", "-subject": "c d a b",
	} {
		if got := sorted(t, "Observation", sort, observations); got != want {
			t.Errorf("Observation by %s: %s, want %s", sort, got, want)
		}
	}
}

// Keys compare as their values do, in both directions, and a missing value comes last.
func TestSortKeysKeepOrder(t *testing.T) {
	t.Parallel()
	up := query(t, "RiskAssessment", "_sort=probability").Sort[0]
	down := query(t, "RiskAssessment", "_sort=-probability").Sort[0]
	rise := query(t, "Organization", "_sort=name").Sort[0]
	fall := query(t, "Organization", "_sort=-name").Sort[0]
	rapid.Check(t, func(rt *rapid.T) {
		x, y := rapid.Float64Range(-1e300, 1e300).Draw(rt, "x"), rapid.Float64Range(-1, 1).Draw(rt, "y")
		risk := func(f float64) *fhir.Resource {
			return resource(t, fmt.Sprintf(`{"resourceType":"RiskAssessment","prediction":[{"probabilityDecimal":%v}]}`, f))
		}
		agree(rt, cmp.Compare(x, y), up, down, risk(x), risk(y))
		agree(rt, 0, up, down, risk(0), risk(math.Copysign(0, -1)))
		named := func(s string) *fhir.Resource {
			return resource(t, `{"resourceType":"Organization","name":"`+s+`"}`)
		}
		a := rapid.StringMatching(`[a-z]{1,4}`).Draw(rt, "a")
		b := rapid.OneOf(rapid.StringMatching(`[a-z]{1,4}`), rapid.Just(a+"x"), rapid.Just(a)).Draw(rt, "b")
		agree(rt, strings.Compare(a, b), rise, fall, named(a), named(b))
		nameless := resource(t, `{"resourceType":"Organization"}`)
		if rise.Key(nameless) <= rise.Key(named(a)) || fall.Key(nameless) <= fall.Key(named(a)) {
			rt.Fatalf("a missing value does not come after %q", a)
		}
	})
}

func agree(rt *rapid.T, want int, up, down search.SortKey, a, b *fhir.Resource) {
	rt.Helper()
	if got := strings.Compare(up.Key(a), up.Key(b)); got != want {
		rt.Fatalf("ascending %s and %s: %d, want %d", a.JSON(), b.JSON(), got, want)
	}
	if got := strings.Compare(down.Key(b), down.Key(a)); got != want {
		rt.Fatalf("descending %s and %s: %d, want %d", a.JSON(), b.JSON(), got, want)
	}
}

// Every parameter of every type can be asked for as a sort key or is refused clearly, and its keys are plain text.
func TestEverySortKeyIsText(t *testing.T) {
	t.Parallel()
	for resourceType, some := range realOnes(t) {
		for _, p := range fhir.Params(resourceType) {
			q, _, err := search.Parse(resourceType, "_sort=-"+p.Name, true)
			if err != nil {
				if p.Type != "composite" {
					t.Errorf("%s by %s: %v", resourceType, p.Name, err)
				}
				continue
			}
			for _, r := range some[:min(len(some), 10)] {
				if key := q.Sort[0].Key(r.Resource); strings.Trim(key, "0123456789abcdef") != "" && key != "~" || len(key) > 300 {
					t.Errorf("%s by %s: key %q", resourceType, p.Name, key)
				}
			}
		}
	}
}

func TestIndexKeys(t *testing.T) {
	t.Parallel()
	r := resource(t, `{"resourceType":"Observation","id":"Oo","status":"Final","code":{"coding":[{"system":"http://loinc.org","code":"A-1"},{"code":"b"}]},`+
		`"subject":{"reference":"Patient/camille","identifier":{"system":"urn:ins","value":"1"}},"encounter":{"reference":"http://x/fhir/Encounter/1/_history/2"}}`)
	var got []string
	for _, k := range search.IndexKeys(r) {
		if name, _, _ := strings.Cut(k, "="); slices.Contains([]string{"_id", "status", "code", "subject", "subject:identifier", "encounter"}, name) {
			got = append(got, k)
		}
	}
	want := []string{"_id=*|Oo", "code=*|a-1", "code=*|b", "code=http://loinc.org|a-1", "code=|b", "encounter=http://x/fhir/Encounter/1",
		"status=*|final", "status=|final", "subject:identifier=*|1", "subject:identifier=urn:ins|1", "subject=Patient/camille"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("index keys (-want +got):\n%s", diff)
	}
	for raw, want := range map[string][]string{
		"code=http://loinc.org|A-1,|b": {"code=http://loinc.org|a-1", "code=|b"},
		"code=B":                       {"code=*|b"},
		"status=http://hl7.org/fhir/observation-status|final": {"status=http://hl7.org/fhir/observation-status|final", "status=|final"},
		"subject:identifier=urn:ins|1":                        {"subject:identifier=urn:ins|1"},
		"patient=camille":                                     {"patient=Group/camille", "patient=Patient/camille"},
		"code:not=x":                                          nil, "code=http://loinc.org|": nil, "date=2020": nil, "code:missing=true": nil, "code=a,urn:x|": nil,
		"subject:Patient.name=x": nil, "focus=x": nil,
	} {
		got, ok := query(t, "Observation", raw).Criteria[0].Keys()
		if diff := gocmp.Diff(want, got); diff != "" || ok != (want != nil) {
			t.Errorf("%s (-want +got):\n%s", raw, diff)
		}
	}
}
