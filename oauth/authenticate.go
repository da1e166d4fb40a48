package oauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth/scope"
	"github.com/pontlevis/pontlevis/store"
)

// Authenticate returns the live grant of an access token: the token's authentication code, its row, its family, the
// endings of the patient's grants, the person and the client, each read now, and what the token is bound to. It returns a *gate.TokenError for a token
// that is not accepted (RFC 6750 §3.1), and another error when the store could not be asked; the caller must then answer
// 503 and give nothing.
//
// Refresh tokens, codes and id_tokens are never accepted. The label of an app that is no longer online is told in the
// grant rather than refused here, so that the policies can say why.
func (s *Server) Authenticate(ctx context.Context, presented gate.Presented) (*gate.Grant, error) {
	g, a, err := s.liveToken(ctx, presented.Token)
	if err != nil {
		return nil, err
	}
	client, person, err := s.parties(ctx, g)
	if errors.Is(err, ErrNotFound) {
		return nil, invalidToken("The client or the person of this token may not act any more.")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the parties of a grant: %w", err)
	}
	if err := s.checkBound(ctx, &presented, client, a.Bound); err != nil {
		return nil, err
	}
	if g.Parent != "" {
		return s.derivedGrant(ctx, madeFrom{g, a, client, person})
	}
	app, _, err := s.allowed(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("reading an app's label: %w", err)
	}
	return s.made.grant(madeFrom{g, a, client, person}, app), nil
}

// grantFor is a grant as the gate takes it. Its client goes by the name of the catalogue: what a person agrees to, and what the log
// tells them, is about the app, of which each installation may have registered a client of its own.
func grantFor(g *grantRecord, client *Client, person *Person, app App, scopes []string, until time.Time) *gate.Grant {
	return &gate.Grant{
		ID: g.ID, Actor: actorOf(g, client, person),
		Client:  gate.Client{ID: client.labelled(), Kind: client.Kind, Category: app.Category, Label: app.Label},
		Scopes:  scope.Normalised(scopes),
		Patient: g.Patient, Purpose: g.Purpose, Mode: g.Mode, Reason: g.Reason, TypedReason: g.TypedReason,
		Stage: g.Stage, Opening: g.Opening, Secret: g.Secret, Since: g.Since, Until: until,
		Auth: g.Auth, ACR: g.ACR, AMR: g.AMR,
	}
}

func invalidToken(description string) error {
	return &gate.TokenError{Code: codeInvalidToken, Description: description}
}

// liveToken reads an access token and its family.
func (s *Server) liveToken(ctx context.Context, bearer string) (g *grantRecord, a *accessRecord, err error) {
	id, hash, ok := s.parseToken(prefixAccess, bearer)
	if !ok {
		return nil, nil, invalidToken("This is no access token of this server.")
	}
	if a, err = readRow(ctx, s, &s.accesses, partitionOf(id), accessKey(id, hash)); err == nil {
		g, err = readRow(ctx, s, &s.grants, partitionOf(id), grantKey(id))
	}
	if errors.Is(err, ErrNotFound) {
		return nil, nil, invalidToken("The access token is not known, or was revoked.")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading an access token: %w", err)
	}
	now := s.now()
	if !now.Before(a.Expires) {
		return nil, nil, invalidToken("The access token has expired.")
	}
	if !g.live(now) {
		s.tell(ctx, "ended_used", g.Client, g.Person, g.ID)
		return nil, nil, invalidToken("The grant of this token has ended.")
	}
	if ended, err := s.ended(ctx, g); err != nil {
		return nil, nil, fmt.Errorf("reading the endings of a patient's grants: %w", err)
	} else if ended {
		s.tell(ctx, "ended_used", g.Client, g.Person, g.ID)
		return nil, nil, invalidToken("The grant of this token has been ended by the person.")
	}
	if going, err := s.goesOn(ctx, g); err != nil {
		return nil, nil, fmt.Errorf("reading the session of a grant: %w", err)
	} else if !going {
		return nil, nil, invalidToken("The person has signed out.")
	}
	return g, a, nil
}

// parties reads the client and the person of a grant; ErrNotFound when one of them may not act any more.
func (s *Server) parties(ctx context.Context, g *grantRecord) (c *Client, p *Person, err error) {
	c, err = readRow(ctx, s, &s.clients, store.Global, clientKey(g.Client))
	if err == nil && g.Person != "" {
		p, err = readRow(ctx, s, &s.people, store.Global, personKey(g.Person))
	}
	if err == nil && (c.Disabled || p != nil && (p.Disabled || g.Kind == "professional" && !p.works(g.Situation))) {
		err = ErrNotFound
	}
	return c, p, err
}

// actor is actorOf with the parts that this server gives a professional.
func (s *Server) actor(g *grantRecord, c *Client, p *Person) gate.Actor {
	a := actorOf(g, c, p)
	if p != nil && (g.Kind == "professional" || g.Kind == KindAgent) && s.roles != nil {
		for _, role := range s.roles(a.Identities) {
			if !slices.Contains(a.Roles, role) {
				a.Roles = append(a.Roles, role)
			}
		}
	}
	return a
}

// actorOf tells who acts: the person in the relation of the grant, or the back-end system itself.
func actorOf(g *grantRecord, c *Client, p *Person) gate.Actor {
	if p == nil {
		return gate.Actor{
			Kind: "system", ID: c.Reference, Name: c.Name,
			Identities: named(c.Reference, "", c.Identities), Organizations: slices.Clone(c.Organizations),
		}
	}
	a := gate.Actor{Kind: g.Kind, ID: p.Reference, Name: p.Name, Identities: named(p.Reference, g.Actor, p.Identities)}
	if g.Actor != "" {
		a.ID = g.Actor
	}
	if g.Kind == KindAgent {
		a.Organizations, a.Roles = slices.Clone(p.Organizations), slices.Clone(p.Roles)
	}
	if g.Kind == "professional" {
		a.Space = p.Patient
	}
	if in := p.In(g.Situation); g.Kind == "professional" && in != nil { // a professional who acts for their own family does so without their profession
		a.Organizations = slices.Clone(in.Organizations)
		a.Profession, a.Speciality, a.Regulation = in.Profession, in.Speciality, in.Regulation
		a.Roles = slices.Clone(in.Roles)
		a.Identities = named(p.Reference, g.Actor, in.Identities)
	}
	return a
}

// named lists the references first, then the identifiers, each once.
func named(reference, relation string, identities []string) []string {
	out := make([]string, 0, len(identities)+2)
	for _, id := range append([]string{relation, reference}, identities...) {
		if id != "" && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}
