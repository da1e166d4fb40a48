package upstream

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	b := s.begin()
	address, err := b.provider.Begin(t.Context(), b.attempt)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{
		"response_type": {"code"}, "client_id": {"client-1"}, "redirect_uri": {b.attempt.Redirect}, "scope": {"openid profile"},
		"state": {"state-1"}, "nonce": {"nonce-1"}, "acr_values": {"eidas1 eidas2"}, "code_challenge_method": {"S256"},
		"code_challenge": {challengeOf(b.attempt.Verifier)},
	}
	if diff := cmp.Diff(want, u.Query()); diff != "" {
		t.Errorf("authorization request (-want +got):\n%s", diff)
	}
	login, err := b.finish()
	if err != nil {
		t.Fatal(err)
	}
	if login.Subject != "sub-1" || login.ACR != "eidas1" || login.Claims["family_name"] != "DUBOIS" || login.IDToken == "" {
		t.Errorf("login = %+v", login)
	}
	if got := s.form.Get("code_verifier"); got != b.attempt.Verifier {
		t.Errorf("code_verifier = %q", got)
	}
	if s.form.Has("client_secret") || s.basic != "Basic "+base64.StdEncoding.EncodeToString([]byte("client-1:se+cret%2B%2F")) {
		t.Errorf("the client showed itself as %q, %v", s.basic, s.form)
	}
}

func challengeOf(verifier string) string {
	sum := sha256Of(verifier)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func TestClientSecretByPost(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	b := s.begin(func(c *Config, _ *Attempt) { c.ClientAuth = "post" })
	if _, err := b.finish(); err != nil {
		t.Fatal(err)
	}
	if s.form.Get("client_secret") != "se cret+/" || s.basic != "" {
		t.Errorf("the client showed itself as %q, %v", s.basic, s.form)
	}
}

// began is when the attempts of the tests begin.
var began = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC).Unix()

// hostile is one thing of an answer bent, that would sign somebody in otherwise.
type hostile struct {
	bend   func(b *begun)
	answer []string // pairs over the query that the browser brings; "" removes
	kind   string   // of the refusal
	why    string   // part of its text
}

var hostileIDTokens = map[string]hostile{
	"id_token of another issuer":     {bend: func(b *begun) { b.claims["iss"] = "https://other.example" }, kind: Untrusted, why: "different provider"},
	"id_token for another client":    {bend: func(b *begun) { b.claims["aud"] = "client-2" }, kind: Untrusted, why: "audience"},
	"id_token for several, no azp":   {bend: func(b *begun) { b.claims["aud"] = []string{"client-1", "client-2"} }, kind: Untrusted, why: "azp"},
	"id_token of another party":      {bend: func(b *begun) { b.claims["azp"] = "client-2" }, kind: Untrusted, why: "azp"},
	"id_token with another nonce":    {bend: func(b *begun) { b.claims["nonce"] = "nonce-2" }, kind: Untrusted, why: "nonce"},
	"id_token without nonce":         {bend: func(b *begun) { delete(b.claims, "nonce") }, kind: Untrusted, why: "nonce"},
	"id_token expired":               {bend: func(b *begun) { b.claims["exp"] = began - 1 }, kind: Untrusted, why: "expired"},
	"id_token without end":           {bend: func(b *begun) { delete(b.claims, "exp") }, kind: Untrusted, why: "expired"},
	"id_token of an older sign-in":   {bend: func(b *begun) { b.claims["iat"] = began - 3600 }, kind: Untrusted, why: "iat"},
	"id_token of the future":         {bend: func(b *begun) { b.claims["iat"] = began + 3600 }, kind: Untrusted, why: "iat"},
	"id_token without iat":           {bend: func(b *begun) { delete(b.claims, "iat") }, kind: Untrusted, why: "iat"},
	"id_token of nobody":             {bend: func(b *begun) { delete(b.claims, "sub") }, kind: Untrusted, why: "sub"},
	"id_token for another token":     {bend: func(b *begun) { b.claims["at_hash"] = halfHash("at-2") }, kind: Untrusted, why: "at_hash"},
	"id_token of alg none":           {bend: answers(func(b *begun) any { return unsigned(b.claims) }), kind: Untrusted, why: "malformed"},
	"id_token by a shared secret":    {bend: hmacSigned, kind: Untrusted, why: "malformed"},
	"id_token by an unlisted alg":    {bend: signedPS256, kind: Untrusted, why: "malformed"},
	"id_token by an unknown key":     {bend: func(b *begun) { b.key = newECKey(b.t) }, kind: Untrusted, why: "no key"},
	"id_token of five parts":         {bend: answers(func(*begun) any { return "a.b.c.d.e" }), kind: Untrusted, why: "malformed"},
	"no id_token":                    {bend: answers(func(*begun) any { return nil }), kind: Untrusted, why: "no id_token"},
	"weaker than asked":              {bend: func(b *begun) { b.claims["acr"] = "eidas0" }, kind: Weak, why: "acr"},
	"no class of authentication":     {bend: func(b *begun) { delete(b.claims, "acr") }, kind: Weak, why: "acr"},
	"weaker than the app asks":       {bend: func(b *begun) { b.attempt.ACR = []string{"eidas2"} }, kind: Weak, why: "acr"},
	"a class that is not configured": {bend: func(b *begun) { b.attempt.ACR = []string{"eidas3"} }, kind: Weak, why: "not configured"},
	"older than asked":               {bend: func(b *begun) { b.attempt.MaxAge, b.claims["auth_time"] = 300, began-3600 }, kind: Weak, why: "auth_time"},
	"age asked and not told":         {bend: func(b *begun) { b.attempt.MaxAge = 300 }, kind: Weak, why: "auth_time"},
	"not signed in afresh":           {bend: func(b *begun) { b.attempt.Fresh, b.claims["auth_time"] = true, began-300 }, kind: Weak, why: "auth_time"},
	"signed in in the future":        {bend: func(b *begun) { b.claims["auth_time"] = began + 3600 }, kind: Untrusted, why: "auth_time"},
}

var hostileUserinfos = map[string]hostile{
	"userinfo of somebody else":     {bend: func(b *begun) { b.person["sub"] = "sub-2" }, kind: Untrusted, why: "somebody else"},
	"userinfo of nobody":            {bend: func(b *begun) { delete(b.person, "sub") }, kind: Untrusted, why: "somebody else"},
	"userinfo not signed":           {bend: func(b *begun) { b.provider.config.Signed = true }, kind: Untrusted, why: "not signed"},
	"userinfo signed by another":    {bend: signedUserinfo(func(b *begun) { b.key = newECKey(b.t) }), kind: Untrusted, why: "no key"},
	"userinfo signed for another":   {bend: signedUserinfo(func(b *begun) { b.person["aud"] = "client-2" }), kind: Untrusted, why: "aud"},
	"userinfo signed for nobody":    {bend: signedUserinfo(func(b *begun) { delete(b.person, "aud") }), kind: Untrusted, why: "aud"},
	"userinfo of another issuer":    {bend: signedUserinfo(func(b *begun) { b.person["iss"] = "https://other.example" }), kind: Untrusted, why: "issuer"},
	"userinfo expired":              {bend: signedUserinfo(func(b *begun) { b.person["exp"] = began - 10 }), kind: Untrusted, why: "expired"},
	"userinfo of alg none":          {bend: signedUserinfo(noneUserinfo), kind: Untrusted, why: "accepted algorithm"},
	"userinfo neither JSON nor JWT": {bend: func(b *begun) { b.userinfo = writes("text/html", "<p>") }, kind: Untrusted, why: "neither JSON"},
	"userinfo of another shape":     {bend: func(b *begun) { b.userinfo = writes("application/json", `["sub-1"]`) }, kind: Untrusted, why: "no JSON object"},
	"userinfo refused":              {bend: func(b *begun) { b.userinfo = fails(http.StatusForbidden) }, kind: Unavailable, why: "403"},
	"userinfo oversized":            {bend: oversized(func(b *begun, h http.HandlerFunc) { b.userinfo = h }), kind: Unavailable, why: "longer than"},
	"userinfo elsewhere":            {bend: func(b *begun) { b.userinfo = redirects }, kind: Unavailable, why: "307"},
}

var hostileProviders = map[string]hostile{
	"tokens oversized":                {bend: oversized(func(b *begun, h http.HandlerFunc) { b.token = h }), kind: Unavailable, why: "longer than"},
	"keys oversized":                  {bend: oversized(func(b *begun, h http.HandlerFunc) { b.keysFunc = h }), kind: Unavailable, why: "longer than"},
	"keys missing":                    {bend: func(b *begun) { b.keysFunc = fails(http.StatusNotFound) }, kind: Unavailable, why: "404"},
	"the code not taken":              {bend: func(b *begun) { b.token = refuses(400, "invalid_grant") }, kind: Untrusted, why: "did not take"},
	"the token endpoint broken":       {bend: func(b *begun) { b.token = refuses(502, "") }, kind: Unavailable, why: "did not take"},
	"a token of another type":         {bend: answersType("mac"), kind: Untrusted, why: "another type"},
	"metadata of another issuer":      {bend: func(b *begun) { b.meta["issuer"] = b.server.URL + "/" }, kind: Untrusted, why: "another issuer"},
	"token endpoint over plain http":  {bend: func(b *begun) { b.meta["token_endpoint"] = "http://provider.example/token" }, kind: Untrusted, why: "https"},
	"no PKCE":                         {bend: func(b *begun) { b.meta["code_challenge_methods_supported"] = []string{"plain"} }, kind: Untrusted, why: "PKCE"},
	"the answer of another issuer":    {answer: []string{"iss", "https://other.example"}, kind: Untrusted, why: "another issuer"},
	"no issuer where one is promised": {bend: func(b *begun) { b.meta["authorization_response_iss_parameter_supported"] = true }, kind: Untrusted, why: "or none"},
	"no code":                         {answer: []string{"code", ""}, kind: Untrusted, why: "neither a code"},
	"the person stopped":              {answer: []string{"error", "access_denied"}, kind: Declined, why: "error"},
	"the provider is ill":             {answer: []string{"error", "temporarily_unavailable"}, kind: Unavailable, why: "error"},
	"our request is wrong":            {answer: []string{"error", "invalid_scope"}, kind: Untrusted, why: "error"},
	"acr not met":                     {answer: []string{"error", "unmet_authentication_requirements"}, kind: Weak, why: "error"},
	"an error that is markup":         {answer: []string{"error", "<script>"}, kind: Untrusted, why: "error"},
}

// TestHostileAnswers: each must be refused, for its own reason.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	all := maps.Clone(hostileIDTokens)
	maps.Copy(all, hostileUserinfos)
	maps.Copy(all, hostileProviders)
	for name, c := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t)
			b := s.begin()
			if c.bend != nil {
				c.bend(b)
			}
			login, err := b.finish(c.answer...)
			var no *Refusal
			if login != nil || !errors.As(err, &no) {
				t.Fatalf("login = %v, error = %v: want a refusal", login, err)
			}
			if no.Kind != c.kind || !strings.Contains(err.Error(), c.why) {
				t.Errorf("refused as %s: %v; want %s: %s", no.Kind, err, c.kind, c.why)
			}
			if strings.Contains(err.Error(), "at-1") || strings.ContainsAny(no.Code, "<>") {
				t.Errorf("the refusal tells too much: %v", err)
			}
		})
	}
}

func answers(idToken func(*begun) any) func(*begun) {
	return func(b *begun) {
		b.token = func(w http.ResponseWriter, _ *http.Request) {
			answer(w, map[string]any{"access_token": "at-1", "token_type": "Bearer", "id_token": idToken(b)})
		}
	}
}

func answersType(kind string) func(*begun) {
	return func(b *begun) {
		b.token = func(w http.ResponseWriter, _ *http.Request) {
			answer(w, map[string]any{"access_token": "at-1", "token_type": kind, "id_token": b.sign(b.claims)})
		}
	}
}

// hmacSigned signs with the client's secret, as FranceConnect v1 did.
func hmacSigned(b *begun) {
	b.alg, b.key = jose.HS256, []byte(strings.Repeat(b.provider.config.ClientSecret, 8))
}

// signedPS256 signs with a key of the provider by an algorithm that the configuration does not list.
func signedPS256(b *begun) {
	b.alg, b.key = jose.PS256, rsaKey()
	b.keys = append(b.keys, jose.JSONWebKey{Key: rsaKey().Public(), KeyID: "two"})
	b.kid = "two"
}

// signedUserinfo has the userinfo signed and bends it; the id_token stays as it was.
func signedUserinfo(bend func(*begun)) func(*begun) {
	return func(b *begun) {
		idToken := b.sign(b.claims)
		answers(func(*begun) any { return idToken })(b)
		b.signed, b.provider.config.Signed = true, true
		b.person = with(b.person, map[string]any{"iss": b.server.URL, "aud": "client-1"})
		bend(b)
	}
}

func noneUserinfo(b *begun) { b.userinfo = writes("application/jwt", unsigned(b.person)) }

func writes(kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write([]byte(body))
	}
}

func fails(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func refuses(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": "at-1"})
	}
}

func redirects(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/keys", http.StatusTemporaryRedirect)
}

func oversized(set func(*begun, http.HandlerFunc)) func(*begun) {
	return func(b *begun) {
		set(b, writes("application/json", `{"keys":[],"sub":"sub-1","x":"`+strings.Repeat("x", maxAnswer)+`"}`))
	}
}

func TestSignedUserinfo(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	b := s.begin()
	signedUserinfo(func(*begun) {})(b)
	login, err := b.finish("iss", s.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if login.Claims["given_name"] != "Angela Claire" || login.Claims["aud"] == nil {
		t.Errorf("claims = %v", login.Claims)
	}
}

// TestUserinfoSaysNothingOfTheSignIn: the verified id_token alone says how somebody signed in.
func TestUserinfoSaysNothingOfTheSignIn(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	b := s.begin()
	s.person["acr"], s.person["iss"], s.person["exp"] = "eidas3", "https://other.example", 1
	login, err := b.finish()
	if err != nil {
		t.Fatal(err)
	}
	if login.ACR != "eidas1" || login.Claims["acr"] != "eidas1" || login.Claims["iss"] != s.server.URL {
		t.Errorf("claims = %v", login.Claims)
	}
}

func TestKeyRoll(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	b := s.begin()
	if _, err := b.finish(); err != nil {
		t.Fatal(err)
	}
	roll := func(kid string) {
		key := newECKey(t)
		s.key, s.kid = key, kid
		s.keys = []jose.JSONWebKey{{Key: key.Public(), KeyID: kid, Use: "sig"}}
	}
	roll("two")
	b.clock.Advance(keysRetry)
	if _, err := b.finish(); err != nil {
		t.Fatalf("after the keys changed: %v", err)
	}
	if n := s.times("/keys"); n != 2 {
		t.Errorf("keys were fetched %d times, want 2", n)
	}
	// A flood of unknown keys does not become a flood of questions.
	s.kid, s.key = "nobody's", newECKey(t)
	for range 20 {
		if _, err := b.finish(); err == nil {
			t.Fatal("an unknown key was accepted")
		}
	}
	if n := s.times("/keys"); n != 2 {
		t.Errorf("unknown keys made the keys fetched %d times, want 2", n)
	}
}

func TestMetadataIsKept(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	b := s.begin()
	for range 5 {
		if _, err := b.provider.Begin(t.Context(), b.attempt); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.times("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("metadata was fetched %d times", n)
	}
	s.server.Close()
	b.clock.Advance(metadataLife + time.Minute)
	if _, err := b.provider.Begin(t.Context(), b.attempt); err != nil {
		t.Errorf("a provider that was known an hour ago: %v", err)
	}
	b.clock.Advance(metadataStale)
	var no *Refusal
	if _, err := b.provider.Begin(t.Context(), b.attempt); !errors.As(err, &no) || no.Kind != Unavailable {
		t.Errorf("a provider that was known yesterday: %v", err)
	}
}

func TestSlowProvider(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	b := s.begin()
	b.provider.http = newClient(ReachLoopback, 100*time.Millisecond)
	release := make(chan struct{})
	s.token = func(http.ResponseWriter, *http.Request) { <-release }
	t.Cleanup(func() { close(release) })
	start := time.Now()
	var no *Refusal
	if _, err := b.finish(); !errors.As(err, &no) || no.Kind != Unavailable {
		t.Errorf("error = %v", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("waited %v", took)
	}
}

func TestLeave(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	b := s.begin()
	address, err := b.provider.Leave(t.Context(), "the.id.token", "https://pont.example/out", "s-1")
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(address)
	want := url.Values{
		"id_token_hint": {"the.id.token"}, "post_logout_redirect_uri": {"https://pont.example/out"}, "state": {"s-1"}, "client_id": {"client-1"},
	}
	if diff := cmp.Diff(want, u.Query()); diff != "" || u.Path != "/end" {
		t.Errorf("%s (-want +got):\n%s", address, diff)
	}
}

func TestReach(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"93.184.216.34:443": ReachPublic, "[2606:2800:220:1::1]:443": ReachPublic,
		"10.1.2.3:443": ReachPrivate, "192.168.0.9:443": ReachPrivate, "172.20.0.1:443": ReachPrivate, "100.64.0.1:443": ReachPrivate,
		"[fd00::1]:443": ReachPrivate, "[::ffff:10.1.2.3]:443": ReachPrivate,
		"127.0.0.1:80": ReachLoopback, "[::1]:80": ReachLoopback, "[::ffff:127.0.0.1]:80": ReachLoopback,
		"169.254.169.254:80": "nowhere", "[fe80::1]:80": "nowhere", "0.0.0.0:80": "nowhere", "224.0.0.1:80": "nowhere",
		"[64:ff9b::7f00:1]:80": "nowhere", "[2002:7f00:1::]:80": "nowhere", "255.255.255.255:80": "nowhere",
	} {
		for reach, allowed := range map[string]bool{
			ReachPublic: want == ReachPublic, ReachPrivate: want == ReachPublic || want == ReachPrivate, ReachLoopback: want != "nowhere",
		} {
			if err := checkPeer(reach, address); (err == nil) != allowed {
				t.Errorf("reach %q, %s: %v", reach, address, err)
			}
		}
	}
}

func TestNameOfInnerMachineIsNotReached(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	r, _ := http.NewRequest(http.MethodGet, s.server.URL+"/keys", nil)
	if response, err := newClient(ReachPublic, time.Second).Do(r); err == nil {
		response.Body.Close()
		t.Fatal("a provider of reach public was found on a loopback address")
	}
	if n := s.times("/keys"); n != 0 {
		t.Errorf("the inner machine was asked %d times", n)
	}
}
