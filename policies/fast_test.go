package policies

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/pontlevis/pontlevis/policies/plan"
)

// settled waits until nothing waits to be decided again.
func settled(t *testing.T, r *Revision) FastPath {
	t.Helper()
	for range 2000 {
		if !r.redecider.working.Load() && len(r.redecider.queue) == 0 {
			return r.FastPath()
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("decisions are still being taken again")
	return FastPath{}
}

func asFile(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

// lying makes the plan answer what another bundle says.
func lying(t *testing.T, r *Revision) {
	t.Helper()
	other := small(t)
	replace(t, other, "pontlevis/matrix/data.json", `"letter", `, "")
	replace(t, other, "pontlevis/matrix/data.json", `"nurse": [`, `"nurse": ["letter", `)
	liar, err := LoadWith(t.Context(), other, LoadOptions{SkipTests: true})
	if err != nil {
		t.Fatal(err)
	}
	r.fast.program = liar.fast.program
}

// watched is the small bundle with a list of contexts in which every decision is taken again.
func watched(t *testing.T) *Revision {
	t.Helper()
	bundle := small(t)
	bundle["pontlevis/redecided/data.json"] = asFile(`{"always": [{"path": ["actor", "profession"], "values": ["nurse"]}]}`)
	return load(t, bundle)
}

// TestPlanDecides and OPA's evaluator does not.
func TestPlanDecides(t *testing.T) {
	t.Parallel()
	r := load(t, small(t))
	before := r.FastPath()
	if !before.On() || before.Tested < leastTrials || len(r.Warnings) > 1 {
		t.Fatalf("after loading: %+v, warnings %v", before, r.Warnings)
	}
	if d := decide(t, r, facts(), letter()); !d.Allow {
		t.Errorf("%+v", d)
	}
	if f := r.FastPath(); f.Planned != 1 || f.Referred != 0 {
		t.Errorf("%+v", f)
	}
}

// TestLieIsFoundAtLoad puts a lying plan to the trial that precedes activation.
func TestLieIsFoundAtLoad(t *testing.T) {
	t.Parallel()
	r := load(t, small(t))
	lying(t, r)
	seeds, err := r.testInputs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	problems := r.tryPlan(t.Context(), seeds)
	if f := r.FastPath(); f.On() || f.Disagreed == 0 || f.Trips != 1 || !strings.Contains(f.Tripped, "trial") {
		t.Errorf("%+v", f)
	}
	if len(problems) != 1 || problems[0].Severity != Warning {
		t.Errorf("the load says %v", problems)
	}
	if d := decide(t, r, facts(), letter()); !d.Allow {
		t.Errorf("the lie stands: %+v", d)
	}
}

// TestLieIsFoundInADecision serves one lie in a context that is always looked at again: the next decision is OPA's, and the table forgets.
func TestLieIsFoundInADecision(t *testing.T) {
	t.Parallel()
	r := watched(t)
	honest := decide(t, r, facts(), letter())
	if f := settled(t, r); f.Redecided != 0 {
		t.Errorf("an ordinary decision was taken again: %+v", f)
	}
	r.table.Store(newTable())
	lying(t, r)
	in := facts()
	in["actor"].(map[string]any)["profession"] = "nurse"
	want, err := r.Session(in)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := want.Decide(t.Context(), letter()); err != nil {
		t.Fatal(err)
	}
	f := settled(t, r)
	if f.On() || f.Redecided != 1 || f.Disagreed != 1 || f.Trips != 1 {
		t.Fatalf("%+v", f)
	}
	if r.table.Load().size() != 0 {
		t.Error("what the lying plan decided is still in the table")
	}
	if d := decide(t, r, facts(), letter()); !d.Equal(honest) {
		t.Errorf("after the trip %+v decides, want %+v", d, honest)
	}
	if again := r.FastPath(); again.Referred == 0 {
		t.Errorf("%+v", again)
	}
}

// TestEveryWatchedDecisionIsTakenAgainOnce: what OPA confirmed is not asked again for each hit.
func TestEveryWatchedDecisionIsTakenAgainOnce(t *testing.T) {
	t.Parallel()
	r := watched(t)
	in := facts()
	in["actor"].(map[string]any)["profession"] = "nurse"
	for range 3 {
		decide(t, r, in, letter())
		settled(t, r)
	}
	if f := r.FastPath(); f.Redecided != 1 || f.Disagreed != 0 || !f.On() {
		t.Errorf("%+v", f)
	}
}

// TestSampleIsTakenAgain: one in so many, hits of the table too.
func TestSampleIsTakenAgain(t *testing.T) {
	t.Parallel()
	r := load(t, small(t))
	s, err := r.Session(facts())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 * sampleEvery {
		if _, err := s.Decide(t.Context(), letter()); err != nil {
			t.Fatal(err)
		}
	}
	if f := settled(t, r); f.Redecided+f.Dropped < 2 || f.Redecided > 4 || f.Disagreed != 0 {
		t.Errorf("%+v", f)
	}
}

// TestFullQueueDropsAndDoesNotWait stops the worker and offers more than there is room for.
func TestFullQueueDropsAndDoesNotWait(t *testing.T) {
	t.Parallel()
	r := load(t, small(t))
	r.redecider.working.Store(true) // as if it were busy for ever
	for range redecisionQueue + 7 {
		r.redecider.offer(redecision{})
	}
	if f := r.FastPath(); f.Dropped != 7 {
		t.Errorf("%+v", f)
	}
}

// TestUnsupportedIsServedByOPA loads a bundle that calls itself data.pontlevis without a compiled plan.
func TestUnsupportedIsServedByOPA(t *testing.T) {
	t.Parallel()
	r := load(t, small(t))
	f := &fastPath{rev: r, refused: &plan.Unsupported{Constructs: []plan.Construct{{Kind: "builtin walk", File: accessFile, Row: 3}}}}
	problems := f.slow()
	if len(problems) != 1 || problems[0].File != accessFile || problems[0].Line != 3 || !strings.Contains(problems[0].String(), "walk") ||
		!strings.Contains(problems[0].String(), slowdown) || refusal(problems) != nil {
		t.Errorf("%v", problems)
	}
	r.fast = f
	if d := decide(t, r, facts(), letter()); !d.Allow {
		t.Errorf("%+v", d)
	}
	if p := r.FastPath(); p.Compiled || p.Referred != 1 || p.Refused == nil {
		t.Errorf("%+v", p)
	}
	if _, err := (Planned{r}).Evaluate(t.Context(), &Context{}, &Resource{enc: "o;"}); !errors.Is(err, errNoAnswer) {
		t.Errorf("without a plan: %v", err)
	}
}

// TestSessionIsForMany decides the same page from several goroutines over one session, by the plan.
func TestSessionIsForMany(t *testing.T) {
	t.Parallel()
	r, worlds := worldsOf(t, bundles["small"])
	s, err := r.Session(facts())
	if err != nil {
		t.Fatal(err)
	}
	var resources []*Resource
	var want []*Decision
	number := 0
	draw := func(n int) int { number++; return number % n }
	for range 60 {
		res, err := NewResource(worlds.Near(Case{Input: facts(), Resource: letter()}, draw))
		if err != nil {
			t.Fatal(err)
		}
		d, err := r.Reference().Evaluate(t.Context(), s.context, res)
		if err != nil {
			t.Fatal(err)
		}
		resources, want = append(resources, res), append(want, d)
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range resources {
				k := (i + g*15) % len(resources)
				if d, err := s.Decide(t.Context(), resources[k]); err != nil || !d.Equal(want[k]) {
					t.Errorf("%+v (%v), want %+v", d, err, want[k])
				}
			}
		})
	}
	wg.Wait()
	s.Close()
	if d, err := s.Decide(t.Context(), resources[0]); err != nil || !d.Equal(want[0]) {
		t.Errorf("after Close: %+v (%v)", d, err)
	}
}

// TestProveFindsALie proves a lying revision beside no request at all, and then the next one.
func TestProveFindsALie(t *testing.T) {
	first, second := load(t, small(t)), load(t, small(t))
	lying(t, first)
	tested := second.FastPath().Tested
	synctest.Test(t, func(t *testing.T) {
		e := NewEngine(first)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); e.Prove(ctx) }()
		for e.FastPath().On() {
			time.Sleep(time.Millisecond)
		}
		e.Activate(second)
		for second.FastPath().Tested < tested+50 {
			time.Sleep(time.Millisecond)
		}
		if f := e.FastPath(); !f.On() || f.Trips != 1 || f.Disagreed == 0 {
			t.Errorf("%+v", f)
		}
		cancel()
		<-done
	})
}

// TestListOfContextsIsRefusedWhenUnclear holds that a list that cannot be read whole keeps the bundle from loading.
func TestListOfContextsIsRefusedWhenUnclear(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"always": {}}`, `{"always": [{}]}`, `{"always": [{"path": [], "values": ["x"]}]}`, `{"always": [{"path": ["a"], "values": [1]}]}`,
		`{"always": [{"path": ["a"], "values": ["x"], "but": true}]}`} {
		bundle := small(t)
		bundle["pontlevis/redecided/data.json"] = asFile(text)
		if _, err := LoadWith(t.Context(), bundle, LoadOptions{SkipTests: true}); err == nil || !strings.Contains(err.Error(), "redecided") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
