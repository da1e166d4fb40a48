package oauth

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/pontlevis/pontlevis/store"
)

// pathSituation is where a professional says in which work situation they use our own pages.
const pathSituation = "/oauth2/situation"

// askSituation lets a professional choose, and brings them back.
func (v *Visitor) askSituation(back string) {
	http.Redirect(v.w, v.r, pathSituation+"?back="+url.QueryEscape(back), http.StatusSeeOther)
}

// serveSituation shows the choice and keeps it in the session, until they choose again or sign out.
func (s *Server) serveSituation(w http.ResponseWriter, r *http.Request) {
	session, person, err := s.currentSession(r.Context(), r)
	switch {
	case err != nil:
		s.trouble(w, r, err)
	case person == nil:
		s.askSignIn(w, r, returnPath(r), wish{})
	case r.Method == http.MethodPost:
		s.chooseSituation(&Visitor{Person: person, s: s, w: w, r: r, session: session})
	default:
		v := &Visitor{Person: person, s: s, w: w, r: r, session: session}
		v.showSituation(http.StatusOK, ownPath(r.URL.Query().Get("back")), "")
	}
}

func (v *Visitor) showSituation(status int, back, problem string) {
	v.s.pages.ChooseSituation(v.w, v.r, status, SituationPage{
		Form: Form{Action: pathSituation, CSRF: v.CSRF()}, Own: true, Back: back,
		Person: v.Person.Name, Choices: v.Person.Situations, Error: problem,
	})
}

func (s *Server) chooseSituation(v *Visitor) {
	form, ok := v.Form()
	if !ok {
		return
	}
	back, chosen := ownPath(form.Get("back")), form.Get("situation")
	if !v.Person.works(chosen) || chosen == "" {
		v.showSituation(http.StatusUnprocessableEntity, back, "none")
		return
	}
	id, hash, _ := splitSession(s.cookie(v.r, cookieSession))
	err := s.db.Update(v.r.Context(), partitionOf(id), func(tx store.Tx) error {
		var cur sessionRecord
		found, err := store.GetJSON(tx, sessionKey(id, hash), &cur)
		if err != nil || !found {
			return err // ended meanwhile: it stays so
		}
		cur.Situation = chosen
		return store.PutJSON(tx, sessionKey(id, hash), cur)
	})
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	http.Redirect(v.w, v.r, back, http.StatusSeeOther)
}

// ownPath is a path below the issuer that a form may lead back to; the first page when it is none.
func ownPath(back string) string {
	if len(back) > 2048 || !strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") || strings.ContainsAny(back, "\\\r\n\t") {
		return "/"
	}
	return back
}
