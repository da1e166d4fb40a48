package upstream

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// proof is what is read of an id_token or a signed userinfo beside what go-oidc checks.
type proof struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	Party     string   `json:"azp"`
	Nonce     string   `json:"nonce"`
	Issued    float64  `json:"iat"`
	Expires   float64  `json:"exp"`
	Auth      float64  `json:"auth_time"`
	ACR       string   `json:"acr"`
	AMR       []string `json:"amr"`
	TokenHash string   `json:"at_hash"`
}

// audience is one value or several (RFC 7519 §4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// verifyIDToken checks an id_token as OpenID Connect Core §3.1.3.7 says, and what the attempt asked for.
func (p *Provider) verifyIDToken(ctx context.Context, keys *keySet, a *Attempt, raw, access string) (*Login, error) {
	if raw == "" || len(raw) > maxAnswer {
		return nil, refuse(Untrusted, "the provider gave no id_token")
	}
	signature := &signature{keys: keys}
	verifier := oidc.NewVerifier(p.config.Issuer, signature, &oidc.Config{
		ClientID: p.config.ClientID, SupportedSigningAlgs: p.config.algs(), Now: p.now,
	})
	token, err := verifier.Verify(ctx, raw)
	if signature.err != nil {
		return nil, signature.refusal("the signature of the id_token")
	}
	if err != nil {
		return nil, failed(Untrusted, "the id_token", err)
	}
	var t proof
	if err := token.Claims(&t); err != nil {
		return nil, refuse(Untrusted, "the id_token has claims of another shape")
	}
	var body json.RawMessage
	if err := token.Claims(&body); err != nil {
		return nil, refuse(Untrusted, "the id_token has no claims")
	}
	claims, err := ParseClaims(body)
	if err != nil {
		return nil, failed(Untrusted, "the id_token", err)
	}
	if err := p.checkProof(&t, a); err != nil {
		return nil, err
	}
	if t.TokenHash != "" && !hashMatches(raw, t.TokenHash, access) {
		return nil, refuse(Untrusted, "the id_token belongs to another access token (at_hash)")
	}
	acr, err := p.wanted(a)
	if err != nil {
		return nil, err
	}
	if !p.config.enough(t.ACR, acr) {
		return nil, refuse(Weak, "the class of authentication (acr) is none of those asked")
	}
	login := &Login{Subject: t.Subject, Claims: claims, ACR: t.ACR, AMR: t.AMR, IDToken: raw}
	if t.Auth > 0 {
		login.Auth = instant(t.Auth)
	}
	return login, nil
}

// signature remembers why a signature was not verified, which go-oidc tells in words alone.
type signature struct {
	keys *keySet
	err  error
}

func (s *signature) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	var payload []byte
	payload, s.err = s.keys.VerifySignature(ctx, raw)
	return payload, s.err
}

func (s *signature) refusal(what string) *Refusal {
	var r *Refusal
	if errors.As(s.err, &r) { // the keys could not be had
		return r
	}
	return failed(Untrusted, what, s.err)
}

// checkProof checks what go-oidc leaves to its callers: authorized party, nonce, times and subject.
func (p *Provider) checkProof(t *proof, a *Attempt) error {
	now := p.now()
	issued, auth := instant(t.Issued), instant(t.Auth)
	switch {
	case t.Subject == "" || len(t.Subject) > 255:
		return refuse(Untrusted, "the id_token names nobody (sub)")
	case len(t.Audience) > 1 && t.Party == "" || t.Party != "" && t.Party != p.config.ClientID:
		return refuse(Untrusted, "the id_token was given to another client (azp)")
	case subtle.ConstantTimeCompare([]byte(t.Nonce), []byte(a.Nonce)) != 1 || a.Nonce == "":
		return refuse(Untrusted, "the id_token answers another request (nonce)")
	case t.Issued == 0 || issued.After(now.Add(skew)) || issued.Before(a.Began.Add(-skew)):
		return refuse(Untrusted, "the id_token was not made for this sign-in (iat)")
	case auth.After(now.Add(skew)):
		return refuse(Untrusted, "the id_token tells of a sign-in in the future (auth_time)")
	}
	if oldest := p.oldest(a, now); !oldest.IsZero() && (t.Auth == 0 || auth.Before(oldest.Add(-skew))) {
		return refuse(Weak, "the sign-in at the provider is older than was asked (auth_time)")
	}
	return nil
}

// oldest is the earliest sign-in that an attempt accepts; zero for any.
func (p *Provider) oldest(a *Attempt, now time.Time) time.Time {
	if a.Fresh {
		return a.Began
	}
	if age := p.maxAge(a); age > 0 {
		return now.Add(-time.Duration(age) * time.Second)
	}
	return time.Time{}
}

func instant(seconds float64) time.Time {
	if seconds < 0 || seconds > 1<<40 {
		return time.Unix(1<<40, 0) // absurd: later than anything, so that every check refuses it
	}
	return time.Unix(int64(seconds), 0)
}

// hashMatches checks at_hash: the left half of the hash that the id_token's algorithm uses (Core §3.1.3.6).
func hashMatches(raw, want, access string) bool {
	jws, err := jose.ParseSignedCompact(raw, allAlgs())
	if err != nil {
		return false
	}
	var sum []byte
	switch hashOf(jws.Signatures[0].Header.Algorithm) {
	case crypto.SHA384:
		s := sha512.Sum384([]byte(access))
		sum = s[:]
	case crypto.SHA512:
		s := sha512.Sum512([]byte(access))
		sum = s[:]
	default:
		s := sha256.Sum256([]byte(access))
		sum = s[:]
	}
	got := base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
}

func allAlgs() []jose.SignatureAlgorithm {
	out := make([]jose.SignatureAlgorithm, len(algorithms))
	for i, a := range algorithms {
		out[i] = jose.SignatureAlgorithm(a)
	}
	return out
}

func hashOf(alg string) crypto.Hash {
	switch {
	case strings.HasSuffix(alg, "384"):
		return crypto.SHA384
	case strings.HasSuffix(alg, "512"), alg == "EdDSA":
		return crypto.SHA512
	}
	return crypto.SHA256
}

// addUserinfo fetches the userinfo and adds its claims to those of the id_token, which keep what they say of the sign-in
// itself. Its subject must be the id_token's (Core §5.3.2).
func (p *Provider) addUserinfo(ctx context.Context, m *metadata, keys *keySet, login *Login, access string) error {
	if m.Userinfo == "" {
		return nil
	}
	claims, err := p.userinfo(ctx, m, keys, access)
	if err != nil {
		return err
	}
	if sub, _ := claims["sub"].(string); sub != login.Subject {
		return refuse(Untrusted, "the userinfo is of somebody else (sub)")
	}
	for name, value := range claims {
		if !slices.Contains(protocol, name) {
			login.Claims[name] = value
		}
	}
	return nil
}

// protocol are the claims of a sign-in itself, which only the verified id_token says.
var protocol = []string{"iss", "sub", "aud", "azp", "exp", "iat", "nbf", "nonce", "acr", "amr", "auth_time", "at_hash", "sid", "jti"}

// userinfo asks who an access token stands for: JSON, or a JWT whose signature, issuer, audience and times are verified.
func (p *Provider) userinfo(ctx context.Context, m *metadata, keys *keySet, access string) (Claims, error) {
	r, err := http.NewRequest(http.MethodGet, m.Userinfo, nil)
	if err != nil {
		return nil, failed(Untrusted, "the userinfo endpoint", err)
	}
	r.Header.Set("Authorization", "Bearer "+access)
	r.Header.Set("Accept", "application/jwt, application/json;q=0.9")
	body, kind, err := p.fetch(ctx, r)
	if err != nil {
		return nil, failed(Unavailable, "reading the userinfo", plainError(err))
	}
	switch {
	case kind == "application/jwt":
		if body, err = p.verifyUserinfo(ctx, keys, strings.TrimSpace(string(body))); err != nil {
			return nil, err
		}
	case p.config.Signed:
		return nil, refuse(Untrusted, "the userinfo is not signed")
	case kind != "application/json":
		return nil, refuse(Untrusted, "the userinfo is neither JSON nor a JWT")
	}
	claims, err := ParseClaims(body)
	if err != nil {
		return nil, failed(Untrusted, "the userinfo", err)
	}
	return claims, nil
}

func (p *Provider) verifyUserinfo(ctx context.Context, keys *keySet, raw string) ([]byte, error) {
	signature := &signature{keys: keys}
	body, err := signature.VerifySignature(ctx, raw)
	if err != nil {
		return nil, signature.refusal("the signature of the userinfo")
	}
	var t proof
	now := p.now()
	switch err := json.Unmarshal(body, &t); {
	case err != nil:
		return nil, refuse(Untrusted, "the signed userinfo has claims of another shape")
	case t.Issuer != p.config.Issuer:
		return nil, refuse(Untrusted, "the signed userinfo is of another issuer")
	case !slices.Contains(t.Audience, p.config.ClientID):
		return nil, refuse(Untrusted, "the signed userinfo is for another client (aud)")
	case t.Expires != 0 && instant(t.Expires).Before(now):
		return nil, refuse(Untrusted, "the signed userinfo has expired")
	case t.Issued != 0 && instant(t.Issued).After(now.Add(skew)):
		return nil, refuse(Untrusted, "the signed userinfo was made in the future (iat)")
	}
	return body, nil
}
