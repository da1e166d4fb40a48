package oauth

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth/dpop"
)

// binding is what a token is bound to: a DPoP key, a certificate, both or nothing. It is the confirmation (cnf) that
// introspection tells (RFC 9449 §6.2, RFC 8705 §3.2).
type binding struct {
	JKT string `json:"jkt,omitempty"`      // SHA-256 thumbprint of the key (RFC 7638)
	X5T string `json:"x5t#S256,omitempty"` // SHA-256 thumbprint of the certificate
}

// holds tells whether who shows a key and a certificate may use what is bound.
func (b binding) holds(shown binding) bool {
	return (b.JKT == "" || b.JKT == shown.JKT) && (b.X5T == "" || b.X5T == shown.X5T)
}

// tokenType is the scheme under which an access token is presented (RFC 9449 §5).
func (b binding) tokenType() string {
	if b.JKT != "" {
		return gate.SchemeDPoP
	}
	return gate.SchemeBearer
}

// means names what a token is bound to, for the events.
func (b binding) means() string {
	switch {
	case b.JKT != "":
		return "dpop"
	case b.X5T != "":
		return "mtls"
	}
	return ""
}

// sender is what the sender of a token request proved about itself beside its client authentication.
type sender struct {
	shown binding // the key of its proof and its certificate, as they came
	bound binding // what the tokens that it gets are bound to

	proof   *dpop.Proof
	claimed bool

	details []detail // the authorization details that the request asks for
}

type senderKey struct{}

func withSender(r *http.Request, who *sender) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), senderKey{}, who))
}

// senderOf returns the sender of the request that a context belongs to, never nil.
func senderOf(ctx context.Context) *sender {
	if who, ok := ctx.Value(senderKey{}).(*sender); ok {
		return who
	}
	return new(sender)
}

// checkSenderOf reads the proof and the certificate of a request to one of our endpoints, and holds the client to what
// its registration and profile call for (RFC 9449 §5, RFC 8705 §3). The proof is not claimed yet.
func (s *Server) checkSenderOf(r *http.Request, c *Client, path string) (*sender, *failure) {
	who, f := s.proofOf(r, c, path)
	if f != nil {
		return nil, f
	}
	who.bound.JKT = who.shown.JKT
	if c.RequireTLS || c.mustBind() && who.bound.JKT == "" {
		who.bound.X5T = who.shown.X5T
	}
	switch {
	case c.RequireDPoP && who.bound.JKT == "":
		return nil, refuse(dpop.CodeInvalid, "This client's tokens are bound to a key: a DPoP proof is needed.")
	case c.RequireTLS && who.bound.X5T == "":
		return nil, refuse(codeInvalidRequest, "This client's tokens are bound to its certificate: mutual TLS is needed.")
	case c.mustBind() && who.bound == binding{}:
		return nil, refuse(codeInvalidRequest, "This client's tokens are bound to their sender: a DPoP proof or mutual TLS is needed.")
	}
	return who, nil
}

// proofOf reads the proof and the certificate that come with a request to the endpoint at path, if any.
func (s *Server) proofOf(r *http.Request, c *Client, path string) (*sender, *failure) {
	who := &sender{shown: binding{X5T: certificateThumbprint(r)}}
	headers := r.Header["Dpop"]
	if len(headers) == 0 {
		return who, nil
	}
	proof, err := s.proofs.Verify(headers, dpop.Request{Method: r.Method, URL: s.hostOf(r) + path, Nonce: c.profile().nonce})
	if err != nil {
		return nil, s.proofRefused(r.Context(), c.ID, err)
	}
	who.proof, who.shown.JKT = proof, proof.Key
	return who, nil
}

// hostOf is where a request to one of our endpoints came: the issuer, or the host that asks for certificates (RFC 8705
// §5). The Host header chooses between these two and names no third.
func (s *Server) hostOf(r *http.Request) string {
	if m := s.proof.mtls; m != nil && m.Base != "" {
		if _, host, _ := strings.Cut(m.Base, "://"); strings.EqualFold(host, r.Host) {
			return m.Base
		}
	}
	return s.issuer
}

// claim takes the proof of a request for it, once whatever the request asks has been found good.
func (s *Server) claim(ctx context.Context, client string) *failure {
	who := senderOf(ctx)
	if who.proof == nil || who.claimed {
		return nil
	}
	if err := s.proofs.Claim(who.proof); err != nil {
		return s.proofRefused(ctx, client, err)
	}
	who.claimed = true
	return nil
}

// proofRefused tells why a proof is refused. Asking for a nonce is no sign of an attack and is not told to the log.
func (s *Server) proofRefused(ctx context.Context, client string, err error) *failure {
	var no *dpop.Error
	if !errors.As(err, &no) {
		return broken(err)
	}
	if no.Code == dpop.CodeInvalid {
		s.tell(ctx, "proof_refused", client, "", "")
	}
	return refuse(no.Code, no.Description)
}

// checkBound refuses an access token to who is not the one it is bound to. The scheme has to be the token's: a bound
// token as Bearer is what a thief would send, and an unbound one under DPoP proves nothing (RFC 9449 §7.1).
func (s *Server) checkBound(ctx context.Context, p *gate.Presented, c *Client, b binding) error {
	if b == (binding{}) && p.Scheme == gate.SchemeBearer {
		return nil
	}
	told := func(description string) error {
		s.tell(ctx, "proof_refused", c.ID, "", "")
		return &gate.TokenError{Code: codeInvalidToken, Description: description, Scheme: b.tokenType()}
	}
	if p.Scheme != b.tokenType() {
		if b.JKT == "" {
			return told("The access token is not bound to a key.")
		}
		return told("The access token is bound to a key: send it with a proof, under the scheme DPoP.")
	}
	if !b.holds(binding{JKT: b.JKT, X5T: thumbprint(p.Certificate)}) {
		return told("The access token is bound to another certificate.")
	}
	if b.JKT == "" {
		return nil
	}
	proof, err := s.proofs.Verify(p.Proofs, dpop.Request{Method: p.Method, URL: p.URL, Token: p.Token, Nonce: c.profile().nonce})
	if err == nil && proof.Key != b.JKT {
		return told("The access token is bound to another key.")
	}
	if err == nil {
		err = s.proofs.Claim(proof)
	}
	return s.proofError(ctx, c, err)
}

// proofError is a proof's error in the words of the gate.
func (s *Server) proofError(ctx context.Context, c *Client, err error) error {
	var no *dpop.Error
	if !errors.As(err, &no) {
		return err
	}
	told := &gate.TokenError{Code: no.Code, Description: no.Description, Scheme: gate.SchemeDPoP}
	if no.Code == dpop.CodeUseNonce {
		told.Nonce = s.proofs.Nonce()
	} else {
		s.tell(ctx, "proof_refused", c.ID, "", "")
	}
	return told
}

// presented returns the one access token of a request's Authorization header, with what may prove its sender. A token in
// the query or the body is never read, and refuses the request when it comes beside the header (RFC 6750 §2).
func (s *Server) presented(r *http.Request) (gate.Presented, bool) {
	headers := r.Header.Values("Authorization")
	if len(headers) != 1 || strings.Contains(r.URL.RawQuery, "access_token") && r.URL.Query().Has("access_token") {
		return gate.Presented{}, false
	}
	p, ok := gate.Present(r, headers[0], s.issuer)
	return p, ok && p.Token != "" && !strings.ContainsAny(p.Token, " \t,")
}

// bind holds a grant's code to the key that it was asked for with, and says what the access token is bound to.
func (s *Server) bind(ctx context.Context, x *exchange) *failure {
	who := senderOf(ctx)
	if x.code != nil && x.code.JKT != "" && x.code.JKT != who.shown.JKT {
		s.tell(ctx, "proof_refused", x.client.ID, x.grant.Person, x.grant.ID)
		return refuse(codeInvalidGrant, "The code is bound to another key: the proof must be by the key of dpop_jkt.")
	}
	x.bound = who.bound
	return s.bindDetails(ctx, x, who.details)
}

// offerNonce gives who sends proofs the nonce for the next one (RFC 9449 §8.2).
func (s *Server) offerNonce(w http.ResponseWriter, r *http.Request) {
	if len(r.Header["Dpop"]) > 0 {
		w.Header().Set("DPoP-Nonce", s.proofs.Nonce())
	}
}
