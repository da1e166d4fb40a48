package oauth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pontlevis/pontlevis/oauth/account"
	"github.com/pontlevis/pontlevis/store"
)

// The account of a person is a row of its own beside the person's: registering a person anew leaves their proofs alone,
// and using one leaves what grants rest on alone.
func accountKey(person string) []byte { return store.Key("oauth", "account", person) }

// passkeyKey leads from a credential's id to whose it is.
func passkeyKey(id []byte) []byte { return store.Key("oauth", "passkey", string(id)) }

// account returns a person's proofs, shared: callers do not change it. Whoever has none has an empty account.
func (s *Server) account(ctx context.Context, person string) (*account.Account, error) {
	a, err := s.accounts.Read(ctx, s.db, store.Global, accountKey(person))
	if err != nil {
		return nil, fmt.Errorf("reading the proofs of an account: %w", err)
	}
	if a == nil {
		a = new(account.Account)
	}
	return a, nil
}

// changeAccount changes a person's proofs in one transaction. The outcome of change is returned, and what it changed is
// kept, unless the store fails; change may run more than once.
func (s *Server) changeAccount(ctx context.Context, person string, change func(a *account.Account) error) error {
	var outcome error
	err := s.db.Update(ctx, store.Global, func(tx store.Tx) error {
		a := new(account.Account)
		if _, err := store.GetJSON(tx, accountKey(person), a); err != nil {
			return err
		}
		before := credentialIDs(a)
		outcome = change(a)
		if err := indexPasskeys(tx, person, before, credentialIDs(a)); err != nil {
			return err
		}
		return store.PutJSON(tx, accountKey(person), a)
	})
	if err != nil {
		return fmt.Errorf("changing the proofs of an account: %w", err)
	}
	return outcome
}

func credentialIDs(a *account.Account) map[string]bool {
	out := make(map[string]bool, len(a.Passkeys))
	for _, k := range a.Passkeys {
		out[string(k.ID)] = true
	}
	return out
}

// indexPasskeys follows the passkeys of an account. A credential id that somebody else has is refused (WebAuthn §7.1,
// step 26).
func indexPasskeys(tx store.Tx, person string, before, after map[string]bool) error {
	for id := range before {
		if !after[id] {
			if err := tx.Delete(passkeyKey([]byte(id))); err != nil {
				return err
			}
		}
	}
	for id := range after {
		owner := tx.Get(passkeyKey([]byte(id)))
		if owner != nil && string(owner) != person {
			return errForeignKey
		}
		if owner == nil {
			if err := tx.Put(passkeyKey([]byte(id)), []byte(person)); err != nil {
				return err
			}
		}
	}
	return nil
}

var errForeignKey = errors.New("the passkey is registered for another account")

// passkeyOwner returns whose passkey a credential is, nil when it is nobody's.
func (s *Server) passkeyOwner(ctx context.Context, id []byte) (*Person, error) {
	var p *Person
	err := s.db.View(ctx, store.Global, func(tx store.Tx) (err error) {
		if len(id) == 0 || len(id) > 1023 { // the most that WebAuthn allows
			return nil
		}
		owner := tx.Get(passkeyKey(id))
		if owner == nil {
			return nil
		}
		p, err = row(&s.people, tx, personKey(string(owner)))
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		return err
	})
	return p, err
}

// passkeysOf is a person as passkeys know them: under a handle that says nothing of them.
func (s *Server) passkeysOf(p *Person, a *account.Account) account.Holder {
	return account.Holder{Handle: mac(s.secrets.handle, p.Key), Login: p.Login, Name: p.Name, Keys: a.Passkeys}
}

// codeSecret opens the secret of a person's one-time codes.
func (s *Server) codeSecret(person string, c *account.Codes) ([]byte, error) {
	secret, err := unseal(s.secrets.codes, c.Secret, "one-time codes "+person)
	if err != nil {
		return nil, fmt.Errorf("opening the secret of one-time codes: %w", err)
	}
	return secret, nil
}

// PutCodes gives a person one-time codes of this secret, in use at once; an authenticator app makes them (RFC 6238). The
// demo and whoever moves accounts over use it: people add theirs on the page of their sessions.
func (s *Server) PutCodes(ctx context.Context, person string, secret []byte) error {
	sealed, err := seal(s.secrets.codes, secret, "one-time codes "+person)
	if err != nil {
		return err
	}
	return s.changeAccount(ctx, person, func(a *account.Account) error {
		if a.Codes == nil {
			a.Codes = &account.Codes{Secret: sealed, Confirmed: true, Added: s.now()}
		}
		return nil
	})
}

// PutEnrolment gives a person the code of their enrolment letter, good once and for six weeks. It lets them set a password
// or a passkey of their own at their login, and nothing else; a code given before is over.
func (s *Server) PutEnrolment(ctx context.Context, person, code string) (until time.Time, err error) {
	if _, err := s.Person(ctx, person); err != nil {
		return until, fmt.Errorf("giving an enrolment code: %w", err)
	}
	until = s.now().Add(account.EnrolmentLife)
	err = s.changeAccount(ctx, person, func(a *account.Account) error {
		a.Enrol(s.secrets.paper, person, code, until)
		return nil
	})
	return until, err
}
