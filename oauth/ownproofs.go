package oauth

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/pontlevis/pontlevis/oauth/account"
	"github.com/pontlevis/pontlevis/store"
)

// proofChanges are the forms of the page of sessions that change with what a person signs in.
func (s *Server) proofChanges() map[string]func(o *owner, form url.Values) {
	return map[string]func(o *owner, form url.Values){
		"password":       s.ownPassword,
		"add-passkey":    s.addOwnPasskey,
		"name-passkey":   s.nameOwnPasskey,
		"remove-passkey": s.removeOwnPasskey,
		"begin-codes":    s.beginOwnCodes,
		"confirm-codes":  s.confirmOwnCodes,
		"end-codes":      s.endOwnCodes,
		"new-recovery":   s.newOwnRecovery,
	}
}

// changed tells that a proof was changed and shows the page anew, or what went wrong.
func (s *Server) changed(o *owner, err error, done string) {
	switch {
	case err == nil:
		s.tell(o.r.Context(), "proof_changed", "", o.person.Key, "")
		s.ownDone(o, done)
	case errors.Is(err, account.ErrPasskey), errors.Is(err, errForeignKey):
		s.showSessions(o, http.StatusUnprocessableEntity, SessionsPage{Error: "passkey"})
	case errors.Is(err, errCode):
		s.showSessions(o, http.StatusUnprocessableEntity, SessionsPage{Error: "code"})
	case errors.Is(err, errLast):
		s.showSessions(o, http.StatusUnprocessableEntity, SessionsPage{Error: "last"})
	default:
		s.trouble(o.w, o.r, err)
	}
}

// errLast says that the account would be left without a way to sign in.
var errLast = errors.New("the account would have no proof left")

// ownPassword changes the password. Every other session ends with it, in the transaction that changes it; this one goes on
// under a new cookie.
func (s *Server) ownPassword(o *owner, form url.Values) {
	ctx := o.r.Context()
	keys := throttleKeys(normalLogin(o.person.Login), s.address(o.r), true)
	if wait := s.throttle.take(keys); wait > 0 {
		o.w.Header().Set("Retry-After", seconds(wait))
		s.showSessions(o, http.StatusTooManyRequests, SessionsPage{Error: "throttled", Wait: int(wait.Seconds()) + 1})
		return
	}
	if o.acc.Password != "" || o.person.PasswordHash != "" {
		p, err := s.checkPassword(ctx, o.person.Login, form.Get("password"))
		if err != nil {
			s.trouble(o.w, o.r, err)
			return
		}
		if p == nil || p.Key != o.person.Key {
			s.showSessions(o, http.StatusUnprocessableEntity, SessionsPage{Error: "credentials"})
			return
		}
	}
	s.throttle.give(keys)
	problem, hash, err := s.newPassword(o.r, o.person, form)
	if err != nil {
		s.trouble(o.w, o.r, err)
		return
	}
	if problem != "" {
		s.showSessions(o, http.StatusUnprocessableEntity, SessionsPage{Error: problem})
		return
	}
	err = s.changeAccount(ctx, o.person.Key, func(a *account.Account) error {
		a.Password, a.Changed = hash, s.now()
		a.Epoch++
		return nil
	})
	if err == nil {
		err = s.onlyThisSession(o)
	}
	s.changed(o, err, "password")
}

// onlyThisSession lets this session go on under a new cookie after all of the person's were ended.
func (s *Server) onlyThisSession(o *owner) error {
	ctx := o.r.Context()
	err := s.beginSession(ctx, o.w, o.r, o.person, proof{o.session.ACR, o.session.AMR, o.session.Auth}, o.session, nil)
	if err != nil {
		return err
	}
	// The others are over already; without their rows the list is short, and online access ends with them.
	_, err = s.endSessions(ctx, o.person.Key, func(id string) bool { return id != o.session.ID })
	return err
}

// addOwnPasskey registers a new passkey.
func (s *Server) addOwnPasskey(o *owner, form url.Values) {
	if s.passkeys == nil {
		s.changed(o, account.ErrPasskey, "")
		return
	}
	k, at, err := s.passkeys.Create(s.passkeysOf(o.person, o.acc), []byte(form.Get("credential")), o.session.ID, o.session.Asked, s.now())
	if err == nil {
		k.Name = first(plainName(form.Get("name")), deviceOf(o.r.UserAgent()), "passkey")
		err = s.db.Update(o.r.Context(), partitionOf(o.session.ID), func(tx store.Tx) error {
			_, hash, _ := splitSession(s.cookie(o.r, cookieSession))
			var rec sessionRecord
			found, err := store.GetJSON(tx, sessionKey(o.session.ID, hash), &rec)
			if err != nil || !found || !at.After(rec.Asked) {
				return errors.Join(err, account.ErrPasskey)
			}
			rec.Asked = at
			return store.PutJSON(tx, sessionKey(o.session.ID, hash), rec)
		})
	}
	if err == nil {
		err = s.changeAccount(o.r.Context(), o.person.Key, func(a *account.Account) error { return addPasskey(a, k) })
	}
	if err == nil {
		err = s.stronger(o, amrKey, amrUser)
	}
	s.changed(o, err, "added")
}

func credentialOf(form url.Values) []byte {
	id, err := base64.RawURLEncoding.DecodeString(form.Get("passkey"))
	if err != nil {
		return nil
	}
	return id
}

func (s *Server) nameOwnPasskey(o *owner, form url.Values) {
	name := plainName(form.Get("name"))
	err := s.changeAccount(o.r.Context(), o.person.Key, func(a *account.Account) error {
		k := a.Passkey(credentialOf(form))
		if k == nil || name == "" {
			return account.ErrPasskey
		}
		k.Name = name
		return nil
	})
	s.changed(o, err, "named")
}

func (s *Server) removeOwnPasskey(o *owner, form url.Values) {
	id := credentialOf(form)
	err := s.changeAccount(o.r.Context(), o.person.Key, func(a *account.Account) error {
		i := slices.IndexFunc(a.Passkeys, func(k account.Passkey) bool { return bytes.Equal(k.ID, id) })
		if i < 0 {
			return account.ErrPasskey
		}
		if len(a.Passkeys) == 1 && a.Password == "" && o.person.PasswordHash == "" {
			return errLast
		}
		a.Passkeys = slices.Delete(a.Passkeys, i, i+1)
		return nil
	})
	s.changed(o, err, "removed")
}

// beginOwnCodes makes a secret for one-time codes. None is asked at sign-in until the person has shown one.
func (s *Server) beginOwnCodes(o *owner, _ url.Values) {
	sealed, err := seal(s.secrets.codes, account.NewCodeSecret(), "one-time codes "+o.person.Key)
	if err == nil {
		err = s.changeAccount(o.r.Context(), o.person.Key, func(a *account.Account) error {
			if !a.HasCodes() {
				a.Codes = &account.Codes{Secret: sealed, Added: s.now()}
			}
			return nil
		})
	}
	if err != nil {
		s.trouble(o.w, o.r, err)
		return
	}
	http.Redirect(o.w, o.r, pathSessions+"#codes", http.StatusSeeOther)
}

// confirmOwnCodes takes the first code of the app, puts codes in use, and shows the recovery codes this once.
func (s *Server) confirmOwnCodes(o *owner, form url.Values) {
	var recovery []string
	err := s.changeAccount(o.r.Context(), o.person.Key, func(a *account.Account) error {
		if a.Codes == nil || a.Codes.Confirmed {
			return errCode
		}
		secret, err := s.codeSecret(o.person.Key, a.Codes)
		if err != nil {
			return err
		}
		if !a.Codes.Use(secret, form.Get("code"), s.now()) {
			return errCode
		}
		a.Codes.Confirmed = true
		recovery = a.NewRecovery(s.secrets.paper, o.person.Key)
		return nil
	})
	if err == nil {
		err = s.stronger(o, amrCode)
	}
	s.showRecovery(o, recovery, err, "codes")
}

// stronger lets the session go on as one of two factors: the person has just shown the second by adding it.
func (s *Server) stronger(o *owner, amr ...string) error {
	shown := proof{s.acrOf(twoFactors), withWords(o.session.AMR, append(amr, amrSeveral)...), o.session.Auth}
	return s.beginSession(o.r.Context(), o.w, o.r, o.person, shown, o.session, nil)
}

// showRecovery shows fresh recovery codes, which are nowhere to be read again.
func (s *Server) showRecovery(o *owner, codes []string, err error, done string) {
	if err != nil {
		s.changed(o, err, "")
		return
	}
	s.tell(o.r.Context(), "proof_changed", "", o.person.Key, "")
	o.session.ACR = s.acrOf(twoFactors)
	if o.acc, err = s.account(o.r.Context(), o.person.Key); err != nil {
		s.trouble(o.w, o.r, err)
		return
	}
	s.showSessions(o, http.StatusOK, SessionsPage{RecoveryCodes: codes, Done: done})
}

func (s *Server) newOwnRecovery(o *owner, _ url.Values) {
	var codes []string
	err := s.changeAccount(o.r.Context(), o.person.Key, func(a *account.Account) error {
		if !a.HasCodes() {
			return errCode
		}
		codes = a.NewRecovery(s.secrets.paper, o.person.Key)
		return nil
	})
	s.showRecovery(o, codes, err, "")
}

func (s *Server) endOwnCodes(o *owner, _ url.Values) {
	err := s.changeAccount(o.r.Context(), o.person.Key, func(a *account.Account) error {
		a.Codes, a.Recovery = nil, nil
		return nil
	})
	s.changed(o, err, "codes-off")
}
