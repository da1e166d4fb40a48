package gate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/space"
)

// A scope that a search narrows (SMART App Launch 2.2, "Finer-grained resource constraints using search parameters")
// grants what the search matches. Which scopes a resource is within is a fact of it, found out here as a search would;
// what follows is the policies' (A1.scope): for the same grant, all that is not within is not there.

// narrowed is a scope that a search narrows.
type narrowed struct {
	scope string // without the search, as the policies read it
	by    *search.Narrowing
}

// isNarrowed reports whether a scope has a search.
func isNarrowed(scope string) bool { return strings.Contains(scope, "?") }

// splitScopes tells the scopes of a grant that are whole from those that a search narrows. One whose search is not
// understood grants nothing.
func splitScopes(scopes []string) (whole []string, within []narrowed) {
	for _, word := range scopes {
		scope, raw, is := strings.Cut(word, "?")
		if !is {
			whole = append(whole, word)
			continue
		}
		_, rest, _ := strings.Cut(scope, "/")
		resourceType, _, _ := strings.Cut(rest, ".")
		if by, err := search.ParseNarrowing(resourceType, raw); err == nil {
			within = append(within, narrowed{scope, by})
		}
	}
	return whole, within
}

// namesOf are the narrowed scopes without their searches, sorted and each once.
func namesOf(all []narrowed) []string {
	var out []string
	for _, n := range all {
		out = append(out, n.scope)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// state is a resource as it is, was or would be.
type state interface {
	Resource() (*fhir.Resource, error)
}

// parsedState is a resource that is at hand.
type parsedState struct{ r *fhir.Resource }

func (p parsedState) Resource() (*fhir.Resource, error) { return p.r, nil }

// narrow adds the scopes that a resource is within to what the policies may know of it. Without a narrowed scope in the
// grant there is nothing to add.
func (h *hearing) narrow(resource map[string]any, s state) (map[string]any, error) {
	if !h.narrows {
		return resource, nil
	}
	own, err := h.g.parts.ofGrant(h.grant)
	if err != nil {
		return nil, err
	}
	r, err := s.Resource()
	if err != nil {
		return nil, err
	}
	var within []narrowed
	for _, n := range own.narrowed {
		matches, err := n.by.Match(r)
		if err != nil {
			return nil, fmt.Errorf("matching a narrowed scope: %w", err)
		}
		if matches {
			within = append(within, n)
		}
	}
	resource["within"] = list(namesOf(within))
	return resource, nil
}

// change decides a write on a resource with these attributes; change is input.change. The states are the resource as it
// was and as it would be: a narrowed scope must hold for each, so that a write neither takes something out of what the
// grant is for nor brings something in.
func (h *hearing) change(ctx context.Context, facts *space.Facts, action string, attributes fhir.Attributes, change map[string]any, states ...state) (*policies.Decision, error) {
	s, err := h.newSession(facts, action, change)
	if err != nil {
		return nil, err
	}
	if !h.narrows {
		states = states[:1]
	}
	var d *policies.Decision
	for _, one := range states {
		if d, err = h.decide(ctx, s, action, attributes, one); err != nil || !d.Allow {
			return d, err
		}
	}
	return d, nil
}
