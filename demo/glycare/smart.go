package glycare

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// scopes are what the app asks for: to know whose measures they are, and the measures.
const scopes = "patient/Patient.r patient/Observation.crus offline_access"

// server is what the record's SMART configuration says (SMART App Launch 2.2, "conformance").
type server struct {
	Issuer    string `json:"issuer"`
	Authorize string `json:"authorization_endpoint"`
	Token     string `json:"token_endpoint"`
	Revoke    string `json:"revocation_endpoint"`
}

// pending is a launch that waits for its answer.
type pending struct {
	server          *server
	state, verifier string
}

// tokens are what the app got.
type tokens struct {
	server  *server
	access  string
	refresh string
	patient string
	ends    time.Time
}

func (a *App) discover(ctx context.Context) (*server, error) {
	s := new(server)
	if err := a.fetch(ctx, http.MethodGet, a.FHIR+"/.well-known/smart-configuration", "", nil, s); err != nil {
		return nil, err
	}
	if s.Authorize == "" || s.Token == "" {
		return nil, errors.New("the SMART configuration lacks an endpoint")
	}
	return s, nil
}

// authorize is where the browser goes to ask its person.
func (a *App) authorize(ctx context.Context, launch string) (string, *pending, error) {
	s, err := a.discover(ctx)
	if err != nil {
		return "", nil, fmt.Errorf("discovering: %w", err)
	}
	p := &pending{server: s, state: rand.Text(), verifier: rand.Text() + rand.Text()}
	challenge := sha256.Sum256([]byte(p.verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {a.Client}, "redirect_uri": {a.Base + "/callback"}, "aud": {a.FHIR}, "state": {p.state},
		"scope": {"launch/patient " + scopes}, "code_challenge_method": {"S256"}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
	}
	if launch != "" {
		q.Set("launch", launch)
		q.Set("scope", "launch "+scopes)
	}
	join := "?"
	if strings.Contains(s.Authorize, "?") {
		join = "&"
	}
	return s.Authorize + join + q.Encode(), p, nil
}

// redeem changes a code for tokens.
func (a *App) redeem(ctx context.Context, p *pending, code string) (*tokens, error) {
	return a.tokens(ctx, p.server, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {a.Base + "/callback"}, "client_id": {a.Client}, "code_verifier": {p.verifier},
	})
}

// fresh renews tokens that have run out.
func (a *App) fresh(ctx context.Context, s *session) error {
	t := s.tokens
	if a.Now().Before(t.ends.Add(-5 * time.Second)) {
		return nil
	}
	if t.refresh == "" {
		return &refusal{Status: http.StatusUnauthorized}
	}
	renewed, err := a.tokens(ctx, t.server, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {t.refresh}, "client_id": {a.Client}})
	var no *refusal
	if errors.As(err, &no) && no.Status < 500 {
		return &refusal{Status: http.StatusUnauthorized}
	}
	if err != nil {
		return err
	}
	if renewed.refresh == "" {
		renewed.refresh = t.refresh
	}
	if renewed.patient == "" {
		renewed.patient = t.patient
	}
	s.tokens = renewed
	return nil
}

func (a *App) tokens(ctx context.Context, s *server, form url.Values) (*tokens, error) {
	var got struct {
		Access  string  `json:"access_token"`
		Refresh string  `json:"refresh_token"`
		Expires float64 `json:"expires_in"`
		Patient string  `json:"patient"`
	}
	if err := a.fetch(ctx, http.MethodPost, s.Token, "", form, &got); err != nil {
		return nil, err
	}
	if got.Access == "" || got.Patient == "" && form.Get("grant_type") == "authorization_code" {
		return nil, errors.New("the answer has no token, or is for nobody")
	}
	return &tokens{s, got.Access, got.Refresh, got.Patient, a.Now().Add(time.Duration(got.Expires) * time.Second)}, nil
}

// revoke gives a grant back (RFC 7009).
func (a *App) revoke(ctx context.Context, t *tokens) error {
	if t.server.Revoke == "" {
		return nil
	}
	held := t.refresh
	if held == "" {
		held = t.access
	}
	return a.fetch(ctx, http.MethodPost, t.server.Revoke, "", url.Values{"token": {held}, "client_id": {a.Client}}, nil)
}

// refusal is an answer that gives nothing, in the words of the gateway: why, and what may be done.
type refusal struct {
	Status int
	Text   string
}

func (r *refusal) Error() string { return fmt.Sprintf("status %d: %s", r.Status, r.Text) }

// maxAnswer bounds what the app reads of one answer.
const maxAnswer = 1 << 20

// fetch asks the gateway. body is a form, or anything that marshals to a FHIR resource; into may be nil.
func (a *App) fetch(ctx context.Context, method, to, token string, body, into any) error {
	content, kind := io.Reader(nil), ""
	switch b := body.(type) {
	case nil:
	case url.Values:
		content, kind = strings.NewReader(b.Encode()), "application/x-www-form-urlencoded"
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return err
		}
		content, kind = bytes.NewReader(raw), "application/fhir+json"
	}
	r, err := http.NewRequestWithContext(ctx, method, to, content)
	if err != nil {
		return err
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if said, ok := ctx.Value(languageKey{}).(string); ok {
		r.Header.Set("Accept-Language", said)
	}
	answer, err := a.HTTP.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return err
	}
	if answer.StatusCode >= 300 {
		return &refusal{answer.StatusCode, said(raw)}
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}
