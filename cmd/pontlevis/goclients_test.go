package main_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const goRedirect = "http://127.0.0.1:18998/callback"

// TestGoClients has golang.org/x/oauth2 and coreos/go-oidc, as a Go programme uses them, complete their flows.
func TestGoClients(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	ctx := oidc.ClientContext(t.Context(), http.DefaultClient)
	provider, err := oidc.NewProvider(ctx, s.base) // the issuer must equal, to the byte
	if err != nil {
		t.Fatal(err)
	}
	config := &oauth2.Config{
		ClientID: "portal", RedirectURL: goRedirect, Endpoint: provider.Endpoint(), Scopes: strings.Fields("openid fhirUser launch/patient patient/*.rs offline_access"),
	}
	t.Run("code", func(t *testing.T) { t.Parallel(); goCodeFlow(t, ctx, s, provider, config) })
	t.Run("device", func(t *testing.T) { t.Parallel(); goDeviceFlow(t, ctx, s, provider, config) })
	t.Run("client credentials", func(t *testing.T) { t.Parallel(); goClientCredentials(t, ctx, s, provider) })
}

func goCodeFlow(t *testing.T, ctx context.Context, s *server, provider *oidc.Provider, config *oauth2.Config) {
	verifier, nonce := oauth2.GenerateVerifier(), "of go-oidc"
	asked := config.AuthCodeURL("a state", oauth2.S256ChallengeOption(verifier), oidc.Nonce(nonce), oauth2.SetAuthURLParam("aud", s.base+"/fhir"))
	back := newSurfer(t).signIn(asked, s.password(t, "camille"))
	if back.Get("state") != "a state" || back.Get("iss") != s.base {
		t.Fatalf("came back with %v", back)
	}
	_, err := config.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(oauth2.GenerateVerifier()))
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.ErrorCode != "invalid_grant" {
		t.Errorf("another's verifier: %v", err)
	}
	back = newSurfer(t).signIn(asked, s.password(t, "camille"))
	token, err := config.Exchange(ctx, back.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	who := goIdentity(t, ctx, provider, token, nonce)
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil || info.Subject != who.Subject {
		t.Errorf("userinfo: %+v, %v", info, err)
	}
	if got := goRead(t, config.Client(ctx, token), s); got != "camille" {
		t.Errorf("read %q", got)
	}
	old := *token
	old.Expiry = old.Expiry.AddDate(-1, 0, 0) // so that the source renews it
	next, err := config.TokenSource(ctx, &old).Token()
	if err != nil || next.AccessToken == token.AccessToken || next.RefreshToken == token.RefreshToken {
		t.Fatalf("renewed: %v", err)
	}
	if got := goRead(t, config.Client(ctx, next), s); got != "camille" {
		t.Errorf("read %q with the renewed token", got)
	}
}

// goIdentity verifies the id_token as go-oidc does, and that it belongs to the access token.
func goIdentity(t *testing.T, ctx context.Context, provider *oidc.Provider, token *oauth2.Token, nonce string) *oidc.IDToken {
	t.Helper()
	raw, _ := token.Extra("id_token").(string)
	who, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: "portal"}).Verify(ctx, raw)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ FHIRUser string }
	if err := who.Claims(&claims); err != nil || !strings.HasSuffix(claims.FHIRUser, "Patient/camille") || who.Nonce != nonce {
		t.Errorf("id_token: %+v, nonce %q, %v", claims, who.Nonce, err)
	}
	if err := who.VerifyAccessToken(token.AccessToken); err != nil {
		t.Error(err)
	}
	if _, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: "glycare"}).Verify(ctx, raw); err == nil {
		t.Error("an id_token for another app was taken")
	}
	return who
}

func goDeviceFlow(t *testing.T, ctx context.Context, s *server, provider *oidc.Provider, config *oauth2.Config) {
	device, err := config.DeviceAuth(ctx)
	if err != nil {
		t.Fatal(err)
	}
	phone := newSurfer(t)
	page := phone.submit(phone.open(device.VerificationURI), url.Values{"user_code": {device.UserCode}})
	phone.agree(page, s.password(t, "camille"))
	token, err := config.DeviceAccessToken(ctx, device)
	if err != nil {
		t.Fatal(err)
	}
	goIdentity(t, ctx, provider, token, "")
	if got := goRead(t, config.Client(ctx, token), s); got != "camille" {
		t.Errorf("read %q", got)
	}
}

func goClientCredentials(t *testing.T, ctx context.Context, s *server, provider *oidc.Provider) {
	secret := ""
	for _, c := range s.description(t).Clients {
		if c.Key == "backend-lab" {
			secret = c.ClientSecret
		}
	}
	config := &clientcredentials.Config{ClientID: "backend-lab", ClientSecret: secret, TokenURL: provider.Endpoint().TokenURL, Scopes: []string{"system/DocumentReference.c"}}
	token, err := config.Token(ctx)
	if err != nil || !token.Valid() || token.RefreshToken != "" {
		t.Errorf("token: %v", err)
	}
	config.ClientSecret += "x"
	_, err = config.Token(ctx)
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.ErrorCode != "invalid_client" {
		t.Errorf("a wrong secret: %v", err)
	}
}

// goRead reads camille's own resource through the gate and returns its id.
func goRead(t *testing.T, client *http.Client, s *server) string {
	t.Helper()
	res, err := client.Get(s.base + "/fhir/Patient/camille")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var patient struct{ ID string }
	if err := json.NewDecoder(res.Body).Decode(&patient); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", res.Status, err)
	}
	return patient.ID
}

// password is the login and the password of one of the cast.
func (s *server) password(t *testing.T, key string) url.Values {
	t.Helper()
	for _, p := range s.description(t).People {
		if p.Key == key {
			return url.Values{"login": {p.Login}, "password": {p.Password}}
		}
	}
	t.Fatalf("demo.json knows no %s", key)
	return nil
}

// surfer is a person's browser: it keeps cookies and fills in the first form of a page.
type surfer struct {
	t      *testing.T
	client *http.Client
}

// surfed is a page, or where the browser left for.
type surfed struct {
	at   *url.URL
	html string
}

func newSurfer(t *testing.T) *surfer {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &surfer{t, &http.Client{Jar: jar, Timeout: patience, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), goRedirect) {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

func (b *surfer) open(address string) surfed {
	b.t.Helper()
	return b.came(b.client.Get(address))
}

func (b *surfer) came(res *http.Response, err error) surfed {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if away, err := res.Location(); err == nil {
		return surfed{at: away}
	}
	return surfed{res.Request.URL, string(body)}
}

var (
	firstForm = regexp.MustCompile(`(?s)<form[^>]* action="([^"]*)"[^>]*>(.*?)</form>`)
	aField    = regexp.MustCompile(`<input [^>]*name="([^"]*)" value="([^"]*)"`)
	notFilled = regexp.MustCompile(`type="(text|password)"`)
)

// submit posts the first form of a page with its hidden and chosen fields, and those given.
func (b *surfer) submit(p surfed, values url.Values) surfed {
	b.t.Helper()
	form := firstForm.FindStringSubmatch(p.html)
	if form == nil {
		b.t.Fatalf("%s has no form:\n%s", p.at, p.html)
	}
	all := url.Values{}
	for _, input := range aField.FindAllStringSubmatch(form[2], -1) {
		if !notFilled.MatchString(input[0]) && !slices.Contains(all[input[1]], input[2]) {
			all[input[1]] = []string{input[2]}
		}
	}
	for name, value := range values {
		all[name] = value
	}
	target, err := p.at.Parse(form[1])
	if err != nil {
		b.t.Fatal(err)
	}
	return b.came(b.client.PostForm(target.String(), all))
}

// agree signs in and agrees to everything, and returns what comes after.
func (b *surfer) agree(p surfed, who url.Values) surfed {
	b.t.Helper()
	return b.submit(b.submit(p, who), url.Values{"decision": {"allow"}, "patient": {who.Get("login")}})
}

// signIn goes from an authorization request back to the app, and returns what the app is told.
func (b *surfer) signIn(address string, who url.Values) url.Values {
	b.t.Helper()
	p := b.agree(b.open(address), who)
	if p.html != "" {
		b.t.Fatalf("ended at %s:\n%s", p.at, p.html)
	}
	return p.at.Query()
}
