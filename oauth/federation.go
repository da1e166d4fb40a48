package oauth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/oauth/upstream"
	"github.com/pontlevis/pontlevis/store"
)

// Sign-in at an OpenID Provider elsewhere (package upstream). Both paths are followed by the provider's name.
const (
	pathElsewhere = "/oauth2/upstream/" // leads the browser to the provider
	pathCallback  = "/oauth2/callback/" // where the provider sends it back
)

const (
	attemptLife                 = 10 * time.Minute // a sign-in elsewhere may take this long
	attemptBurst, attemptRefill = 40, 5 * time.Second
)

// attemptRecord is a sign-in that goes on elsewhere. Its state is in the row's key as a signature alone; nonce and code
// verifier are derived from the state, so that the store holds nothing with which somebody else could go on.
type attemptRecord struct {
	Provider string    `json:"provider"`
	TX       string    `json:"tx"`                // the sign-in transaction that waits for it
	Browser  string    `json:"browser"`           // signature of the browser's cookie
	ACR      []string  `json:"acr,omitempty"`     // asked by the app and known to the provider
	Fresh    bool      `json:"fresh,omitempty"`   // asked to sign in again
	MaxAge   int64     `json:"max_age,omitempty"` // seconds
	Began    time.Time `json:"began"`
	Used     time.Time `json:"used,omitzero"`
	Expires  time.Time `json:"expires"`
}

func attemptKey(id, sig string) []byte { return store.Key("oauth", "attempt", id, sig) }

// Holder is the space that belongs to whoever signed in elsewhere.
type Holder struct {
	Patient    string   // logical id
	Identities []string // how resources name the person
}

// attempt is what the record says, with what is derived from the state.
func (s *Server) attempt(rec *attemptRecord, state string) *upstream.Attempt {
	derive := func(use string) string {
		return base64.RawURLEncoding.EncodeToString(mac(s.secrets.upstream, use, state))
	}
	return &upstream.Attempt{
		Redirect: s.issuer + pathCallback + rec.Provider, State: state, Nonce: derive("nonce"), Verifier: derive("verifier"),
		ACR: rec.ACR, Fresh: rec.Fresh, MaxAge: rec.MaxAge, Began: rec.Began,
	}
}

func (s *Server) provider(name string) *upstream.Provider {
	i := slices.IndexFunc(s.upstreams, func(p *upstream.Provider) bool { return p.Config().Name == name })
	if i < 0 {
		return nil
	}
	return s.upstreams[i]
}

// elsewhere lists the providers for the sign-in page of a transaction.
func (s *Server) elsewhere(tx string) []Elsewhere {
	var out []Elsewhere
	for _, p := range s.upstreams {
		e := elsewhereOf(p)
		e.Href = pathElsewhere + e.Name + "?tx=" + url.QueryEscape(tx)
		out = append(out, e)
	}
	return out
}

func elsewhereOf(p *upstream.Provider) Elsewhere {
	c := p.Config()
	return Elsewhere{Name: c.Name, FR: first(c.Label.FR, c.Label.EN, c.Name), EN: first(c.Label.EN, c.Label.FR, c.Name)}
}

// serveElsewhere sends the browser to a provider. It is a link rather than a form: form-action would have to name every
// host that the provider leads through.
func (s *Server) serveElsewhere(w http.ResponseWriter, r *http.Request) {
	p := s.provider(strings.TrimPrefix(r.URL.Path, pathElsewhere))
	if p == nil || r.Method != http.MethodGet {
		s.pages.Problem(w, r, http.StatusNotFound, ProblemPage{Kind: ProblemNotFound})
		return
	}
	v, ok := s.visit(w, r, r.URL.Query().Get("tx"))
	if !ok {
		return
	}
	keys := []throttleKey{{"elsewhere " + networkOf(s.address(r)), attemptBurst, attemptRefill}}
	if wait := s.throttle.take(keys); wait > 0 {
		s.showThrottled(v, s.signInPage(v), wait)
		return
	}
	address, err := s.beginElsewhere(v, p)
	var no *upstream.Refusal
	switch {
	case errors.As(err, &no):
		s.refusedElsewhere(v, p, no)
	case err != nil:
		s.trouble(w, r, err)
	default:
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		http.Redirect(w, r, address, http.StatusSeeOther)
	}
}

// beginElsewhere keeps the attempt and returns the address of the provider's page.
func (s *Server) beginElsewhere(v *visit, p *upstream.Provider) (string, error) {
	now := s.now()
	rec := attemptRecord{
		Provider: p.Config().Name, TX: v.tx.ID, Browser: v.tx.Browser, Fresh: v.tx.Fresh, MaxAge: v.tx.MaxAge,
		Began: now, Expires: earlier(now.Add(attemptLife), v.tx.Expires),
	}
	if len(v.tx.ACR) > 0 {
		for _, acr := range p.Config().ACR {
			if s.satisfies(acr, v.tx.ACR) {
				rec.ACR = append(rec.ACR, acr)
			}
		}
	}
	id := newID()
	state := id + "." + randomText(32)
	address, err := p.Begin(v.r.Context(), s.attempt(&rec, state))
	if err != nil {
		return "", err
	}
	err = s.db.Update(v.r.Context(), partitionOf(id), func(tx store.Tx) error {
		return putExpiring(tx, attemptKey(id, signatureOf(state)), rec, rec.Expires)
	})
	return address, err
}

// serveCallback takes what a provider answers, once, from the browser that asked.
func (s *Server) serveCallback(w http.ResponseWriter, r *http.Request) {
	p := s.provider(strings.TrimPrefix(r.URL.Path, pathCallback))
	if p == nil || r.Method != http.MethodGet {
		s.pages.Problem(w, r, http.StatusNotFound, ProblemPage{Kind: ProblemNotFound})
		return
	}
	query := r.URL.Query()
	if len(query["state"]) != 1 {
		s.pages.Problem(w, r, http.StatusBadRequest, ProblemPage{Kind: ProblemExpired})
		return
	}
	state := query.Get("state")
	rec, status, problem, err := s.claimAttempt(r, p.Config().Name, state)
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	if problem != "" {
		s.tell(r.Context(), "sign_in_refused", "", "", "")
		s.pages.Problem(w, r, status, ProblemPage{Kind: problem})
		return
	}
	v, ok := s.visit(w, r, rec.TX)
	if !ok {
		return
	}
	login, err := p.Finish(r.Context(), s.attempt(rec, state), query)
	if err == nil {
		err = s.openSession(v, p, rec, login)
	}
	var no *upstream.Refusal
	switch {
	case errors.As(err, &no):
		s.refusedElsewhere(v, p, no)
	case err != nil:
		s.trouble(w, r, err)
	default:
		s.again(v)
	}
}

// claimAttempt flips an attempt to used, in the transaction that finds it unused. Another browser does not use it up.
func (s *Server) claimAttempt(r *http.Request, provider, state string) (rec *attemptRecord, status int, problem string, err error) {
	id, _, ok := strings.Cut(state, ".")
	if !ok || len(id) != idLength || len(state) > 128 {
		return nil, http.StatusBadRequest, ProblemExpired, nil
	}
	browser := s.cookie(r, cookieBrowser)
	key := attemptKey(id, signatureOf(state))
	err = s.db.Update(r.Context(), partitionOf(id), func(tx store.Tx) error {
		rec, status, problem = new(attemptRecord), http.StatusBadRequest, ""
		found, err := store.GetJSON(tx, key, rec)
		if err != nil {
			return err
		}
		switch {
		case !found || rec.Provider != provider || !s.now().Before(rec.Expires):
			problem = ProblemExpired
		case browser == "" || signatureOf(browser) != rec.Browser:
			status, problem = http.StatusForbidden, ProblemBrowser
		case !rec.Used.IsZero():
			problem = ProblemAnswered
		}
		if problem != "" {
			return nil
		}
		rec.Used = s.now()
		return store.PutJSON(tx, key, rec)
	})
	return rec, status, problem, err
}

// openSession registers who signed in and opens their session here. The error is a *upstream.Refusal when they may not.
func (s *Server) openSession(v *visit, p *upstream.Provider, rec *attemptRecord, login *upstream.Login) error {
	ctx := v.r.Context()
	person, err := s.vouchedFor(ctx, p, login)
	if err != nil {
		return err
	}
	shown := proof{acr: acrFrom(p, login), amr: amrFrom(login), at: s.signedInAt(rec, login)}
	if err := s.signInVouched(ctx, v.w, v.r, person, shown, s.keepForLeaving(p, login)); err != nil {
		return err
	}
	s.tell(ctx, "sign_in", v.client.ID, person.Key, "")
	if v.tx.Shown == nil {
		return nil
	}
	return s.changeTransaction(v, func(t *transactionRecord) error { t.Shown = nil; return nil })
}

// signedInAt is when the person proved who they are. The provider says so in whole seconds of its own clock, and Finish has
// held it against what was asked: it counts for no older than that, and for no later than now. Where the provider does not
// say (max_age of its configuration makes it say), it is when the sign-in there began.
func (s *Server) signedInAt(rec *attemptRecord, login *upstream.Login) time.Time {
	now, at := s.now(), login.Auth
	oldest := time.Time{}
	switch {
	case rec.Fresh || at.IsZero():
		oldest = rec.Began
	case rec.MaxAge > 0:
		oldest = now.Add(-time.Duration(rec.MaxAge) * time.Second)
	}
	if at.Before(oldest) {
		at = oldest
	}
	return earlier(at, now)
}

// strongerElsewhere tells whether the provider that vouched for the person can show what the app asks.
func (s *Server) strongerElsewhere(v *visit) bool {
	if v.session.Leave == nil {
		return false
	}
	p := s.provider(v.session.Leave.Provider)
	return p != nil && slices.ContainsFunc(p.Config().ACR, func(acr string) bool { return s.satisfies(acr, v.tx.ACR) })
}

// acrFrom takes over a class of authentication that the configuration accepts of this provider; any other is a claim about
// which nobody decided.
func acrFrom(p *upstream.Provider, login *upstream.Login) string {
	if slices.Contains(p.Config().ACR, login.ACR) {
		return login.ACR
	}
	return ""
}

func amrFrom(login *upstream.Login) []string {
	var out []string
	for _, word := range login.AMR {
		if word != "" && len(word) <= 32 && !hasControl(word) && len(out) < maxAskedAMR {
			out = append(out, word)
		}
	}
	return out
}

// refusedElsewhere shows the sign-in page again with what went wrong: another way may be open.
func (s *Server) refusedElsewhere(v *visit, p *upstream.Provider, no *upstream.Refusal) {
	ctx := v.r.Context()
	s.tell(ctx, "sign_in_refused", v.client.ID, "", "")
	s.log.WarnContext(ctx, "sign-in elsewhere refused", "provider", p.Config().Name, "code", no.Code, "cause", no)
	status := http.StatusForbidden
	if no.Kind == upstream.Unavailable {
		status = http.StatusBadGateway
	}
	page := s.signInPage(v)
	page.Error, page.At, page.Code = "elsewhere."+no.Kind, elsewhereOf(p), no.Code
	s.pages.SignIn(v.w, v.continued(), status, page)
}

// continued is the visit's request as it would be at the sign-in's own address, to which the page's links lead.
func (v *visit) continued() *http.Request {
	r, u := *v.r, *v.r.URL
	u.Path, u.RawQuery = pathContinue, url.Values{"tx": {v.tx.ID}}.Encode()
	r.URL = &u
	return &r
}

// vouchedFor maps a verified sign-in to an account of this server and brings the account up to date. What is known here
// alone stays: whether the account is disabled, and a space that was joined to it otherwise.
func (s *Server) vouchedFor(ctx context.Context, p *upstream.Provider, login *upstream.Login) (*Person, error) {
	c := p.Config()
	id, notes, err := upstream.Identify(&c, login.Claims)
	if len(notes) > 0 { // the notes quote claims: the dry run shows them, a log does not
		s.log.DebugContext(ctx, "claims not understood", "provider", c.Name, "count", len(notes))
	}
	if err != nil {
		return nil, err
	}
	fresh := personFrom(id)
	if id.INS != "" && s.holder != nil {
		held, found, err := s.holder(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("finding a space: %w", err)
		}
		if found {
			fresh.Patient, fresh.Reference, fresh.INS = held.Patient, "Patient/"+held.Patient, id.INS
			fresh.Identities = append(fresh.Identities, held.Identities...)
		}
	}
	return s.bringUpToDate(ctx, fresh)
}
