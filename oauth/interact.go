package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
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
	before  *Person // who is signed in, where the app wants a newer sign-in
	shown   *Person // who has shown a first proof and not yet what else it takes
}

// serveContinue leads a sign-in from step to step. It is a state machine with one dispatcher: GET shows the page of the
// first thing that is missing (sign-in, second factor, work situation, patient, consent); POST does one step and comes
// back here. The steps never call each other.
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
	if t.Return != "" {
		v.client = ownPages
	} else {
		client, ok := s.askingClient(w, r, url.Values{"client_id": {t.Client}, "redirect_uri": {t.Form["redirect_uri"]}}, t.Device != "")
		if !ok {
			return nil, false
		}
		v.client = client
	}
	if err := s.identify(v); err != nil {
		s.trouble(w, r, err)
		return nil, false
	}
	return v, true
}

// identify finds out who is there, and whether that is enough for what is asked.
func (s *Server) identify(v *visit) (err error) {
	ctx := v.r.Context()
	if v.tx.Return == "" {
		if v.app, _, err = s.allowed(ctx, v.client); err != nil {
			return err
		}
	}
	if v.session, v.person, err = s.currentSession(ctx, v.r); err != nil {
		return err
	}
	if v.session != nil && s.stale(v.tx, v.session) {
		v.session, v.person, v.before = nil, nil, v.person
	}
	if shown := v.tx.Shown; shown != nil && s.now().Sub(shown.At) < shownLife {
		v.shown, err = s.Person(ctx, shown.Person)
		if errors.Is(err, ErrNotFound) || v.shown != nil && v.shown.Disabled {
			v.shown, err = nil, nil
		}
	}
	s.situate(v)
	return err
}

// transaction reads a sign-in transaction; nil when it is not known or has expired.
func (s *Server) transaction(ctx context.Context, id string) (*transactionRecord, error) {
	if len(id) != idLength {
		return nil, nil
	}
	t, err := load[transactionRecord](ctx, s, partitionOf(id), transactionKey(id))
	if errors.Is(err, ErrNotFound) || err == nil && !s.now().Before(t.Expires) {
		return nil, nil
	}
	return t, err
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
	case v.shown != nil && v.tx.Shown.Enrolment != nil:
		s.showEnrolment(v, http.StatusOK, "")
	case v.shown != nil:
		s.showSecondFactor(v, http.StatusOK, "", 0)
	case v.person == nil:
		s.pages.SignIn(v.w, v.r, http.StatusOK, s.signInPage(v))
	case !s.satisfies(v.session.ACR, v.tx.ACR):
		s.showStepUp(v)
	case v.tx.Return != "":
		s.returnOwn(v)
	case s.needsSituation(v):
		s.showSituations(v, "")
	case !s.follow(v):
	case s.needsPatient(v):
		s.showPatients(v, "", "")
	default:
		s.showConsent(v, http.StatusOK, nil, "")
	}
}

// step does what one form asks. The form must come from our own page, in the browser that began, with the token bound to
// both.
func (s *Server) step(w http.ResponseWriter, r *http.Request) {
	form, ok := s.pageForm(w, r, func(form url.Values) string { return form.Get("tx") })
	if !ok {
		return
	}
	release, err := s.steps.take(r.Context(), form.Get("tx"))
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	defer release()
	v, ok := s.visit(w, r, form.Get("tx"))
	if !ok {
		return
	}
	switch step := form.Get("step"); {
	case step == "sign-in":
		s.stepSignIn(v, form)
	case step == "passkey":
		s.stepPasskey(v, form)
	case step == "code":
		s.stepCode(v, form)
	case step == "enrol":
		s.stepEnrol(v, form)
	case step == "new-password":
		s.stepNewPassword(v, form)
	case step == "new-passkey":
		s.stepNewPasskey(v, form)
	case step == "switch":
		s.stepSwitch(v)
	case step == "consent" && form.Get("decision") == "refuse":
		s.stepRefuse(v)
	case v.person == nil || v.tx.Return != "" || !s.satisfies(v.session.ACR, v.tx.ACR):
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
