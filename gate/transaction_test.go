package gate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const supersede = `[{"op":"replace","path":"/status","value":"superseded"}]`

// TestTransactionWhole: deletions, deposits, patches and reads of one record in one step; the reads see what stands.
func TestTransactionWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", withID(labResult("1", ""), "one"))
	statuses, bodies := w.together("dr-lam", "transaction",
		request{method: "GET", path: "/DocumentReference/report"},
		request{method: "PATCH", path: "/DocumentReference?identifier=urn:doc|report", body: supersede},
		request{method: "POST", path: "/Observation", body: labResult("2", "")},
		request{method: "GET", path: "/Observation?identifier=urn:lab|2,urn:lab|1&_elements=identifier"},
		request{method: "DELETE", path: "/Observation/one"},
		request{method: "POST", path: "/Observation", body: labResult("3", ""), headers: []string{"ifNoneExist", "identifier=urn:lab|3"}},
	).replies()
	if diff := cmp.Diff([]int{200, 200, 201, 200, 204, 201}, statuses); diff != "" {
		t.Fatalf("statuses (-want +got):\n%s\n%s", diff, strings.Join(bodies, "\n"))
	}
	if !strings.Contains(bodies[0], `"superseded"`) || !strings.Contains(bodies[1], `"superseded"`) {
		t.Errorf("the read does not see what the transaction changed: %s", bodies[0])
	}
	if !strings.Contains(bodies[3], `"value":"2"`) || strings.Contains(bodies[3], `"value":"1"`) {
		t.Errorf("the search does not see what stands: %s", bodies[3])
	}
}

// TestTransactionNothing: whatever one entry is refused for, nothing of the others is done.
func TestTransactionNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().minor()
	w.put("camille", withID(labResult("1", ""), "one"))
	w.put("lucas", strings.Replace(withID(labResult("1", ""), "lucas-one"), "camille", "lucas", 1))
	good := []request{
		{method: "DELETE", path: "/Observation/one"},
		{method: "POST", path: "/Observation", body: labResult("2", "")},
		{method: "PATCH", path: "/DocumentReference/report", body: supersede},
	}
	before := w.get("dr-lam", "/_history").Body.String()
	for name, bad := range map[string]struct {
		request
		status int
	}{
		"hidden":         {request{method: "PATCH", path: "/DocumentReference/letter", body: supersede}, 404},
		"absent":         {request{method: "DELETE", path: "/Observation/never"}, 404},
		"read hidden":    {request{method: "GET", path: "/DocumentReference/letter"}, 404},
		"read version":   {request{method: "GET", path: "/DocumentReference/report/_history/9"}, 404},
		"stranger":       {request{method: "POST", path: "/Observation", body: strings.Replace(labResult("9", ""), "camille", "nobody", 1)}, 422},
		"changed":        {request{method: "PATCH", path: "/DocumentReference/report", body: supersede, headers: []string{"ifMatch", `W/"7"`}}, 412},
		"twice":          {request{method: "PATCH", path: "/DocumentReference?identifier=urn:doc|report", body: supersede}, 400},
		"put":            {request{method: "PUT", path: "/Consent/sharing", body: governance()[1]}, 405},
		"put a document": {request{method: "PUT", path: "/DocumentReference/report", body: document("report")}, 405},
		"not understood": {request{method: "GET", path: "/Nothing/x"}, 404},
		"of two records": {request{method: "DELETE", path: "/Observation/lucas-one"}, 404},
	} {
		if a := w.together("dr-lam", "transaction", append([]request{bad.request}, good...)...); a.Code != bad.status {
			t.Errorf("%s: %d, want %d: %s", name, a.Code, bad.status, a.Body)
		}
		if diff := cmp.Diff(before, w.get("dr-lam", "/_history").Body.String()); diff != "" {
			t.Fatalf("%s: something was changed:\n%s", name, diff)
		}
	}
	two := []request{{method: "DELETE", path: "/Observation/one"}, {method: "DELETE", path: "/Observation/lucas-one"}}
	w.together("dr-lam-free", "transaction", two...).is(422)
	w.db.log.Store(true)
	w.together("dr-lam", "transaction", good...).is(503)
	w.db.log.Store(false)
	if diff := cmp.Diff(before, w.get("dr-lam", "/_history").Body.String()); diff != "" {
		t.Errorf("changed without an entry in the log:\n%s", diff)
	}
	w.together("dr-lam", "transaction", good...).is(200)
}

// TestTransactionHidesAlike: a transaction about something hidden is refused like one about what never was.
func TestTransactionHidesAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	for _, bad := range []request{
		{method: "PATCH", path: "/DocumentReference/ID", body: supersede}, {method: "DELETE", path: "/DocumentReference/ID"},
		{method: "GET", path: "/DocumentReference/ID"}, {method: "GET", path: "/DocumentReference/ID/_history"},
		{method: "PATCH", path: "/DocumentReference?identifier=urn:doc|ID", body: supersede},
		{method: "PATCH", path: "/DocumentReference/ID", body: supersede, headers: []string{"ifMatch", `W/"7"`}},
	} {
		ask := func(id string) string {
			q := bad
			q.path = strings.ReplaceAll(q.path, "ID", id)
			return fmt.Sprint(w.together("dr-lam", "transaction", q, request{method: "POST", path: "/Observation", body: labResult("2", "")}).whole())
		}
		if diff := cmp.Diff(ask("lettex"), ask("letter")); diff != "" {
			t.Errorf("%s %s: absent is -, hidden is +:\n%s", bad.method, bad.path, diff)
		}
	}
}
