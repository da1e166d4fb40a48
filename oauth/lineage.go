package oauth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth/scope"
)

// lineage is what a grant derived by token exchange rests on: the grants before it, each read now.
type lineage struct {
	client *Client  // in whose name the person agreed, as the policies see it
	app    App      // its entry, cut by the label of each system that acts for it
	scopes []string // what all grants before this one still allow
}

// lineage follows a derived grant to the one that a person gave. Each grant on the way has to live, each client and
// person to be able to act, and each label to allow access; a *gate.TokenError says that one does not. The rights are
// those of the first app, which the person agreed with, and no wider than any label on the way: an exchange opens nothing
// that the subject's own token would not.
//
// The portal has no label to cut by. What acts for it is judged as what it is itself.
func (s *Server) lineage(ctx context.Context, g *grantRecord, c *Client) (*lineage, error) {
	app, ok, err := s.allowed(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("reading an app's label: %w", err)
	}
	if !ok {
		return nil, invalidToken("The label of a system that acts for another does not allow access.")
	}
	out := &lineage{client: c, app: app, scopes: app.cover(c, g.Scopes)}
	for range maxActors + 1 {
		if g.Parent == "" {
			return out, nil
		}
		parent, owner, err := s.forebear(ctx, g.Parent)
		if err != nil {
			return nil, err
		}
		app, ok, err := s.allowed(ctx, owner)
		if err != nil {
			return nil, fmt.Errorf("reading an app's label: %w", err)
		}
		if !ok || app.Category != out.app.Category {
			return nil, invalidToken("The app that another system acts for is not allowed access, or is of another category.")
		}
		parentScopes := app.cover(owner, parent.Scopes)
		if owner.Kind != "portal" {
			if out.client.Kind != "portal" {
				app.Label = meet(app.Label, out.app.Label)
			}
			out.client, out.app = owner, app
		}
		out.scopes = scope.Narrow(parentScopes, out.scopes)
		g = parent
	}
	return nil, invalidToken("Too many systems act one for the other.")
}

// forebear reads a grant that another was derived from, and its client.
func (s *Server) forebear(ctx context.Context, id string) (*grantRecord, *Client, error) {
	g, err := readRow(ctx, s, &s.grants, partitionOf(id), grantKey(id))
	if errors.Is(err, ErrNotFound) || err == nil && !g.live(s.now()) {
		return nil, nil, invalidToken("The grant that this one was derived from has ended.")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading the grant before: %w", err)
	}
	c, _, err := s.parties(ctx, g)
	if errors.Is(err, ErrNotFound) {
		return nil, nil, invalidToken("The client or the person of the grant before may not act any more.")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading the parties of a grant: %w", err)
	}
	ended, err := s.ended(ctx, g)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the endings of a patient's grants: %w", err)
	}
	if ended {
		return nil, nil, invalidToken("The grant that this one was derived from has been ended by the person.")
	}
	going, err := s.goesOn(ctx, g)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the session of a grant: %w", err)
	}
	if !going {
		return nil, nil, invalidToken("The person has signed out.")
	}
	return g, c, nil
}

// meet is what both labels allow.
func meet(a, b gate.Label) gate.Label {
	both := func(x, y []string) []string {
		return slices.DeleteFunc(slices.Clone(x), func(v string) bool { return !slices.Contains(y, v) })
	}
	out := gate.Label{
		Status: a.Status, Exchange: a.Exchange && b.Exchange, Purposes: both(a.Purposes, b.Purposes),
		Directions: both(a.Directions, b.Directions), Expires: a.Expires,
	}
	for _, category := range both(a.Categories, b.Categories) {
		one, other := a.Only[category], b.Only[category]
		if one != "" && other != "" && one != other {
			continue
		}
		out.Categories = append(out.Categories, category)
		if only := cmp.Or(one, other); only != "" {
			if out.Only == nil {
				out.Only = map[string]string{}
			}
			out.Only[category] = only
		}
	}
	if out.Status == "online" {
		out.Status = b.Status
	}
	if !b.Expires.IsZero() && (out.Expires.IsZero() || b.Expires.Before(out.Expires)) {
		out.Expires = b.Expires
	}
	return out
}

// derivedGrant is a derived grant as the gate takes it: the person in the name of the first app, through each system that
// acts for it.
func (s *Server) derivedGrant(ctx context.Context, from madeFrom) (*gate.Grant, error) {
	l, err := s.lineage(ctx, from.grant, from.client)
	if err != nil {
		return nil, err
	}
	scopes := scope.Narrow(l.scopes, from.access.scopes(from.grant))
	out := grantFor(from.grant, l.client, from.person, l.app, scopes, from.access.Expires)
	out.Via = from.grant.Acts
	return out, nil
}
