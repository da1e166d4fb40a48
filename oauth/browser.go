package oauth

import (
	"crypto/hmac"
	"encoding/base64"
	"net/http"
	"strings"
)

// Cookies. On https they are __Host- cookies: no sibling domain can plant them (cookie tossing).
const (
	cookieBrowser = "pontlevis_browser" // random; binds sign-in transactions to a browser
	cookieSession = "pontlevis_session" // made anew at each sign-in (session fixation)
	cookieKnown   = "pontlevis_known"   // proves that a login has succeeded in this browser before
)

func (s *Server) secure() bool { return strings.HasPrefix(s.issuer, "https:") }

func (s *Server) cookieName(name string) string {
	name += s.cookies
	if s.secure() {
		return "__Host-" + name
	}
	return name
}

func (s *Server) setCookie(w http.ResponseWriter, name, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(name), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteLaxMode,
	})
}

func (s *Server) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(s.cookieName(name))
	if err != nil || len(c.Value) > 256 {
		return ""
	}
	return c.Value
}

// browser returns the browser's random value, making one when it has none.
func (s *Server) browser(w http.ResponseWriter, r *http.Request) string {
	if v := s.cookie(r, cookieBrowser); len(v) == 43 {
		return v
	}
	v := randomText(32)
	s.setCookie(w, cookieBrowser, v, 0)
	return v
}

// csrf is the token of the forms of one transaction in one browser.
func (s *Server) csrf(tx, browser string) string {
	return base64.RawURLEncoding.EncodeToString(mac(s.secrets.csrf, tx, browser))
}

func (s *Server) csrfMatches(tx, browser, token string) bool {
	return browser != "" && hmac.Equal([]byte(token), []byte(s.csrf(tx, browser)))
}

// known is what a browser holds after a sign-in; it does not name the account.
func (s *Server) known(login string) string {
	return base64.RawURLEncoding.EncodeToString(mac(s.secrets.known, normalLogin(login)))
}

func (s *Server) isKnown(r *http.Request, login string) bool {
	return hmac.Equal([]byte(s.cookie(r, cookieKnown)), []byte(s.known(login)))
}

// serveSignOut ends the browser's session. Its form stands on pages that have no token of ours: the origin is enough.
func (s *Server) serveSignOut(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.pageForm(w, r, nil); !ok {
		return
	}
	rec, ok := s.signOut(w, r)
	if !ok {
		return
	}
	var page SignedOutPage
	if rec != nil {
		page.At, page.Href = s.leaveElsewhere(r.Context(), rec.Leave, "")
	}
	s.pages.SignedOut(w, r, page)
}

// signOut ends the browser's session, and gives what it was; nil of none. When ok is false it has answered itself.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) (rec *sessionRecord, ok bool) {
	rec, _, err := s.currentSession(r.Context(), r)
	if err == nil {
		err = s.endSession(r.Context(), r)
	}
	if err != nil {
		s.trouble(w, r, err)
		return nil, false
	}
	s.setCookie(w, cookieSession, "", -1)
	return rec, true
}

// SignedIn returns the person signed in by the browser that sent r, or nil. Pages of the portal use it.
func (s *Server) SignedIn(r *http.Request) (*Person, error) {
	_, p, err := s.currentSession(r.Context(), r)
	return p, err
}

func (s *Server) trouble(w http.ResponseWriter, r *http.Request, err error) {
	s.log.ErrorContext(r.Context(), "sign-in failed", "path", r.URL.Path, "cause", err)
	w.Header().Set("Retry-After", "5")
	s.pages.Problem(w, r, http.StatusServiceUnavailable, ProblemPage{Kind: ProblemTrouble, Code: codeUnavailable})
}
