package oauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/oauth/scope"
	"github.com/pontlevis/pontlevis/store"
)

// maxAccesses bounds one list: whoever gives more grants than that has lost count, and ends all of an app at once.
const maxAccesses = 500

// Access is one living grant, as the person governs it: which app may do what, for how long, and who agreed.
type Access struct {
	Grant   string // what RevokeGrant and EndScope take
	Client  string // client id of the app
	Person  string // key of who agreed
	Kind    string // as what they agreed: patient, representative, carer, helper, professional
	Patient string // logical id of the patient
	Scopes  []string
	Since   time.Time
	Until   time.Time // at the latest
	Lasting string    // what it rests on: offline, session (ends when its session does), token
	Session string    // that session, "" for none
}

// grantedRecord finds a grant by its patient. It is written before the grant: what leads to no grant is passed over.
type grantedRecord struct {
	Expires time.Time `json:"expires"`
}

func grantedKey(patient, grant string) []byte { return store.Key("oauth", "granted", patient, grant) }

// patientShelf is the partition of a patient's list of grants: one of the tokens' own, so that the sweep sees to it.
func (s *Server) patientShelf(patient string) store.Partition {
	return partitionOf(lower32.EncodeToString(mac(s.secrets.shelf, "patient", patient)))
}

func agreedKey(person, grant string) []byte { return store.Key("oauth", "agreed", person, grant) }

// personShelf is the partition of the list of the grants that a person agreed to.
func (s *Server) personShelf(person string) store.Partition {
	return partitionOf(lower32.EncodeToString(mac(s.secrets.shelf, "person", person)))
}

// enlist puts a grant on its patient's list, and on that of who agreed to it.
func (s *Server) enlist(ctx context.Context, g *grantRecord) error {
	if g.Parent != "" { // a derived grant dies with the one it came from
		return nil
	}
	if g.Person != "" {
		err := s.db.Update(ctx, s.personShelf(g.Person), func(tx store.Tx) error {
			return putExpiring(tx, agreedKey(g.Person, g.ID), grantedRecord{g.Expires}, g.Expires)
		})
		if err != nil {
			return err
		}
	}
	if g.Patient == "" {
		return nil
	}
	return s.db.Update(ctx, s.patientShelf(g.Patient), func(tx store.Tx) error {
		return putExpiring(tx, grantedKey(g.Patient, g.ID), grantedRecord{g.Expires}, g.Expires)
	})
}

// Accesses lists the living grants for a patient, the newest first: whoever may read or write in the space now. Grants
// that were derived by token exchange belong to the one they came from and are not listed.
func (s *Server) Accesses(ctx context.Context, patient string) ([]Access, error) {
	return s.livingGrants(ctx, s.patientShelf(patient), store.Key("oauth", "granted", patient))
}

// AccessesBy lists the living grants that a person agreed to, for whatever patient or for none, the newest first.
func (s *Server) AccessesBy(ctx context.Context, person string) ([]Access, error) {
	return s.livingGrants(ctx, s.personShelf(person), store.Key("oauth", "agreed", person))
}

// livingGrants are those of one list.
func (s *Server) livingGrants(ctx context.Context, shelf store.Partition, list []byte) ([]Access, error) {
	var ids []string
	err := s.db.View(ctx, shelf, func(tx store.Tx) error {
		ids = nil
		for key := range tx.Scan(list, nil) {
			if parts := store.KeyParts(key); len(parts) == 4 && len(ids) < maxAccesses {
				ids = append(ids, parts[3])
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing grants: %w", err)
	}
	var all []Access
	for _, id := range ids {
		g, err := s.livingGrant(ctx, id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("listing grants: %w", err)
		}
		all = append(all, Access{
			Grant: g.ID, Client: g.Client, Person: g.Person, Kind: g.Kind, Patient: g.Patient, Scopes: slices.Clone(g.Scopes),
			Since: g.Since, Until: g.Expires, Lasting: lasting(g.Scopes), Session: g.Session,
		})
	}
	slices.SortFunc(all, func(a, b Access) int { return b.Since.Compare(a.Since) })
	return all, nil
}

// EndScope takes one scope away from a grant, at the next request of each of its tokens and of those derived from it. A
// scope is named as Access lists it; one that the grant does not have is no error. A grant that is left with nothing to
// read or write ends.
func (s *Server) EndScope(ctx context.Context, grant, word string) error {
	if len(grant) != idLength {
		return nil
	}
	changed := false
	err := s.db.Update(ctx, partitionOf(grant), func(tx store.Tx) error {
		changed = false
		var g grantRecord
		found, err := store.GetJSON(tx, grantKey(grant), &g)
		if err != nil || !found || !g.Revoked.IsZero() || !slices.Contains(g.Scopes, word) {
			return err
		}
		changed = true
		g.Scopes = slices.DeleteFunc(g.Scopes, func(w string) bool { return w == word })
		g.Sealed = nil // the answer that a lost refresh would get again names what is gone
		if strings.Contains(word, "/") && !scope.HasClinical(g.Scopes) {
			g.Revoked, g.Why = s.now(), "revoked"
		}
		return store.PutJSON(tx, grantKey(grant), g)
	})
	if err != nil {
		return fmt.Errorf("ending a scope: %w", err)
	}
	if changed {
		s.tell(ctx, "scope_ended", "", "", grant)
	}
	return nil
}

// EndSession ends one session of a person, in whatever browser it is, with every grant that rests on it, and tells apps
// that asked for it. Ending what is unknown or over is no error.
func (s *Server) EndSession(ctx context.Context, person, session string) error {
	_, err := s.endSessions(ctx, person, func(id string) bool { return id == session })
	if err != nil {
		return fmt.Errorf("ending a session: %w", err)
	}
	return nil
}
