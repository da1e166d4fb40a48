package oauth

import (
	"slices"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/store"
)

// demand has a person sign in again, as strongly or as lately as the policies want for what the request asks (RFC 9470):
// the transaction keeps the demand beside the app's own, and the next page is the sign-in.
func (s *Server) demand(v *visit, weak *gate.TokenError) {
	err := s.db.Update(v.r.Context(), partitionOf(v.tx.ID), func(tx store.Tx) error {
		var t transactionRecord
		found, err := store.GetJSON(tx, transactionKey(v.tx.ID), &t)
		if err != nil || !found || t.Done {
			return err
		}
		t.ACR = s.both(t.ACR, weak.ACR)
		if weak.MaxAge != nil {
			age := max(int64(weak.MaxAge.Seconds()), 1)
			if t.MaxAge == 0 || age < t.MaxAge {
				t.MaxAge = age
			}
		}
		return store.PutJSON(tx, transactionKey(t.ID), t)
	})
	if err != nil {
		s.trouble(v.w, v.r, err)
		return
	}
	s.tell(v.r.Context(), "step_up", v.client.ID, keyOf(v.person), "")
	s.again(v)
}

// both are the contexts of two demands that satisfy the other one too; the second's where none does.
func (s *Server) both(app, demanded []string) []string {
	switch {
	case len(demanded) == 0:
		return app
	case len(app) == 0:
		return demanded
	}
	var out []string
	for _, pair := range [][2][]string{{demanded, app}, {app, demanded}} {
		for _, acr := range pair[0] {
			if s.satisfies(acr, pair[1]) && !slices.Contains(out, acr) {
				out = append(out, acr)
			}
		}
	}
	if len(out) == 0 {
		return demanded
	}
	return out
}
