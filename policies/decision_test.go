package policies

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// facts is a world in which Practitioner/a reads; tests change one thing of it.
func facts() map[string]any {
	return map[string]any{
		"actor":  map[string]any{"id": "Practitioner/a", "kind": "professional", "profession": "doctor"},
		"action": "read",
		"now":    "2026-01-02T00:00:00Z",
		"patient": map[string]any{
			"id": "p", "consent": map[string]any{"since": "2026-01-01T00:00:00Z"}, "blocked": []string{},
			"circle": []any{map[string]any{"actor": "Practitioner/a", "until": "2026-02-01T00:00:00Z"}},
		},
	}
}

func letter() map[string]any {
	return map[string]any{"type": "DocumentReference", "id": "d", "class": []string{"letter"}, "labels": []string{}, "author": []string{}, "status": "current"}
}

func patient(f map[string]any) map[string]any { return f["patient"].(map[string]any) }

func decide(t testing.TB, r *Revision, f map[string]any, resource any) *Decision {
	t.Helper()
	s, err := r.Session(f)
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.Decide(t.Context(), resource)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDecisionIsWhole(t *testing.T) {
	t.Parallel()
	r := load(t, small(t))
	old := letter()
	old["status"] = "superseded"
	want := &Decision{
		Allow: true, Rule: "P1", Layer: "person", Tell: true, Revision: r.Digest,
		Reason:      Text{FR: "Vous êtes dans le cercle de soins.", EN: "You are in the circle of care."},
		Remedy:      Text{FR: "Aucun.", EN: "None."},
		Obligations: []Obligation{{Type: "trace", Properties: map[string]any{"status": "superseded"}}},
	}
	for range 2 { // the second comes from the table
		if diff := cmp.Diff(want, decide(t, r, facts(), old)); diff != "" {
			t.Error(diff)
		}
	}
	if r.Stats().Hits() != 1 || r.Stats().Misses() != 1 {
		t.Errorf("%d hits and %d misses, want 1 and 1", r.Stats().Hits(), r.Stats().Misses())
	}
	if diff := cmp.Diff([]Count{{Rule: "P1", Layer: "person", Granted: 2}}, r.Stats().Counts()); diff != "" {
		t.Error(diff)
	}
}

// TestNoDecisionOutlivesAFact changes one fact at a time between two questions about one document: the second must not be answered from the first.
func TestNoDecisionOutlivesAFact(t *testing.T) {
	t.Parallel()
	r := load(t, small(t))
	for _, c := range []struct {
		name   string
		change func(f, resource map[string]any)
		rule   string
	}{
		{"consent withdrawn", func(f, _ map[string]any) { delete(patient(f), "consent") }, "D0"},
		{"link ended", func(f, _ map[string]any) { patient(f)["circle"] = []any{} }, "D0"},
		{"link faded with time", func(f, _ map[string]any) { f["now"] = "2026-02-01T00:00:00Z" }, "D0"},
		{"blocked", func(f, _ map[string]any) { patient(f)["blocked"] = []string{"Practitioner/a"} }, "P4"},
		{"masked", func(_, res map[string]any) { res["labels"] = []string{"MASQUE_PS"} }, "P5"},
		{"another profession", func(f, _ map[string]any) { f["actor"].(map[string]any)["profession"] = "nurse" }, "M1"},
		{"another class", func(_, res map[string]any) { res["class"] = []string{"will"} }, "M1"},
		{"another actor", func(f, _ map[string]any) { f["actor"].(map[string]any)["id"] = "Practitioner/b" }, "D0"},
		{"another action", func(f, _ map[string]any) { f["action"] = "write" }, "D0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := decide(t, r, facts(), letter()); !d.Allow {
				t.Fatalf("the world before is refused by %s", d.Rule)
			}
			f, resource := facts(), letter()
			c.change(f, resource)
			if d := decide(t, r, f, resource); d.Allow || d.Rule != c.rule {
				t.Errorf("decided %v by %s, want a refusal by %s", d.Allow, d.Rule, c.rule)
			}
			if d := decide(t, r, facts(), letter()); !d.Allow {
				t.Errorf("the world as before is refused by %s", d.Rule)
			}
		})
	}
}

// TestDoubtRefuses gives bundles whose decision is no decision: each is a refusal with an error, and the refusal is not kept.
func TestDoubtRefuses(t *testing.T) {
	t.Parallel()
	const permit = `decision := {"allow": true, "rule": "P1", "layer": "person", "tell": true, "obligations": obligations} if`
	for _, c := range []struct {
		name, with string
		want       error
	}{
		{"undefined", `decision := {"allow": true, "rule": "P1", "layer": nothing} if`, ErrUndefined},
		{"unknown rule", `decision := {"allow": true, "rule": concat("", ["P", "99"]), "layer": "person"} if`, ErrUnknownRule},
		{"no rule", `decision := {"allow": true, "layer": "person"} if`, ErrUnknownRule},
		{"no allow", `decision := {"rule": "P1", "layer": "person"} if`, ErrMalformed},
		{"allow is a text", `decision := {"allow": "true", "rule": "P1"} if`, ErrMalformed},
		{"not an object", `decision := true if`, ErrMalformed},
		{"unknown member", `decision := {"allow": true, "rule": "P1", "obligation": []} if`, ErrMalformed},
		{"obligation without type", `decision := {"allow": true, "rule": "P1", "obligations": [{"properties": {}}]} if`, ErrMalformed},
		{"obligation with a stray member", `decision := {"allow": true, "rule": "P1", "obligations": [{"type": "a", "when": 1}]} if`, ErrMalformed},
		{"failing builtin", `decision := {"allow": true, "rule": "P1", "layer": time.parse_rfc3339_ns("soon")} if`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bundle := small(t)
			replace(t, bundle, builtinsFile, `"count"`, `"count", "concat"`)
			replace(t, bundle, accessFile, permit, c.with)
			replace(t, bundle, accessFile, "now_ns := time", "nothing := \"x\" if input.action == \"none\"\n\nnow_ns := time")
			if c.name == "undefined" {
				replace(t, bundle, "pontlevis/main/main.rego", `default decision := {"allow": false, "rule": "D0", "layer": "default", "tell": false}`, "")
			}
			r, err := LoadWith(t.Context(), bundle, LoadOptions{SkipTests: true})
			if err != nil {
				t.Fatal(err)
			}
			wantRefusal(t, r, c.want)
		})
	}
}

func wantRefusal(t *testing.T, r *Revision, want error) {
	t.Helper()
	s, err := r.Session(facts())
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.Decide(t.Context(), letter())
	if err == nil || want != nil && !errors.Is(err, want) {
		t.Errorf("the error is %v, want %v", err, want)
	}
	if d == nil || d.Allow || d.Rule != ErrorRule || d.Layer != DefaultLayer || d.Reason.FR == "" || d.Remedy.EN == "" {
		t.Errorf("the refusal is %+v", d)
	}
	if n := r.table.Load().size(); n != 0 {
		t.Errorf("the table keeps %d failed decisions", n)
	}
	if r.Stats().Errors() != 1 {
		t.Errorf("%d errors are counted", r.Stats().Errors())
	}
}

// TestInputIsHeldToTheSchema: what the schema requires must be there, since denials lean on it, and a misspelt fact is no fact.
func TestInputIsHeldToTheSchema(t *testing.T) {
	t.Parallel()
	r := load(t, small(t))
	for name, change := range map[string]func(f map[string]any){
		"missing member":      func(f map[string]any) { delete(f["actor"].(map[string]any), "kind") },
		"missing list":        func(f map[string]any) { delete(patient(f), "blocked") },
		"null list":           func(f map[string]any) { patient(f)["blocked"] = nil },
		"missing now":         func(f map[string]any) { delete(f, "now") },
		"misspelt member":     func(f map[string]any) { patient(f)["bloked"] = []string{} },
		"misspelt root":       func(f map[string]any) { f["grnat"] = map[string]any{} },
		"wrong type":          func(f map[string]any) { f["now"] = 5 },
		"wrong type in items": func(f map[string]any) { patient(f)["blocked"] = []any{1} },
		"resource in facts":   func(f map[string]any) { f["resource"] = letter() },
		"too deep":            func(f map[string]any) { patient(f)["circle"] = deep(100) },
	} {
		f := facts()
		change(f)
		if _, err := r.Session(f); err == nil {
			t.Errorf("%s: the facts are taken", name)
		}
	}
	s, err := r.Session(facts())
	if err != nil {
		t.Fatal(err)
	}
	for name, resource := range map[string]any{
		"no type": map[string]any{"id": "d"}, "labels are a text": map[string]any{"type": "X", "labels": "MASQUE_PS"}, "a list": []string{"x"}, "a function": func() {},
		"nothing": nil,
	} {
		if d, err := s.Decide(t.Context(), resource); err == nil || d == nil || d.Allow {
			t.Errorf("resource %s: %+v, %v", name, d, err)
		}
	}
}

func deep(n int) any {
	if n == 0 {
		return "x"
	}
	return []any{deep(n - 1)}
}

// TestNullIsAbsent: in Rego a null consent is a value, and would stand for a consent.
func TestNullIsAbsent(t *testing.T) {
	t.Parallel()
	r := load(t, small(t))
	f := facts()
	patient(f)["consent"] = map[string]any{"since": nil}
	if d := decide(t, r, f, letter()); d.Allow {
		t.Error("a null consent opens the record")
	}
}

// TestResourceForms gives one document in every form: the answers are one.
func TestResourceForms(t *testing.T) {
	t.Parallel()
	type attributes struct {
		Type   string   `json:"type"`
		Class  []string `json:"class"`
		Labels []string `json:"labels"`
		Author []string `json:"author,omitempty"`
		Hidden int      `json:"-"`
	}
	type embedded struct {
		attributes
		Status string `json:"status"`
	}
	r := load(t, small(t))
	masked := []string{"MASQUE_PS"}
	doc := attributes{Type: "DocumentReference", Class: []string{"letter"}, Labels: masked}
	for name, resource := range map[string]any{
		"struct": doc, "pointer": &doc, "embedded": struct {
			attributes
			Host string `json:"host"`
		}{doc, "dmp"}, "named embedded": embedded{doc, "current"},
		"map": map[string]any{"type": "DocumentReference", "class": []any{"letter"}, "labels": masked},
		"raw": jsonText(`{"type":"DocumentReference","class":["letter"],"labels":["MASQUE_PS"]}`),
	} {
		if d := decide(t, r, facts(), resource); d.Rule != "P5" {
			t.Errorf("%s: decided by %s", name, d.Rule)
		}
	}
}

type jsonText string

func (j jsonText) MarshalJSON() ([]byte, error) { return []byte(j), nil }

func TestCancelledDecisionRefuses(t *testing.T) {
	t.Parallel()
	r := load(t, small(t))
	s, err := r.Session(facts())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d, err := s.Decide(ctx, letter())
	if !errors.Is(err, context.Canceled) || d.Allow {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestDecideAllKeepsOrder(t *testing.T) {
	t.Parallel()
	r := load(t, small(t))
	s, err := r.Session(facts())
	if err != nil {
		t.Fatal(err)
	}
	masked := letter()
	masked["labels"] = []string{"MASQUE_PS"}
	ds, err := s.DecideAll(t.Context(), []any{letter(), masked, map[string]any{}, letter()})
	if err == nil || !strings.Contains(err.Error(), "resource 3 of 4") {
		t.Errorf("the error is %v", err)
	}
	got := []string{}
	for _, d := range ds {
		got = append(got, d.Rule)
	}
	if diff := cmp.Diff([]string{"P1", "P5", ErrorRule, "P1"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestSessionsShareARevision runs one revision from many goroutines, for the race detector.
func TestSessionsShareARevision(t *testing.T) {
	t.Parallel()
	r := load(t, small(t))
	s, err := r.Session(facts())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 40 {
				doc := letter()
				doc["status"] = strings.Repeat("s", (i*j)%30+1)
				if d, err := s.Decide(t.Context(), doc); err != nil || !d.Allow {
					t.Errorf("%+v, %v", d, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestTableIsBounded fills it beyond its bound.
func TestTableIsBounded(t *testing.T) {
	t.Parallel()
	table := newTable()
	var context [32]byte
	for i := range 4 * tableShards * generationLimit {
		context[0], context[1], context[2], context[3] = byte(i), byte(i>>8), byte(i>>16), byte(i>>24)
		table.put(&context, hashOf("class"), "class", &entry{})
	}
	if n, limit := table.size(), 2*tableShards*generationLimit; n > limit || n == 0 {
		t.Errorf("the table holds %d entries, its bound is %d", n, limit)
	}
	if get(table, &context, hashOf("class"), "class") == nil {
		t.Error("the newest entry is gone")
	}
	if get(table, &context, hashOf("class"), "clasS") != nil {
		t.Error("another class has the entry")
	}
}
