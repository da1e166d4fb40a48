package gate

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// requests are one of each kind, each permitted.
func requests(w *world) map[string]func() answer {
	return map[string]func() answer{
		"read":       func() answer { return w.get("dr-lam", "/DocumentReference/report") },
		"refused":    func() answer { return w.get("dr-bloque", "/DocumentReference/report") },
		"absent":     func() answer { return w.get("dr-lam", "/DocumentReference/nothing") },
		"not asked":  func() answer { return w.get("mute", "/DocumentReference/report") },
		"vread":      func() answer { return w.get("dr-lam", "/DocumentReference/report/_history/1") },
		"history":    func() answer { return w.get("dr-lam", "/DocumentReference/report/_history") },
		"search":     func() answer { return w.get("dr-lam", "/DocumentReference?patient=camille"+since2000) },
		"empty":      func() answer { return w.get("dr-lam", "/DocumentReference?patient=camille&status=superseded") },
		"directory":  func() answer { return w.get("dr-lam", "/Practitioner?name=dr") },
		"nobody":     func() answer { return w.get("dr-lam", "/Practitioner?name=zzz") },
		"everything": func() answer { return w.get("dr-lam", "/Patient/camille/$everything") },
		"bytes":      func() answer { return w.get("dr-lam", "/Binary/report", "Accept", "*/*") },
		"deposit":    func() answer { return w.post("dr-lam", "/DocumentReference", deposited("x", by("dr-lam"))) },
		"shut out":   func() answer { return w.post("dr-loin", "/DocumentReference", deposited("x", by("dr-loin"))) },
		"patch":      func() answer { return w.patch("camille", "/DocumentReference/report", setMask) },
		"test": func() answer {
			return w.patch("camille", "/DocumentReference/report", `[{"op":"test","path":"/status","value":"x"}]`)
		},
		"delete": func() answer { return w.ask("dr-lam", "DELETE", "/DocumentReference/report", "") },
		"govern": func() answer {
			return w.post("camille", "/Consent", strings.Replace(consent("camille", "x", space.Block, "2026-11-01", about("dr-lam")), `"id":"x",`, "", 1))
		},
	}
}

// TestNoLogNoAnswer: when an access cannot be written nothing is answered and nothing is changed.
func TestNoLogNoAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", binary("report", "bonjour"))
	w.grant("mute", "dr-lam", func(g *Grant) { g.Scopes = nil })
	before, err := w.records.Sequence(t.Context(), "camille")
	if err != nil {
		t.Fatal(err)
	}
	w.db.log.Store(true)
	for name, ask := range requests(w) {
		a := ask()
		if a.Code != 503 || a.Header().Get("ETag")+a.Header().Get("Location")+a.Header().Get("Last-Modified") != "" || a.Header().Get("Retry-After") == "" {
			t.Errorf("%s without a log: %d %v", name, a.Code, a.Header())
		}
		if body := a.Body.String(); strings.Contains(body, "report") || strings.Contains(body, errBroken.Error()) || !strings.Contains(body, "OperationOutcome") {
			t.Errorf("%s without a log says %s", name, body)
		}
	}
	if after, err := w.records.Sequence(t.Context(), "camille"); err != nil || after != before {
		t.Errorf("something was changed without a log: %d, was %d (%v)", after, before, err)
	}
	w.db.log.Store(false)
	w.get("dr-lam", "/DocumentReference/report").is(200) // it recovers by itself
}

// TestEachRequestIsLogged with one entry or more that names it, its outcome, its rule and its revision.
func TestEachRequestIsLogged(t *testing.T) {
	t.Parallel()
	for _, name := range slices.Sorted(maps.Keys(requests(nil))) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t).settle()
			w.put("camille", binary("report", "bonjour"))
			w.grant("mute", "dr-lam", func(g *Grant) { g.Scopes = nil })
			size, err := w.log.Size(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			record := "camille"
			if name == "directory" || name == "nobody" {
				record = ""
			}
			entries := w.logged(record, func() { requests(w)[name]() })
			after, err := w.log.Size(t.Context())
			if err != nil || after == size || int(after-size) < len(entries) || len(entries) == 0 {
				t.Fatalf("%d entries, of which %d in the record (%v)", after-size, len(entries), err)
			}
			for _, e := range entries {
				if e.Outcome == "" || e.Rule == "" || e.Revision == "" || e.Actor.ID == "" || e.Client == "" || e.Grant == "" || e.Interaction == "" {
					t.Errorf("incomplete: %+v", e)
				}
			}
		})
	}
}

// TestFailedChange: a change that could not be made is followed by an entry that says so, for the same eyes.
func TestFailedChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().minor()
	w.db.records.Store(true)
	entries := w.logged("lucas", func() {
		w.post("dr-lam-of-lucas", "/DocumentReference", deposited("x", of("lucas"), labelled(secret))).is(503).outcome()
	})
	var outcomes []string
	for _, e := range entries {
		outcomes = append(outcomes, e.Outcome)
		if !e.Hidden(secret) {
			t.Errorf("the representative sees that a confidential deposit %s", e.Outcome)
		}
	}
	if diff := cmp.Diff([]string{audit.Granted, audit.Failed}, outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	w.patch("camille", "/DocumentReference/report", setMask).is(503)
	w.db.records.Store(false)
	if got := w.get("camille", "/DocumentReference/report").Header().Get("ETag"); got != `W/"1"` {
		t.Errorf("a failed change left version %s", got)
	}
}

// TestRelabelIsHiddenToo: setting and lifting what hides a document from an audience is hidden from that audience.
func TestRelabelIsHiddenToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().minor()
	w.put("lucas", document("act", of("lucas")))
	for _, patch := range []string{strings.Replace(setMask, masque, secret, 1), liftMask} {
		for _, e := range w.logged("lucas", func() { w.patch("dr-lam-of-lucas", "/DocumentReference/act", patch).is(200) }) {
			if !e.Hidden(secret) {
				t.Errorf("%s is seen: %+v", patch, e)
			}
		}
	}
}

// TestEmergencyLeavesDuties: who is to be told and when the case is due stands with the entry.
func TestEmergencyLeavesDuties(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", `{"resourceType":"AllergyIntolerance","id":"nuts","patient":{"reference":"Patient/camille"},"code":{"text":"nuts"}}`)
	w.grant("glass", "dr-loin", func(g *Grant) { g.Mode, g.Purpose, g.Reason, g.Stage = "bris_de_glace", "ETREAT", "unconscious", 1 })
	entries := w.logged("camille", func() { w.get("glass", "/AllergyIntolerance/nuts").is(200) })
	if len(entries) != 1 || entries[0].Details["case_due_hours"] != "72" || !strings.Contains(entries[0].Details["notify"], "holder") ||
		entries[0].Mode != "bris_de_glace" || entries[0].Reason != "unconscious" || entries[0].Stage != 1 {
		t.Errorf("logged %+v", entries)
	}
	w.get("glass", "/DocumentReference/report").is(404)
}

// TestLifecycleIsTold to the holder, whose closed space gives nothing else (rules.md L3).
func TestLifecycleIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.live("camille", space.Closed)
	a := w.get("camille", "/DocumentReference/report").is(403)
	if !strings.Contains(a.Body.String(), "closed") || !strings.Contains(a.Body.String(), "2025-11-21") {
		t.Errorf("the holder is told %s", a.Body)
	}
}

// obligation finds what a rule of the bundle obliges to.
var obligation = regexp.MustCompile(`\{"type": "([a-z-]+)", "properties"`)

// TestEveryObligationIsFulfilled: what the bundle can oblige to is known here, and what is not known refuses.
func TestEveryObligationIsFulfilled(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	err := fs.WalkDir(policies.Embedded(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".rego") || strings.HasSuffix(path, "_test.rego") {
			return err
		}
		b, err := fs.ReadFile(policies.Embedded(), path)
		for _, m := range obligation.FindAllSubmatch(b, -1) {
			found[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(duties)), slices.Sorted(maps.Keys(found))); diff != "" {
		t.Errorf("duties of the gate and obligations of the bundle (-gate +bundle):\n%s", diff)
	}
	h := newWorld(t).gate.hear(&Grant{})
	for _, tt := range []struct {
		duty, action string
		properties   map[string]any
		allow        bool
	}{
		{"trace", actionRead, nil, true}, {"notify", actionGovern, nil, true}, {"dance", actionRead, nil, false},
		{"label", actionDeposit, map[string]any{"code": "x"}, true}, {"label", actionDeposit, nil, false}, {"label", actionRead, map[string]any{"code": "x"}, false},
		{"notice", actionSearch, nil, true}, {"notice", actionDelete, nil, false},
	} {
		d := &policies.Decision{Allow: true, Tell: true, Rule: "X", Obligations: []policies.Obligation{{Type: tt.duty, Properties: tt.properties}}}
		got, err := h.count(tt.action, d, nil)
		if err != nil || got.Allow != tt.allow || !got.Allow && got.Tell {
			t.Errorf("%s with %s: %+v (%v)", tt.duty, tt.action, got, err)
		}
		if !d.Allow {
			t.Error("a shared decision was changed")
		}
	}
}

// TestMetricsCarryNobody: names of kinds and rules, no name of anybody.
func TestMetricsCarryNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", binary("report", "bonjour"))
	w.grant("mute", "dr-lam", func(g *Grant) { g.Scopes = nil })
	var labels []string
	w.gate.Meter.Decided = func(rule, outcome string, _ int) { labels = append(labels, rule, outcome) }
	w.gate.Meter.Answered = func(code string, _ int, _ time.Duration) { labels = append(labels, code) }
	w.gate.Meter.Denied = func(kind string, _ time.Duration) { labels = append(labels, kind) }
	for _, ask := range requests(w) {
		ask()
	}
	w.get("", "/Patient/camille")
	w.get("dr-lam", "/camille/dr-lam")
	if len(labels) < 50 {
		t.Fatalf("only %d labels", len(labels))
	}
	for _, l := range labels {
		if strings.Contains(l, "camille") || strings.Contains(l, "dr-") || strings.Contains(l, "/") {
			t.Errorf("a metric is labelled %q", l)
		}
	}
}

// TestMixedDepositHidesItsEnvelope: of a submission that is confidential in part, what is no document of its own goes
// with the part that is hidden, and the other documents stay in sight.
func TestMixedDepositHidesItsEnvelope(t *testing.T) {
	t.Parallel()
	h := newWorld(t).gate.hear(&Grant{})
	open := &policies.Decision{Allow: true, Rule: "D1.circle"}
	hidden := &policies.Decision{Allow: true, Rule: "D1.circle", Obligations: []policies.Obligation{
		{Type: dutyTrace, Properties: map[string]any{"labels": []any{secret}}},
	}}
	ref := func(kind, id string) record.Ref { return record.Ref{Type: kind, ID: id} }
	entries := h.depositEntries(&record.Interaction{Kind: record.KindTransaction}, &record.Deposit{Patient: "lucas"}, []verdict{
		{ref("List", "set"), open}, {ref("DocumentReference", "cold"), open}, {ref("DocumentReference", "act"), hidden},
	})
	got := map[bool][]string{}
	for _, e := range entries {
		got[e.Hidden(secret)] = append(got[e.Hidden(secret)], e.Resources...)
	}
	want := map[bool][]string{true: {"List/set", "DocumentReference/act"}, false: {"DocumentReference/cold"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("hidden and open (-want +got):\n%s", diff)
	}
}
