package policies

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/topdown"
)

// evaluationLimit bounds one evaluation, whatever the caller's context says: a decision takes some fifty microseconds.
const evaluationLimit = 2 * time.Second

// Evaluator decides one resource in one context. It is the seam between the policy's meaning and the ways to compute it: OPA's own
// evaluator is the reference, and any other must equal it, whole decision by whole decision (see Differential).
// Implementations are safe for concurrent use. A nil decision goes with an error.
type Evaluator interface {
	Evaluate(ctx context.Context, c *Context, resource *Resource) (*Decision, error)
}

// reference is OPA's evaluator, called as leanly as it allows: a prepared query, an input made of shared values, one read transaction for
// the life of the revision, no goroutine, no metrics, no JSON.
type reference struct {
	rev *Revision
}

// Evaluate implements Evaluator.
func (e reference) Evaluate(ctx context.Context, c *Context, resource *Resource) (*Decision, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	limited, done := context.WithTimeout(ctx, evaluationLimit)
	defer done()
	cancel := topdown.NewCancel()
	stop := context.AfterFunc(limited, cancel.Cancel)
	defer stop()
	v, err := e.rev.compiled.eval(limited, cancel, c.Input(resource))
	switch {
	case err == nil && v == nil:
		return nil, ErrUndefined
	case err == nil:
		return e.rev.read(v)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case topdown.IsCancel(err) || errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("%w: more than %s", ErrTimeout, evaluationLimit)
	}
	return nil, fmt.Errorf("evaluating the policy: %w", err)
}

var _ Evaluator = reference{}
