package oauth

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pontlevis/pontlevis/store"
)

// ErrNotFound is returned when a person or a client is not registered.
var ErrNotFound = errors.New("not found")

// KindAgent is the kind of somebody who has no space and treats nobody: of a publisher of apps, or of the label authority.
// Such a person opens no record, whatever else they may do.
const KindAgent = "agent"

// Person is somebody who signs in: the holder of a space, somebody who acts for one, a professional, or an agent.
type Person struct {
	Key           string   `json:"key"`   // stable key, unique
	Login         string   `json:"login"` // what is typed at sign-in, unique whatever the case
	Kind          string   `json:"kind"`  // patient, representative, carer, helper, professional, agent
	Name          string   `json:"name"`
	Patient       string   `json:"patient,omitempty"` // logical id of the person's own space
	INS           string   `json:"ins,omitempty"`
	RPPS          string   `json:"rpps,omitempty"`
	Profession    string   `json:"profession,omitempty"`    // "system|code"
	Speciality    string   `json:"speciality,omitempty"`    // "system|code"
	Organization  string   `json:"organization,omitempty"`  // name of the work situation, for pages
	Organizations []string `json:"organizations,omitempty"` // references and identifiers of the work situation
	Reference     string   `json:"reference"`               // fhirUser: "Practitioner/x", "Patient/x", "RelatedPerson/x"
	Identities    []string `json:"identities,omitempty"`    // every way a resource may name the person; Reference is added
	Regulation    bool     `json:"regulation,omitempty"`    // regulating doctor of an emergency call centre
	// Roles are parts that the establishment, or an authority, gave the person: reviewer and authority in the review of
	// emergency accesses, vendor and label in the catalogue. They hold in every work situation of theirs; what they open in
	// a record is the policies' to say. Of a vendor, the first of Organizations is the publisher.
	Roles []string `json:"roles,omitempty"`
	// Situations are the places and ways in which a professional works, when they are known one by one: with several, the
	// person chooses one for each grant, and Profession, Speciality, Organization, Organizations and Regulation above are
	// then those of the chosen one. Empty means that the fields above are the one situation.
	Situations   []Situation `json:"situations,omitempty"`
	PasswordHash string      `json:"password_hash,omitempty"` // argon2id in PHC form (HashPassword); "" = cannot sign in here
	Disabled     bool        `json:"disabled,omitempty"`
}

// Professional tells whether the person is a professional: such a person chooses a patient, where others have one.
func (p *Person) Professional() bool { return p.Kind == "professional" }

func personKey(key string) []byte  { return store.Key("oauth", "person", key) }
func loginKey(login string) []byte { return store.Key("oauth", "login", normalLogin(login)) }

func normalLogin(login string) string { return strings.ToLower(strings.TrimSpace(login)) }

// PutPerson registers or replaces a person. A login that belongs to somebody else is refused.
func (s *Server) PutPerson(ctx context.Context, p Person) error {
	if p.Key == "" || p.Reference == "" || p.Kind == "" {
		return errors.New("registering a person: Key, Kind and Reference are required")
	}
	if err := checkSituations(p.Situations); err != nil {
		return fmt.Errorf("registering %s: %w", p.Key, err)
	}
	return s.db.Update(ctx, store.Global, func(tx store.Tx) error {
		var before Person
		had, err := store.GetJSON(tx, personKey(p.Key), &before)
		if err != nil {
			return err
		}
		if had && before.Login != "" && normalLogin(before.Login) != normalLogin(p.Login) {
			if err := tx.Delete(loginKey(before.Login)); err != nil {
				return err
			}
		}
		if p.Login != "" {
			if owner := tx.Get(loginKey(p.Login)); owner != nil && string(owner) != p.Key {
				return fmt.Errorf("registering %s: %w", p.Key, errLoginTaken)
			}
			if err := tx.Put(loginKey(p.Login), []byte(p.Key)); err != nil {
				return err
			}
		}
		return keepPerson(tx, &p)
	})
}

// Person returns a registered person, or ErrNotFound. The result is shared: callers do not change it.
func (s *Server) Person(ctx context.Context, key string) (*Person, error) {
	var p *Person
	err := s.db.View(ctx, store.Global, func(tx store.Tx) (err error) {
		p, err = row(&s.people, tx, personKey(key))
		return err
	})
	return p, err
}

// personByLogin returns nil without error when nobody has the login, so that the caller does the same work for both.
func (s *Server) personByLogin(ctx context.Context, login string) (*Person, error) {
	var p *Person
	err := s.db.View(ctx, store.Global, func(tx store.Tx) (err error) {
		key := loginOwner(tx.Get, login)
		if key == nil {
			return nil
		}
		p, err = row(&s.people, tx, personKey(string(key)))
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	})
	return p, err
}
