package policies

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/pontlevis/pontlevis/policies/plan"
)

// slowdown is what leaving the compiled plan costs, as measured (docs/policies.md).
const slowdown = "25 times"

// slow lists, as warnings, every construct for which the bundle is left to OPA's evaluator.
func (f *fastPath) slow() []Problem {
	if f.refused == nil {
		return nil
	}
	var u *plan.Unsupported
	if !errors.As(f.refused, &u) {
		return []Problem{{Rule: "slow", Severity: Warning, Message: fmt.Sprintf("the bundle has no compiled plan (%v): each decision costs some %s more.", f.refused, slowdown)}}
	}
	out := make([]Problem, 0, len(u.Constructs))
	for _, c := range u.Constructs {
		out = append(out, Problem{Rule: "slow", Severity: Warning, File: c.File, Line: c.Row,
			Message: fmt.Sprintf("%s is not run compiled, which leaves the whole bundle to OPA's evaluator: each decision costs some %s more.", c.Kind, slowdown),
			Mend:    "write it with other means, if decisions are many."})
	}
	return out
}

// What the plan is tried on before a revision is in force: inputs of the bundle's own tests and random worlds, until the time is over, and at
// least a few. The others are tried by Engine.Prove, beside the requests.
const (
	trialTime   = 150 * time.Millisecond
	leastTrials = 40
	allTrials   = 5000
)

// tryPlan compares the plan with OPA's evaluator. A difference puts it out of service and is given as a warning.
func (r *Revision) tryPlan(ctx context.Context, seeds []Case) []Problem {
	if !r.fast.on() {
		return nil
	}
	until := time.Now().Add(trialTime)
	for _, c := range seeds {
		if !r.agrees(ctx, "the trial on the bundle's own tests", c) {
			break
		}
	}
	p := newProof(r, seeds)
	for p.done < leastTrials || p.done < allTrials && time.Now().Before(until) {
		if ctx.Err() != nil || !p.next(ctx, "the trial on random worlds") {
			break
		}
	}
	why := r.fast.tripped.Load()
	if why == nil {
		return nil
	}
	return []Problem{{Rule: "slow", Severity: Warning,
		Message: fmt.Sprintf("the compiled plan differs from OPA's evaluator, found by %s; OPA's decides, at some %s the cost.", *why, slowdown)}}
}

// proof goes through random worlds that follow from the bundle's digest alone.
type proof struct {
	rev    *Revision
	worlds *Worlds
	rng    *rand.Rand
	last   Case
	done   int
}

func newProof(r *Revision, seeds []Case) *proof {
	sum := sha256.Sum256([]byte(r.Digest))
	rng := rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:])))
	return &proof{rev: r, worlds: newWorlds(r, seeds), rng: rng}
}

// next tries one more vector, and reports whether the plan is still in service.
func (p *proof) next(ctx context.Context, where string) bool {
	if p.done++; p.done%4 == 1 {
		p.last = p.worlds.Next(p.rng.IntN)
	} else {
		p.last.Resource = p.worlds.Near(p.last, p.rng.IntN)
	}
	return p.rev.agrees(ctx, where, p.last)
}

// agrees compares both evaluators on one case, and reports whether the plan is still in service. A case that either could not be asked, for
// lack of time or because the plan gave no answer, says nothing.
func (r *Revision) agrees(ctx context.Context, where string, c Case) bool {
	var d *Difference
	err := Differential(ctx, r.Reference(), Planned{r}, c)
	switch {
	case ctx.Err() != nil:
		return false
	case errors.As(err, &d) && !isTimeout(d.ErrA) && !errors.Is(d.ErrB, errNoAnswer):
		r.differs(where, d)
	case err == nil:
		r.stats.fast.tested.Add(1)
	}
	return r.fast.on()
}

// idle is how much longer than a trial the pause after it is: proving is to take a small part of a processor.
const idle = 9

// Prove tries the plan of the revision in force, and of each one that takes its place, on the inputs of the bundle's own tests and on thousands
// of random worlds, until the context ends. It takes its time. A difference puts the plan out of service, as one found in a decision does.
func (e *Engine) Prove(ctx context.Context) {
	for {
		e.Current().prove(ctx)
		select {
		case <-ctx.Done():
			return
		case <-e.changed:
		}
	}
}

func (r *Revision) prove(ctx context.Context) {
	if !r.fast.on() {
		return
	}
	seeds, err := r.testInputs(ctx)
	if err != nil {
		seeds = nil // tests that do not run were reason to refuse the bundle, or are left out on purpose
	}
	for p := newProof(r, seeds); p.done < len(seeds)+allTrials; {
		began, on := time.Now(), true
		if p.done < len(seeds) {
			on = r.agrees(ctx, "the proof on the bundle's own tests", seeds[p.done])
			p.done++
		} else {
			on = p.next(ctx, "the proof on random worlds")
		}
		if !on {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(idle * time.Since(began)):
		}
	}
}
