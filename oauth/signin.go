package oauth

import (
	"context"
	"crypto/hmac"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/oauth/account"
	"github.com/pontlevis/pontlevis/store"
)

// signInPage is the first page, before anything was tried.
func (s *Server) signInPage(v *visit) SignInPage {
	page := SignInPage{
		Form: s.form(v), App: view(v.client, v.app), Own: v.tx.Return != "", Login: v.tx.Form["login_hint"],
		Passkey: s.passkeyRequest(v, nil), Elsewhere: s.elsewhere(v.tx.ID),
	}
	if page.Login == "" && v.before != nil {
		page.Login = v.before.Login
	}
	return page
}

// showSignIn shows the first page after something was tried in vain.
func (s *Server) showSignIn(v *visit, status int, login, problem string) {
	page := s.signInPage(v)
	page.Error, page.Letter = problem, problem == "letter"
	if login != "" {
		page.Login = login
	}
	s.pages.SignIn(v.w, v.r, status, page)
}

// slowed tells that somebody tries too often.
func (s *Server) slowed(v *visit, wait time.Duration) {
	s.tell(v.r.Context(), "throttled", v.client.ID, "", "")
	v.w.Header().Set("Retry-After", seconds(wait))
}

// showThrottled says how long to wait.
func (s *Server) showThrottled(v *visit, page SignInPage, wait time.Duration) {
	s.slowed(v, wait)
	page.Error, page.Wait = "throttled", int(wait.Seconds())+1
	s.pages.SignIn(v.w, v.r, http.StatusTooManyRequests, page)
}

// passkeyRequest is what the page's script asks of the browser: any passkey, or one of these. "" where there can be none.
func (s *Server) passkeyRequest(v *visit, keys []account.Passkey) string {
	if s.passkeys == nil {
		return ""
	}
	options, err := s.passkeys.RequestOptions(keys, v.tx.ID, s.now())
	if err != nil {
		s.log.ErrorContext(v.r.Context(), "asking for a passkey failed", "cause", err)
		return ""
	}
	return string(options)
}

// mayTry counts a guess in advance and shows the page of throttled ones when there were too many.
func (s *Server) mayTry(v *visit, keys []throttleKey, throttled func(wait time.Duration)) bool {
	wait := s.throttle.take(keys)
	if wait == 0 {
		return true
	}
	throttled(wait)
	return false
}

// stepSignIn checks login and password. Unknown logins cost and say the same as wrong passwords.
func (s *Server) stepSignIn(v *visit, form url.Values) {
	ctx, login := v.r.Context(), form.Get("login")
	keys := throttleKeys(normalLogin(login), s.address(v.r), s.isKnown(v.r, login))
	ok := s.mayTry(v, keys, func(wait time.Duration) {
		page := s.signInPage(v)
		page.Login = login
		s.showThrottled(v, page, wait)
	})
	if !ok {
		return
	}
	person, err := s.checkPassword(ctx, login, form.Get("password"))
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	if person == nil {
		s.tell(ctx, "sign_in_refused", v.client.ID, "", "")
		s.showSignIn(v, http.StatusUnprocessableEntity, login, "credentials") // 401 would want an HTTP challenge
		return
	}
	s.throttle.give(keys)
	s.firstFactor(v, person, []string{amrPassword})
}

// checkPassword returns the person, or nil when login and password do not go together. A password that the person has set
// themselves counts before the one they were registered with.
func (s *Server) checkPassword(ctx context.Context, login, password string) (*Person, error) {
	p, err := s.personByLogin(ctx, login)
	if err != nil {
		return nil, err
	}
	key := "\x00" // nobody's: the same work for a login that nobody has
	if p != nil {
		key = p.Key
	}
	acc, err := s.account(ctx, key)
	if err != nil {
		return nil, err
	}
	hash := acc.Password
	if hash == "" && p != nil {
		hash = p.PasswordHash
	}
	has := p != nil && hash != ""
	if !has {
		hash = s.passwords.Unknown()
	}
	ok, err := s.passwords.Matches(ctx, hash, password)
	if err != nil || !ok || !has || p.Disabled {
		return nil, err
	}
	return p, nil
}

// firstFactor goes on after one factor was shown: to the second where the account has one-time codes, else to the session.
func (s *Server) firstFactor(v *visit, p *Person, amr []string) {
	acc, err := s.account(v.r.Context(), p.Key)
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	if acc.HasCodes() {
		s.keepShown(v, &shownRecord{Person: p.Key, At: s.now(), AMR: amr})
		return
	}
	s.enter(v, p, proof{s.acrOf(oneFactor), amr, s.now()})
}

// keepShown remembers the first proof of this sign-in, or forgets it.
func (s *Server) keepShown(v *visit, shown *shownRecord) {
	if err := s.changeTransaction(v, func(t *transactionRecord) error { t.Shown = shown; return nil }); err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	s.again(v)
}

// changeTransaction changes the sign-in transaction as it is now; one that was answered meanwhile stays as it is.
func (s *Server) changeTransaction(v *visit, change func(t *transactionRecord) error) error {
	return s.db.Update(v.r.Context(), partitionOf(v.tx.ID), func(tx store.Tx) error {
		var t transactionRecord
		found, err := store.GetJSON(tx, transactionKey(v.tx.ID), &t)
		if err != nil || !found || t.Done {
			return err
		}
		if err := change(&t); err != nil {
			return err
		}
		return store.PutJSON(tx, transactionKey(t.ID), t)
	})
}

// enter opens the session: everything that it takes was shown.
func (s *Server) enter(v *visit, p *Person, shown proof) {
	ctx := v.r.Context()
	if err := s.signIn(ctx, v.w, v.r, p, shown); err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	s.tell(ctx, "sign_in", v.client.ID, p.Key, "")
	if v.tx.Shown != nil {
		s.keepShown(v, nil)
		return
	}
	s.again(v)
}

// stepPasskey checks a passkey's answer: a sign-in whole, or what was missing of one.
func (s *Server) stepPasskey(v *visit, form url.Values) {
	ctx := v.r.Context()
	keys := passkeyKeys(s.address(v.r))
	ok := s.mayTry(v, keys, func(wait time.Duration) { s.refusePasskey(v, http.StatusTooManyRequests, "throttled", wait) })
	if !ok {
		return
	}
	p, err := s.checkPasskey(v, []byte(form.Get("credential")))
	if err != nil && !errors.Is(err, account.ErrPasskey) {
		s.trouble(v.w, v.r, err)
		return
	}
	if err != nil {
		kind := "passkey_refused"
		if errors.Is(err, account.ErrCounter) {
			kind = "passkey_counter"
		}
		s.tell(ctx, kind, v.client.ID, keyOf(p), "")
		s.refusePasskey(v, http.StatusUnprocessableEntity, "passkey", 0)
		return
	}
	s.throttle.give(keys)
	s.enter(v, p, proof{s.acrOf(twoFactors), []string{amrKey, amrUser, amrSeveral}, s.now()})
}

func (s *Server) refusePasskey(v *visit, status int, problem string, wait time.Duration) {
	switch {
	case v.enrolling():
		s.showEnrolment(v, status, "passkey")
	case v.person != nil, v.shown != nil:
		if wait > 0 {
			s.slowed(v, wait)
		}
		s.showSecondFactor(v, status, problem, int(wait.Seconds())+1)
	case wait > 0:
		s.showThrottled(v, s.signInPage(v), wait)
	default:
		s.showSignIn(v, status, "", problem)
	}
}

// checkPasskey returns whose passkey answered, having used up the challenge and taken over the counter. Where a first
// proof was shown, or a session is to be made stronger, only that person's counts. The error of what is not accepted is
// an account.ErrPasskey; the person is then told only when the counter alone was wrong.
func (s *Server) checkPasskey(v *visit, raw []byte) (*Person, error) {
	if s.passkeys == nil {
		return nil, account.ErrPasskey
	}
	answer, err := account.ReadAnswer(raw)
	if err != nil {
		return nil, err
	}
	ctx := v.r.Context()
	p, err := s.passkeyOwner(ctx, answer.ID)
	if err != nil {
		return nil, err
	}
	if p == nil || p.Disabled || !s.expected(v, p) || !hmac.Equal(answer.Handle, mac(s.secrets.handle, p.Key)) {
		return nil, account.ErrPasskey
	}
	acc, err := s.account(ctx, p.Key)
	if err != nil {
		return nil, err
	}
	k, at, err := s.passkeys.Verify(answer, s.passkeysOf(p, acc), v.tx.ID, v.tx.Asked, s.now())
	if !at.IsZero() {
		if lost := s.useChallenge(v, at); lost != nil {
			return nil, lost
		}
	}
	if err != nil && !errors.Is(err, account.ErrCounter) {
		return nil, err
	}
	return p, s.keepPasskey(ctx, p.Key, k, err)
}

// expected tells whether a passkey of p may answer here.
func (s *Server) expected(v *visit, p *Person) bool {
	switch {
	case v.shown != nil:
		return v.shown.Key == p.Key && v.tx.Shown.Enrolment == nil
	case v.person != nil:
		return v.person.Key == p.Key
	}
	return true
}

// useChallenge makes a challenge, and all that were issued before it, useless for another answer.
func (s *Server) useChallenge(v *visit, at time.Time) error {
	return s.changeTransaction(v, func(t *transactionRecord) error {
		if !at.After(t.Asked) {
			return account.ErrPasskey // another answer to it came first
		}
		t.Asked = at
		return nil
	})
}

// keepPasskey keeps the counter of a passkey that was used, or the doubt when it ran backwards, also against a use at the
// same time.
func (s *Server) keepPasskey(ctx context.Context, person string, used account.Passkey, doubt error) error {
	return s.changeAccount(ctx, person, func(a *account.Account) error {
		kept := a.Passkey(used.ID)
		switch {
		case kept == nil:
			return account.ErrPasskey // removed meanwhile
		case doubt != nil, (kept.Counter != 0 || used.Counter != 0) && used.Counter <= kept.Counter:
			kept.Doubted = s.now()
			return errors.Join(account.ErrPasskey, account.ErrCounter)
		}
		kept.Counter, kept.Copied, kept.Used = used.Counter, used.Copied, used.Used
		return nil
	})
}

// stepSwitch ends the session so that another person can sign in.
func (s *Server) stepSwitch(v *visit) {
	if err := s.endSession(v.r.Context(), v.r); err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	s.setCookie(v.w, cookieSession, "", -1)
	err := s.changeTransaction(v, func(t *transactionRecord) error {
		t.Shown, t.Fresh = nil, true // a provider elsewhere must not bring the same person back unasked
		return nil
	})
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	s.again(v)
}

// withWords adds words to a list of means, each once.
func withWords(amr []string, words ...string) []string {
	out := slices.Clone(amr)
	for _, w := range words {
		if !slices.Contains(out, w) && len(out) < maxAskedAMR {
			out = append(out, w)
		}
	}
	return out
}
