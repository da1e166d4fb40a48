package oauth_test

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/pontlevis/pontlevis/gate"
)

// Attacks on proofs of possession (RFC 9449).

// settle lets the server run for as long as any proof lives, so that the start calls for no nonce.
func (w *world) settle() *world {
	w.clock.Advance(40 * time.Second)
	return w
}

// proofIs sends a code with proofs that are refused; with a good one the code still works.
func (w *world) proofIs(p *prover, proofs ...string) {
	w.t.Helper()
	form := codeForm(w.newBrowser().code())
	r := w.prove("/oauth2/token", form, "", proofs...)
	if r.status != 400 || r.text("error") != "invalid_dpop_proof" && r.text("error") != "use_dpop_nonce" {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
	if r := p.token(form, ""); r.status != 200 || r.text("token_type") != "DPoP" {
		w.t.Errorf("the code is gone: %d %s", r.status, r.raw)
	}
}

func proofRefused(claim, value string) func(*world) {
	return func(w *world) {
		p := w.settle().newProver()
		w.proofIs(p, p.proof("POST", w.url+"/oauth2/token", claim, value))
	}
}

// dated is a proof made some time from now.
func (p *prover) dated(d time.Duration) string {
	p.w.clock.Advance(d)
	defer p.w.clock.Advance(-d)
	return p.proof("POST", p.w.url+"/oauth2/token")
}

func oldProof(w *world) {
	w.clock.Advance(2 * time.Hour)
	p := w.newProver()
	w.proofIs(p, p.dated(-time.Hour))
}

func futureProof(w *world) {
	p := w.settle().newProver()
	w.proofIs(p, p.dated(10*time.Minute))
}

// crafted is a proof with a header of our own, signed by key; nil leaves the signature out.
func (p *prover) crafted(header map[string]any, key *ecdsa.PrivateKey) string {
	p.w.t.Helper()
	parts := strings.Split(p.proof("POST", p.w.url+"/oauth2/token"), ".")
	if key == nil {
		raw, err := json.Marshal(header)
		if err != nil {
			p.w.t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw) + "." + parts[1] + "."
	}
	options := (&jose.SignerOptions{}).WithType("dpop+jwt").WithHeader("jwk", header["jwk"])
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, options)
	if err != nil {
		p.w.t.Fatal(err)
	}
	var claims map[string]any
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	if err := json.Unmarshal(payload, &claims); err != nil {
		p.w.t.Fatal(err)
	}
	raw, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		p.w.t.Fatal(err)
	}
	return raw
}

func unsignedProof(w *world) {
	p := w.settle().newProver()
	w.proofIs(p, p.crafted(map[string]any{"typ": "dpop+jwt", "alg": "none", "jwk": jose.JSONWebKey{Key: p.key.Public()}}, nil))
}

func privateKeyProof(w *world) {
	p := w.settle().newProver()
	w.proofIs(p, p.crafted(map[string]any{"jwk": jose.JSONWebKey{Key: p.key}}, p.key))
}

func missignedProof(w *world) {
	p, other := w.settle().newProver(), w.newProver()
	w.proofIs(p, p.crafted(map[string]any{"jwk": jose.JSONWebKey{Key: p.key.Public()}}, other.key))
}

func twoProofs(w *world) {
	p := w.settle().newProver()
	target := w.url + "/oauth2/token"
	w.proofIs(p, p.proof("POST", target), p.proof("POST", target))
}

// boundToken is an access token that only p can use.
func (w *world) boundToken(p *prover) string {
	w.t.Helper()
	r := p.token(codeForm(w.newBrowser().code()), "")
	if r.status != 200 || r.text("token_type") != "DPoP" {
		w.t.Fatalf("%d %s", r.status, r.raw)
	}
	return r.text("access_token")
}

// shown wants a presented token refused as the error says, or taken when it is "".
func (w *world) shown(p gate.Presented, want string) {
	w.t.Helper()
	if _, err := w.server.Authenticate(w.t.Context(), p); refusedAs(err) != want {
		w.t.Errorf("%v, want %q", err, want)
	}
}

func boundAsBearer(w *world) {
	p := w.settle().newProver()
	token := w.boundToken(p)
	w.shown(gate.Bearer(token), "invalid_token DPoP")
	none := p.at(token)
	none.Proofs = nil
	w.shown(none, "invalid_dpop_proof DPoP")
	w.shown(p.at(token), "")
}

func boundByAnother(w *world) {
	p, other := w.settle().newProver(), w.newProver()
	w.shown(other.at(w.boundToken(p)), "invalid_token DPoP")
}

func proofOfAnotherToken(w *world) {
	p := w.settle().newProver()
	first, second := p.at(w.boundToken(p)), p.at(w.boundToken(p))
	first.Proofs = second.Proofs
	w.shown(first, "invalid_dpop_proof DPoP")
}

func proofTwice(w *world) {
	p := w.settle().newProver()
	shown := p.at(w.boundToken(p))
	w.shown(shown, "")
	w.shown(shown, "invalid_dpop_proof DPoP")
	proof := p.proof("POST", w.url+"/oauth2/token")
	ask := url.Values{"grant_type": {"client_credentials"}}
	if r := w.prove("/oauth2/token", ask, w.lab(), proof); r.status != 200 {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
	if r := w.prove("/oauth2/token", ask, w.lab(), proof); !r.refuses(400, "invalid_dpop_proof") {
		w.t.Errorf("again: %d %s", r.status, r.raw)
	}
}

func unboundAsBound(w *world) {
	p := w.settle().newProver()
	w.shown(p.at(w.tokens().text("access_token")), "invalid_token Bearer")
}

func codeOfAnotherKey(w *world) {
	p, other := w.settle().newProver(), w.newProver()
	code := w.newBrowser().code("dpop_jkt", p.jkt)
	for _, r := range []reply{other.token(codeForm(code), ""), w.redeem(code)} {
		if !r.refuses(400, "invalid_grant") {
			w.t.Errorf("%d %s", r.status, r.raw)
		}
	}
	if r := p.token(codeForm(code), ""); r.status != 200 {
		w.t.Errorf("by its key: %d %s", r.status, r.raw)
	}
}

func refreshOfAnotherKey(w *world) {
	p, other := w.settle().newProver(), w.newProver()
	token := p.token(codeForm(w.newBrowser().code()), "").text("refresh_token")
	for _, r := range []reply{other.token(refreshForm(token), ""), w.refresh(token)} {
		if !r.refuses(400, "invalid_grant") {
			w.t.Errorf("%d %s", r.status, r.raw)
		}
	}
	if r := p.token(refreshForm(token), ""); r.status != 200 {
		w.t.Errorf("by its key: %d %s", r.status, r.raw)
	}
}
