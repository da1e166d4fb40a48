package main_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// wrong is a request that a server must refuse in words.
type wrong struct {
	name, method, path, body string
	headers                  []string
	statuses                 []int
}

func wrongs() []wrong { return slices.Concat(wrongBodies(), wrongAddresses(), wrongChanges()) }

const someMeasure = `{"resourceType":"Observation","status":"final","subject":{"reference":"Patient/camille"},"code":{"text":"x"}}`

func wrongGet(name, path string, statuses ...int) wrong {
	return wrong{name: name, method: http.MethodGet, path: path, statuses: statuses}
}

func wrongPost(name, path, body string, statuses ...int) wrong {
	return wrong{name: name, method: http.MethodPost, path: path, body: body, statuses: statuses}
}

func wrongBodies() []wrong {
	patient, post := someMeasure, wrongPost
	return []wrong{
		post("no JSON", "Observation", `{"resourceType":`, 400),
		post("JSON with something after it", "Observation", patient+"x", 400),
		post("a key twice", "Observation", `{"resourceType":"Observation","status":"final","status":"final"}`, 400),
		post("invalid UTF-8", "Observation", strings.Replace(patient, "x", "\xff\xfe", 1), 400),
		post("half a surrogate", "Observation", strings.Replace(patient, "x", `\ud800`, 1), 400, 422),
		post("nesting of ten thousand", "Observation", `{"resourceType":"Observation","extension":`+strings.Repeat("[", 10000)+strings.Repeat("]", 10000)+`}`, 400),
		post("a number of a million digits", "Observation", `{"resourceType":"Observation","valueInteger":`+strings.Repeat("9", 1_000_000)+`}`, 400, 422),
		post("an unknown type", "Obsrvation", patient, 404),
		post("another type than the address", "Condition", patient, 400),
		post("an empty body", "Observation", ``, 400, 415),
		post("an array", "Observation", `[`+patient+`]`, 400),
		post("an unknown element", "Observation", strings.Replace(patient, `"code"`, `"colour":"red","code"`, 1), 422),
		post("an absurd date", "Observation", strings.Replace(patient, `"code"`, `"effectiveDateTime":"2026-13-45","code"`, 1), 422),
		post("no owner", "Observation", `{"resourceType":"Observation","status":"final","code":{"text":"x"}}`, 403, 422),
		{"XML", http.MethodPost, "Observation", `<Observation/>`, []string{"Content-Type", "application/fhir+xml"}, []int{415}},
		{"a form", http.MethodPost, "Observation", `status=final`, []string{"Content-Type", "application/x-www-form-urlencoded"}, []int{415}},
		{"compressed", http.MethodPost, "Observation", patient, []string{"Content-Encoding", "gzip"}, []int{415}},
		{"another character set", http.MethodPost, "Observation", patient, []string{"Content-Type", "application/fhir+json; charset=latin-1"}, []int{415}},
		{"FHIR R5", http.MethodPost, "Observation", patient, []string{"Content-Type", "application/fhir+json; fhirVersion=5.0"}, []int{415}},
	}
}

func wrongAddresses() []wrong {
	get := wrongGet
	return []wrong{
		{"XML wanted", http.MethodGet, "Patient/camille", "", []string{"Accept", "application/fhir+xml"}, []int{406}},
		{"pictures wanted", http.MethodGet, "Patient/camille", "", []string{"Accept", "image/png"}, []int{406}},
		get("XML wanted by _format", "Patient/camille?_format=xml", 406),
		get("an unknown operation", "Patient/camille/$merge", 404),
		get("an unknown operation of all", "$export", 404),
		get("an unknown operation of a type", "Patient/$match", 404),
		get("everything of everybody", "Patient/$everything", 404),
		get("a history since no date", "_history?_since=yesterday", 400),
		get("the history of no type", "Letter/_history", 404),
		get("a search of all types", "?_type=Patient", 404),
		get("an unknown type read", "Pationt/camille", 404),
		get("a path too long", "Patient/camille/_history/1/more", 404),
		get("an id that is none", "Patient/cam%20ille", 400),
		get("an id with a slash", "Patient/..%2fcamille", 400, 404),
		get("a NUL in the id", "Patient/camille%00", 400),
		get("bytes searched", "Binary?_id=camille-consultation", 403, 404, 405),
		get("an unknown parameter, strict", "Observation?patient=camille&colour=red", 400),
		get("an unknown modifier", "Observation?patient=camille&code:like=x", 400),
		get("an unknown _sort", "Observation?patient=camille&_sort=colour", 400),
		get("_count of -1", "Observation?patient=camille&_count=-1", 400),
		get("_count of a word", "Observation?patient=camille&_count=many", 400),
		get("_count twice", "Observation?patient=camille&_count=1&_count=2", 400),
		get("an absurd date searched", "Observation?patient=camille&date=2026-02-31", 400),
		get("a date of another world", "Observation?patient=camille&date=ge999999999-01-01", 400),
		get("a prefix that is none", "Observation?patient=camille&date=zz2020", 400),
		get("a number that is none", "Observation?patient=camille&value-quantity=ge1e999999", 400),
		get("invalid UTF-8 in the query", "Observation?patient=camille&code=%ff%fe", 400),
		get("a wrong escape", "Observation?patient=camille&code=%zz", 400),
		get("a chain without end", "Observation?patient=camille&subject.link.other.link.other.name=x", 400),
		get("a page that is nobody's", "Observation?patient=camille&_page=AAAA", 400),
		get("an unknown _summary", "Observation?patient=camille&_summary=short", 400),
		get("an unknown _include", "Observation?patient=camille&_include=colour", 400),
		get("thousands of alternatives", "Observation?patient=camille&code="+strings.Repeat("a,", 2000)+"a", 400, 414),
		get("two thousand parameters", "Observation?patient=camille"+strings.Repeat("&code=a", 2_000), 400, 414),
		get("a long address", "Observation?patient=camille&code="+strings.Repeat("a", 20_000), 414, 400),
		{"ten thousand parameters in a form", http.MethodPost, "Observation/_search", "patient=camille" + strings.Repeat("&code", 10_000), []string{"Content-Type", "application/x-www-form-urlencoded"}, []int{400, 413}},
		{"a search form as JSON", http.MethodPost, "Observation/_search", `{"patient":"camille"}`, []string{"Content-Type", "application/json"}, []int{415}},
	}
}

func wrongChanges() []wrong {
	patient := someMeasure
	return []wrong{
		{"a document put", http.MethodPut, "DocumentReference/camille-consultation", `{"resourceType":"DocumentReference","id":"camille-consultation"}`, nil, []int{405}},
		{"a put under another id", http.MethodPut, "Consent/camille-consent", `{"resourceType":"Consent","id":"other","status":"active"}`, nil, []int{400, 422}},
		{"a method that is none", "BREW", "Patient/camille", "", nil, []int{405, 501, 400}},
		{"a patch that is no list", http.MethodPatch, "DocumentReference/camille-dental", `{"op":"add"}`, []string{"Content-Type", jsonPatch}, []int{400}},
		{"a patch as a resource", http.MethodPatch, "DocumentReference/camille-dental", `{"resourceType":"Parameters"}`, nil, []int{415}},
		{"a patch of the title", http.MethodPatch, "DocumentReference/camille-dental", `[{"op":"replace","path":"/description","value":"x"}]`, []string{"Content-Type", jsonPatch}, []int{405}},
		{"a patch to nowhere", http.MethodPatch, "DocumentReference/camille-dental", `[{"op":"remove","path":"/securityLabel/99"}]`, []string{"Content-Type", jsonPatch}, []int{422}},
		{"a patch whose test fails", http.MethodPatch, "DocumentReference/camille-dental", `[{"op":"test","path":"/status","value":"superseded"}]`, []string{"Content-Type", jsonPatch}, []int{409}},
		{"a patch of an older version", http.MethodPatch, "DocumentReference/camille-dental", `[{"op":"replace","path":"/status","value":"superseded"}]`, []string{"Content-Type", jsonPatch, "If-Match", `W/"99"`}, []int{412}},
		{"a patch that matches two", http.MethodPatch, "DocumentReference?patient=camille&status=current", `[{"op":"replace","path":"/status","value":"superseded"}]`, []string{"Content-Type", jsonPatch}, []int{412}},
		{"a patch that matches all", http.MethodPatch, "DocumentReference", `[{"op":"replace","path":"/status","value":"superseded"}]`, []string{"Content-Type", jsonPatch}, []int{400, 412}},
		{"a transaction half of which is wrong", http.MethodPost, "", `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + patient + `,"request":{"method":"POST","url":"Observation"}},{"resource":{"resourceType":"Nothing"},"request":{"method":"POST","url":"Nothing"}}]}`, nil, []int{400, 422}},
		{"a Bundle of the wrong type", http.MethodPost, "", `{"resourceType":"Bundle","type":"collection"}`, nil, []int{400}},
		{"a header too long", http.MethodGet, "Patient/camille", "", []string{"Prefer", strings.Repeat("a", 10_000)}, []int{431, 400}},
	}
}

// TestBadInputIsToldInWords: each answer is an OperationOutcome in both languages with the right status, and nothing of
// it is done.
func TestBadInputIsToldInWords(t *testing.T) {
	t.Parallel()
	s := start(t)
	camille := s.as(t, "camille")
	before := camille.walk("Observation?patient=camille")
	versions := len(camille.get("DocumentReference/camille-dental/_history").is(t, 200).names(t))
	for _, w := range wrongs() {
		t.Run(w.name, func(t *testing.T) {
			r := reader{t, s, camille.token}
			headers := append([]string{"Prefer", "handling=strict"}, w.headers...)
			var body []byte
			if w.method != http.MethodGet {
				body = []byte(w.body)
			}
			path := w.path
			if path == "" {
				path = s.base + "/fhir"
			}
			began := time.Now()
			a := r.send(w.method, path, body, headers...)
			if !slices.Contains(w.statuses, a.status) {
				t.Errorf("status %d, want %v\n%s", a.status, w.statuses, a.text())
			}
			a.outcome(t)
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("the refusal took %s", took)
			}
			if len(a.body) > 16<<10 {
				t.Errorf("the refusal has %d bytes", len(a.body))
			}
		})
	}
	if after := camille.walk("Observation?patient=camille"); !slices.Equal(before, after) {
		t.Errorf("bad input left something: %v, before %v", after, before)
	}
	if n := len(camille.get("DocumentReference/camille-dental/_history").is(t, 200).names(t)); n != versions {
		t.Errorf("bad patches made %d versions", n-versions)
	}
	if !s.alive() {
		t.Error("the server is dead")
	}
}

// TestLenientSearchSaysWhatItLeftOut: unless strict is preferred, an unknown parameter is left out, of the link to the
// page itself too, and the answer says so.
func TestLenientSearchSaysWhatItLeftOut(t *testing.T) {
	t.Parallel()
	r := readOnly(t).as(t, "camille")
	for _, prefer := range []string{"", "handling=lenient"} {
		a := r.get("Observation?patient=camille&colour=red&code=2339-0", "Prefer", prefer).is(t, 200)
		if len(a.names(t)) != 3 {
			t.Errorf("%d matches", len(a.names(t)))
		}
		if self := a.link(t, "self"); strings.Contains(self, "colour") || !strings.Contains(self, "code=2339-0") {
			t.Errorf("the self link is %s", self)
		}
		if _, outcomes := a.entries(t); len(outcomes) != 1 || !strings.Contains(string(a.body), "colour") {
			t.Errorf("nobody says that colour was left out: %s", a.text())
		}
	}
}

// TestOversizedBodies: a body beyond the bound is refused without being read, also when it does not say its length.
func TestOversizedBodies(t *testing.T) {
	t.Parallel()
	s := start(t)
	r := s.as(t, "camille")
	large := bytes.Repeat([]byte(" "), 17<<20)
	a, err := r.try(http.MethodPost, "Observation", large)
	if err == nil {
		a.is(t, 413).outcome(t)
	} else if !strings.Contains(err.Error(), "reset") && !strings.Contains(err.Error(), "broken pipe") {
		t.Error(err) // a server may close on whoever goes on sending after the refusal
	}
	q, err := http.NewRequest(http.MethodPost, s.base+"/fhir/Observation", io.LimitReader(endless{}, 64<<20))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+r.token)
	q.Header.Set("Content-Type", fhirJSON)
	if response, err := s.client.Do(q); err == nil {
		response.Body.Close()
		if response.StatusCode != 413 && response.StatusCode != 400 {
			t.Errorf("a body without length: status %d", response.StatusCode)
		}
	}
	r.get("Patient/camille").is(t, 200)
}

// endless is JSON that does not end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '['
	}
	return len(p), nil
}

// TestRawRequests: what no HTTP library would send is answered or hung up on, and the server lives.
func TestRawRequests(t *testing.T) {
	t.Parallel()
	s := start(t)
	host := strings.TrimPrefix(s.base, "http://")
	for _, raw := range []string{
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "GET\r\n\r\n", "GET /fhir/Patient/camille HTTP/9.9\r\n\r\n",
		"GET /fhir/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"POST /fhir HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
		"POST /fhir HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"GET /fhir/Patient/camille HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \x00\r\nConnection: close\r\n\r\n",
		fmt.Sprintf("GET /fhir/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", strings.Repeat("a/", 40_000)),
	} {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = conn.Write([]byte(raw))
		_, _ = io.Copy(io.Discard, conn) // whatever comes, or the deadline
		conn.Close()
	}
	camille := s.as(t, "camille")
	camille.get("Observation?patient=camille"+strings.Repeat("&code=a", 10_000)).is(t, 400, 414, 431)
	camille.get("Patient/camille").is(t, 200)
}

// TestTokensThatAreNone: without a token, with a wrong one, with two, with one in the address.
func TestTokensThatAreNone(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	token := s.mint(t, "camille")
	for name, c := range map[string]struct {
		header, path string
		statuses     []int
	}{
		"none":             {"", "Patient/camille", []int{401}},
		"empty":            {"Bearer ", "Patient/camille", []int{400, 401}},
		"not ours":         {"Bearer abc", "Patient/camille", []int{401}},
		"cut":              {"Bearer " + token[:len(token)-1], "Patient/camille", []int{401}},
		"another scheme":   {"Basic " + token, "Patient/camille", []int{400, 401}},
		"in the address":   {"", "Patient/camille?access_token=" + token, []int{401}},
		"a megabyte of it": {"Bearer " + strings.Repeat("a", 900_000), "Patient/camille", []int{400, 401, 431}},
	} {
		r := reader{t, s, ""}
		var headers []string
		if c.header != "" {
			headers = []string{"Authorization", c.header}
		}
		a := r.get(c.path, headers...)
		if !slices.Contains(c.statuses, a.status) {
			t.Errorf("%s: status %d, want %v\n%s", name, a.status, c.statuses, a.text())
			continue
		}
		if a.status == 401 && !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("%s: WWW-Authenticate %q", name, a.header.Get("WWW-Authenticate"))
		}
		if a.status == 401 {
			a.outcome(t)
		}
	}
}
