package oauth

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/store"
)

// pathRegister is the registration endpoint; below it each client that registered has its own address (RFC 7592).
const pathRegister = "/oauth2/register"

// Bounds of dynamic registration.
const (
	maxRegistration   = 64 << 10
	maxPerSoftware    = 10_000           // installations of one app
	registrationBurst = 20               // from one network at once
	registrationPause = 30 * time.Second // and then one per
	minInitialToken   = 32
	prefixRegister    = "pl_rg_"
)

// Registration says who may register a client (RFC 7591), and of what. It is never open to everybody.
type Registration struct {
	// Catalogue has the apps whose clients may register; no client is more than its app's entry.
	Catalogue Catalogue
	// Tokens are initial access tokens of at least 32 characters (§3).
	Tokens []string
	// Trust holds the keys that software statements are verified with (§2.3), and Issuer who must have signed them; ""
	// takes whoever has one of the keys.
	Trust  *jose.JSONWebKeySet
	Issuer string
	// Own is the public key by which this server's own catalogue signs statements, in the name of this server's issuer.
	Own *jose.JSONWebKey
}

func (g *Registration) check() error {
	if g == nil {
		return nil
	}
	if g.Catalogue == nil {
		return errors.New("registration: wants the catalogue of the apps that may register")
	}
	if len(g.Tokens) == 0 && g.Own == nil && (g.Trust == nil || len(g.Trust.Keys) == 0) {
		return errors.New("registration: wants initial access tokens or keys for software statements")
	}
	for _, t := range g.Tokens {
		if len(t) < minInitialToken {
			return fmt.Errorf("registration: an initial access token has at least %d characters", minInitialToken)
		}
	}
	return nil
}

// registered7591 is the answer to a registration (RFC 7591 §3.2.1, RFC 7592 §3). The secret is in it once, when it was
// made: the server keeps a hash.
type registered7591 struct {
	ClientID  string `json:"client_id"`
	IssuedAt  int64  `json:"client_id_issued_at"`
	Secret    string `json:"client_secret,omitempty"`
	SecretEnd *int64 `json:"client_secret_expires_at,omitempty"` // 0: it does not expire
	Token     string `json:"registration_access_token"`
	URI       string `json:"registration_client_uri"`
	*clientMetadata
	Statement string `json:"software_statement,omitempty"`
}

// serveRegister takes a registration (RFC 7591 §3.1).
func (s *Server) serveRegister(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		s.notAllowed(w, r, "POST")
		return
	}
	out, f := s.register(w, r)
	if f != nil {
		s.writeFailure(w, r, f)
		return
	}
	writeJSON(w, http.StatusCreated, out)
}

func (s *Server) register(w http.ResponseWriter, r *http.Request) (*registered7591, *failure) {
	if f := s.paceRegistration(w, r); f != nil {
		return nil, f
	}
	invited, f := s.invited(r)
	if f != nil {
		return nil, f
	}
	asked, f := members(w, r)
	if f != nil {
		return nil, f
	}
	raw, f := statementIn(asked)
	if f != nil {
		return nil, f
	}
	if !invited && raw == "" {
		return nil, refuse(codeInvalidToken, "Registering wants an initial access token or a software statement.")
	}
	c, f := s.describedClient(r, asked, raw, invited)
	if f == nil {
		f = s.confirmed(r.Context(), c.SoftwareID)
	}
	if f != nil {
		return nil, f
	}
	c.ID, c.Registered = newID(), s.now()
	secret := s.newSecretFor(c, nil)
	token := prefixRegister + randomText(32)
	c.RegistrationHash = s.registrationHash(token)
	if f := s.checkRegistration(c); f != nil {
		return nil, f
	}
	if err := s.addRegistered(r.Context(), c); err != nil {
		return nil, registrationFailure(err)
	}
	s.tell(r.Context(), "client_registered", c.ID, "", "")
	return s.registrationAnswer(c, secret, token, raw), nil
}

// statementIn is the software statement of a request, "" without one.
func statementIn(asked map[string]json.RawMessage) (raw string, f *failure) {
	if text, has := asked["software_statement"]; has {
		if json.Unmarshal(text, &raw) != nil || raw == "" {
			return "", refuse(codeInvalidStatement, "software_statement is a signed JWT.")
		}
	}
	return raw, nil
}

// describedClient reads what a request says, under what its software statement says, within what the catalogue has of the
// app. trusted tells that more than a copy of a statement was shown.
func (s *Server) describedClient(r *http.Request, asked map[string]json.RawMessage, raw string, trusted bool) (c *Client, f *failure) {
	code := codeInvalidMetadata
	var vouched *statement
	if raw != "" {
		if vouched, f = s.verifyStatement(r.Context(), raw, networkOf(s.address(r))); f != nil {
			return nil, f
		}
		overlay(asked, vouched.claims)
		code = codeUnapprovedStatement
	}
	app, f := s.software(r.Context(), asked, code)
	if f != nil {
		return nil, f
	}
	withoutNull(asked)
	app.preset(asked)
	if _, named := vouched.claim("grant_types"); raw != "" && !named {
		withoutUnaddressed(asked)
	}
	m, f := metadataOf(asked)
	if f != nil {
		return nil, f
	}
	if m.system() != (app.Kind == "backend") {
		return nil, refuse(codeInvalidMetadata, "The catalogue has this software as "+app.Kind+".")
	}
	if c, f = m.client(); f != nil {
		return nil, f
	}
	if f := app.admits(c); f != nil {
		return nil, f
	}
	if vouched != nil {
		c.StatementDigest = vouched.digest
	}
	if !trusted {
		return c, addressed(c)
	}
	return c, nil
}

// confirmed refuses a new client of an app whose label has not been confirmed for too long. Those that are there may still
// be managed.
func (s *Server) confirmed(ctx context.Context, software string) *failure {
	w, found, err := s.registration.Catalogue.Software(ctx, software)
	if err != nil {
		return broken(err)
	}
	if found && w.Waits {
		return waits()
	}
	return nil
}

// checkRegistration holds a client that registers itself to what PutClient asks, and to what this server can serve.
func (s *Server) checkRegistration(c *Client) *failure {
	if err := c.check(); err != nil {
		return refuse(codeInvalidMetadata, err.Error())
	}
	if s.proof.mtls == nil && (c.AuthMethod == AuthTLS || c.AuthMethod == AuthSelfSignedTLS || c.RequireTLS) {
		return refuse(codeInvalidMetadata, "Mutual TLS is not served here.")
	}
	if strings.HasPrefix(c.JWKSURI, "http:") && !s.proof.loopback {
		return refuse(codeInvalidMetadata, "jwks_uri must be https.")
	}
	return nil
}

// newSecretFor gives a client its secret when it authenticates by one and before did not, "" otherwise.
func (s *Server) newSecretFor(c, before *Client) string {
	if c.AuthMethod != AuthBasic {
		return ""
	}
	if before != nil && len(before.SecretHash) > 0 {
		c.SecretHash = before.SecretHash
		return ""
	}
	secret := NewSecret()
	c.SecretHash = s.HashSecret(secret)
	return secret
}

func (s *Server) registrationAnswer(c *Client, secret, token, raw string) *registered7591 {
	out := &registered7591{
		ClientID: c.ID, IssuedAt: c.Registered.Unix(), Secret: secret, Token: token, URI: s.issuer + pathRegister + "/" + c.ID,
		clientMetadata: c.describe(), Statement: raw,
	}
	if secret != "" {
		out.SecretEnd = new(int64)
	}
	return out
}

// paceRegistration slows one network down: each registration is a write that stays.
func (s *Server) paceRegistration(w http.ResponseWriter, r *http.Request) *failure {
	wait := s.throttle.take([]throttleKey{{"registration " + networkOf(s.address(r)), registrationBurst, registrationPause}})
	if wait <= 0 {
		return nil
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
	return &failure{Status: http.StatusTooManyRequests, Code: codeUnavailable, Description: "Too many registrations from this network. Come back later."}
}

// invited tells whether the caller shows an initial access token. A wrong one is refused, also beside a statement.
func (s *Server) invited(r *http.Request) (bool, *failure) {
	token, shown, f := bearerOf(r)
	if f != nil || !shown {
		return false, f
	}
	ok := false
	for _, known := range s.registration.Tokens {
		ok = hmac.Equal(s.registrationHash(token), s.registrationHash(known)) || ok
	}
	if !ok {
		return false, refuse(codeInvalidToken, "The initial access token is not known.")
	}
	return true, nil
}

// bearerOf reads one bearer token of the Authorization header.
func bearerOf(r *http.Request) (token string, shown bool, f *failure) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return "", false, nil
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if len(headers) > 1 || !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxValue {
		return "", true, refuse(codeInvalidToken, "Send one bearer token in the Authorization header.")
	}
	return token, true, nil
}

func (s *Server) registrationHash(token string) []byte {
	return mac(s.secrets.client, "registration", token)
}

// jsonBody reads the body of a registration.
func jsonBody(w http.ResponseWriter, r *http.Request) ([]byte, *failure) {
	if r.URL.RawQuery != "" {
		return nil, refuse(codeInvalidRequest, "Parameters belong in the body, not in the URL.")
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		f := refuse(codeInvalidRequest, "The body must be application/json.")
		f.Status = http.StatusUnsupportedMediaType
		return nil, f
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRegistration))
	if err != nil {
		f := refuse(codeInvalidRequest, "The body is too large or was cut short.")
		f.Status = http.StatusRequestEntityTooLarge
		return nil, f
	}
	return body, nil
}

func (s *Server) notAllowed(w http.ResponseWriter, r *http.Request, methods string) {
	w.Header().Set("Allow", methods)
	f := refuse(codeInvalidRequest, "This endpoint takes "+methods+".")
	f.Status = http.StatusMethodNotAllowed
	s.writeFailure(w, r, f)
}

var (
	errFull    = errors.New("this software has as many registered clients as it may have")
	errNotYet  = errors.New("the registration is not known any more")
	errAnother = errors.New("a registration stays with the software it was made for: register anew")
)

// registeredKey is the row by which the registrations of a software are counted.
func registeredKey(c *Client) []byte {
	return store.Key("oauth", "registered", c.vouchedSoftware(), c.ID)
}

// vouchedSoftware is the app of the catalogue that the client was held to when it registered, "" for a client that was not.
func (c *Client) vouchedSoftware() string {
	if len(c.StatementDigest) == 0 && !c.Catalogued {
		return ""
	}
	return c.SoftwareID
}

// addRegistered writes a new client, unless its software has too many.
func (s *Server) addRegistered(ctx context.Context, c *Client) error {
	return s.db.Update(ctx, store.Global, func(tx store.Tx) error {
		n := 0
		for range tx.Scan(store.Key("oauth", "registered", c.vouchedSoftware()), nil) {
			if n++; n >= maxPerSoftware {
				return errFull
			}
		}
		if err := tx.Put(registeredKey(c), []byte{1}); err != nil {
			return err
		}
		return putClient(tx, c)
	})
}

func registrationFailure(err error) *failure {
	switch {
	case errors.Is(err, errFull):
		return &failure{Status: http.StatusForbidden, Code: codeInvalidMetadata, Description: err.Error()}
	case errors.Is(err, errNotYet):
		return refuse(codeInvalidToken, err.Error())
	case errors.Is(err, errAnother):
		return refuse(codeInvalidStatement, err.Error())
	}
	return broken(err)
}
