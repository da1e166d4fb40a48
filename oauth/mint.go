package oauth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/oauth/scope"
	"github.com/pontlevis/pontlevis/store"
)

// MintRequest asks for an access token without a sign-in. It exists for the demo and for tests.
type MintRequest struct {
	Person      string // key; "patient:ID" for the holder of an imported space, registered on the way; "" for a back-end
	Patient     string // logical id; "" for a professional without a patient; a holder's own space when empty
	Purpose     string // TREAT or PATRQT, by the person's kind, when empty
	Mode        string // normal when empty
	Reason      string
	TypedReason string
	Stage       int
	Secret      bool   // connexion secrète
	Situation   string // a professional's work situation; their first when empty
	Client      string
	Scope       string // the client's registered scopes when empty
}

// Mint gives an access token as if the person had signed in and agreed. Scopes are cut down to the client's, and whom
// the person may act for is asked as it is at sign-in; a professional may name any patient. The label of the client is
// not asked: what a recalled app's token can do is the policies' answer, and worth showing.
func (s *Server) Mint(ctx context.Context, m MintRequest) (token string, expires time.Time, err error) {
	client, err := s.Client(ctx, m.Client)
	if err != nil {
		return "", expires, fmt.Errorf("minting a token: client %q: %w", m.Client, err)
	}
	g, err := s.minted(ctx, m, client)
	if err != nil {
		return "", expires, fmt.Errorf("minting a token: %w", err)
	}
	asked := strings.Fields(m.Scope)
	if len(asked) == 0 {
		asked = client.Scopes
	}
	if g.Scopes = launchScopes(scope.Narrow(client.Scopes, asked), nil); len(g.Scopes) == 0 {
		return "", expires, errors.New("minting a token: none of these scopes is registered for the client")
	}
	if g.Ended, err = s.endings(ctx, g.Patient, g.Client); err != nil {
		return "", expires, err
	}
	if err := s.enlist(ctx, g); err != nil {
		return "", expires, err
	}
	token, signature := s.newToken(prefixAccess, g.ID)
	access := accessRecord{Grant: g.ID, Issued: g.Since, Expires: g.Expires}
	err = s.db.Update(ctx, partitionOf(g.ID), func(tx store.Tx) error {
		if err := putExpiring(tx, grantKey(g.ID), g, g.Expires); err != nil {
			return err
		}
		return putExpiring(tx, accessKey(g.ID, signature), access, access.Expires)
	})
	return token, g.Expires, err
}

func (s *Server) minted(ctx context.Context, m MintRequest, c *Client) (*grantRecord, error) {
	now := s.now()
	g := &grantRecord{
		ID: newID(), Client: c.ID, Purpose: m.Purpose, Mode: m.Mode, Reason: m.Reason, TypedReason: m.TypedReason,
		Stage: m.Stage, Secret: m.Secret, Patient: m.Patient, Since: now, Expires: now.Add(accessLife),
		Auth: now, ACR: s.acrOf(oneFactor),
	}
	if g.Mode == "" {
		g.Mode = "normal"
	}
	if m.Person == "" {
		if c.Reference == "" {
			return nil, fmt.Errorf("client %q has no system of its own to act as: name a person", c.ID)
		}
		g.Kind, g.Purpose = "system", first(g.Purpose, c.Purpose, "TREAT")
		return g, nil
	}
	p, err := s.mintPerson(ctx, m.Person)
	if err != nil {
		return nil, err
	}
	g.Person = p.Key
	if p.Professional() {
		g.Kind, g.Purpose, g.Situation = "professional", first(g.Purpose, "TREAT"), m.Situation
		if g.Situation == "" && len(p.Situations) > 0 {
			g.Situation = p.Situations[0].ID
		}
		if !p.works(g.Situation) {
			return nil, fmt.Errorf("%s has no work situation %q", p.Key, g.Situation)
		}
		return g, nil
	}
	g.Purpose = first(g.Purpose, "PATRQT")
	relation, err := s.relationTo(ctx, p, m.Patient)
	if err != nil {
		return nil, err
	}
	g.Kind, g.Patient, g.Actor = relation.Kind, relation.Patient, relation.Actor
	return g, nil
}

// mintPerson reads a person, and registers the holder of an imported space the first time.
func (s *Server) mintPerson(ctx context.Context, key string) (*Person, error) {
	p, err := s.Person(ctx, key)
	id, imported := strings.CutPrefix(key, "patient:")
	if !errors.Is(err, ErrNotFound) || !imported || id == "" || hasControl(id) {
		if err != nil {
			return nil, fmt.Errorf("person %q: %w", key, err)
		}
		return p, nil
	}
	fresh := Person{Key: key, Kind: "patient", Name: id, Patient: id, Reference: "Patient/" + id}
	if err := s.PutPerson(ctx, fresh); err != nil {
		return nil, err
	}
	return &fresh, nil
}

// relationTo finds the relation through which a person acts for a patient: their own space when none is named.
func (s *Server) relationTo(ctx context.Context, p *Person, patient string) (Relation, error) {
	if p.Patient != "" && (patient == "" || patient == p.Patient) {
		return Relation{Kind: "patient", Patient: p.Patient, Name: p.Name}, nil
	}
	all, err := s.actsFor(ctx, p)
	if err != nil {
		return Relation{}, err
	}
	for _, r := range all {
		if r.Patient == patient || patient == "" && len(all) == 1 {
			return r, nil
		}
	}
	return Relation{}, fmt.Errorf("%s acts for no patient %q", p.Key, patient)
}

// actsFor lists whom a person who is no professional acts for, own space first, leaving out relations that are over.
func (s *Server) actsFor(ctx context.Context, p *Person) ([]Relation, error) {
	var out []Relation
	if p.Patient != "" {
		out = append(out, Relation{Kind: "patient", Patient: p.Patient, Name: p.Name})
	}
	all, err := s.relations.ActsFor(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("reading whom %s acts for: %w", p.Key, err)
	}
	for _, r := range all {
		if r.Patient == p.Patient || !r.Until.IsZero() && !s.now().Before(r.Until) {
			continue
		}
		out = append(out, r)
	}
	return out, nil
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
