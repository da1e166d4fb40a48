package gate

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
)

// request is one entry of a batch, or the same request alone.
type request struct {
	method, path, body string
	headers            []string // names of entry.request and values in turn
}

var entryHeaders = map[string]string{
	"ifMatch": "If-Match", "ifNoneMatch": "If-None-Match", "ifNoneExist": "If-None-Exist", "ifModifiedSince": "If-Modified-Since",
}

func (q request) entry() string {
	resource := ""
	switch {
	case q.method == http.MethodPatch:
		resource = fmt.Sprintf(`"resource":{"resourceType":"Binary","contentType":"application/json-patch+json","data":%q},`,
			base64.StdEncoding.EncodeToString([]byte(q.body)))
	case q.body != "":
		resource = `"resource":` + q.body + `,`
	}
	more := ""
	for k := 0; k+1 < len(q.headers); k += 2 {
		more += fmt.Sprintf(`,%q:%q`, q.headers[k], q.headers[k+1])
	}
	return fmt.Sprintf(`{%s"request":{"method":%q,"url":%q%s}}`, resource, q.method, strings.TrimPrefix(q.path, "/"), more)
}

func (w *world) alone(who string, q request) answer {
	w.Helper()
	headers := []string{"Accept", "application/fhir+json"}
	for k := 0; k+1 < len(q.headers); k += 2 {
		headers = append(headers, entryHeaders[q.headers[k]], q.headers[k+1])
	}
	if q.method == http.MethodPatch {
		headers = append(headers, "Content-Type", "application/json-patch+json")
	}
	return w.ask(who, q.method, q.path, q.body, headers...)
}

// together sends requests as one Bundle.
func (w *world) together(who, kind string, all ...request) answer {
	w.Helper()
	var parts []string
	for _, q := range all {
		parts = append(parts, q.entry())
	}
	return w.post(who, "/", fmt.Sprintf(`{"resourceType":"Bundle","type":%q,"entry":[%s]}`, kind, strings.Join(parts, ",")))
}

// replies are the entries of the answer to a Bundle: status and what stands in the resource or the outcome.
func (a answer) replies() (statuses []int, bodies []string) {
	a.w.Helper()
	for _, e := range a.is(200).node().Get("entry").Items() {
		status := 0
		if _, err := fmt.Sscanf(e.At("response", "status").Text(), "%d", &status); err != nil {
			a.w.Fatal(err)
		}
		body := ""
		for _, n := range []*fhir.Node{e.Get("resource"), e.At("response", "outcome")} {
			if n != nil {
				body += string(n.Bytes())
			}
		}
		statuses, bodies = append(statuses, status), append(bodies, body)
	}
	return statuses, bodies
}

var batchedReads = []request{
	{method: "GET", path: "/DocumentReference/report"},
	{method: "GET", path: "/DocumentReference/letter"},
	{method: "GET", path: "/DocumentReference/lettex"},
	{method: "GET", path: "/DocumentReference/report", headers: []string{"ifNoneMatch", `W/"1"`}},
	{method: "GET", path: "/DocumentReference/letter", headers: []string{"ifNoneMatch", `W/"1"`}},
	{method: "GET", path: "/DocumentReference/report/_history/1"},
	{method: "GET", path: "/DocumentReference/report/_history"},
	{method: "GET", path: "/DocumentReference?patient=camille&date=ge2000-01-01&_total=accurate"},
	{method: "GET", path: "/Patient/camille/DocumentReference?date=ge2000-01-01"},
	{method: "GET", path: "/Patient/camille/$everything?_type=DocumentReference,List"},
	{method: "GET", path: "/Binary/report"},
	{method: "GET", path: "/Binary/letter"},
	{method: "GET", path: "/Nothing/x"},
	{method: "GET", path: "/Patient/camille?_format=xml"},
	{method: "GET", path: "/DocumentReference?unknown=1&patient=camille"},
	{method: "PUT", path: "/DocumentReference/report", body: document("report")},
	{method: "PATCH", path: "/DocumentReference/letter", body: `[{"op":"replace","path":"/status","value":"superseded"}]`},
	{method: "PATCH", path: "/DocumentReference/report", body: `[{"op":"replace","path":"/status","value":"superseded"}]`, headers: []string{"ifMatch", `W/"7"`}},
	{method: "DELETE", path: "/DocumentReference/lettex"},
	{method: "GET", path: "/metadata"},
	{method: "POST", path: "/Observation", body: `{"resourceType":"Observation"}`},
}

// TestBatchIsEachAlone: an entry of a batch gets the status and the bytes that it would get alone, and leaves the same
// entries in the access log.
func TestBatchIsEachAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", binary("letter", "secret"), binary("report", "plain"))
	for _, who := range []string{"dr-lam", "dr-roux", "camille", "dr-bloque", "dr-loin", "dr-lam-free"} {
		var want, got []string
		aloneLog := w.logged("camille", func() {
			for _, q := range batchedReads {
				a := w.alone(who, q)
				want = append(want, fmt.Sprintf("%s %s: %d %s", q.method, q.path, a.Code, withoutDecision(a.Body.String())))
			}
		})
		batchLog := w.logged("camille", func() {
			statuses, bodies := w.together(who, "batch", batchedReads...).replies()
			for k, q := range batchedReads {
				got = append(got, fmt.Sprintf("%s %s: %d %s", q.method, q.path, statuses[k], withoutDecision(bodies[k])))
			}
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: alone is -, in a batch is +:\n%s", who, diff)
		}
		if diff := cmp.Diff(bare(aloneLog), bare(batchLog)); diff != "" {
			t.Errorf("%s: what is logged alone is -, in a batch is +:\n%s", who, diff)
		}
	}
}

// bare are entries without what differs from run to run.
func bare(entries []audit.Entry) []string {
	out := []string{}
	for _, e := range entries {
		out = append(out, fmt.Sprint(e.Interaction, e.Action, e.Rule, e.Outcome, e.Resources, e.Labels, e.Parameters))
	}
	return out
}

// TestBatchWrites: entries of a batch stand or fail by themselves.
func TestBatchWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	statuses, bodies := w.together("dr-lam", "batch",
		request{method: "POST", path: "/DocumentReference", body: deposited("one")},
		request{method: "POST", path: "/DocumentReference", body: deposited("two", of("nobody"))},
		request{method: "PATCH", path: "/DocumentReference/report", body: `[{"op":"replace","path":"/status","value":"superseded"}]`},
		request{method: "GET", path: "/DocumentReference/report"},
		request{method: "DELETE", path: "/DocumentReference/report"},
		request{method: "GET", path: "/DocumentReference/letter"},
	).replies()
	if diff := cmp.Diff([]int{201, 403, 200, 200, 204, 404}, statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s\n%s", diff, strings.Join(bodies, "\n"))
	}
	if !strings.Contains(bodies[3], `"superseded"`) {
		t.Errorf("an entry does not see what the one before it changed: %s", bodies[3])
	}
}

// TestBatchHidesAlike: a batch about a hidden document is byte for byte the one about a document that is not there.
func TestBatchHidesAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	ask := func(id string) answer {
		var all []request
		for _, q := range batchedReads {
			all = append(all, request{q.method, strings.ReplaceAll(q.path, "letter", id), q.body, q.headers})
		}
		return w.together("dr-lam", "batch", slices.DeleteFunc(all, func(q request) bool { return strings.Contains(q.path, "history") })...)
	}
	if diff := cmp.Diff(ask("lettex").whole(), strings.ReplaceAll(ask("letter").whole(), "letter", "lettex")); diff != "" {
		t.Errorf("absent is -, hidden is +:\n%s", diff)
	}
}

// TestBatchLogsFirst: an entry whose access cannot be logged gives nothing.
func TestBatchLogsFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.db.log.Store(true)
	statuses, bodies := w.together("dr-lam", "batch", request{method: "GET", path: "/DocumentReference/report"}).replies()
	if statuses[0] != 503 || strings.Contains(bodies[0], "DocumentReference") {
		t.Errorf("%d: %s", statuses[0], bodies[0])
	}
}

// TestBatchBounds: what no batch may be, and what no entry of one.
func TestBatchBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	many := slices.Repeat([]request{{method: "GET", path: "/Patient/camille"}}, 101)
	w.together("dr-lam", "batch", many...).is(413)
	w.together("dr-lam", "batch", many[:100]...).is(200)
	w.together("dr-lam", "batch").is(400)
	w.together("", "batch", many[0]).is(401)
	statuses, _ := w.together("dr-lam", "batch",
		request{method: "POST", path: "/", body: `{"resourceType":"Bundle","type":"batch"}`},
		request{method: "GET", path: "/?_lastUpdated=gt2020"},
		request{method: "TRACE", path: "/Patient/camille"},
		request{method: "GET", path: "http://elsewhere.test/fhir/Patient/camille"},
		request{method: "GET", path: testBase + "/Patient/camille"},
		request{method: "GET", path: testBase + "x/Patient/camille"},
		request{method: "GET", path: "/Patient/camille?" + strings.Repeat("x", 9000)},
		request{method: "GET", path: "/Patient/camille", headers: []string{"ifModifiedSince", "yesterday"}},
		request{method: "GET", path: "/Patient/camille", headers: []string{"ifNoneMatch", "a\r\nb"}},
		request{method: "HEAD", path: "/Patient/camille"},
	).replies()
	if diff := cmp.Diff([]int{400, 400, 400, 400, 200, 400, 414, 400, 400, 200}, statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}
