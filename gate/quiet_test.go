package gate

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// took asks and says how long it took.
func (w *world) took(who string, q request) (time.Duration, answer) {
	w.Helper()
	began := time.Now()
	a := w.alone(who, q)
	return time.Since(began), a
}

// TestSilenceTakesItsTime holds that every answer that what is absent would get too takes at least the time of silence.
func TestSilenceTakesItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.gate.Silence = 20 * time.Millisecond
	mask := `[{"op":"replace","path":"/status","value":"superseded"}]`
	ifMatch := []string{"ifMatch", `W/"7"`}
	for _, tt := range []struct {
		who    string
		status int
		request
	}{
		{"dr-lam", 404, request{method: "GET", path: "/DocumentReference/nothing"}},
		{"dr-lam", 404, request{method: "GET", path: "/DocumentReference/letter"}},
		{"dr-lam", 404, request{method: "HEAD", path: "/DocumentReference/letter"}},
		{"dr-lam", 404, request{method: "GET", path: "/DocumentReference/letter/_history/1"}},
		{"dr-lam", 404, request{method: "GET", path: "/DocumentReference/report/_history/9"}},
		{"dr-lam", 404, request{method: "GET", path: "/DocumentReference/letter/_history"}},
		{"dr-lam", 404, request{method: "GET", path: "/Binary/letter"}},
		{"dr-lam", 404, request{method: "PATCH", path: "/DocumentReference/letter", body: mask, headers: ifMatch}},
		{"dr-lam", 404, request{method: "PATCH", path: "/DocumentReference?patient=camille&identifier=urn:doc|letter", body: mask}},
		{"dr-lam", 404, request{method: "DELETE", path: "/DocumentReference/letter"}},
		{"dr-lam", 404, request{method: "GET", path: "/Patient/lucas"}},
		{"dr-lam", 404, request{method: "GET", path: "/Patient/lucas/$everything"}},
		{"dr-lam", 200, request{method: "GET", path: "/DocumentReference?patient=camille&_id=letter"}},
		{"dr-lam", 200, request{method: "GET", path: "/DocumentReference?patient=lucas"}},
		{"dr-lam", 200, request{method: "GET", path: "/DocumentReference?patient=camille&_summary=count"}},
		{"dr-lam", 200, request{method: "GET", path: "/DocumentReference/report/_history?_since=2030-01-01T00:00:00Z"}},
		{"dr-loin", 403, request{method: "POST", path: "/Observation", body: labResult("3", "")}},
		{"dr-bloque", 404, request{method: "GET", path: "/DocumentReference/report"}},
	} {
		t.Run(tt.who+" "+tt.method+" "+tt.path, func(t *testing.T) {
			took, a := w.took(tt.who, tt.request)
			if a.Code != tt.status {
				t.Fatalf("status %d, want %d: %s", a.Code, tt.status, a.Body)
			}
			if took < w.gate.Silence {
				t.Errorf("it took %v, less than the silence", took)
			}
		})
	}
}

// TestNoSilenceWhereSomethingIsSaid holds that nothing else waits: the silence is longer than the test may take.
func TestNoSilenceWhereSomethingIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.gate.Silence = time.Hour
	w.get("dr-lam", "/DocumentReference/report").is(200)
	w.get("dr-lam", "/DocumentReference/report/_history").is(200)
	w.get("dr-lam", "/DocumentReference?patient=camille").is(200)
	w.get("dr-lam", "/DocumentReference/report", "If-None-Match", `W/"1"`).is(304)
	w.get("dr-lam", "/DocumentReference?patient=camille&date=soon").is(400)
	w.get("", "/DocumentReference/letter").is(401)
	w.get("", "/metadata").is(200)
	w.patch("dr-lam", "/DocumentReference/report", `[{"op":"replace","path":"/status","value":"superseded"}]`, "If-Match", `W/"7"`).is(412)
	w.post("dr-lam", "/Observation", labResult("3", "")).is(201)
	w.grant("nothing", "dr-lam", func(g *Grant) { g.Scopes = nil })
	w.get("nothing", "/DocumentReference/report").is(403)
}

// TestSilenceOfEachPart holds that the parts of a Bundle keep their silence one by one, so that many do not add up to
// what one would not tell.
func TestSilenceOfEachPart(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.gate.Silence = 5 * time.Millisecond
	for _, id := range []string{"letter", "lettex"} {
		entries := slices.Repeat([]request{{method: "GET", path: "/DocumentReference/" + id}}, 100)
		began := time.Now()
		statuses, _ := w.together("dr-lam", "batch", entries...).replies()
		if took := time.Since(began); took < 100*w.gate.Silence {
			t.Errorf("a batch of 100 took %v", took)
		}
		if len(statuses) != 100 || slices.ContainsFunc(statuses, func(s int) bool { return s != http.StatusNotFound }) {
			t.Fatalf("statuses %v", statuses)
		}
	}
	empty := request{method: "GET", path: "/DocumentReference?patient=camille&_id=letter"}
	began := time.Now()
	w.together("dr-lam", "transaction", slices.Repeat([]request{empty}, 10)...).is(200)
	if took := time.Since(began); took < 10*w.gate.Silence {
		t.Errorf("a transaction of 10 took %v", took)
	}
}

// begin sends a request that ends with the context, and gives its answer when it has come.
func (w *world) begin(ctx context.Context, who, method, path, body string) <-chan int {
	came := make(chan int, 1)
	r := httptest.NewRequestWithContext(ctx, method, testBase+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+who)
	r.Header.Set("Content-Type", "application/fhir+json")
	go func() {
		rec := httptest.NewRecorder()
		w.gate.Endpoint().ServeHTTP(rec, r)
		came <- rec.Code
	}()
	return came
}

// TestSilenceEndsWithItsRequest holds that nobody is waited for who has gone, and that the answer is then none.
func TestSilenceEndsWithItsRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.gate.Silence = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	came := w.begin(ctx, "dr-lam", http.MethodGet, "/DocumentReference/letter", "")
	for len(w.entries("camille")) == 0 { // its entry is durable: from here on it is silent
		time.Sleep(time.Millisecond)
	}
	select {
	case code := <-came:
		t.Fatalf("answered %d before its time", code)
	case <-time.After(20 * time.Millisecond):
	}
	cancel()
	if code := <-came; code != http.StatusServiceUnavailable {
		t.Errorf("status %d, want 503", code)
	}
}

// TestSilenceHoldsNoTurn holds that a transaction whose reads find nothing keeps nobody else from writing.
func TestSilenceHoldsNoTurn(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.gate.Silence = time.Hour
	create := request{method: "POST", path: "/Observation", body: labResult("3", ""), headers: []string{"ifNoneExist", "identifier=urn:lab|3"}}
	silent := request{method: "GET", path: "/DocumentReference?patient=camille&_id=letter"}
	ctx, cancel := context.WithCancel(t.Context())
	came := w.begin(ctx, "dr-lam", http.MethodPost, "/",
		fmt.Sprintf(`{"resourceType":"Bundle","type":"transaction","entry":[%s,%s]}`, create.entry(), silent.entry()))
	defer cancel()
	for {
		made, err := w.gate.Records.Lookup(t.Context(), "Observation", "urn:lab|3")
		if err != nil {
			t.Fatal(err)
		}
		if len(made) > 0 {
			break
		}
		select {
		case code := <-came:
			t.Fatalf("the transaction is answered %d", code)
		case <-time.After(time.Millisecond):
		}
	}
	select { // the same turn
	case code := <-w.begin(t.Context(), "dr-lam", http.MethodPost, "/", fmt.Sprintf(`{"resourceType":"Bundle","type":"transaction","entry":[%s]}`, create.entry())):
		if code != http.StatusOK {
			t.Errorf("status %d, want 200", code)
		}
	case <-time.After(20 * time.Second):
		t.Error("a silent transaction keeps its turn")
	}
}
