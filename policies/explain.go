package policies

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Explanation tells how one decision came about, from the recorded input alone.
type Explanation struct {
	Decision *Decision `json:"decision"`
	Rule     Rule      `json:"rule"` // the rule that decided, as the bundle describes it
	Steps    []Step    `json:"steps"`
}

// State of a rule in an explanation.
type State string

// The three states: it held; it was tried and a condition was not met; nothing asked for it.
const (
	Held      State = "held"
	Unmet     State = "unmet"
	Unreached State = "unreached"
)

// Step is one body of a described rule: whether it held, from which facts, or its first unmet condition.
type Step struct {
	Rule  string     `json:"rule"`
	Title string     `json:"title"`
	Path  string     `json:"path"`
	File  string     `json:"file"`
	Line  int        `json:"line"`
	State State      `json:"state"`
	Facts []Fact     `json:"facts,omitempty"` // the input that a body that held looked at
	Unmet *Condition `json:"unmet,omitempty"`
}

// Condition is a line of a rule that was not met, with the input values it looked at and, for each helper it leans on, why that one failed, or
// that it held.
type Condition struct {
	File    string      `json:"file"`
	Line    int         `json:"line"`
	Text    string      `json:"text"`
	Held    bool        `json:"held,omitempty"` // true of a helper that held where it should not have
	Facts   []Fact      `json:"facts,omitempty"`
	Because []Condition `json:"because,omitempty"`
}

// Fact is a value of the input, as JSON; Absent when the input has none.
type Fact struct {
	Path   string `json:"path"`
	Value  string `json:"value,omitempty"`
	Absent bool   `json:"absent,omitempty"`
}

// maxBecause bounds how deep an explanation follows helpers.
const maxBecause = 4

// Explain decides once more, with the rule index and early exit off, and tells for each described rule whether it held or what was missing.
// The input is everything but the resource. An evaluation error is told in the decision, which is then a refusal, and returned.
func Explain(ctx context.Context, rev *Revision, input map[string]any, resource any) (*Explanation, error) {
	s, err := rev.Session(input)
	if err != nil {
		return nil, err
	}
	seen, err := NewResource(resource)
	if err != nil {
		return nil, fmt.Errorf("explaining: %w", err)
	}
	whole := s.context.Input(seen)
	t := &explainTracer{queries: map[uint64]*attempt{}, bodies: map[string]*body{}}
	cancel := topdown.NewCancel()
	defer context.AfterFunc(ctx, cancel.Cancel)()
	out, err := rev.compiled.eval(ctx, cancel, whole, rego.EvalQueryTracer(t), rego.EvalRuleIndexing(false), rego.EvalEarlyExit(false))
	var d *Decision
	switch {
	case err == nil && out == nil:
		err = ErrUndefined
	case err == nil:
		d, err = rev.read(out)
	}
	if err != nil {
		d, err = rev.failed(), fmt.Errorf("explaining: %w", err)
	}
	x := &explainer{rev: rev, input: whole, bodies: t.bodies, finder: newFinder(rev.parsed.decisionModules())}
	e := &Explanation{Decision: d, Rule: rev.rules[d.Rule], Steps: x.steps()}
	return e, err
}

// body is what was seen of one rule body.
type body struct {
	held  bool
	fails int           // index of the furthest condition that failed
	where *ast.Location // its place
}

type attempt struct {
	body   *body
	exited bool
}

// explainTracer keeps, for each rule body, whether it held or how far it came.
type explainTracer struct {
	queries map[uint64]*attempt
	bodies  map[string]*body
}

// Enabled implements topdown.QueryTracer.
func (t *explainTracer) Enabled() bool { return true }

// Config implements topdown.QueryTracer.
func (t *explainTracer) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent implements topdown.QueryTracer.
func (t *explainTracer) TraceEvent(e topdown.Event) {
	switch e.Op {
	case topdown.EnterOp:
		if r, ok := e.Node.(*ast.Rule); ok {
			b := t.bodies[at(r.Location)]
			if b == nil {
				b = &body{fails: -1}
				t.bodies[at(r.Location)] = b
			}
			t.queries[e.QueryID] = &attempt{body: b}
		}
	case topdown.ExitOp:
		if q := t.queries[e.QueryID]; q != nil {
			if _, ok := e.Node.(*ast.Rule); ok {
				q.body.held, q.exited = true, true
			}
		}
	case topdown.FailOp:
		q := t.queries[e.QueryID]
		expr, ok := e.Node.(*ast.Expr)
		if ok && q != nil && !q.exited && expr.Index >= q.body.fails && expr.Location != nil {
			q.body.fails, q.body.where = expr.Index, expr.Location
		}
	}
}

// explainer turns what was seen into steps.
type explainer struct {
	rev    *Revision
	input  ast.Object
	bodies map[string]*body
	finder *finder
}

func (x *explainer) steps() []Step {
	var out []Step
	for _, name := range sortedKeys(x.finder.modules) {
		for _, first := range x.finder.modules[name].Rules {
			for r := first; r != nil; r = r.Else {
				if id, ok := x.rev.byAST[at(r.Location)]; ok && !r.Default {
					out = append(out, x.step(id, r))
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Step) int { return compareIDs(a.Rule, b.Rule) })
	return out
}

func (x *explainer) step(id string, r *ast.Rule) Step {
	s := Step{Rule: id, Title: x.rev.rules[id].Title, Path: rulePath(r), File: r.Location.File, Line: r.Location.Row, State: Unreached}
	b := x.bodies[at(r.Location)]
	switch {
	case b == nil:
	case b.held:
		s.State, s.Facts = Held, x.factsOfBody(r, maxBecause)
	default:
		s.State = Unmet
		s.Unmet = x.condition(r, b, maxBecause)
	}
	return s
}

// condition tells the furthest line a body failed at, from the module as it was written.
func (x *explainer) condition(r *ast.Rule, b *body, depth int) *Condition {
	if b.where == nil {
		return nil
	}
	c := &Condition{File: b.where.File, Line: b.where.Row, Text: string(b.where.Text)}
	expr := exprAt(r.Body, b.where)
	if expr == nil {
		return c
	}
	if expr.Location != nil {
		c.Text = string(expr.Location.Text)
	}
	c.Facts = x.facts(expr)
	if depth == 0 {
		return c
	}
	for _, helper := range x.finder.helpersOf(expr, r.Module) {
		hb := x.bodies[at(helper.Location)]
		if hb == nil {
			continue
		}
		if hb.held { // under `not`, or one body of several
			c.Because = append(c.Because, Condition{File: helper.Location.File, Line: helper.Location.Row, Text: firstLine(helper), Held: true,
				Facts: x.factsOfBody(helper, depth-1)})
			continue
		}
		if why := x.condition(helper, hb, depth-1); why != nil {
			c.Because = append(c.Because, *why)
		}
	}
	return c
}

// firstLine is how a rule is written, as far as its first line.
func firstLine(r *ast.Rule) string {
	line, _, _ := strings.Cut(string(r.Location.Text), "\n")
	return strings.TrimSuffix(strings.TrimSpace(line), " {")
}

// factsOfBody lists what a body looked at, itself and through its helpers that held.
func (x *explainer) factsOfBody(r *ast.Rule, depth int) []Fact {
	facts := x.facts(r.Body)
	for _, e := range r.Body {
		for _, helper := range x.finder.helpersOf(e, r.Module) {
			if hb := x.bodies[at(helper.Location)]; depth == 0 || hb == nil {
				continue
			}
			for _, f := range x.factsOfBody(helper, depth-1) {
				if !slices.Contains(facts, f) {
					facts = append(facts, f)
				}
			}
		}
	}
	return facts
}

// exprAt finds the written expression that a compiled one comes from: the last of the body that begins at or before its place.
func exprAt(b ast.Body, where *ast.Location) *ast.Expr {
	var found *ast.Expr
	for _, e := range b {
		if e.Location == nil {
			continue
		}
		if e.Location.Row < where.Row || e.Location.Row == where.Row && e.Location.Col <= where.Col {
			found = e
		}
	}
	return found
}

// facts lists the values of the input that a part of a module refers to, each once, in order.
func (x *explainer) facts(part any) []Fact {
	var out []Fact
	seen := map[string]bool{}
	ast.WalkRefs(part, func(r ast.Ref) bool {
		if !r.HasPrefix(ast.InputRootRef) || len(r) == 1 {
			return false
		}
		r = groundNames(r)
		path := r.String()
		if seen[path] {
			return false
		}
		seen[path] = true
		f := Fact{Path: path}
		if v, err := x.input.Find(r[1:]); err != nil {
			f.Absent = true
		} else {
			f.Value = v.String()
		}
		out = append(out, f)
		return false
	})
	return out
}

// groundNames cuts a reference before its first step that is no plain name: the list is shown, not an element nobody can tell.
func groundNames(r ast.Ref) ast.Ref {
	for i, t := range r[1:] {
		if _, ok := t.Value.(ast.String); !ok {
			return r[:i+1]
		}
	}
	return r
}
