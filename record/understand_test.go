package record

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/fhir"
)

const testBase = "https://dossier.example/fhir"

// request writes an HTTP request as lines: "METHOD path", headers, an empty line, the body.
func request(t testing.TB, text string) *http.Request {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	u, err := url.Parse("/fhir" + target)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.URL = u
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func understood(t testing.TB, text string) *Interaction {
	t.Helper()
	i, err := Understand(request(t, text), testBase, Limits{})
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return i
}

func TestRequestsAreUnderstood(t *testing.T) {
	t.Parallel()
	patient := "\nContent-Type: application/fhir+json\n\n" + `{"resourceType":"Patient","id":"camille"}`
	for _, c := range []struct {
		request string
		kind    Kind
		code    string
		ref     string
		query   string // canonical, when there is one
	}{
		{"GET /metadata", KindCapabilities, "capabilities", "/", ""},
		{"GET /metadata?mode=full&_format=json", KindCapabilities, "capabilities", "/", ""},
		{"GET /Patient/camille", KindRead, "read", "Patient/camille", ""},
		{"HEAD /Patient/camille", KindRead, "read", "Patient/camille", ""},
		{"GET /Patient/camille/", KindRead, "read", "Patient/camille", ""},
		{"GET /Patient/camille?_summary=true", KindRead, "read", "Patient/camille", "_summary=true"},
		{"GET /Patient/camille/_history/3", KindVRead, "vread", "Patient/camille", ""},
		{"GET /Patient/camille/_history?_count=5&_since=2026-01-01T00:00:00Z", KindHistoryInstance, "history-instance", "Patient/camille", ""},
		{"GET /Observation/_history", KindHistoryType, "history-type", "Observation/", ""},
		{"GET /_history", KindHistorySystem, "history-system", "/", ""},
		{"GET /Observation?code=1234", KindSearch, "search-type", "Observation/", "code=1234"},
		{"GET /Observation", KindSearch, "search-type", "Observation/", ""},
		{"POST /Observation/_search?status=final\nContent-Type: application/x-www-form-urlencoded\n\ncode=1234", KindSearch, "search-type", "Observation/", "code=1234&status=final"},
		{"POST /Observation/_search?status=final", KindSearch, "search-type", "Observation/", "status=final"},
		{"GET /Patient/camille/Observation?code=1234", KindSearch, "search-type", "Observation/", "patient=Patient/camille&code=1234"},
		{"POST /Patient/camille/Observation/_search\nContent-Type: application/x-www-form-urlencoded\n\ncode=1234", KindSearch, "search-type", "Observation/", "patient=Patient/camille&code=1234"},
		{"GET /Patient/camille/$everything?_type=Observation,Condition&_count=50", KindEverything, "operation", "Patient/camille", ""},
		{"GET /Binary/b1", KindDocument, "read", "Binary/b1", ""},
		{"GET /Bundle/b1", KindDocument, "read", "Bundle/b1", ""},
		{"GET /Binary/b1/_history/1", KindVRead, "vread", "Binary/b1", ""},
		{"POST /Patient" + patient, KindCreate, "create", "Patient/", ""},
		{"PUT /Patient/camille" + patient, KindUpdate, "update", "Patient/camille", ""},
		{"PATCH /DocumentReference/d\nContent-Type: application/json-patch+json\n\n[]", KindPatch, "patch", "DocumentReference/d", ""},
		{"PATCH /DocumentReference?identifier=urn:oid:1.2|3\nContent-Type: application/json-patch+json\n\n[]", KindPatch, "patch", "DocumentReference/", ""},
		{"DELETE /DocumentReference/d", KindDelete, "delete", "DocumentReference/d", ""},
		{"POST /\nContent-Type: application/json\n\n" + `{"resourceType":"Bundle","type":"transaction"}`, KindTransaction, "transaction", "/", ""},
		{"POST /\nContent-Type: application/fhir+json; charset=UTF-8\n\n" + `{"resourceType":"Bundle","type":"batch"}`, KindBatch, "batch", "/", ""},
	} {
		i := understood(t, c.request)
		query := ""
		if i.Query != nil {
			query, _ = url.PathUnescape(i.Query.Self())
			query = strings.TrimPrefix(query, c.ref[:strings.Index(c.ref, "/")]+"?")
		}
		got := []any{i.Kind, i.Code(), i.Ref.String(), query}
		if diff := cmp.Diff([]any{c.kind, c.code, c.ref, c.query}, got); diff != "" {
			t.Errorf("%s\n%s", c.request, diff)
		}
	}
}

func TestRequestsAreRefused(t *testing.T) {
	t.Parallel()
	form := "\nContent-Type: application/x-www-form-urlencoded\n\n"
	body := "\nContent-Type: application/fhir+json\n\n"
	for _, c := range []struct {
		request string
		status  int
		code    string
	}{
		{"GET /", 404, "not-supported"},
		{"GET /?_type=Patient", 404, "not-supported"},
		{"POST /_search" + form + "_type=Patient", 404, "not-supported"},
		{"GET /Unicorn/1", 404, "not-supported"},
		{"GET /Resource/1", 404, "not-supported"},
		{"GET /DomainResource", 404, "not-supported"},
		{"GET /patient/1", 404, "not-supported"},
		{"GET /Patient/a_b", 400, "value"},
		{"GET /Patient/" + strings.Repeat("x", 65), 400, "value"},
		{"GET /Patient/a%2Fb", 400, "value"},
		{"GET /Patient/..", 400, "value"},
		{"GET /Patient/%2e%2e", 400, "value"},
		{"GET /Patient//x", 404, "not-found"},
		{"GET /Patient/a/b/c/d", 404, "not-found"},
		{"GET /Patient/a/_history/1/2", 404, "not-found"},
		{"GET /Patient/a/_history/x_y", 400, "value"},
		{"GET /Patient/a?name=x", 400, "not-supported"},
		{"GET /Patient/a?_format=json&_format=xml", 400, "invalid"},
		{"GET /Observation/a/Observation", 404, "not-found"},
		{"GET /Patient/a/Practitioner", 404, "not-supported"},
		{"GET /Patient/a/*", 404, "not-supported"},
		{"GET /Patient/a/Binary", 404, "not-supported"},
		{"GET /Patient/$everything", 404, "not-supported"},
		{"GET /Patient/a/$everything?start=soon", 400, "value"},
		{"GET /Patient/a/$everything?_type=Unicorn", 400, "value"},
		{"PUT /Patient/a/$everything", 405, "not-supported"},
		{"GET /$export", 404, "not-supported"},
		{"GET /Patient/$match", 404, "not-supported"},
		{"GET /Observation/a/$lastn", 404, "not-supported"},
		{"GET /Binary?contentType=x", 403, "not-supported"},
		{"GET /Bundle", 403, "not-supported"},
		{"GET /Binary/_history", 403, "not-supported"},
		{"GET /Binary/a/_history", 403, "not-supported"},
		{"POST /Binary/_search" + form, 403, "not-supported"},
		{"GET /_search?_type=Patient", 404, "not-supported"},
		{"GET /Observation/_search?code=1", 405, "not-supported"},
		{"GET /Observation?code:unknown=1", 400, "not-supported"},
		{"GET /Observation?unknown=1\nPrefer: handling=strict", 400, "not-found"},
		{"GET /Observation?code=%zz", 400, "invalid"},
		{"GET /Observation?" + strings.Repeat("code=1&", 101), 400, "too-costly"},
		{"GET /Observation?code=" + strings.Repeat("1", 9000), 414, "too-long"},
		{"GET /Patient/a\nAccept: " + strings.Repeat("a/b,", 2000), 431, "too-long"},
		{"POST /Observation/_search\nContent-Type: application/json\n\n{}", 415, "not-supported"},
		{"GET /metadata?mode=terminology", 400, "not-supported"},
		{"POST /metadata", 405, "not-supported"},
		{"PUT /Observation", 400, "required"},
		{"DELETE /Observation?code=1&_count=1", 400, "invalid"},
		{"POST /Observation/a", 405, "not-supported"},
		{"TRACE /Observation/a", 405, "not-supported"},
		{"PUT /", 405, "not-supported"},
		{"GET /Patient/a\nAccept: application/fhir+xml", 406, "not-supported"},
		{"GET /Patient/a\nAccept: text/html", 406, "not-supported"},
		{"GET /Patient/a?_format=xml", 406, "not-supported"},
		{"GET /Patient/a?_format=ttl\nAccept: application/fhir+json", 406, "not-supported"},
		{"GET /Patient/a\nAccept: application/fhir+json; fhirVersion=3.0", 406, "not-supported"},
		{"GET /Binary/a\nAccept: application/fhir+xml", 406, "not-supported"},
		{"POST /Patient\n\n{}", 415, "not-supported"},
		{"POST /Patient\nContent-Type: application/fhir+xml\n\n<Patient/>", 415, "not-supported"},
		{"POST /Patient\nContent-Type: application/fhir+json; charset=latin1\n\n{}", 415, "not-supported"},
		{"POST /Patient\nContent-Type: application/fhir+json\nContent-Encoding: gzip\n\n{}", 415, "not-supported"},
		{"POST /Patient" + body, 400, "required"},
		{"POST /Patient" + body + "{", 400, "structure"},
		{"POST /Patient" + body + `{"resourceType":"Patient","resourceType":"Group"}`, 400, "structure"},
		{"POST /Patient" + body + `{"resourceType":"Group"}`, 400, "invalid"},
		{"POST /Patient\nIf-None-Exist: name=x\nIf-None-Exist: name=y" + body + `{"resourceType":"Patient"}`, 400, "invalid"},
		{"POST /Patient\nIf-None-Exist: name=x&identifier=" + body + `{"resourceType":"Patient"}`, 400, "value"},
		{"POST /Patient\nIf-None-Exist: " + body + `{"resourceType":"Patient"}`, 400, "required"},
		{"DELETE /Patient?identifier=&name=x\n\n", 400, "value"},
		{"POST /Patient\nIf-None-Exist: unknown=x" + body + `{"resourceType":"Patient"}`, 400, "not-found"},
		{"PUT /Patient/a" + body + `{"resourceType":"Patient"}`, 400, "invalid"},
		{"PUT /Patient/a" + body + `{"resourceType":"Patient","id":"b"}`, 400, "invalid"},
		{"PUT /Patient/a\nIf-Match: 3" + body + `{"resourceType":"Patient","id":"a"}`, 400, "value"},
		{"PATCH /DocumentReference/d" + body + `{"resourceType":"Parameters"}`, 415, "not-supported"},
		{"PATCH /DocumentReference\nContent-Type: application/json-patch+json\n\n[]", 400, "required"},
		{"PATCH /DocumentReference?unknown=1\nContent-Type: application/json-patch+json\n\n[]", 400, "not-found"},
		{"POST /" + body + `{"resourceType":"Bundle","type":"collection"}`, 400, "value"},
		{"POST /" + body + `{"resourceType":"Patient"}`, 400, "invalid"},
		{"GET /Patient/a/_history?_count=0", 400, "value"},
		{"GET /Patient/a/_history?_since=yesterday", 400, "value"},
		{"GET /Patient/a/_history?_list=x", 400, "not-supported"},
	} {
		i, err := Understand(request(t, c.request), testBase, Limits{})
		var no *Refusal
		if !errors.As(err, &no) {
			t.Errorf("%s\nunderstood as %+v, error %v", c.request, i, err)
			continue
		}
		if no.Status != c.status || no.Issues[0].Code != c.code {
			t.Errorf("%.200s\ngot %d %s, want %d %s (%s)", c.request, no.Status, no.Issues[0].Code, c.status, c.code, no)
		}
		if (len(no.Allow) > 0) != (no.Status == 405) {
			t.Errorf("%s\nstatus %d with Allow %v", c.request, no.Status, no.Allow)
		}
		checkSentences(t, no)
	}
}

// checkSentences checks that a refusal speaks both languages, and that none is the other's copy.
func checkSentences(t testing.TB, no *Refusal) {
	t.Helper()
	if no.Status < 400 || no.Status > 499 || len(no.Issues) == 0 {
		t.Fatalf("status %d with %d issues", no.Status, len(no.Issues))
	}
	for _, i := range no.Issues {
		if i.FR == "" || i.EN == "" || i.FR == i.EN || strings.Contains(i.FR+i.EN, "%!") {
			t.Errorf("sentences %q and %q", i.FR, i.EN)
		}
	}
	if _, err := fhir.ParseResource(no.Outcome()); err != nil {
		t.Errorf("outcome: %v", err)
	}
}

func TestOtherPathsAreNotOurs(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/fhirx/Patient/a", "/Patient/a", "/", "/fhi"} {
		r := httptest.NewRequest("GET", path, nil)
		var no *Refusal
		if _, err := Understand(r, testBase, Limits{}); !errors.As(err, &no) || no.Status != 404 {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	for _, length := range []int64{-1, 5000} { // chunked, and announced
		r := request(t, "POST /Patient\nContent-Type: application/fhir+json\n\n"+strings.Repeat(" ", 5000))
		r.ContentLength = length
		var no *Refusal
		if _, err := Understand(r, testBase, Limits{Body: 1000}); !errors.As(err, &no) || no.Status != 413 {
			t.Errorf("length %d: %v", length, err)
		}
	}
}

func TestRawOrResource(t *testing.T) {
	t.Parallel()
	for accept, raw := range map[string]bool{
		"":                                 true,
		"*/*":                              true,
		"application/pdf":                  true,
		"application/xml":                  true,
		"application/fhir+json":            false,
		"application/json":                 false,
		"application/fhir+json, */*;q=0.1": false,
		"text/html,application/xhtml+xml,*/*;q=0.8":           true,
		"application/fhir+json;q=0.5, application/pdf;q=0.9":  true,
		"application/fhir+json; fhirVersion=4.0, image/*;q=0": false,
	} {
		if i := understood(t, "GET /Binary/b\nAccept: "+accept); i.Raw != raw {
			t.Errorf("Accept %q: raw %v", accept, i.Raw)
		}
	}
	if i := understood(t, "GET /Binary/b?_format=application/fhir+json"); i.Raw {
		t.Error("_format asks for the resource")
	}
	if i := understood(t, "GET /Bundle/b"); i.Raw {
		t.Error("a Bundle has no raw form")
	}
}

func TestHeadersAreRead(t *testing.T) {
	t.Parallel()
	i := understood(t, "GET /Patient/a?_pretty=true\nIf-None-Match: W/\"3\", \"4\", W/\"x\nIf-Modified-Since: Sat, 21 Nov 2026 10:00:00 GMT\nPrefer: return=minimal; handling=strict")
	if diff := cmp.Diff([]string{"3", "4"}, i.IfNoneMatch); diff != "" || !i.Pretty || i.Return != ReturnMinimal || !i.Strict {
		t.Errorf("%+v\n%s", i, diff)
	}
	if !i.IfModifiedSince.IsZero() {
		t.Error("If-Modified-Since counts beside If-None-Match")
	}
	i = understood(t, "HEAD /Patient/a\nIf-Modified-Since: Sat, 21 Nov 2026 10:00:00 GMT")
	if want := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC); !i.IfModifiedSince.Equal(want) || !i.Head {
		t.Errorf("%+v", i)
	}
	i = understood(t, "GET /Observation?unknown=secret&code=1")
	if len(i.Notices) != 1 || len(i.Parameters) != 2 {
		t.Errorf("notices %v, parameters %v", i.Notices, i.Parameters)
	}
	i = understood(t, "POST /DocumentReference\nIf-None-Exist: DocumentReference?identifier=urn:x|1\nContent-Type: application/json\n\n"+`{"resourceType":"DocumentReference"}`)
	if id := i.IfNoneExist.Self(); id != "identifier=urn:x%7C1" {
		t.Errorf("If-None-Exist %q", id)
	}
}

func TestConditionalReads(t *testing.T) {
	t.Parallel()
	s := &Stored{Version: 3, Updated: time.Date(2026, 11, 21, 10, 0, 0, 500e6, time.UTC)}
	for headers, want := range map[string]bool{
		"":                        false,
		"If-None-Match: W/\"3\"":  true,
		"If-None-Match: W/\"2\"":  false,
		"If-None-Match: *":        true,
		"If-None-Match: nonsense": false,
		"If-Modified-Since: Sat, 21 Nov 2026 10:00:00 GMT":                         true,
		"If-Modified-Since: Sat, 21 Nov 2026 09:59:59 GMT":                         false,
		"If-Modified-Since: yesterday":                                             false,
		"If-None-Match: W/\"2\"\nIf-Modified-Since: Sat, 21 Nov 2026 11:00:00 GMT": false,
	} {
		if got := understood(t, strings.TrimSuffix("GET /Patient/a\n"+headers, "\n")).NotModified(s); got != want {
			t.Errorf("%s: %v", headers, got)
		}
	}
}

// Each compartment search is confined by a parameter that its type knows.
func TestEveryCompartmentTypeIsSearched(t *testing.T) {
	t.Parallel()
	for _, resourceType := range fhir.CompartmentTypes() {
		i := understood(t, "GET /Patient/camille/"+resourceType)
		if i.Compartment != "camille" || len(i.Query.Criteria) != 1 || i.Query.Type != resourceType {
			t.Errorf("%s: %+v", resourceType, i)
		}
	}
}

func FuzzUnderstand(f *testing.F) {
	f.Add("GET", "/Patient/a", "_format=json", "Accept", "*/*", "")
	f.Add("POST", "/Observation/_search", "", "Content-Type", "application/x-www-form-urlencoded", "code=1&_has:Provenance:target:agent=x")
	f.Add("POST", "/", "", "Content-Type", "application/json", `{"resourceType":"Bundle","type":"transaction","entry":[{}]}`)
	f.Add("PATCH", "/DocumentReference", "identifier=a|b", "Content-Type", "application/json-patch+json", `[{"op":"add"}]`)
	f.Add("GET", "/Patient/a/Observation", "code:in=x", "If-Match", `W/"1"`, "")
	f.Add("GET", "/Patient/%2e%2e/$everything", "_since=2020-01-01T00:00:00+01:00", "Prefer", "handling=strict", "")
	f.Fuzz(func(t *testing.T, method, path, query, header, value, body string) {
		r := httptest.NewRequest("GET", "/", strings.NewReader(body))
		r.Method = method
		u, err := url.Parse(testBase + path)
		if err != nil {
			return
		}
		u.RawQuery = query
		r.URL = u
		r.Header[http.CanonicalHeaderKey(header)] = []string{value}
		i, err := Understand(r, testBase, Limits{Body: 1 << 16})
		if err != nil {
			var no *Refusal
			if !errors.As(err, &no) {
				t.Fatalf("error of another kind: %v", err)
			}
			checkSentences(t, no)
			return
		}
		if i.Kind == 0 || i.Code() == "" {
			t.Fatalf("understood as nothing: %+v", i)
		}
		if i.Ref.Type != "" && !fhir.IsType(i.Ref.Type) || i.Ref.ID != "" && !isID(i.Ref.ID) {
			t.Fatalf("ref %v", i.Ref)
		}
		if (i.Kind == KindSearch) != (i.Query != nil) && i.Kind != KindRead {
			t.Fatalf("kind %d with query %v", i.Kind, i.Query)
		}
		if i.Writes() && i.Kind != KindDelete && i.Body == nil {
			t.Fatal("a write without body")
		}
		if i.Writes() && (method == "GET" || method == "HEAD") {
			t.Fatal("a write by GET")
		}
		if i.Kind == KindCreate || i.Kind == KindTransaction {
			_, _ = ParseDeposit(i)
		}
	})
}
