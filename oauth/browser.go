package oauth

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// Cookies. On https they are __Host- cookies: no sibling domain can plant them (cookie tossing).
const (
	cookieBrowser = "pontlevis_browser" // random; binds sign-in transactions to a browser
	cookieSession = "pontlevis_session" // made anew at each sign-in (session fixation)
	cookieKnown   = "pontlevis_known"   // proves that a login has succeeded in this browser before
)

func (s *Server) secure() bool { return strings.HasPrefix(s.issuer, "https:") }

func (s *Server) cookieName(name string) string {
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

// A session cookie is the session's id, which names its partition, and 256 random bits.
func splitSession(value string) (id, hash string, ok bool) {
	id, _, ok = strings.Cut(value, ".")
	return id, signatureOf(value), ok && len(id) == idLength
}

// signIn opens a browser session for a person, ending the one the browser had.
func (s *Server) signIn(ctx context.Context, w http.ResponseWriter, r *http.Request, p *Person) error {
	if err := s.endSession(ctx, r); err != nil {
		return err
	}
	now := s.now()
	value := newID() + "." + randomText(32)
	id, hash, _ := splitSession(value)
	rec := sessionRecord{Person: p.Key, Auth: now, Seen: now, End: now.Add(sessionLife), Expires: now.Add(sessionIdle)}
	err := s.db.Update(ctx, partitionOf(id), func(tx store.Tx) error {
		return putExpiring(tx, sessionKey(id, hash), rec, rec.Expires)
	})
	if err != nil {
		return err
	}
	s.setCookie(w, cookieSession, value, 0)
	s.setCookie(w, cookieKnown, s.known(p.Login), int((365 * 24 * time.Hour).Seconds()))
	return nil
}

// known is what a browser holds after a sign-in; it does not name the account.
func (s *Server) known(login string) string {
	return base64.RawURLEncoding.EncodeToString(mac(s.secrets.known, normalLogin(login)))
}

func (s *Server) isKnown(r *http.Request, login string) bool {
	return hmac.Equal([]byte(s.cookie(r, cookieKnown)), []byte(s.known(login)))
}

// currentSession returns the browser's live session and its person, or nils.
func (s *Server) currentSession(ctx context.Context, r *http.Request) (*sessionRecord, *Person, error) {
	id, hash, ok := splitSession(s.cookie(r, cookieSession))
	if !ok {
		return nil, nil, nil
	}
	var rec sessionRecord
	err := s.db.View(ctx, partitionOf(id), func(tx store.Tx) error {
		found, err := store.GetJSON(tx, sessionKey(id, hash), &rec)
		if err == nil && !found {
			return ErrNotFound
		}
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if !s.now().Before(rec.Expires) {
		return nil, nil, nil
	}
	p, err := s.Person(ctx, rec.Person)
	if errors.Is(err, ErrNotFound) || p != nil && p.Disabled {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return &rec, p, s.touch(ctx, id, hash, rec)
}

// touch moves the idle end of a session, at most once a minute: each move is a durable write.
func (s *Server) touch(ctx context.Context, id, hash string, rec sessionRecord) error {
	now := s.now()
	if now.Sub(rec.Seen) < time.Minute {
		return nil
	}
	return s.db.Update(ctx, partitionOf(id), func(tx store.Tx) error {
		var cur sessionRecord
		found, err := store.GetJSON(tx, sessionKey(id, hash), &cur)
		if err != nil || !found {
			return err // ended meanwhile: it stays so
		}
		cur.Seen, cur.Expires = now, earlier(now.Add(sessionIdle), cur.End)
		return store.PutJSON(tx, sessionKey(id, hash), cur)
	})
}

// endSession removes the browser's session, if it has one.
func (s *Server) endSession(ctx context.Context, r *http.Request) error {
	id, hash, ok := splitSession(s.cookie(r, cookieSession))
	if !ok {
		return nil
	}
	return s.db.Update(ctx, partitionOf(id), func(tx store.Tx) error { return tx.Delete(sessionKey(id, hash)) })
}

// serveSignOut ends the browser's session (POST, same origin only).
func (s *Server) serveSignOut(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		s.pages.Problem(w, r, http.StatusMethodNotAllowed, ProblemPage{Kind: ProblemNotFound})
		return
	}
	if s.cross.Check(r) != nil {
		s.pages.Problem(w, r, http.StatusForbidden, ProblemPage{Kind: ProblemForgery})
		return
	}
	if err := s.endSession(r.Context(), r); err != nil {
		s.trouble(w, r, err)
		return
	}
	s.setCookie(w, cookieSession, "", -1)
	s.pages.SignedOut(w, r)
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
