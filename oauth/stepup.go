package oauth

import (
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
		if len(weak.ACR) > 0 {
			t.ACR = weak.ACR
		}
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
