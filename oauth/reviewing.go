package oauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/store"
)

// Those with a part in the review of emergency accesses are looked for among professionals, and not among everybody who has
// an account. A row for each professional says where, whatever their parts are: those may come from the configuration.

func professionalKey(key string) []byte { return store.Key("oauth", "professional", key) }

// keepPerson writes the row of a person, and the one that finds a professional.
func keepPerson(tx store.Tx, p *Person) error {
	if !p.Professional() {
		return errors.Join(tx.Delete(professionalKey(p.Key)), store.PutJSON(tx, personKey(p.Key), p))
	}
	return errors.Join(tx.Put(professionalKey(p.Key), []byte{1}), store.PutJSON(tx, personKey(p.Key), p))
}

// maxReviewing bounds how many people with a part are given, and professionalsAtOnce how many are looked at in one reading.
const (
	maxReviewing        = 10_000
	professionalsAtOnce = 1000
)

// Reviewing gives, for each person with one of some parts (reviewer, authority), what they may do on our own pages in each of
// their work situations. It is for whoever reminds them of what waits: nobody is signed in, and the grants end at once.
func (s *Server) Reviewing(ctx context.Context, parts ...string) (all [][]*gate.Grant, err error) {
	var from []byte
	for {
		var people []*Person
		err := s.db.View(ctx, store.Global, func(tx store.Tx) error {
			people = nil
			for key := range tx.Scan(store.Key("oauth", "professional"), from) {
				if len(people) == professionalsAtOnce {
					from = slices.Clone(key)
					return nil
				}
				p, err := row(&s.people, tx, personKey(store.KeyParts(key)[2]))
				if err != nil {
					return err
				}
				people = append(people, p)
			}
			from = nil
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("looking for those who review: %w", err)
		}
		for _, p := range people {
			if grants := s.reviewing(p, parts); len(grants) > 0 && len(all) < maxReviewing {
				all = append(all, grants)
			}
		}
		if from == nil {
			return all, nil
		}
	}
}

// reviewing are the grants of one person with one of the parts.
func (s *Server) reviewing(p *Person, parts []string) (out []*gate.Grant) {
	if p.Disabled {
		return nil
	}
	situations := []string{""}
	for k, one := range p.Situations {
		if k == 0 {
			situations = nil
		}
		situations = append(situations, one.ID)
	}
	now := s.now()
	for _, situation := range situations {
		actor := s.actor(&grantRecord{Kind: p.Kind, Situation: situation}, nil, p)
		if slices.ContainsFunc(actor.Roles, func(role string) bool { return slices.Contains(parts, role) }) {
			out = append(out, &gate.Grant{
				ID: "reminder", Actor: actor, Client: ownClient, Scopes: []string{"user/*.rs"}, Purpose: "TREAT", Mode: "normal",
				Since: now, Until: now.Add(time.Minute),
			})
		}
	}
	return out
}
