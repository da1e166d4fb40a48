package record

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

func stored(t testing.TB, body string) *Stored {
	t.Helper()
	r, err := fhir.ParseResource([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return &Stored{Ref: Ref{r.Type(), r.ID()}, Version: 3, Updated: fixedNow(), Attributes: r.Attributes(), Body: []byte(body)}
}

func TestSearchBundle(t *testing.T) {
	t.Parallel()
	total := 7
	p := &Page{
		Matches:  []*Stored{stored(t, `{"resourceType":"Observation","id":"a","valueDecimal":1.50}`)},
		Included: []*Stored{stored(t, `{"resourceType":"Patient","id":"p"}`)},
		Total:    &total,
		Notices:  []fhir.Issue{{Severity: "warning", Code: "incomplete", FR: "Reste.", EN: "More."}},
	}
	q := parseQuery(t, `Observation?code=http://x|1,2&_count=1&_total=accurate`)
	got := p.Bundle("http://test/fhir", q, `http://test/fhir/Observation?page="x"`, nil)
	want := `{"resourceType":"Bundle","type":"searchset","total":7,"link":[` +
		`{"relation":"self","url":"http://test/fhir/Observation?` + q.Self() + `"},` +
		`{"relation":"next","url":"http://test/fhir/Observation?page=\"x\""}],"entry":[` +
		`{"fullUrl":"http://test/fhir/Observation/a","resource":{"resourceType":"Observation","id":"a","valueDecimal":1.50},"search":{"mode":"match"}},` +
		`{"fullUrl":"http://test/fhir/Patient/p","resource":{"resourceType":"Patient","id":"p"},"search":{"mode":"include"}},` +
		`{"resource":` + string(fhir.OperationOutcome(p.Notices...)) + `,"search":{"mode":"outcome"}}]}`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Error(d)
	}
	if _, err := fhir.ParseResource(got); err != nil {
		t.Error(err)
	}
}

func TestEmptyBundleHasNoEmptyList(t *testing.T) {
	t.Parallel()
	got := (&Page{}).Bundle("http://test/fhir", parseQuery(t, "Observation?"), "", nil)
	if strings.Contains(string(got), "entry") || strings.Contains(string(got), "total") || strings.Contains(string(got), "next") {
		t.Errorf("%s", got)
	}
}

func TestHistoryBundle(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	put(t, e, "p", observation("o", "p", "1-1"))
	put(t, e, "p", observation("o", "p", "2-2"))
	ref := Ref{"Observation", "o"}
	if _, err := e.Write(t.Context(), "p", []Change{{Ref: ref, Delete: true}}); err != nil {
		t.Fatal(err)
	}
	put(t, e, "p", observation("o", "p", "4-4"))
	versions, err := e.History(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	var bundle struct {
		Type  string
		Total int
		Entry []struct {
			Resource          *struct{ Meta struct{ VersionID string } }
			Request, Response map[string]string
		}
	}
	total := len(versions)
	if err := json.Unmarshal(HistoryBundle("http://test/fhir", "http://test/fhir/"+ref.String()+"/_history", "", &total, versions), &bundle); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range bundle.Entry {
		version := "-"
		if e.Resource != nil {
			version = e.Resource.Meta.VersionID
		}
		got = append(got, strings.Join([]string{version, e.Request["method"], e.Request["url"], e.Response["status"], e.Response["etag"]}, " "))
		if _, err := time.Parse(time.RFC3339Nano, e.Response["lastModified"]); err != nil {
			t.Error(err)
		}
	}
	want := []string{`4 POST Observation 201 W/"4"`, `- DELETE Observation/o 204 W/"3"`, `2 PUT Observation/o 200 W/"2"`, `1 POST Observation 201 W/"1"`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if bundle.Type != "history" || bundle.Total != 4 {
		t.Errorf("%s of %d", bundle.Type, bundle.Total)
	}
}

func TestSubset(t *testing.T) {
	t.Parallel()
	s := stored(t, `{"resourceType":"Observation","id":"o","meta":{"versionId":"3","tag":[{"code":"mine"}]},"text":{"status":"generated","div":"<div/>"},`+
		`"_status":{"id":"s"},"status":"final","code":{"coding":[{"code":"c"}],"text":"t"},"subject":{"reference":"Patient/p"},`+
		`"valueQuantity":{"value":1.50},"note":[{"text":"n"}],"component":[{"code":{"text":"k"},"interpretation":[{"text":"x"}],"valueString":"v"}]}`)
	tag := `{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}`
	meta := `{"resourceType":"Observation","id":"o","meta":{"versionId":"3","tag":[{"code":"mine"},` + tag + `]}`
	text := `,"text":{"status":"generated","div":"<div/>"}`
	status := `,"_status":{"id":"s"},"status":"final","code":{"coding":[{"code":"c"}],"text":"t"}`
	for raw, want := range map[string]string{
		"":                             string(s.Body),
		"_summary=false":               string(s.Body),
		"_elements=value":              meta + status + `,"valueQuantity":{"value":1.50}}`,
		"_elements=subject,nothing":    meta + status + `,"subject":{"reference":"Patient/p"}}`,
		"_elements=valueQuantity,note": meta + status + `,"valueQuantity":{"value":1.50},"note":[{"text":"n"}]}`,
		"_summary=text":                meta + text + status + `}`,
		"_summary=data": meta + status + `,"subject":{"reference":"Patient/p"},"valueQuantity":{"value":1.50},"note":[{"text":"n"}],` +
			`"component":[{"code":{"text":"k"},"interpretation":[{"text":"x"}],"valueString":"v"}]}`,
		"_summary=true": meta + status + `,"subject":{"reference":"Patient/p"},"valueQuantity":{"value":1.50},"component":[{"code":{"text":"k"},"valueString":"v"}]}`,
	} {
		q := parseQuery(t, "Observation?"+raw)
		if d := cmp.Diff(want, string(Subset(s, q))); d != "" {
			t.Errorf("%s:\n%s", raw, d)
		}
	}
	bare := stored(t, `{"resourceType":"Patient","id":"p","birthDate":"2000-01-01"}`)
	if got := string(Subset(bare, parseQuery(t, "Patient?_elements=name"))); got != `{"resourceType":"Patient","id":"p","meta":{"tag":[`+tag+`]}}` {
		t.Error(got)
	}
}

// A document's bytes are the largest part of it and no part of its summary.
func TestSummaryLeavesOutInlineBytes(t *testing.T) {
	t.Parallel()
	s := stored(t, `{"resourceType":"DocumentReference","id":"d","status":"current","content":[{"attachment":{"contentType":"text/plain","data":"QUJD","title":"x"}}]}`)
	got := string(Subset(s, parseQuery(t, "DocumentReference?_summary=true")))
	if strings.Contains(got, "QUJD") || !strings.Contains(got, `"title":"x"`) {
		t.Error(got)
	}
}

// FuzzQuoted holds that any text becomes a JSON string that means it.
func FuzzQuoted(f *testing.F) {
	for _, s := range []string{"", `a"\b`, "\x00\x1f\u2028é\xff", "https://x/?a=b&c=<d>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got string
		if err := json.Unmarshal(appendQuoted(nil, s), &got); err != nil {
			t.Fatal(err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); got != want && !strings.Contains(want, "\ufffd") {
			t.Errorf("%q became %q", s, got)
		}
	})
}

// FuzzSubset holds that whatever is cut from a resource leaves a resource of the same type and id.
func FuzzSubset(f *testing.F) {
	f.Add(`{"resourceType":"Observation","id":"o","meta":{"tag":[]},"status":"final","component":[{"id":"x"},{}]}`, "_summary=true")
	f.Add(`{"resourceType":"Patient","id":"p","meta":3,"name":[null],"contact":{"name":[]}}`, "_elements=contact")
	f.Add(`{"resourceType":"Bundle","id":"b","entry":[{"resource":{"resourceType":"Patient"}}]}`, "_summary=data")
	f.Fuzz(func(t *testing.T, body, raw string) {
		r, err := fhir.ParseResource([]byte(body))
		if err != nil {
			return
		}
		if _, err := url.ParseQuery(raw); err != nil {
			return
		}
		q, _, err := search.Parse(r.Type(), raw, true)
		if err != nil {
			return
		}
		out, err := fhir.ParseResource(Subset(&Stored{Ref: Ref{r.Type(), r.ID()}, Version: 1, Body: []byte(body)}, q))
		if err != nil {
			t.Fatalf("%s of %s: %v", raw, body, err)
		}
		if out.Type() != r.Type() || out.ID() != r.ID() {
			t.Errorf("%s of %s became %s", raw, body, out.JSON())
		}
	})
}
