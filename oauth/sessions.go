package oauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/oauth/account"
	"github.com/pontlevis/pontlevis/store"
)

const maxSessionsShown = 100

// doneWords are what the page can say was done; they travel in its address after a form.
var doneWords = []string{"ended", "others", "password", "added", "named", "removed", "codes", "codes-off"}

// owner is a person on the page of their own sessions.
type owner struct {
	w       http.ResponseWriter
	r       *http.Request
	session *sessionRecord
	person  *Person
	acc     *account.Account
}

// serveSessions shows a person their sessions and proofs (GET), and ends or changes them (POST).
func (s *Server) serveSessions(w http.ResponseWriter, r *http.Request) {
	if !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost}, r.Method) {
		w.Header().Set("Allow", "GET, POST")
		s.pages.Problem(w, r, http.StatusMethodNotAllowed, ProblemPage{Kind: ProblemNotFound})
		return
	}
	o := &owner{w: w, r: r}
	var err error
	if o.session, o.person, err = s.currentSession(r.Context(), r); err == nil && o.person != nil {
		o.acc, err = s.account(r.Context(), o.person.Key)
	}
	switch {
	case err != nil:
		s.trouble(w, r, err)
	case o.person == nil:
		s.askSignIn(w, r, pathSessions, wish{})
	case r.Method == http.MethodPost:
		s.changeOwn(o)
	default:
		done := r.URL.Query().Get("done")
		if !slices.Contains(doneWords, done) {
			done = ""
		}
		s.showSessions(o, http.StatusOK, SessionsPage{Done: done})
	}
}

// fresh tells whether the person may change their proofs now: they showed who they are lately, and with a second factor
// if they have one.
func (s *Server) fresh(o *owner) bool {
	return s.now().Sub(o.session.Auth) < manageLife && (!s.canTwo(o.acc) || s.levelOf(o.session.ACR) >= twoFactors)
}

// canTwo tells whether the account can show two factors here.
func (s *Server) canTwo(a *account.Account) bool {
	return a.HasCodes() || len(a.Passkeys) > 0 && s.passkeys != nil
}

func (s *Server) showSessions(o *owner, status int, page SessionsPage) {
	ctx := o.r.Context()
	all, err := s.sessionsOf(ctx, o.person.Key, o.acc.Epoch)
	if err != nil {
		s.trouble(o.w, o.r, err)
		return
	}
	for _, rec := range all {
		page.Sessions = append(page.Sessions, SessionView{
			ID: rec.ID, Device: rec.Device, Network: rec.Network, Begun: rec.Begun, Seen: rec.Seen,
			Current: rec.ID == o.session.ID, Strong: s.levelOf(rec.ACR) >= twoFactors,
		})
	}
	page.Action, page.CSRF, page.Person, page.Login, page.Now = pathSessions, s.csrf("session "+o.session.ID, s.browser(o.w, o.r)), o.person.Name, o.person.Login, s.now()
	page.Elsewhere = o.person.Login == ""
	if page.Fresh = !page.Elsewhere && s.fresh(o); page.Fresh {
		if err := s.showProofs(o, &page); err != nil {
			s.trouble(o.w, o.r, err)
			return
		}
	}
	s.pages.Sessions(o.w, o.r, status, page)
}

// showProofs fills in what the person signs in with.
func (s *Server) showProofs(o *owner, page *SessionsPage) error {
	page.Password = o.acc.Password != "" || o.person.PasswordHash != ""
	for _, k := range o.acc.Passkeys {
		page.Passkeys = append(page.Passkeys, PasskeyView{
			ID: base64.RawURLEncoding.EncodeToString(k.ID), Name: k.Name, Added: k.Added, Used: k.Used, Copied: k.Copied, Doubted: k.Doubted,
		})
	}
	if s.passkeys != nil && len(o.acc.Passkeys) < account.MaxPasskeys {
		options, err := s.passkeys.CreationOptions(s.passkeysOf(o.person, o.acc), o.session.ID, s.now())
		if err != nil {
			return err
		}
		page.NewPasskey = string(options)
	}
	page.RecoveryLeft = len(o.acc.Recovery)
	codes := o.acc.Codes
	switch {
	case codes == nil:
	case codes.Confirmed:
		page.Codes, page.CodesAdded = "on", codes.Added
	default:
		secret, err := s.codeSecret(o.person.Key, codes)
		if err != nil {
			return err
		}
		page.Codes, page.Secret = "pending", account.SecretText(secret)
		page.URI = account.CodeURI("pontlevis", o.person.Login, secret)
	}
	return nil
}

// sessionsOf lists the live sessions of a person, the last used first.
func (s *Server) sessionsOf(ctx context.Context, person string, epoch uint64) ([]sessionRecord, error) {
	var all []sessionRecord
	err := s.db.View(ctx, partitionOf(s.sessionShelf(person)), func(tx store.Tx) error {
		all = nil
		for key := range tx.Scan(store.Key("oauth", "owned", person), nil) {
			parts := store.KeyParts(key)
			if len(parts) != 4 || len(all) == maxSessionsShown {
				continue
			}
			for _, raw := range tx.Scan(store.Key("oauth", "session", parts[3]), nil) {
				var rec sessionRecord
				if err := json.Unmarshal(raw, &rec); err != nil {
					return err
				}
				if rec.Person == person && rec.Epoch == epoch && s.now().Before(rec.Expires) {
					all = append(all, rec)
				}
			}
		}
		return nil
	})
	slices.SortFunc(all, func(a, b sessionRecord) int { return b.Seen.Compare(a.Seen) })
	return all, err
}

// endSessions ends the sessions of a person that which picks, in one transaction, and returns how many.
func (s *Server) endSessions(ctx context.Context, person string, which func(id string) bool) (ended int, err error) {
	var all dropped
	err = s.db.Update(ctx, partitionOf(s.sessionShelf(person)), func(tx store.Tx) error {
		ended, all = 0, dropped{}
		for key := range tx.Scan(store.Key("oauth", "owned", person), nil) {
			parts := store.KeyParts(key)
			if len(parts) != 4 || !which(parts[3]) {
				continue
			}
			if err := s.dropRows(tx, person, parts[3], &all); err != nil {
				return err
			}
			ended++
		}
		return nil
	})
	if err == nil {
		err = s.dropped(ctx, &all)
	}
	return ended, err
}

// changeOwn does what one form of the page asks. Sessions can be ended by whoever has one; proofs change only when the
// person showed lately who they are.
func (s *Server) changeOwn(o *owner) {
	form, ok := s.pageForm(o.w, o.r, always("session "+o.session.ID))
	if !ok {
		return
	}
	do := form.Get("do")
	switch do {
	case "end", "end-others":
		s.endOwn(o, form)
		return
	}
	change, known := s.proofChanges()[do]
	if !known && do != "confirm" || o.person.Login == "" {
		s.pages.Problem(o.w, o.r, http.StatusBadRequest, ProblemPage{Kind: ProblemRequest, Code: codeInvalidRequest})
		return
	}
	if !s.fresh(o) || !known {
		want := wish{maxAge: manageLife / 2}
		if s.canTwo(o.acc) {
			want.acr = []string{s.acrOf(twoFactors)}
		}
		s.askSignIn(o.w, o.r, pathSessions, want)
		return
	}
	change(o, form)
}

// endOwn ends one session of the person, or all but this one.
func (s *Server) endOwn(o *owner, form url.Values) {
	which, done := func(id string) bool { return id == form.Get("session") }, "ended"
	if form.Get("do") == "end-others" {
		which, done = func(id string) bool { return id != o.session.ID }, "others"
	}
	n, err := s.endSessions(o.r.Context(), o.person.Key, which)
	if err != nil {
		s.trouble(o.w, o.r, err)
		return
	}
	if n > 0 {
		s.tell(o.r.Context(), "sessions_ended", "", o.person.Key, "")
	}
	if which(o.session.ID) {
		s.setCookie(o.w, cookieSession, "", -1)
		s.pages.SignedOut(o.w, o.r, SignedOutPage{})
		return
	}
	s.ownDone(o, done)
}

// ownDone shows the page anew by a redirect, so that reload and back do not post twice.
func (s *Server) ownDone(o *owner, done string) {
	http.Redirect(o.w, o.r, pathSessions+"?done="+done, http.StatusSeeOther)
}

// plainName is a name that somebody gave a passkey, made harmless.
func plainName(s string) string { return strings.TrimSpace(plain(s)) }
