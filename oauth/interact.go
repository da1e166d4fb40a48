package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// visit is one request of a browser within a sign-in transaction.
type visit struct {
	w       http.ResponseWriter
	r       *http.Request
	tx      *transactionRecord
	browser string
	client  *Client
	app     App
	session *sessionRecord // nil until signed in
	person  *Person
}

// serveContinue leads a sign-in from step to step. It is a state machine with one dispatcher: GET shows the page of the
// first thing that is missing (sign-in, work situation, patient, consent); POST does one step and comes back here. The steps never call
// each other.
func (s *Server) serveContinue(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if v, ok := s.visit(w, r, r.URL.Query().Get("tx")); ok {
			s.show(v)
		}
	case http.MethodPost:
		s.step(w, r)
	default:
		w.Header().Set("Allow", "GET, POST")
		s.pages.Problem(w, r, http.StatusMethodNotAllowed, ProblemPage{Kind: ProblemNotFound})
	}
}

// visit loads the transaction and everything about it that may have changed since the last step. It answers itself when
// it returns false.
func (s *Server) visit(w http.ResponseWriter, r *http.Request, id string) (*visit, bool) {
	v := &visit{w: w, r: r, browser: s.cookie(r, cookieBrowser)}
	problem := func(status int, kind string) (*visit, bool) {
		s.pages.Problem(w, r, status, ProblemPage{Kind: kind})
		return nil, false
	}
	t, err := s.transaction(r.Context(), id)
	switch {
	case err != nil:
		s.trouble(w, r, err)
		return nil, false
	case t == nil:
		return problem(http.StatusBadRequest, ProblemExpired)
	case v.browser == "" || signatureOf(v.browser) != t.Browser:
		return problem(http.StatusForbidden, ProblemBrowser)
	case t.Done:
		return problem(http.StatusBadRequest, ProblemAnswered)
	}
	v.tx = t
	client, ok := s.askingClient(w, r, url.Values{"client_id": {t.Client}, "redirect_uri": {t.Form["redirect_uri"]}}, t.Device != "")
	if !ok {
		return nil, false
	}
	v.client = client
	if v.app, _, err = s.allowed(r.Context(), client); err == nil {
		v.session, v.person, err = s.currentSession(r.Context(), r)
	}
	if err != nil {
		s.trouble(w, r, err)
		return nil, false
	}
	if v.session != nil && s.stale(t, v.session) {
		v.session, v.person = nil, nil
	}
	s.situate(v)
	return v, true
}

// transaction reads a sign-in transaction; nil when it is not known or has expired.
func (s *Server) transaction(ctx context.Context, id string) (*transactionRecord, error) {
	if len(id) != idLength {
		return nil, nil
	}
	var t transactionRecord
	err := s.db.View(ctx, partitionOf(id), func(tx store.Tx) error {
		found, err := store.GetJSON(tx, transactionKey(id), &t)
		if err == nil && !found {
			return ErrNotFound
		}
		return err
	})
	if errors.Is(err, ErrNotFound) || err == nil && !s.now().Before(t.Expires) {
		return nil, nil
	}
	return &t, err
}

// stale tells whether the app asked for a sign-in that is newer than the session's.
func (s *Server) stale(t *transactionRecord, rec *sessionRecord) bool {
	if t.Fresh {
		return rec.Auth.Before(t.Created)
	}
	return t.MaxAge > 0 && s.now().Sub(rec.Auth) > time.Duration(t.MaxAge)*time.Second
}

// show renders the first step that is missing.
func (s *Server) show(v *visit) {
	switch {
	case v.person == nil:
		page := s.signInPage(v)
		page.Login = v.tx.Form["login_hint"]
		s.pages.SignIn(v.w, v.r, http.StatusOK, page)
	case s.needsSituation(v):
		s.showSituations(v, "")
	case !s.follow(v):
	case s.needsPatient(v):
		s.showPatients(v, "", "")
	default:
		s.showConsent(v, http.StatusOK, "")
	}
}

// step does what one form asks. The form must come from our own page (Origin or Sec-Fetch-Site), in the browser that
// began, with the token bound to both.
func (s *Server) step(w http.ResponseWriter, r *http.Request) {
	if s.cross.Check(r) != nil {
		s.pages.Problem(w, r, http.StatusForbidden, ProblemPage{Kind: ProblemForgery})
		return
	}
	form, f := postForm(w, r)
	if f != nil {
		s.pages.Problem(w, r, f.Status, ProblemPage{Kind: ProblemRequest, Code: f.Code})
		return
	}
	if !s.csrfMatches(form.Get("tx"), s.cookie(r, cookieBrowser), form.Get("csrf")) {
		s.pages.Problem(w, r, http.StatusForbidden, ProblemPage{Kind: ProblemForgery})
		return
	}
	v, ok := s.visit(w, r, form.Get("tx"))
	if !ok {
		return
	}
	switch step := form.Get("step"); {
	case step == "sign-in":
		s.stepSignIn(v, form)
	case step == "switch":
		s.stepSwitch(v)
	case step == "consent" && form.Get("decision") == "refuse":
		s.stepRefuse(v)
	case v.person == nil:
		s.again(v)
	case step == "situation":
		s.stepSituation(v, form)
	case s.needsSituation(v):
		s.again(v)
	case !s.follow(v):
	case step == "patient":
		s.stepPatient(v, form)
	case step == "consent" && form.Get("decision") == "allow":
		s.stepAllow(v, form)
	default:
		s.pages.Problem(w, r, http.StatusBadRequest, ProblemPage{Kind: ProblemRequest, Code: codeInvalidRequest})
	}
}

func (s *Server) form(v *visit) Form {
	return Form{Action: pathContinue, TX: v.tx.ID, CSRF: s.csrf(v.tx.ID, v.browser), Target: originOf(v.tx.Form["redirect_uri"])}
}

// again shows the next page by a redirect, so that reload and back do not post twice.
func (s *Server) again(v *visit) {
	http.Redirect(v.w, v.r, pathContinue+"?tx="+v.tx.ID, http.StatusSeeOther)
}

func (s *Server) signInPage(v *visit) SignInPage {
	return SignInPage{Form: s.form(v), App: view(v.client, v.app), Elsewhere: s.elsewhere(v.tx.ID)}
}

func (s *Server) showThrottled(v *visit, page SignInPage, wait time.Duration) {
	s.tell(v.r.Context(), "throttled", v.client.ID, "", "")
	page.Error, page.Wait = "throttled", int(wait.Seconds())+1
	v.w.Header().Set("Retry-After", seconds(wait))
	s.pages.SignIn(v.w, v.r, http.StatusTooManyRequests, page)
}

// stepSignIn checks login and password. Unknown logins cost and say the same as wrong passwords.
func (s *Server) stepSignIn(v *visit, form url.Values) {
	ctx, login := v.r.Context(), form.Get("login")
	page := s.signInPage(v)
	page.Login = login
	keys := throttleKeys(normalLogin(login), s.address(v.r), s.isKnown(v.r, login))
	if wait := s.throttle.take(keys); wait > 0 {
		s.showThrottled(v, page, wait)
		return
	}
	person, err := s.checkPassword(ctx, login, form.Get("password"))
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	if person == nil {
		s.tell(ctx, "sign_in_refused", v.client.ID, "", "")
		page.Error = "credentials"
		s.pages.SignIn(v.w, v.r, http.StatusUnprocessableEntity, page) // 401 would want an HTTP challenge
		return
	}
	s.throttle.give(keys)
	if err := s.signIn(ctx, v.w, v.r, person, proof{s.acrOf(oneFactor), []string{amrPassword}, s.now()}); err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	s.tell(ctx, "sign_in", v.client.ID, person.Key, "")
	s.again(v)
}

// checkPassword returns the person, or nil when login and password do not go together.
func (s *Server) checkPassword(ctx context.Context, login, password string) (*Person, error) {
	p, err := s.personByLogin(ctx, login)
	if err != nil {
		return nil, err
	}
	hash := unknownHash()
	if p != nil && p.PasswordHash != "" {
		hash = p.PasswordHash
	}
	ok, err := s.passwordMatches(ctx, hash, password)
	if err != nil || !ok || p == nil || p.PasswordHash == "" || p.Disabled {
		return nil, err
	}
	return p, nil
}

// stepSwitch ends the session so that another person can sign in.
func (s *Server) stepSwitch(v *visit) {
	if err := s.endSession(v.r.Context(), v.r); err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	s.setCookie(v.w, cookieSession, "", -1)
	s.again(v)
}

// view is the app as people see it. Names come from the catalogue; without an entry, from the registration.
func view(c *Client, a App) AppView {
	out := AppView{
		FR: a.FR, EN: a.EN, Publisher: a.Publisher, Category: a.Category, Status: a.Label.Status,
		Exchange: a.Label.Exchange, Kind: c.Kind,
	}
	for _, t := range []*AppText{&out.FR, &out.EN} {
		if t.Name == "" {
			t.Name = first(c.Name, c.ID)
		}
		t.Name = plain(t.Name)
	}
	out.Publisher = plain(out.Publisher)
	return out
}

// plain removes from a name what could make it read as another: control and direction marks, and excess length.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff {
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > 80 {
		return string(runes[:80]) + "…"
	}
	return s
}

// originOf is the origin, or the scheme of a private-use URI, in the form a Content-Security-Policy source takes.
func originOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	if u.Host == "" {
		return u.Scheme + ":"
	}
	return u.Scheme + "://" + u.Host
}
