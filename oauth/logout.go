package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/pontlevis/pontlevis/oauth/keyring"
	"github.com/pontlevis/pontlevis/store"
)

// Paths of signing out at an app's request.
const (
	pathEndSession    = "/oauth2/end-session"
	pathEndSessionYes = "/oauth2/end-session/confirm"
)

// logoutForm stands for a transaction in the form that asks whether to sign out.
const logoutForm = "end-session"

// leave is an app's request to sign somebody out (OpenID Connect RP-Initiated Logout 1.0 §2).
type leave struct {
	client   *Client // nil when the request proves none
	redirect string  // registered by client; "" to stay here
	state    string
	session  string // the session that the hint names; "" without a hint
}

// serveEndSession is the end_session endpoint. With an id_token of ours as the hint, that session ends at once. Without
// one anybody could have sent the person here, so a page asks. Only addresses that the client registered are gone back to.
func (s *Server) serveEndSession(w http.ResponseWriter, r *http.Request) {
	form, f := authorizeForm(w, r)
	if f != nil {
		s.pages.Problem(w, r, f.Status, ProblemPage{Kind: ProblemRequest, Code: f.Code, Hint: f.Description})
		return
	}
	l, f := s.leaving(r.Context(), form)
	if f != nil {
		if f.Status >= http.StatusInternalServerError {
			s.trouble(w, r, f)
			return
		}
		s.pages.Problem(w, r, f.Status, ProblemPage{Kind: ProblemRequest, Code: f.Code, Hint: f.Description})
		return
	}
	rec, _, err := s.currentSession(r.Context(), r)
	switch {
	case err != nil:
		s.trouble(w, r, err)
	case rec == nil && l.session == "":
		s.left(w, r, l, nil)
	case l.session != "" && (rec == nil || rec.ID == l.session):
		if err := s.endSessionOf(r.Context(), l.session); err != nil {
			s.trouble(w, r, err)
			return
		}
		s.setCookie(w, cookieSession, "", -1)
		s.left(w, r, l, rec)
	default: // no hint, or one of another session than this browser's
		s.askLeave(w, r, l, form)
	}
}

// leaving reads who asks and where to go back to.
func (s *Server) leaving(ctx context.Context, form url.Values) (*leave, *failure) {
	l := &leave{state: form.Get("state")}
	name := form.Get("client_id")
	if form.Has("id_token_hint") {
		claims, err := s.hinted(ctx, form.Get("id_token_hint"))
		switch {
		case errors.Is(err, keyring.ErrSignature), err == nil && name != "" && name != claims.Audience:
			return nil, refuse(codeInvalidRequest, "id_token_hint is no id_token that this server gave to this client.")
		case err != nil:
			return nil, broken(err)
		}
		name, l.session = claims.Audience, claims.Session
	}
	if name != "" {
		c, err := s.clientNow(ctx, name)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, broken(err)
		}
		l.client = c
	}
	if l.redirect = form.Get("post_logout_redirect_uri"); l.redirect == "" {
		return l, nil
	}
	if l.client != nil {
		_, ok, err := s.allowed(ctx, l.client)
		if err != nil {
			return nil, broken(err)
		}
		if l.client.Disabled || !ok { // who was stopped gets nobody sent; the session ends all the same
			l.redirect = ""
			return l, nil
		}
	}
	if l.client == nil || !slices.Contains(l.client.PostLogoutRedirectURIs, l.redirect) || len(l.state) > maxState {
		return nil, refuse(codeInvalidRequest, "post_logout_redirect_uri must equal one that the client registered, character by character.")
	}
	return l, nil
}

// hinted reads an id_token of ours, expired or not, also one that a retired key signed.
func (s *Server) hinted(ctx context.Context, raw string) (*idClaims, error) {
	payload, err := s.ring.Verify(ctx, typeIDToken, raw)
	if err != nil {
		return nil, err
	}
	var c idClaims
	if err := json.Unmarshal(payload, &c); err != nil || c.Issuer != s.issuer || c.Audience == "" {
		return nil, keyring.ErrSignature
	}
	return &c, nil
}

func (s *Server) askLeave(w http.ResponseWriter, r *http.Request, l *leave, form url.Values) {
	page := LeavePage{
		Form:     Form{Action: pathEndSessionYes, TX: logoutForm, CSRF: s.csrf(logoutForm, s.browser(w, r)), Target: originOf(l.redirect)},
		Redirect: l.redirect, State: l.state,
	}
	if l.client != nil {
		app, _, err := s.allowed(r.Context(), l.client)
		if err != nil {
			s.trouble(w, r, err)
			return
		}
		page.Client, page.App = l.client.ID, view(l.client, app)
	}
	s.pages.Leave(w, r, page)
}

// serveLeave takes the answer of the page: this browser's session ends.
func (s *Server) serveLeave(w http.ResponseWriter, r *http.Request) {
	form, ok := s.pageForm(w, r, always(logoutForm))
	if !ok {
		return
	}
	l, f := s.leaving(r.Context(), keep(form, "client_id", "post_logout_redirect_uri", "state"))
	if f != nil {
		s.pages.Problem(w, r, f.Status, ProblemPage{Kind: ProblemRequest, Code: f.Code, Hint: f.Description})
		return
	}
	rec, ok := s.signOut(w, r)
	if !ok {
		return
	}
	s.left(w, r, l, rec)
}

// left goes back to the app, or says that the session has ended. The session of a provider elsewhere ends on the way.
func (s *Server) left(w http.ResponseWriter, r *http.Request, l *leave, rec *sessionRecord) {
	next := l.redirect
	if next != "" {
		target, err := url.Parse(next)
		if err != nil {
			s.trouble(w, r, err)
			return
		}
		if l.state != "" {
			q := target.Query()
			q.Set("state", l.state)
			target.RawQuery = q.Encode()
		}
		next = target.String()
	}
	var page SignedOutPage
	if rec != nil {
		page.At, page.Href = s.leaveElsewhere(r.Context(), rec.Leave, next)
	}
	if next == "" || page.Href != "" { // a page, not a redirect: form-action does not name the provider
		s.pages.SignedOut(w, r, page)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Location", next)
	w.WriteHeader(http.StatusSeeOther)
}

// endSessionOf ends a session by its id, in whatever browser it is.
func (s *Server) endSessionOf(ctx context.Context, id string) error {
	if len(id) != idLength {
		return nil
	}
	return s.dropSession(ctx, id, "")
}

// dropSession ends a session, by its id and, where it is given, only for who bears the cookie with this hash. Every grant
// that was given in it, but for offline access, is dead at the next request, and apps that asked to be told are told.
func (s *Server) dropSession(ctx context.Context, id, hash string) error {
	person := ""
	var all dropped
	err := s.db.Update(ctx, partitionOf(id), func(tx store.Tx) (err error) {
		person, all = "", dropped{}
		for key := range tx.Scan(store.Key("oauth", "session", id), nil) {
			var rec sessionRecord
			if _, err := store.GetJSON(tx, key, &rec); err != nil {
				return err
			}
			if parts := store.KeyParts(key); hash == "" || parts[len(parts)-1] == hash {
				person = rec.Person
			}
		}
		if person == "" && hash == "" {
			person = ownerOf(tx, id)
		}
		if person == "" {
			return nil
		}
		return s.dropRows(tx, person, id, &all)
	})
	if err == nil && person != "" {
		s.tell(ctx, "signed_out", "", person, "")
		err = s.dropped(ctx, &all)
	}
	return err
}

// dropped is what ended with sessions: those of apps that asked to be told, and emergency accesses.
type dropped struct {
	told   []notice
	opened []*Emergency
}

// dropped tells the apps, and has the log say that the accesses are over: the session that ended them may be gone, its
// browser too.
func (s *Server) dropped(ctx context.Context, all *dropped) error {
	s.tellApps(all.told)
	var failed []error
	for _, e := range all.opened {
		failed = append(failed, s.overWith(context.WithoutCancel(ctx), e))
	}
	return errors.Join(failed...)
}

// dropRows removes all rows of a session, ends the emergency accesses that were opened in it, and adds both to all.
func (s *Server) dropRows(tx store.Tx, person, id string, all *dropped) error {
	gone := [][]byte{ownedKey(person, id)}
	for key := range tx.Scan(store.Key("oauth", "session", id), nil) {
		gone = append(gone, slices.Clone(key))
	}
	for key := range tx.Scan(store.Key("oauth", "relying", id), nil) {
		gone = append(gone, slices.Clone(key))
		if parts := store.KeyParts(key); len(parts) == 4 {
			all.told = append(all.told, notice{id, person, parts[3]})
		}
	}
	for _, key := range gone {
		if err := tx.Delete(key); err != nil {
			return err
		}
	}
	return s.endOpened(tx, id, all)
}

// endOpened ends the emergency accesses of a session.
func (s *Server) endOpened(tx store.Tx, id string, all *dropped) error {
	var live []*Emergency
	for key := range tx.Scan(store.Key("oauth", "glass", id), nil) {
		var e Emergency
		if _, err := store.GetJSON(tx, key, &e); err != nil {
			return err
		}
		if e.Live(s.now()) {
			e.Ended = s.now()
			live = append(live, &e)
		}
	}
	for _, e := range live {
		if err := store.PutJSON(tx, glassKey(id, e.ID), e); err != nil {
			return err
		}
	}
	all.opened = append(all.opened, live...)
	return nil
}

// ownerOf finds whose session it is once its browser has been idle for so long that its row was swept: online access goes
// on until the session's absolute end, and has to end with it.
func ownerOf(tx store.Tx, id string) string {
	for key := range tx.Scan(store.Key("oauth", "owned"), nil) {
		if parts := store.KeyParts(key); len(parts) == 4 && parts[3] == id {
			return parts[2]
		}
	}
	return ""
}
