package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

const (
	insSystem = "urn:oid:1.2.250.1.213.1.4.8"
	fhirJSON  = "application/fhir+json"
	jsonPatch = "application/json-patch+json"
)

// reader is somebody with a token.
type reader struct {
	t     testing.TB
	s     *server
	token string
}

// as is one of the cast with a token of their own, minted by `pontlevis token`.
func (s *server) as(t testing.TB, key string, flags ...string) reader {
	t.Helper()
	return reader{t, s, s.mint(t, key, flags...)}
}

// about is one of the cast with a token that is bound to one patient.
func (s *server) about(t testing.TB, key, patient string, flags ...string) reader {
	t.Helper()
	return s.as(t, key, append([]string{"--patient", patient}, flags...)...)
}

// mint gives the same token to the same words, so that tests ask once.
func (s *server) mint(t testing.TB, key string, flags ...string) string {
	t.Helper()
	args := append([]string{"token", "--data", s.data, "--as", key}, flags...)
	words := strings.Join(args, " ")
	s.mu.Lock()
	token, ok := s.tokens[words]
	s.mu.Unlock()
	if !ok {
		token = strings.TrimSpace(command(t, args...))
		s.mu.Lock()
		s.tokens[words] = token
		s.mu.Unlock()
	}
	return token
}

// answer is what a server said.
type answer struct {
	asked  string
	status int
	header http.Header
	body   []byte
}

// get reads a path below the FHIR endpoint, or a whole URL.
func (r reader) get(path string, headers ...string) answer {
	r.t.Helper()
	return r.send(http.MethodGet, path, nil, headers...)
}

// send sends a request; headers are names and values in turn. A body is FHIR JSON unless a header says otherwise.
func (r reader) send(method, path string, body []byte, headers ...string) answer {
	r.t.Helper()
	a, err := r.try(method, path, body, headers...)
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// try is send for those who expect the server to die.
func (r reader) try(method, path string, body []byte, headers ...string) (answer, error) {
	address := path
	if !strings.HasPrefix(path, "http://") {
		address = r.s.base + "/fhir/" + path
	}
	q, err := http.NewRequest(method, address, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if r.token != "" {
		q.Header.Set("Authorization", "Bearer "+r.token)
	}
	if body != nil {
		q.Header.Set("Content-Type", fhirJSON)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	response, err := r.s.client.Do(q)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	return answer{method + " " + path, response.StatusCode, response.Header, b}, err
}

// post creates a resource.
func (r reader) post(path string, resource any) answer {
	r.t.Helper()
	return r.send(http.MethodPost, path, encode(r.t, resource))
}

// put replaces a resource.
func (r reader) put(path string, resource any) answer {
	r.t.Helper()
	return r.send(http.MethodPut, path, encode(r.t, resource))
}

// patch applies a JSON Patch.
func (r reader) patch(path string, operations ...object) answer {
	r.t.Helper()
	return r.send(http.MethodPatch, path, encode(r.t, operations), "Content-Type", jsonPatch)
}

type (
	object = map[string]any
	list   = []any
)

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// is fails the test unless the answer has one of these statuses.
func (a answer) is(t testing.TB, statuses ...int) answer {
	t.Helper()
	if !slices.Contains(statuses, a.status) {
		t.Fatalf("%s: status %d, want %v\n%s", a.asked, a.status, statuses, a.text())
	}
	return a
}

// text is the body, cut to what a person would read.
func (a answer) text() string {
	if len(a.body) > 2000 {
		return string(a.body[:2000]) + " …"
	}
	return string(a.body)
}

// resource is the body as a resource.
func (a answer) resource(t testing.TB) object {
	t.Helper()
	var o object
	if err := json.Unmarshal(a.body, &o); err != nil {
		t.Fatalf("%s: %d with no JSON: %v\n%s", a.asked, a.status, err, a.text())
	}
	return o
}

// entries are the resources of a Bundle, OperationOutcomes apart.
func (a answer) entries(t testing.TB) (resources, outcomes []object) {
	t.Helper()
	b := a.resource(t)
	if b["resourceType"] != "Bundle" {
		t.Fatalf("%s: %d with no Bundle\n%s", a.asked, a.status, a.text())
	}
	entries, _ := b["entry"].(list)
	for _, e := range entries {
		o, _ := e.(object)["resource"].(object)
		if o["resourceType"] == "OperationOutcome" {
			outcomes = append(outcomes, o)
		} else if o != nil {
			resources = append(resources, o)
		}
	}
	return resources, outcomes
}

// names are the resources of a Bundle as "Type/id", in their order.
func (a answer) names(t testing.TB) []string {
	t.Helper()
	resources, _ := a.entries(t)
	out := []string{}
	for _, o := range resources {
		out = append(out, fmt.Sprintf("%v/%v", o["resourceType"], o["id"]))
	}
	return out
}

// total is Bundle.total, -1 when there is none.
func (a answer) total(t testing.TB) int {
	t.Helper()
	if n, ok := a.resource(t)["total"].(float64); ok {
		return int(n)
	}
	return -1
}

// link is the link of a Bundle with that relation, "" when there is none.
func (a answer) link(t testing.TB, relation string) string {
	t.Helper()
	links, _ := a.resource(t)["link"].(list)
	for _, l := range links {
		if o := l.(object); o["relation"] == relation {
			return o["url"].(string)
		}
	}
	return ""
}

// walk follows a search through all its pages.
func (r reader) walk(path string) []string {
	r.t.Helper()
	out := []string{}
	for pages := 0; path != ""; pages++ {
		if pages == 500 {
			r.t.Fatalf("%s does not end", path)
		}
		page := r.get(path).is(r.t, 200)
		out = append(out, page.names(r.t)...)
		path = page.link(r.t, "next")
	}
	return out
}

// outcome checks that an answer is an OperationOutcome with a sentence in each language, and returns its English
// sentences and diagnostics.
func (a answer) outcome(t testing.TB) string {
	t.Helper()
	o := a.resource(t)
	issues, _ := o["issue"].(list)
	if o["resourceType"] != "OperationOutcome" || len(issues) == 0 {
		t.Fatalf("%s: %d with no OperationOutcome\n%s", a.asked, a.status, a.text())
	}
	var words []string
	for _, i := range issues {
		issue := i.(object)
		details, _ := issue["details"].(object)
		english, _ := details["text"].(string)
		if french := translation(details["_text"]); english == "" || french == "" || french == english {
			t.Errorf("%s: an issue without both languages: %v", a.asked, issue)
		}
		diagnostics, _ := issue["diagnostics"].(string)
		words = append(words, english, diagnostics)
	}
	return strings.Join(words, " ")
}

// translation is the French text of an element's translation extension.
func translation(element any) string {
	o, _ := element.(object)
	extensions, _ := o["extension"].(list)
	for _, e := range extensions {
		parts, _ := e.(object)["extension"].(list)
		language, content := "", ""
		for _, p := range parts {
			switch part := p.(object); part["url"] {
			case "lang":
				language, _ = part["valueCode"].(string)
			case "content":
				content, _ = part["valueString"].(string)
			}
		}
		if language == "fr" {
			return content
		}
	}
	return ""
}

// metrics are the lines of Caddy's metrics.
func (s *server) metrics(t testing.TB) string {
	t.Helper()
	return string(reader{t, s, ""}.get(s.admin+"/metrics").is(t, 200).body)
}
