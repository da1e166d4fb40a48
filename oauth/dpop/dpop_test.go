package dpop

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"

	"github.com/pontlevis/pontlevis/test/clock"
)

// TestGoodProofs: each algorithm of the list is taken, and the thumbprint is RFC 7638's.
func TestGoodProofs(t *testing.T) {
	t.Parallel()
	for alg, key := range map[jose.SignatureAlgorithm]string{jose.ES256: "p256", jose.ES384: "p384", jose.PS256: "rsa", jose.EdDSA: "ed"} {
		m := good()
		m.alg, m.key = alg, keyNamed(key)
		checker, _ := checkerAt(noon)
		p, err := checker.Verify([]string{m.sign(t)}, Request{Method: "POST", URL: tokenURL})
		if err != nil {
			t.Errorf("%s: %v", alg, err)
			continue
		}
		sum, err := (&jose.JSONWebKey{Key: keyNamed(key).Public()}).Thumbprint(crypto.SHA256)
		if err != nil || p.Key != base64.RawURLEncoding.EncodeToString(sum) {
			t.Errorf("%s: thumbprint %q, %v", alg, p.Key, err)
		}
	}
}

// TestBadProofs: what RFC 9449 §4.3 refuses, one fault at a time.
func TestBadProofs(t *testing.T) {
	t.Parallel()
	const code = CodeInvalid
	weak, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // weak on purpose
	if err != nil {
		t.Fatal(err)
	}
	private, _ := json.Marshal(jose.JSONWebKey{Key: keyNamed("p256")})
	cases := map[string]struct {
		raw  string
		code string
	}{
		"good":                   {good().sign(t), ""},
		"typ in capitals":        {made{alg: jose.ES256, key: keyNamed("p256"), typ: "DPoP+JWT", claims: good().claims}.sign(t), ""},
		"htu with query":         {good().with("htu", tokenURL+"?a=b#c").sign(t), ""},
		"htu in capitals":        {good().with("htu", "HTTPS://GATE.example:443/oauth2/%74oken").sign(t), ""},
		"iat 10 s ahead":         {good().with("iat", noon.Add(10*time.Second).Unix()).sign(t), ""},
		"iat 10 s ago":           {good().with("iat", noon.Add(-10*time.Second).Unix()).sign(t), ""},
		"empty":                  {"", code},
		"no JWT":                 {"a.b.c", code},
		"too long":               {good().with("x", strings.Repeat("x", maxProof)).sign(t), code},
		"alg none":               {unsigned(`{"typ":"dpop+jwt","alg":"none"}`, `{}`, ""), code},
		"HS256":                  {made{alg: jose.HS256, key: make([]byte, 32), typ: "dpop+jwt", jwk: json.RawMessage(`{"kty":"oct","k":"AAAA"}`), claims: good().claims}.sign(t), code},
		"RS256":                  {made{alg: jose.RS256, key: keyNamed("rsa"), typ: "dpop+jwt", claims: good().claims}.sign(t), code},
		"ES256 with a long key":  {made{alg: jose.ES384, key: keyNamed("p384"), jwk: keyNamed("p256").Public(), typ: "dpop+jwt", claims: good().claims}.sign(t), code},
		"weak RSA":               {made{alg: jose.PS256, key: weak, typ: "dpop+jwt", claims: good().claims}.sign(t), code},
		"private key":            {made{alg: jose.ES256, key: keyNamed("p256"), jwk: json.RawMessage(private), typ: "dpop+jwt", claims: good().claims}.sign(t), code},
		"no key":                 {made{alg: jose.ES256, key: keyNamed("p256"), noKey: true, typ: "dpop+jwt", claims: good().claims}.sign(t), code},
		"key of somebody else":   {made{alg: jose.ES256, key: keyNamed("p256"), jwk: keyNamed("other").Public(), typ: "dpop+jwt", claims: good().claims}.sign(t), code},
		"unknown critical":       {made{alg: jose.ES256, key: keyNamed("p256"), typ: "dpop+jwt", header: map[string]any{"crit": []string{"x"}, "x": 1}, claims: good().claims}.sign(t), code},
		"typ JWT":                {made{alg: jose.ES256, key: keyNamed("p256"), typ: "JWT", claims: good().claims}.sign(t), code},
		"claims no object":       {made{alg: jose.ES256, key: keyNamed("p256"), typ: "dpop+jwt", claimed: `[]`}.sign(t), code},
		"no jti":                 {good().with("jti", nil).sign(t), code},
		"long jti":               {good().with("jti", strings.Repeat("j", maxID+1)).sign(t), code},
		"no htm":                 {good().with("htm", nil).sign(t), code},
		"no htu":                 {good().with("htu", nil).sign(t), code},
		"no iat":                 {good().with("iat", nil).sign(t), code},
		"iat of another kind":    {good().with("iat", "now").sign(t), code},
		"iat out of this world":  {good().with("iat", 1e300).sign(t), code},
		"another method":         {good().with("htm", "GET").sign(t), code},
		"method in small":        {good().with("htm", "post").sign(t), code},
		"another path":           {good().with("htu", "https://gate.example/oauth2/par").sign(t), code},
		"another host":           {good().with("htu", "https://evil.example/oauth2/token").sign(t), code},
		"another scheme":         {good().with("htu", "http://gate.example/oauth2/token").sign(t), code},
		"another port":           {good().with("htu", "https://gate.example:8443/oauth2/token").sign(t), code},
		"user in the URL":        {good().with("htu", "https://a@gate.example/oauth2/token").sign(t), code},
		"an hour old":            {good().with("iat", noon.Add(-time.Hour).Unix()).sign(t), code},
		"ten minutes ahead":      {good().with("iat", noon.Add(10*time.Minute).Unix()).sign(t), code},
		"a minute and more":      {good().with("iat", noon.Add(61*time.Second).Unix()).sign(t), code},
		"expired":                {good().with("exp", noon.Add(-time.Minute).Unix()).sign(t), code},
		"not yet":                {good().with("nbf", noon.Add(time.Minute).Unix()).sign(t), code},
		"nonce of somebody else": {good().with("nonce", "abc").sign(t), CodeUseNonce},
	}
	for name, tt := range cases {
		checker, _ := checkerAt(noon)
		if _, err := checker.Verify([]string{tt.raw}, Request{Method: "POST", URL: tokenURL}); codeOf(err) != tt.code {
			t.Errorf("%s: %v, want %q", name, err, tt.code)
		}
	}
	checker, _ := checkerAt(noon)
	for _, headers := range [][]string{nil, {good().sign(t), good().with("jti", "2").sign(t)}} {
		if _, err := checker.Verify(headers, Request{Method: "POST", URL: tokenURL}); codeOf(err) != code {
			t.Errorf("%d headers: %v", len(headers), err)
		}
	}
}

// TestAccessTokenHash: at a resource the proof names the token that it comes with.
func TestAccessTokenHash(t *testing.T) {
	t.Parallel()
	checker, _ := checkerAt(noon)
	at := good().with("htm", "GET").with("htu", fhirURL)
	for ath, want := range map[any]string{hashOf("token"): "", hashOf("other"): CodeInvalid, nil: CodeInvalid} {
		if _, err := checker.Verify([]string{at.with("ath", ath).sign(t)}, Request{Method: "GET", URL: fhirURL, Token: "token"}); codeOf(err) != want {
			t.Errorf("ath %v: %v", ath, err)
		}
	}
}

// TestNonces: a nonce is taken in its window and the next, and only from the Checker that gave it.
func TestNonces(t *testing.T) {
	t.Parallel()
	checker, clock := checkerAt(noon)
	another, _ := checkerAt(noon)
	want := Request{Method: "POST", URL: tokenURL, Nonce: true}
	nonce := checker.Nonce()
	verify := func(c *Checker, nonce any) string {
		_, err := c.Verify([]string{good().with("nonce", nonce).with("iat", clock.Now().Unix()).sign(t)}, want)
		return codeOf(err)
	}
	if got := verify(checker, nil); got != CodeUseNonce {
		t.Errorf("without a nonce: %q", got)
	}
	if got := verify(checker, another.Nonce()); got != CodeUseNonce {
		t.Errorf("another server's: %q", got)
	}
	clock.Advance(nonceWindow)
	if got := verify(checker, nonce); got != "" {
		t.Errorf("in the next window: %q", got)
	}
	if checker.Nonce() == nonce {
		t.Error("the nonce does not change with its window")
	}
	clock.Advance(nonceWindow)
	if got := verify(checker, nonce); got != CodeUseNonce {
		t.Errorf("two windows later: %q", got)
	}
}

// TestRestart: a proof from before a restart does not count again, since who claimed it is forgotten; one with a nonce of
// the new server does.
func TestRestart(t *testing.T) {
	t.Parallel()
	c := clock.New(noon)
	before := NewChecker(c.Now)
	proof := good().with("nonce", before.Nonce()).sign(t)
	want := Request{Method: "POST", URL: tokenURL}
	if _, err := before.Verify([]string{proof}, want); err != nil {
		t.Fatal(err)
	}
	after := NewChecker(c.Now)
	for _, old := range []string{proof, good().sign(t), good().with("iat", noon.Add(maxAhead).Unix()).sign(t)} {
		if _, err := after.Verify([]string{old}, want); codeOf(err) != CodeUseNonce {
			t.Errorf("a proof of before the restart: %v", err)
		}
	}
	if _, err := after.Verify([]string{good().with("nonce", after.Nonce()).sign(t)}, want); err != nil {
		t.Errorf("with a nonce: %v", err)
	}
	c.Advance(maxAhead + time.Second)
	if _, err := after.Verify([]string{good().with("iat", c.Now().Unix()).sign(t)}, want); err != nil {
		t.Errorf("made later: %v", err)
	}
}

// TestClaimRace: of a hundred uses of one proof at once, one counts.
func TestClaimRace(t *testing.T) {
	t.Parallel()
	checker, _ := checkerAt(noon)
	raw := good().sign(t)
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			p, err := checker.Verify([]string{raw}, Request{Method: "POST", URL: tokenURL})
			if err == nil && checker.Claim(p) == nil {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of a hundred counted", won.Load())
	}
}

// TestClaims: a jti counts once for a key, and stays used for as long as its proof could pass.
func TestClaims(t *testing.T) {
	t.Parallel()
	checker, clock := checkerAt(noon)
	ahead := noon.Add(maxAhead)
	p := &Proof{Key: "a", ID: "1", Issued: ahead}
	if err := checker.Claim(p); err != nil {
		t.Fatal(err)
	}
	if err := checker.Claim(&Proof{Key: "b", ID: "1", Issued: ahead}); err != nil {
		t.Errorf("another key: %v", err)
	}
	for range 60 {
		if err := checker.Claim(p); codeOf(err) != CodeInvalid {
			t.Fatalf("again after %v: %v", clock.Now().Sub(noon), err)
		}
		clock.Advance(7 * time.Second)
	}
}

// TestMemoryIsBounded: a full memory refuses, and is free again in time.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	m := newMemory(time.Minute, 10)
	for i := range 10 {
		if ok, err := m.claim("k", fmt.Sprint(i), noon); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	if _, err := m.claim("k", "x", noon); !errors.Is(err, ErrFull) {
		t.Errorf("past the bound: %v", err)
	}
	if ok, err := m.claim("k", "3", noon); ok || err != nil {
		t.Errorf("a used one while full: %v, %v", ok, err)
	}
	if ok, err := m.claim("k", "x", noon.Add(time.Minute)); !ok || err != nil {
		t.Errorf("in the next half: %v, %v", ok, err)
	}
	if ok, _ := m.claim("k", "3", noon.Add(2*time.Minute-1)); ok {
		t.Error("forgotten too early")
	}
	if ok, err := m.claim("k", "3", noon.Add(5*time.Minute)); !ok || err != nil || len(m.earlier) > 0 {
		t.Errorf("kept too long: %v, %v, %d", ok, err, len(m.earlier))
	}
}

// TestNormalPath: two spellings are one exactly when decoding them is, but for what is reserved.
func TestNormalPath(t *testing.T) {
	t.Parallel()
	for a, b := range map[string]string{"/%41": "/A", "/%7e": "/~", "/%2f": "/%2F", "/a%": "/a%", "/a%4": "/a%4", "/%zz": "/%zz", "": ""} {
		if got := normalPath(a); got != b {
			t.Errorf("%q: %q, want %q", a, got, b)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.StringMatching(`/([a-zA-Z0-9._~$-]|%[0-9a-fA-F]{2}){0,20}`).Draw(t, "path")
		once := normalPath(path)
		if normalPath(once) != once {
			t.Fatalf("%q is normal as %q, and that as %q", path, once, normalPath(once))
		}
		if !sameTarget("https://a.example"+path, "HTTPS://A.example:443"+once+"?x") {
			t.Fatalf("%q is not %q", path, once)
		}
		if strings.Count(path, "%2F")+strings.Count(path, "%2f") != strings.Count(once, "%2F") {
			t.Fatalf("a slash in a name became one of the path: %q", once)
		}
	})
}

// FuzzRead: no text makes the parser fail in any other way than a refusal, and what it accepts is whole.
func FuzzRead(f *testing.F) {
	f.Add(good().sign(f))
	f.Add(made{alg: jose.PS256, key: keyNamed("rsa"), typ: "dpop+jwt", claims: good().claims}.sign(f))
	f.Add(unsigned(`{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}`, `{"jti":1}`, "x"))
	f.Add(unsigned(`{"typ":1,"alg":[],"jwk":null}`, `null`, ""))
	f.Add("..")
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := Read(raw)
		var refused *Error
		if (err == nil) == (p == nil) || err != nil && !errors.As(err, &refused) {
			t.Fatalf("%v, %v", p, err)
		}
		if p != nil && (p.Key == "" || p.ID == "" || p.Method == "" || p.URL == "" || p.Issued.IsZero()) {
			t.Fatalf("%+v", p)
		}
	})
}

// BenchmarkVerify is the cost of a proof by ES256, parsed, verified, compared and claimed.
func BenchmarkVerify(b *testing.B) {
	checker, _ := checkerAt(noon)
	checker.memory.bound = 1 << 30
	raw := good().with("ath", hashOf("token")).sign(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p, err := checker.Verify([]string{raw}, Request{Method: "POST", URL: tokenURL, Token: "token"})
		if err != nil {
			b.Fatal(err)
		}
		if p.ID = fmt.Sprint(i); checker.Claim(p) != nil {
			b.Fatal("claimed already")
		}
	}
}
