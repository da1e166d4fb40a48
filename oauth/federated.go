package oauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/oauth/upstream"
	"github.com/pontlevis/pontlevis/store"
)

// personFrom is an identity as an account of this server, which has no login and no password.
func personFrom(id *upstream.Identity) Person {
	p := Person{
		Key: id.Key, Kind: id.Kind, Name: plain(id.Name), RPPS: id.RPPS, Reference: id.Reference,
		Identities: slices.Clone(id.Identifiers), Regulation: id.Regulation,
	}
	for _, s := range id.Situations {
		p.Situations = append(p.Situations, Situation{
			ID: s.Key, Profession: s.Profession, Speciality: s.Speciality, Label: plain(s.Label),
			Organization: plain(s.OrganizationName), Organizations: s.Organizations, Regulation: id.Regulation,
		})
	}
	return p
}

// bringUpToDate writes what a provider says of an account, when it says something new.
func (s *Server) bringUpToDate(ctx context.Context, fresh Person) (*Person, error) {
	disabled := &upstream.Refusal{Kind: upstream.Declined, Why: "the account is disabled here"}
	if before, err := s.Person(ctx, fresh.Key); err == nil {
		if before.Disabled {
			return nil, disabled
		}
		if same := merged(before, fresh); reflect.DeepEqual(*before, same) {
			return before, nil
		}
	} else if !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	refused := false
	err := s.db.Update(ctx, store.Global, func(tx store.Tx) error {
		var before Person
		refused = false
		found, err := store.GetJSON(tx, personKey(fresh.Key), &before)
		if err != nil {
			return err
		}
		if refused = before.Disabled; refused {
			return nil
		}
		if found {
			fresh = merged(&before, fresh)
		}
		if err := checkSituations(fresh.Situations); err != nil {
			return err
		}
		return keepPerson(tx, &fresh)
	})
	if err != nil {
		return nil, err
	}
	if refused {
		return nil, disabled
	}
	return s.Person(ctx, fresh.Key)
}

// merged is what a provider says, with what only this server knows of the account.
func merged(before *Person, fresh Person) Person {
	fresh.Login, fresh.PasswordHash, fresh.Disabled = before.Login, before.PasswordHash, before.Disabled
	fresh.Roles = before.Roles
	if fresh.Patient == "" && before.Patient != "" && fresh.Kind == before.Kind {
		fresh.Patient, fresh.INS, fresh.Reference, fresh.Identities = before.Patient, before.INS, before.Reference, before.Identities
	}
	return fresh
}

// maxHint bounds an id_token that is kept to end the session at the provider.
const maxHint = 8 << 10

// leaving is what it takes to end a person's session at the provider that vouched for them.
type leaving struct {
	Provider string `json:"provider"`
	Sealed   []byte `json:"sealed"` // the id_token
}

// keepForLeaving seals the id_token of a sign-in; nil when it is too long to be kept, or cannot be.
func (s *Server) keepForLeaving(p *upstream.Provider, login *upstream.Login) *leaving {
	if login.IDToken == "" || len(login.IDToken) > maxHint {
		return nil
	}
	name := p.Config().Name
	sealed, err := seal(s.secrets.upstream, []byte(login.IDToken), name)
	if err != nil {
		return nil
	}
	return &leaving{Provider: name, Sealed: sealed}
}

// leaveElsewhere is the address at which the session of the provider ends, and which then leads on to next, an address of
// an app that may be "". The address is "" when there is none, or when it cannot be known now: signing out here does not
// rest on it.
func (s *Server) leaveElsewhere(ctx context.Context, l *leaving, next string) (at Elsewhere, address string) {
	if l == nil {
		return at, ""
	}
	p := s.provider(l.Provider)
	if p == nil {
		return at, ""
	}
	hint, err := unseal(s.secrets.upstream, l.Sealed, l.Provider)
	var state string
	if err == nil {
		state, err = s.sealOnward(next)
	}
	if err == nil {
		address, err = p.Leave(ctx, string(hint), s.issuer+pathSignedOut, state)
	}
	if err != nil {
		s.log.WarnContext(ctx, "the session elsewhere goes on", "provider", l.Provider, "cause", err)
	}
	return elsewhereOf(p), address
}

// onwardUse is what a sealed onward address is bound to.
const onwardUse = "after signing out elsewhere"

// onward is where to go after the provider, for as long as a sign-in there may take. It travels sealed: nobody else can
// make this server lead anywhere.
type onward struct {
	Next string    `json:"next"`
	End  time.Time `json:"end"`
}

func (s *Server) sealOnward(next string) (string, error) {
	if next == "" {
		return newID(), nil
	}
	plain, err := json.Marshal(onward{next, s.now().Add(attemptLife)})
	if err != nil {
		return "", err
	}
	sealed, err := seal(s.secrets.upstream, plain, onwardUse)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

func (s *Server) openOnward(state string) (next string) {
	sealed, err := base64.RawURLEncoding.DecodeString(state)
	if err != nil || len(state) > maxHint {
		return ""
	}
	var o onward
	plain, err := unseal(s.secrets.upstream, sealed, onwardUse)
	if err != nil || json.Unmarshal(plain, &o) != nil || !s.now().Before(o.End) {
		return ""
	}
	return o.Next
}

// serveSignedOut is where a provider sends the browser after it has signed out there.
func (s *Server) serveSignedOut(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET")
		s.pages.Problem(w, r, http.StatusMethodNotAllowed, ProblemPage{Kind: ProblemNotFound})
		return
	}
	if next := s.openOnward(r.URL.Query().Get("state")); next != "" {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	s.pages.SignedOut(w, r, SignedOutPage{})
}
