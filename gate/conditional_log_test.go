package gate

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// newly are the entries of a record since there were n, each as its outcome and what it is about.
func (w *world) newly(patient string, n int) []string {
	w.Helper()
	var out []string
	for _, e := range w.entries(patient)[n:] {
		out = append(out, fmt.Sprint(e.Outcome, " ", e.Resources))
	}
	return out
}

// TestCreateIfNoneElsewhere: a grant for one record finds nothing in another, whatever its actor may read there.
func TestCreateIfNoneElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().minor()
	w.put("camille", withID(labResult("1", ""), "one"))
	w.grant("dr-lam-wide-of-lucas", "dr-lam-of-lucas", func(g *Grant) { g.Scopes = []string{"user/*.cruds"} })
	for _, value := range []string{"1", "9"} {
		w.post("dr-lam-wide-of-lucas", "/Observation", labResult("new", ""), "If-None-Exist", "identifier=urn:lab|"+value).is(403)
		w.together("dr-lam-wide-of-lucas", "transaction",
			request{method: "POST", path: "/Observation", body: labResult("new", ""), headers: []string{"ifNoneExist", "identifier=urn:lab|" + value}}).is(403)
	}
}

// TestTransactionLogsWhatItFound: what the entries before the refused one found is in the log, though nothing was done.
func TestTransactionLogsWhatItFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", withID(labResult("1", ""), "one"))
	stranger := request{method: "POST", path: "/Observation", body: strings.Replace(labResult("9", ""), "camille", "nobody", 1)}
	status := `[{"op":"test","path":"/status","value":"current"}]`
	for name, tt := range map[string]struct {
		first, bad request
		about      string
	}{
		"delete":      {request{method: "DELETE", path: "/Observation?patient=camille&identifier=urn:lab|1"}, stranger, "Observation/one"},
		"test":        {request{method: "PATCH", path: "/DocumentReference/report", body: status}, request{method: "PATCH", path: "/DocumentReference/never", body: status}, "DocumentReference/report"},
		"read":        {request{method: "GET", path: "/DocumentReference/report"}, request{method: "GET", path: "/Observation?patient=x&patient:nonsense=y&patient.identifier=a|b,c|d"}, "DocumentReference/report"},
		"read, read":  {request{method: "GET", path: "/DocumentReference/report"}, request{method: "GET", path: "/DocumentReference/never"}, "DocumentReference/report"},
		"old version": {request{method: "GET", path: "/DocumentReference/report/_history/1"}, request{method: "GET", path: "/DocumentReference/never"}, "DocumentReference/report"},
	} {
		n := len(w.entries("camille"))
		a := w.together("dr-lam-free", "transaction", tt.first, tt.bad)
		if a.Code < 400 {
			t.Errorf("%s: %d", name, a.Code)
		}
		if got := fmt.Sprint(w.newly("camille", n)); !strings.Contains(got, tt.about) && a.Code != 400 {
			t.Errorf("%s: %d and the log holds %s", name, a.Code, got)
		}
	}
}

// TestConditionIsLogged: a conditional write that finds nothing was a search of the record, and is in its log.
func TestConditionIsLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().minor()
	relabel := `[{"op":"add","path":"/meta/security","value":[{"system":"` + maskURL + `","code":"` + masque + `"}]}]`
	for _, who := range []string{"dr-lam", "dr-lam-free", "dr-lam-of-lucas"} {
		for _, ask := range []func() answer{
			func() answer { return w.ask(who, "DELETE", "/Observation?patient=camille&code=none", "") },
			func() answer { return w.patch(who, "/Observation?patient=camille&code=none", relabel) },
			func() answer {
				return w.ask(who, "PUT", "/Consent?patient=camille&identifier=none", `{"resourceType":"Consent","id":"x"}`)
			},
		} {
			n := len(w.entries("camille"))
			if a := ask(); a.Code < 400 {
				t.Errorf("%s: %d", who, a.Code)
			}
			if got := w.newly("camille", n); len(got) != 1 {
				t.Errorf("%s: the log of camille holds %v", who, got)
			}
		}
	}
}

// TestUpdateOnce: of conditional updates at the same time one makes the resource.
func TestUpdateOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	body := consent("camille", "", "express", "2026-11-01", `"type":"permit","actor":[{"role":{"coding":[{"code":"IRCP"}]},"reference":{"reference":"Practitioner/dr-loin"}}]`)
	body = strings.Replace(body, `"status":"active"`, `"status":"active","identifier":[{"system":"urn:c","value":"1"}]`, 1)
	body = strings.Replace(body, `"id":"",`, "", 1)
	statuses := make([]int, 8)
	var all sync.WaitGroup
	for k := range statuses {
		all.Go(func() { statuses[k] = w.ask("camille", "PUT", "/Consent?identifier=urn:c|1", body).Code })
	}
	all.Wait()
	made := 0
	for _, s := range statuses {
		if s == 201 {
			made++
		}
	}
	if made != 1 {
		t.Errorf("%d were made: %v", made, statuses)
	}
}

// TestGovernIfNone: a consent that is there already is not made again.
func TestGovernIfNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	body := consent("camille", "", "express", "2026-11-01", `"type":"permit","actor":[{"role":{"coding":[{"code":"IRCP"}]},"reference":{"reference":"Practitioner/dr-loin"}}]`)
	body = strings.Replace(body, `"status":"active"`, `"status":"active","identifier":[{"system":"urn:c","value":"1"}]`, 1)
	body = strings.Replace(body, `"id":"",`, "", 1)
	made := w.post("camille", "/Consent", body, "If-None-Exist", "identifier=urn:c|1").is(201).node().Get("id").Text()
	if again := w.post("camille", "/Consent", body, "If-None-Exist", "identifier=urn:c|1"); again.Code != 200 || again.node().Get("id").Text() != made {
		t.Errorf("%d: %s", again.Code, again.Body)
	}
}
