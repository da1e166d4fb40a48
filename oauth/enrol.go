package oauth

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/oauth/account"
)

// stepEnrol checks the code of the enrolment letter. It opens no session: it lets its holder set a password or a passkey,
// with which they are then signed in. An unknown login, an account without a code and a wrong code cost and say the same.
func (s *Server) stepEnrol(v *visit, form url.Values) {
	ctx, login := v.r.Context(), form.Get("login")
	keys := throttleKeys(normalLogin(login), s.address(v.r), s.isKnown(v.r, login))
	ok := s.mayTry(v, keys, func(wait time.Duration) {
		page := s.signInPage(v)
		page.Login, page.Letter = login, true
		s.showThrottled(v, page, wait)
	})
	if !ok {
		return
	}
	p, err := s.personByLogin(ctx, login)
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	key := "\x00" // nobody's: a row is written all the same
	if p != nil && !p.Disabled {
		key = p.Key
	}
	var hash []byte
	err = s.changeAccount(ctx, key, func(a *account.Account) error {
		if !a.Enrols(s.secrets.paper, key, form.Get("code"), s.now()) {
			return errCode
		}
		hash = bytes.Clone(a.Enrolment.Hash)
		return nil
	})
	if errors.Is(err, errCode) {
		s.tell(ctx, "enrolment_refused", v.client.ID, "", "")
		s.showSignIn(v, http.StatusUnprocessableEntity, login, "letter")
		return
	}
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	s.throttle.give(keys)
	s.keepShown(v, &shownRecord{Person: p.Key, At: s.now(), AMR: []string{amrEnrolment}, Enrolment: hash})
}

// showEnrolment lets whoever showed the letter's code set their own proof.
func (s *Server) showEnrolment(v *visit, status int, problem string) {
	page := EnrolmentPage{Form: s.form(v), Person: v.shown.Name, Login: v.shown.Login, Error: problem}
	acc, err := s.account(v.r.Context(), v.shown.Key)
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	if s.passkeys != nil && len(acc.Passkeys) < account.MaxPasskeys && !acc.HasCodes() {
		options, err := s.passkeys.CreationOptions(s.passkeysOf(v.shown, acc), v.tx.ID, s.now())
		if err != nil {
			s.trouble(v.w, v.r, err)
			return
		}
		page.Passkey = string(options)
	}
	s.pages.Enrolment(v.w, v.r, status, page)
}

func (v *visit) enrolling() bool { return v.shown != nil && v.tx.Shown.Enrolment != nil }

// stepNewPassword sets the password of somebody who showed the letter's code, and uses the code up.
func (s *Server) stepNewPassword(v *visit, form url.Values) {
	if !v.enrolling() {
		s.again(v)
		return
	}
	problem, hash, err := s.newPassword(v.r, v.shown, form)
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	if problem != "" {
		s.showEnrolment(v, http.StatusUnprocessableEntity, problem)
		return
	}
	if s.enrolled(v, func(a *account.Account) error { a.Password, a.Changed = hash, s.now(); return nil }) {
		s.firstFactor(v, v.shown, []string{amrPassword})
	}
}

// newPassword checks a password that is to be set, typed twice, and hashes it; or says why it cannot be set.
func (s *Server) newPassword(r *http.Request, p *Person, form url.Values) (problem, hash string, err error) {
	password := form.Get("new-password")
	if password != form.Get("new-password-again") {
		return "differ", "", nil
	}
	if weak := account.Weak(password, append(strings.Fields(p.Name), p.Login)...); weak != "" {
		return weak, "", nil
	}
	hash, err = s.passwords.Hash(r.Context(), password)
	return "", hash, err
}

// stepNewPasskey registers the passkey of somebody who showed the letter's code, and uses the code up. A passkey is two
// factors and the letter one: an account that asks one-time codes takes a password by letter, and asks its code then.
func (s *Server) stepNewPasskey(v *visit, form url.Values) {
	if !v.enrolling() || s.passkeys == nil {
		s.again(v)
		return
	}
	acc, err := s.account(v.r.Context(), v.shown.Key)
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	if acc.HasCodes() {
		s.showEnrolment(v, http.StatusUnprocessableEntity, "passkey")
		return
	}
	k, at, err := s.passkeys.Create(s.passkeysOf(v.shown, acc), []byte(form.Get("credential")), v.tx.ID, v.tx.Asked, s.now())
	if err == nil {
		err = s.useChallenge(v, at)
	}
	if errors.Is(err, account.ErrPasskey) {
		s.showEnrolment(v, http.StatusUnprocessableEntity, "passkey")
		return
	}
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	k.Name = deviceOf(v.r.UserAgent())
	set := func(a *account.Account) error {
		if a.HasCodes() {
			return account.ErrPasskey
		}
		return addPasskey(a, k)
	}
	if s.enrolled(v, set) {
		s.enter(v, v.shown, proof{s.acrOf(twoFactors), []string{amrKey, amrUser, amrSeveral}, s.now()})
	}
}

// enrolled sets a proof and uses up the letter's code in one transaction; every session of before is over, with the
// online access that rests on it. It answers itself when it returns false.
func (s *Server) enrolled(v *visit, set func(a *account.Account) error) bool {
	ctx := v.r.Context()
	err := s.changeAccount(ctx, v.shown.Key, func(a *account.Account) error {
		if !a.Enrolling(v.tx.Shown.Enrolment, s.now()) {
			return errCode
		}
		if err := set(a); err != nil {
			return err
		}
		a.EndEnrolment()
		a.Epoch++
		return nil
	})
	if err == nil {
		s.tell(ctx, "enrolled", v.client.ID, v.shown.Key, "")
		_, err = s.endSessions(ctx, v.shown.Key, func(string) bool { return true })
	}
	switch {
	case err == nil:
		return true
	case errors.Is(err, errCode): // used meanwhile, or another letter was sent
		s.keepShown(v, nil)
	case errors.Is(err, account.ErrPasskey), errors.Is(err, errForeignKey):
		s.showEnrolment(v, http.StatusUnprocessableEntity, "passkey")
	default:
		s.trouble(v.w, v.r, err)
	}
	return false
}

// addPasskey adds a passkey that is not there yet.
func addPasskey(a *account.Account, k account.Passkey) error {
	if a.Passkey(k.ID) != nil || len(a.Passkeys) >= account.MaxPasskeys {
		return account.ErrPasskey
	}
	a.Passkeys = append(a.Passkeys, k)
	return nil
}
