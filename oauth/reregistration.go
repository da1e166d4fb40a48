package oauth

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/pontlevis/pontlevis/store"
)

// notForUpdate are members that an update must not carry (RFC 7592 §2.2).
var notForUpdate = []string{"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"}

// serveRegistration lets a client read, replace and end its own registration (RFC 7592 §2).
func (s *Server) serveRegistration(w http.ResponseWriter, r *http.Request) {
	c, token, f := s.ownRegistration(r)
	if f != nil {
		s.writeFailure(w, r, f)
		return
	}
	var out *registered7591
	switch r.Method {
	case http.MethodGet:
		out = s.registrationAnswer(c, "", token, "")
	case http.MethodPut:
		out, f = s.update(w, r, c, token)
	case http.MethodDelete:
		if f = s.unregister(r.Context(), c); f == nil {
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(http.StatusNoContent)
			return
		}
	default:
		s.notAllowed(w, r, "GET, PUT, DELETE")
		return
	}
	if f != nil {
		s.writeFailure(w, r, f)
		return
	}
	writeJSON(w, http.StatusOK, out)
}

// ownRegistration finds the client of a registration access token. A client that does not exist, was not registered here,
// is disabled or whose app was stopped looks like a wrong token.
func (s *Server) ownRegistration(r *http.Request) (*Client, string, *failure) {
	refused := refuse(codeInvalidToken, "The registration access token is not valid for this client.")
	token, shown, f := bearerOf(r)
	if f != nil || !shown {
		return nil, "", refused
	}
	var c *Client
	err := s.db.View(r.Context(), store.Global, func(tx store.Tx) (err error) {
		c, err = s.clients.Get(tx, clientKey(strings.TrimPrefix(r.URL.Path, pathRegister+"/")))
		return err
	})
	if err != nil {
		return nil, "", broken(err)
	}
	hash := s.registrationHash(token)
	if c == nil || c.Disabled || len(c.RegistrationHash) == 0 || !hmac.Equal(c.RegistrationHash, hash) {
		s.tell(r.Context(), "client_refused", "", "", "")
		return nil, "", refused
	}
	if software := c.vouchedSoftware(); software != "" {
		app, found, err := s.registration.Catalogue.Software(r.Context(), software)
		if err != nil {
			return nil, "", broken(err)
		}
		if !found || app.stopped() || app.of(c) {
			return nil, "", refused
		}
	}
	return c, token, nil
}

// update replaces the metadata: what is left out is gone (RFC 7592 §2.2). The id, the secret and the software stay.
func (s *Server) update(w http.ResponseWriter, r *http.Request, before *Client, token string) (*registered7591, *failure) {
	if f := s.paceRegistration(w, r); f != nil {
		return nil, f
	}
	asked, f := members(w, r)
	if f != nil {
		return nil, f
	}
	if f := s.checkUpdate(asked, before); f != nil {
		return nil, f
	}
	raw, f := statementIn(asked)
	if f != nil {
		return nil, f
	}
	if len(before.StatementDigest) > 0 && raw == "" {
		return nil, registrationFailure(errAnother)
	}
	if _, named := asked["software_id"]; !named {
		asked["software_id"], _ = json.Marshal(before.SoftwareID) // the software stays
	}
	c, f := s.describedClient(r, asked, raw, len(before.StatementDigest) == 0)
	if f != nil {
		return nil, f
	}
	if c.vouchedSoftware() != before.vouchedSoftware() {
		return nil, registrationFailure(errAnother)
	}
	if c.Kind != before.Kind { // its label was given to an app, or to a system
		return nil, refuse(codeInvalidMetadata, "An app does not become a system, nor a system an app: register anew.")
	}
	c.ID, c.Registered, c.RegistrationHash = before.ID, before.Registered, before.RegistrationHash
	secret := s.newSecretFor(c, before)
	if f := s.checkRegistration(c); f != nil {
		return nil, f
	}
	if err := s.replaceRegistered(r.Context(), c); err != nil {
		return nil, registrationFailure(err)
	}
	s.tell(r.Context(), "client_updated", c.ID, "", "")
	return s.registrationAnswer(c, secret, token, raw), nil
}

// checkUpdate holds an update to the client that it is for.
func (s *Server) checkUpdate(asked map[string]json.RawMessage, before *Client) *failure {
	for _, name := range notForUpdate {
		if _, has := asked[name]; has {
			return refuse(codeInvalidRequest, "An update must not carry "+name+".")
		}
	}
	var id, secret string
	if json.Unmarshal(asked["client_id"], &id) != nil || id != before.ID {
		return refuse(codeInvalidRequest, "client_id must be this client's.")
	}
	if raw, has := asked["client_secret"]; has && (json.Unmarshal(raw, &secret) != nil || !s.secretMatches(before, secret)) {
		return refuse(codeInvalidRequest, "client_secret must be this client's: a client does not choose it.")
	}
	return nil
}

// replaceRegistered writes the client over the one that is there, if it still is the one that was asked about.
func (s *Server) replaceRegistered(ctx context.Context, c *Client) error {
	return s.db.Update(ctx, store.Global, func(tx store.Tx) error {
		var now Client
		found, err := store.GetJSON(tx, clientKey(c.ID), &now)
		if err != nil {
			return err
		}
		if !found || now.Disabled || !hmac.Equal(now.RegistrationHash, c.RegistrationHash) {
			return errNotYet
		}
		return putClient(tx, c)
	})
}

// unregister removes a client. Its grants end with it: whatever they gave is refused from the next request on.
func (s *Server) unregister(ctx context.Context, c *Client) *failure {
	err := s.db.Update(ctx, store.Global, func(tx store.Tx) error {
		var now Client
		if found, err := store.GetJSON(tx, clientKey(c.ID), &now); err != nil || !found {
			return err
		}
		for _, o := range now.origins() {
			if err := tx.Delete(originKey(o, c.ID)); err != nil {
				return err
			}
		}
		if err := tx.Delete(registeredKey(&now)); err != nil {
			return err
		}
		if err := tx.Delete(openableKey(c.ID)); err != nil {
			return err
		}
		return tx.Delete(clientKey(c.ID))
	})
	if err != nil {
		return broken(err)
	}
	s.tell(ctx, "client_deleted", c.ID, "", "")
	return nil
}
