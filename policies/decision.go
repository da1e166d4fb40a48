package policies

import (
	"errors"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Text is one sentence for people, in both languages of the service.
type Text struct {
	FR string `json:"fr"`
	EN string `json:"en"`
}

// Obligation is something the caller must do for the decision to stand. A caller that does not know its type must refuse
// (AuthZEN obligations profile, draft of July 2026).
type Obligation struct {
	Type       string         `json:"type"`
	Properties map[string]any `json:"properties,omitempty"`
}

// Decision is the whole answer for one resource. Decisions are shared between requests: treat them, and what they hold, as read-only.
type Decision struct {
	Allow       bool         `json:"allow"`
	Rule        string       `json:"rule"`   // the rule that decided, as in the bundle's metadata ("P5"); ErrorRule when none could
	Layer       string       `json:"layer"`  // law, person, establishment, matrix, app, default
	Tell        bool         `json:"tell"`   // whether the actor may learn of the refusal; otherwise it looks like absence
	Reason      Text         `json:"reason"` // from the rule's metadata
	Remedy      Text         `json:"remedy"`
	Obligations []Obligation `json:"obligations,omitempty"`
	Revision    string       `json:"revision"` // digest of the bundle
}

// ErrorRule and DefaultLayer name the refusal given when the policy gave no usable answer.
const (
	ErrorRule    = "error"
	DefaultLayer = "default"
)

// Errors of a decision. Each comes with a refusal: a caller that looks at Decision.Allow alone is safe.
var (
	ErrUndefined   = errors.New("the policy gives no decision")
	ErrUnknownRule = errors.New("the decision names a rule that the bundle does not describe")
	ErrMalformed   = errors.New("the decision is malformed")
	ErrInput       = errors.New("the input does not fit the bundle's schema")
	ErrTimeout     = errors.New("the decision took too long")
)

var errorReason, errorRemedy = Text{
	FR: "La décision n'a pas pu être prise ; dans le doute, l'accès est refusé.",
	EN: "No decision could be reached; in doubt, access is refused.",
}, Text{
	FR: "Réessayez ; si le refus persiste, prévenez l'exploitant du service.",
	EN: "Try again; if the refusal persists, tell the operator of the service.",
}

// failed is the refusal that stands for a decision that could not be taken.
func (r *Revision) failed() *Decision {
	return &Decision{Rule: ErrorRule, Layer: DefaultLayer, Reason: errorReason, Remedy: errorRemedy, Revision: r.Digest}
}

// read turns the policy's output into a Decision. Everything unexpected is an error: an output that is not understood whole, an obligation
// above all, must not be half obeyed.
func (r *Revision) read(v ast.Value) (*Decision, error) {
	obj, ok := v.(ast.Object)
	if !ok {
		return nil, fmt.Errorf("%w: expected an object, got %s", ErrMalformed, ast.ValueName(v))
	}
	d := &Decision{Revision: r.Digest}
	seenAllow := false
	err := obj.Iter(func(k, v *ast.Term) error {
		name, _ := k.Value.(ast.String)
		switch name {
		case "allow":
			seenAllow = true
			return take(v, &d.Allow)
		case "tell":
			return take(v, &d.Tell)
		case "rule":
			return take(v, &d.Rule)
		case "layer":
			return take(v, &d.Layer)
		case "obligations":
			return takeObligations(v, d)
		}
		return fmt.Errorf("%w: unknown member %v", ErrMalformed, k)
	})
	if err != nil {
		return nil, err
	}
	if !seenAllow {
		return nil, fmt.Errorf("%w: no member allow", ErrMalformed)
	}
	rule, ok := r.rules[d.Rule]
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrUnknownRule, d.Rule)
	}
	d.Reason, d.Remedy = rule.Reason, rule.Remedy
	if d.Layer == "" {
		d.Layer = rule.Layer
	}
	return d, nil
}

func take[T bool | string](t *ast.Term, into *T) error {
	switch v := t.Value.(type) {
	case ast.Boolean:
		if p, ok := any(into).(*bool); ok {
			*p = bool(v)
			return nil
		}
	case ast.String:
		if p, ok := any(into).(*string); ok {
			*p = string(v)
			return nil
		}
	}
	return fmt.Errorf("%w: %v is not a %T", ErrMalformed, t, *into)
}

// takeObligations reads an array or a set of {type, properties}; a set comes out sorted, so that equal decisions are equal values.
func takeObligations(t *ast.Term, d *Decision) error {
	switch v := t.Value.(type) {
	case *ast.Array:
		return v.Iter(func(e *ast.Term) error { return takeObligation(e, d) })
	case ast.Set:
		for _, e := range v.Slice() {
			if err := takeObligation(e, d); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%w: obligations are %s", ErrMalformed, ast.ValueName(t.Value))
}

func takeObligation(t *ast.Term, d *Decision) error {
	v, err := ast.JSON(t.Value)
	if err != nil {
		return fmt.Errorf("%w: obligation: %w", ErrMalformed, err)
	}
	m, ok := v.(map[string]any)
	kind, _ := m["type"].(string)
	if !ok || kind == "" {
		return fmt.Errorf("%w: obligation without a type: %v", ErrMalformed, t)
	}
	o := Obligation{Type: kind}
	for k, v := range m {
		switch k {
		case "type":
		case "properties":
			if o.Properties, ok = v.(map[string]any); !ok {
				return fmt.Errorf("%w: properties of obligation %s", ErrMalformed, kind)
			}
		default:
			return fmt.Errorf("%w: obligation %s has an unknown member %q", ErrMalformed, kind, k)
		}
	}
	d.Obligations = append(d.Obligations, o)
	return nil
}
