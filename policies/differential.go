package policies

import (
	"context"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Case is one input to compare evaluators on.
type Case struct {
	Input    map[string]any // everything but the resource
	Resource map[string]any

	held []string // bodies of rules that held in it, when it is an input of the bundle's tests
}

// Difference is an input on which two evaluators do not give the same whole decision, or fail differently.
type Difference struct {
	Case       Case
	A, B       *Decision
	ErrA, ErrB error
}

// Error says both answers.
func (d *Difference) Error() string {
	return fmt.Sprintf("the evaluators differ: %+v (%v) and %+v (%v)", d.A, d.ErrA, d.B, d.ErrB)
}

// Differential asks two evaluators the same question and gives nil when they agree on the whole decision: outcome, rule, layer, texts,
// obligations and their order. Two failures agree, whatever they say: both are refusals. A case that no evaluator can be asked is an error
// of another type than *Difference.
func Differential(ctx context.Context, a, b Evaluator, c Case) error {
	facts, err := NewContext(c.Input)
	if err != nil {
		return err
	}
	resource, err := NewResource(c.Resource)
	if err != nil {
		return fmt.Errorf("building the resource: %w", err)
	}
	da, errA := a.Evaluate(ctx, facts, resource)
	db, errB := b.Evaluate(ctx, facts, resource)
	if errA != nil && errB != nil || errA == nil && errB == nil && da.Equal(db) {
		return nil
	}
	return &Difference{Case: c, A: da, B: db, ErrA: errA, ErrB: errB}
}

// Equal compares two whole decisions.
func (d *Decision) Equal(other *Decision) bool {
	if d == nil || other == nil {
		return d == other
	}
	if d.Allow != other.Allow || d.Rule != other.Rule || d.Layer != other.Layer || d.Tell != other.Tell || d.Reason != other.Reason ||
		d.Remedy != other.Remedy || d.Revision != other.Revision || len(d.Obligations) != len(other.Obligations) {
		return false
	}
	for i, o := range d.Obligations {
		p := other.Obligations[i]
		if o.Type != p.Type || !sameJSON(o.Properties, p.Properties) {
			return false
		}
	}
	return true
}

func sameJSON(a, b map[string]any) bool {
	x, errX := ast.InterfaceToValue(a)
	y, errY := ast.InterfaceToValue(b)
	return errX == nil && errY == nil && x.Compare(y) == 0
}

// Tabled is the evaluator with the table in front, as sessions use it; it is what the differential test compares with the reference.
type Tabled struct{ Revision *Revision }

// Evaluate implements Evaluator.
func (t Tabled) Evaluate(ctx context.Context, c *Context, resource *Resource) (*Decision, error) {
	s, err := t.Revision.sessionIn(c)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.Decide(ctx, resource)
}

var _ Evaluator = Tabled{}
