package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/oauth/account"
	"github.com/pontlevis/pontlevis/store"
)

// waiting is who is asked for a second factor: whoever has shown the first, or is signed in less strongly than asked.
func (v *visit) waiting() *Person {
	if v.shown != nil {
		return v.shown
	}
	return v.person
}

func (s *Server) showSecondFactor(v *visit, status int, problem string, wait int) {
	p := v.waiting()
	acc, err := s.account(v.r.Context(), p.Key)
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	page := SecondFactorPage{
		Form: s.form(v), App: view(v.client, v.app), Own: v.tx.Return != "", Person: p.Name, Codes: acc.HasCodes(), StepUp: v.shown == nil,
		Error: problem, Wait: wait,
	}
	if len(acc.Passkeys) > 0 {
		page.Passkey = s.passkeyRequest(v, acc.Passkeys)
	}
	s.pages.SecondFactor(v.w, v.r, status, page)
}

// showStepUp asks a person who is signed in for what is missing of the strength that was asked. What the account cannot
// show is said to the app at once (RFC 9470 §5, OpenID Connect Core Unmet Authentication Requirements).
func (s *Server) showStepUp(v *visit) {
	if s.strongerElsewhere(v) {
		s.pages.SignIn(v.w, v.r, http.StatusOK, s.signInPage(v))
		return
	}
	acc, err := s.account(v.r.Context(), v.person.Key)
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	within := slices.ContainsFunc(v.tx.ACR, func(a string) bool { level := s.levelOf(a); return level > 0 && level <= twoFactors })
	if within && (acc.HasCodes() || len(acc.Passkeys) > 0 && s.passkeys != nil) {
		s.showSecondFactor(v, http.StatusOK, "", 0)
		return
	}
	if v.tx.Return != "" || v.tx.Device != "" {
		s.pages.Problem(v.w, v.r, http.StatusForbidden, ProblemPage{Kind: ProblemStrength})
		return
	}
	var outcome error
	err = s.db.Update(v.r.Context(), partitionOf(v.tx.ID), func(tx store.Tx) error {
		outcome = answerOnce(tx, v.tx.ID, deviceDenied, s.now())
		return nil
	})
	if err = errors.Join(err, outcome); err != nil {
		s.unanswered(v, err)
		return
	}
	s.returnError(v.w, v.r, v.tx.Form["redirect_uri"], v.tx.State,
		refuse(codeUnmetRequirements, "The person's account cannot show what acr_values asks for."))
}

// errCode says that a code is wrong, used or too old.
var errCode = errors.New("the code is not accepted")

// stepCode takes a one-time code, or a recovery code in its place.
func (s *Server) stepCode(v *visit, form url.Values) {
	p := v.waiting()
	if p == nil || v.shown != nil && v.tx.Shown.Enrolment != nil {
		s.again(v)
		return
	}
	ctx := v.r.Context()
	keys := codeKeys(p.Key, s.address(v.r), s.isKnown(v.r, p.Login))
	ok := s.mayTry(v, keys, func(wait time.Duration) {
		s.slowed(v, wait)
		s.showSecondFactor(v, http.StatusTooManyRequests, "throttled", int(wait.Seconds())+1)
	})
	if !ok {
		return
	}
	recovered := false
	err := s.changeAccount(ctx, p.Key, func(a *account.Account) (err error) {
		recovered, err = s.useCode(a, p.Key, form.Get("code"))
		return err
	})
	if errors.Is(err, errCode) {
		s.tell(ctx, "code_refused", v.client.ID, p.Key, "")
		s.showSecondFactor(v, http.StatusUnprocessableEntity, "code", 0)
		return
	}
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	s.throttle.give(keys)
	if recovered {
		s.tell(ctx, "recovery_used", v.client.ID, p.Key, "")
	}
	first := proof{amr: []string{amrPassword}}
	if v.shown != nil {
		first.amr, first.at = v.tx.Shown.AMR, v.tx.Shown.At
	} else {
		first.amr, first.at = v.session.AMR, v.session.Auth
	}
	s.enter(v, p, proof{s.acrOf(twoFactors), withWords(first.amr, amrCode, amrSeveral), first.at})
}

// useCode uses up a one-time code of the account, or one of its recovery codes, which are longer.
func (s *Server) useCode(a *account.Account, person, code string) (recovered bool, err error) {
	if !a.HasCodes() {
		return false, errCode
	}
	secret, err := s.codeSecret(person, a.Codes)
	if err != nil {
		return false, err
	}
	if a.Codes.Use(secret, code, s.now()) {
		return false, nil
	}
	if len(strings.TrimSpace(code)) > 8 && a.UseRecovery(s.secrets.paper, person, code) {
		return true, nil
	}
	return false, errCode
}
