package upstream

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Trial is what claims would become under a configuration, without anybody signing in.
type Trial struct {
	Identity      *Identity `json:"identity,omitempty"`
	Refused       string    `json:"refused,omitempty"`        // why the sign-in would be refused; "" = it would not be
	NotUnderstood []string  `json:"not_understood,omitempty"` // what counts for nothing, and why
	Unused        []string  `json:"unused,omitempty"`         // claims that the mapping does not read
	Unchecked     []string  `json:"unchecked,omitempty"`      // what only a real sign-in can tell
}

// Try tells what a userinfo, an id_token or an introspection would become: a JSON object, or a compact JWT, whose signature
// is not verified. The error says that the input is neither.
func Try(c *Config, input []byte, now time.Time) (*Trial, error) {
	input = bytes.TrimSpace(input)
	t := &Trial{}
	if len(input) > 0 && input[0] != '{' {
		body, err := t.payload(c, string(input))
		if err != nil {
			return nil, err
		}
		input = body
		t.Unchecked = append(t.Unchecked, "the signature of the JWT")
	}
	claims, err := ParseClaims(input)
	if err != nil {
		return nil, err
	}
	t.checkSignIn(c, claims, now)
	id, notes, err := Identify(c, claims)
	t.Identity, t.NotUnderstood = id, notes
	var no *Refusal
	if errors.As(err, &no) {
		t.refuse("%s", no.Why)
	}
	t.unused(c, claims)
	return t, nil
}

func (t *Trial) refuse(format string, args ...any) {
	if t.Refused == "" {
		t.Refused = fmt.Sprintf(format, args...)
	}
}

// payload opens a compact JWT and holds its algorithm against the configured ones.
func (t *Trial) payload(c *Config, raw string) ([]byte, error) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return nil, errors.New("the file holds neither a JSON object nor a compact JWT")
	}
	header, err := base64.RawURLEncoding.DecodeString(parts[0])
	var h struct {
		Alg string `json:"alg"`
	}
	if err != nil || json.Unmarshal(header, &h) != nil {
		return nil, errors.New("the JWT's header cannot be read")
	}
	if !slices.Contains(c.algs(), h.Alg) {
		t.refuse("the JWT is signed with %q, and the configuration accepts %s", h.Alg, strings.Join(c.algs(), ", "))
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, errors.New("the JWT's claims cannot be read")
	}
	return body, nil
}

// checkSignIn holds what claims say of the sign-in itself against the configuration, where they say it.
func (t *Trial) checkSignIn(c *Config, claims Claims, now time.Time) {
	if active, ok := claims["active"].(bool); ok && !active {
		t.refuse("the token is not active")
	}
	if iss := texts(claims, "iss"); len(iss) > 0 && iss[0] != c.Issuer {
		t.refuse("the issuer is %q, and the configuration says %q", iss[0], c.Issuer)
	}
	aud := texts(claims, "aud")
	if _, introspected := claims["active"]; len(aud) > 0 && !introspected && !slices.Contains(aud, c.ClientID) {
		t.refuse("the audience is %q, and the configured client is %q", strings.Join(aud, " "), c.ClientID)
	}
	switch acr := texts(claims, "acr"); {
	case len(c.ACR) == 0:
	case len(acr) == 0:
		t.Unchecked = append(t.Unchecked, "the class of authentication (acr): the claims do not hold it, the id_token must")
	case !c.enough(acr[0], c.ACR):
		t.refuse("the class of authentication (acr) is %q, and the configuration accepts %s", acr[0], strings.Join(c.ACR, ", "))
	}
	if exp, ok := claims["exp"].(json.Number); ok {
		if end, err := exp.Float64(); err == nil && instant(end).Before(now) {
			t.Unchecked = append(t.Unchecked, "the end (exp), which has passed, as it would in any file that was kept")
		}
	}
	if c.Signed {
		t.Unchecked = append(t.Unchecked, "whether the userinfo comes signed")
	}
}

// unused lists the claims of the first level that the mapping does not read.
func (t *Trial) unused(c *Config, claims Claims) {
	var read []string
	for _, path := range c.Map.paths() {
		first, _, _ := strings.Cut(path, ".")
		read = append(read, strings.TrimSuffix(first, "[]"))
	}
	for name := range claims {
		if !slices.Contains(read, name) && !slices.Contains(protocol, name) {
			t.Unused = append(t.Unused, name)
		}
	}
	slices.Sort(t.Unused)
}
