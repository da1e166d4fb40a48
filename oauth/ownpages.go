package oauth

import (
	"net/http"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// ownPages stands for the app in a sign-in that one of our own pages asks.
var ownPages = &Client{Kind: "portal", Name: "pontlevis"}

// wish is what one of our own pages wants of a sign-in.
type wish struct {
	maxAge time.Duration // how old it may be; any age when 0
	acr    []string      // how strong it must be, as acr_values
}

// askSignIn lets somebody sign in for one of our own pages, and brings them back to it: back is a path below the issuer.
func (s *Server) askSignIn(w http.ResponseWriter, r *http.Request, back string, want wish) {
	if f := s.pacePending(r); f != nil {
		w.Header().Set("Retry-After", "5")
		s.pages.Problem(w, r, f.Status, ProblemPage{Kind: ProblemTrouble, Code: f.Code})
		return
	}
	now := s.now()
	t := &transactionRecord{
		ID: newID(), Return: back, MaxAge: int64(want.maxAge.Seconds()), ACR: want.acr, Form: map[string]string{},
		Browser: signatureOf(s.browser(w, r)), Created: now, Expires: now.Add(transactionTTL),
	}
	err := s.db.Update(r.Context(), partitionOf(t.ID), func(tx store.Tx) error {
		return putExpiring(tx, transactionKey(t.ID), t, t.Expires)
	})
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	http.Redirect(w, r, pathContinue+"?tx="+t.ID, http.StatusSeeOther)
}

// returnOwn goes back to the page that asked.
func (s *Server) returnOwn(v *visit) { http.Redirect(v.w, v.r, v.tx.Return, http.StatusSeeOther) }
