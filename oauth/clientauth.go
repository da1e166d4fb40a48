package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

const assertionJWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// authenticateClient finds out which client asks, by exactly one method: the one it registered (RFC 6749 §2.3: a client
// must not use more than one). endpoint is the URL being asked, an accepted audience of assertions there.
func (s *Server) authenticateClient(r *http.Request, form url.Values, endpoint string) (*Client, *failure) {
	id, method, f := claimed(r, form)
	if f != nil {
		return nil, f
	}
	client, err := s.Client(r.Context(), id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, broken(err)
	}
	known := client != nil
	if !known {
		client = &Client{ID: id, AuthMethod: method, SecretHash: s.secrets.client} // same work, never a match
	}
	if method == AuthNone && (client.AuthMethod == AuthTLS || client.AuthMethod == AuthSelfSignedTLS) {
		method = client.AuthMethod // the proof was in the handshake: client_id alone names the client (RFC 8705 §2)
	}
	err = s.checkCredential(r, form, client, method, endpoint)
	if errors.Is(err, errTrouble) {
		return nil, broken(err)
	}
	if err != nil {
		s.log.DebugContext(r.Context(), "client credential refused", "client", id, "method", method, "cause", err)
	}
	if err != nil || !known || client.Disabled || client.AuthMethod != method {
		s.proof.late.hold(r.Context(), s.throttle, networkOf(s.address(r)))
		return nil, s.clientRefused(r.Context(), id, method)
	}
	return s.asNow(r.Context(), client, method)
}

func (s *Server) clientRefused(ctx context.Context, id, method string) *failure {
	s.tell(ctx, "client_refused", id, "", "")
	f := refuse(codeInvalidClient, "Client authentication failed, or the client is not known.")
	f.Basic = method == AuthBasic
	return f
}

// claimed returns the id a request claims and the method it uses.
func claimed(r *http.Request, form url.Values) (id, method string, f *failure) {
	basic := r.Header.Get("Authorization") != ""
	assertion := form.Has("client_assertion") || form.Has("client_assertion_type")
	if basic && assertion || form.Has("client_secret") && (basic || assertion) {
		return "", "", refuse(codeInvalidRequest, "Use one way of client authentication, not several.")
	}
	switch {
	case len(r.Header.Values("Authorization")) > 1:
		return "", "", refuse(codeInvalidRequest, "One Authorization header is enough.")
	case form.Has("client_secret"):
		return "", "", refuse(codeInvalidClient, "client_secret_post is not supported: use client_secret_basic or private_key_jwt.")
	case basic:
		id, _, ok := basicCredentials(r)
		if !ok || form.Has("client_id") && form.Get("client_id") != id {
			f := refuse(codeInvalidClient, "The Authorization header is not usable here.")
			f.Basic = true
			return "", "", f
		}
		return id, AuthBasic, nil
	case assertion:
		sub := assertionSubject(form.Get("client_assertion"))
		if form.Get("client_assertion_type") != assertionJWT || sub == "" || form.Has("client_id") && form.Get("client_id") != sub {
			return "", "", refuse(codeInvalidClient, "The client assertion is not usable.")
		}
		return sub, AuthKeyJWT, nil
	case form.Get("client_id") != "":
		return form.Get("client_id"), AuthNone, nil
	}
	return "", "", refuse(codeInvalidClient, "Client authentication is missing.")
}

// basicCredentials undoes the form encoding that RFC 6749 §2.3.1 asks for inside HTTP Basic.
func basicCredentials(r *http.Request) (id, secret string, ok bool) {
	user, password, ok := r.BasicAuth()
	if !ok {
		return "", "", false
	}
	id, err1 := url.QueryUnescape(user)
	secret, err2 := url.QueryUnescape(password)
	return id, secret, err1 == nil && err2 == nil && id != "" && len(id) <= 256
}

// checkCredential checks what the request shows against the registration, by the method it uses. errTrouble tells that
// the server could not check.
func (s *Server) checkCredential(r *http.Request, form url.Values, c *Client, method, endpoint string) error {
	switch method {
	case AuthNone:
		return nil
	case AuthBasic:
		if _, secret, ok := basicCredentials(r); !ok || !s.secretMatches(c, secret) {
			return errors.New("the secret does not match")
		}
		return nil
	case AuthKeyJWT:
		return s.checkAssertion(r.Context(), c, form.Get("client_assertion"), endpoint, networkOf(s.address(r)))
	case AuthTLS:
		return s.checkCertified(c, r)
	case AuthSelfSignedTLS:
		return s.checkSelfSigned(r.Context(), c, r)
	}
	return errors.New("unknown method")
}

// labelled is the name under which the catalogue knows the client: the software that a verified statement names, or the
// client itself.
func (c *Client) labelled() string {
	if software := c.vouchedSoftware(); software != "" {
		return software
	}
	return c.ID
}

// allowed tells whether the catalogue lets this client have tokens now. A SMART app or a plugin needs a label that is
// online; the portal and a registered back-end need none, but one that says otherwise stops them too.
func (s *Server) allowed(ctx context.Context, c *Client) (App, bool, error) {
	app, found, err := s.apps.App(ctx, c.labelled())
	if err != nil {
		return App{}, false, err
	}
	if !found || app.Label.Status == "" {
		app.Label.Status = "none"
	}
	if !app.Label.Expires.IsZero() && app.Label.Status == "online" && !s.now().Before(app.Label.Expires) {
		app.Label.Status = "expired"
	}
	if app.Category == "" {
		app.Category = c.Category
	}
	if !c.Registered.IsZero() { // whoever registered itself is nobody's until the catalogue says so
		return app, app.Label.Status == "online", nil
	}
	switch c.Kind {
	case "portal", "backend":
		return app, app.Label.Status == "online" || app.Label.Status == "none", nil
	}
	return app, app.Label.Status == "online", nil
}

// admit refuses a client whose label has been suspended, recalled or has lapsed.
func (s *Server) admit(ctx context.Context, c *Client) *failure {
	_, f := s.admitted(ctx, c)
	return f
}

// admitNew is admit for what begins something: the label must have been confirmed lately besides.
func (s *Server) admitNew(ctx context.Context, c *Client) *failure {
	app, f := s.admitted(ctx, c)
	if f == nil && app.Waits {
		f = waits()
	}
	return f
}

func (s *Server) admitted(ctx context.Context, c *Client) (App, *failure) {
	app, ok, err := s.allowed(ctx, c)
	if err != nil {
		return app, broken(err)
	}
	if !ok {
		return app, refuse(codeUnauthorizedClient, "The app's label does not allow access: it is missing, suspended, recalled or has lapsed.")
	}
	return app, nil
}
