package gate

import (
	"context"
	"net/http"
	"strconv"
	"strings"
)

// Authorization schemes under which an access token may come (RFC 6750 §2.1, RFC 9449 §7.1).
const (
	SchemeBearer = "Bearer"
	SchemeDPoP   = "DPoP"
)

// authenticate reads the token from the Authorization header alone: one in a query or a body would end in a log
// (RFC 6750 §5.3).
func (g *Gate) authenticate(ctx context.Context, r *http.Request) (*Grant, error) {
	values := r.Header["Authorization"]
	if len(values) == 0 {
		return nil, &TokenError{}
	}
	if len(values) > 1 {
		return nil, &TokenError{Code: "invalid_request", Description: "one Authorization header is needed, not several"}
	}
	p, ok := Present(r, values[0], g.Base)
	if !ok {
		return nil, &TokenError{} // of another scheme: no token was given at all (RFC 6750 §3.1)
	}
	return g.Grants.Authenticate(ctx, p)
}

// Present tells how a token came: authorization is the one Authorization header of r, base an absolute URL of the host
// that r was sent to, as the public knows it. It is false for a scheme that carries no access token. The scheme's case
// does not matter (RFC 9110 §11.1).
func Present(r *http.Request, authorization, base string) (p Presented, ok bool) {
	if p.Scheme, p.Token, ok = schemeOf(authorization); !ok {
		return p, false
	}
	p.Method, p.Proofs = r.Method, r.Header["Dpop"]
	if p.Scheme == SchemeDPoP {
		p.URL = publicURL(r, base)
	}
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		p.Certificate = r.TLS.PeerCertificates[0]
	}
	return p, true
}

// schemeOf splits an Authorization header whose scheme carries an access token.
func schemeOf(authorization string) (scheme, token string, ok bool) {
	scheme, token, ok = strings.Cut(authorization, " ")
	switch {
	case !ok:
		return "", "", false
	case strings.EqualFold(scheme, SchemeBearer):
		scheme = SchemeBearer
	case strings.EqualFold(scheme, SchemeDPoP):
		scheme = SchemeDPoP
	default:
		return "", "", false
	}
	return scheme, strings.TrimSpace(token), true
}

// publicURL is the URL of a request on the host of base, without query and fragment: what a proof names as htu (RFC 9449
// §4.2). The Host header is not asked, since whoever sends a request writes it.
func publicURL(r *http.Request, base string) string {
	start := strings.Index(base, "://") + len("://")
	if end := strings.IndexByte(base[start:], '/'); end >= 0 {
		base = base[:start+end]
	}
	return base + r.URL.EscapedPath()
}

// Challenge says in the header of an answer how to get a token (RFC 6750 §3, RFC 9449 §7.1, RFC 9728 §5.1) and returns its
// status: one challenge for each scheme that is taken, the error in the one that the token came under. Without any token
// there is no error code. metadata is the URL of the resource's metadata, proofs the algorithms of DPoP proofs.
func Challenge(h http.Header, metadata string, proofs []string, e *TokenError) (status int) {
	common := ` realm="pontlevis", resource_metadata="` + metadata + `"`
	status, fault := faultOf(e)
	if e.Nonce != "" {
		h.Set("DPoP-Nonce", e.Nonce)
	}
	if e.Scheme != SchemeDPoP || len(proofs) == 0 {
		h.Add("WWW-Authenticate", SchemeBearer+common+fault)
		fault = ""
	} else {
		h.Add("WWW-Authenticate", SchemeBearer+common)
	}
	if len(proofs) > 0 {
		h.Add("WWW-Authenticate", SchemeDPoP+common+`, algs="`+strings.Join(proofs, " ")+`"`+fault)
	}
	return status
}

func (g *Gate) challenge(w http.ResponseWriter, e *TokenError) *Refusal {
	Challenge(w.Header(), g.metadataURL(), g.Proofs, e)
	return wants(e)
}

// insufficientAuthentication is the error code of RFC 9470 §3.
const insufficientAuthentication = "insufficient_user_authentication"

// faultOf is the status of a token's error and its parameters of a challenge.
func faultOf(e *TokenError) (status int, parameters string) {
	status = http.StatusUnauthorized
	switch e.Code {
	case "":
		return status, ""
	case "invalid_request":
		status = http.StatusBadRequest
	case "insufficient_scope":
		status = http.StatusForbidden
	}
	parameters = `, error="` + quotable(e.Code) + `", error_description="` + quotable(e.Description) + `"`
	if len(e.ACR) > 0 {
		parameters += `, acr_values="` + quotable(strings.Join(e.ACR, " ")) + `"`
	}
	if e.MaxAge != nil {
		parameters += `, max_age="` + strconv.Itoa(int(e.MaxAge.Seconds())) + `"`
	}
	return status, parameters
}

// quotable keeps of a text what an error_description may hold (RFC 6750 §3).
func quotable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' {
			return -1
		}
		return r
	}, text)
}

// metadataURL is where RFC 9728 §3.1 puts the metadata of the resource at Base.
func (g *Gate) metadataURL() string {
	scheme, rest, _ := strings.Cut(g.Base, "://")
	host, path, _ := strings.Cut(rest, "/")
	return scheme + "://" + host + "/.well-known/oauth-protected-resource/" + path
}
