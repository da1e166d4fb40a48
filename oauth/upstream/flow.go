package upstream

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Attempt is one sign-in at the provider. Whoever begins it remembers it until Finish, for one browser and one use.
type Attempt struct {
	Redirect string   // our callback, as registered at the provider
	State    string   // unguessable; comes back with the answer
	Nonce    string   // unguessable; comes back in the id_token
	Verifier string   // PKCE code verifier (RFC 7636 §4.1), never sent before the code is exchanged
	ACR      []string // classes of authentication asked by the app, weakest first; the configured ones when empty
	Fresh    bool     // sign in again whatever session the provider has (prompt=login)
	MaxAge   int64    // seconds since the person proved who they are; 0 = not asked, with Fresh false
	Began    time.Time
}

// Login is a sign-in that was verified.
type Login struct {
	Subject string
	Claims  Claims // of the id_token and the userinfo
	ACR     string
	AMR     []string
	Auth    time.Time // when the person proved who they are; zero when the provider does not say
	IDToken string    // for Leave
	Client  string    // with Vouch: the client to which the provider gave the token
	Expires time.Time // with Vouch: the end of the token
}

// skew is how far the provider's clock may be from ours.
const skew = 60 * time.Second

// wanted are the classes of authentication that an attempt asks: those of the app that the provider is configured for.
func (p *Provider) wanted(a *Attempt) ([]string, error) {
	if len(a.ACR) == 0 {
		return p.config.ACR, nil
	}
	var known []string
	for _, acr := range p.config.ACR {
		if slices.Contains(a.ACR, acr) {
			known = append(known, acr)
		}
	}
	if len(known) == 0 {
		return nil, refuse(Weak, "the app asks for a class of authentication that this provider is not configured for")
	}
	return known, nil
}

// maxAge is the age of a sign-in that an attempt accepts, in seconds: the app's or the configured one, the shorter.
func (p *Provider) maxAge(a *Attempt) int64 {
	if a.MaxAge > 0 && p.config.MaxAge > 0 {
		return min(a.MaxAge, p.config.MaxAge)
	}
	return max(a.MaxAge, p.config.MaxAge)
}

// Begin returns the address to send the browser to (OpenID Connect Core §3.1.2.1). The error is a *Refusal.
func (p *Provider) Begin(ctx context.Context, a *Attempt) (string, error) {
	m, _, err := p.metadata(ctx)
	if err != nil {
		return "", err
	}
	acr, err := p.wanted(a)
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{
		oauth2.S256ChallengeOption(a.Verifier), oauth2.SetAuthURLParam("nonce", a.Nonce),
	}
	if len(acr) > 0 {
		options = append(options, oauth2.SetAuthURLParam("acr_values", strings.Join(acr, " ")))
	}
	if a.Fresh {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	} else if age := p.maxAge(a); age > 0 {
		options = append(options, oauth2.SetAuthURLParam("max_age", strconv.FormatInt(age, 10)))
	}
	return p.oauth(m, a.Redirect).AuthCodeURL(a.State, options...), nil
}

func (p *Provider) oauth(m *metadata, redirect string) *oauth2.Config {
	style := oauth2.AuthStyleInHeader
	if p.config.ClientAuth == "post" || p.config.ClientSecret == "" {
		style = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret, RedirectURL: redirect, Scopes: p.config.scopes(),
		Endpoint: oauth2.Endpoint{AuthURL: m.Authorization, TokenURL: m.Token, AuthStyle: style},
	}
}

// Finish takes the answer that the browser brought, whose state the caller has matched, and verifies who signed in. The
// error is a *Refusal.
func (p *Provider) Finish(ctx context.Context, a *Attempt, answer url.Values) (*Login, error) {
	m, keys, err := p.metadata(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"code", "iss", "error", "state"} {
		if len(answer[name]) > 1 {
			return nil, refuse(Untrusted, "the answer has %s twice", name)
		}
	}
	// An answer of another provider must not reach this one's token endpoint (mix-up, RFC 9207 §2.4).
	if iss := answer.Get("iss"); iss != m.Issuer && (answer.Has("iss") || m.Iss) {
		return nil, refuse(Untrusted, "the answer names another issuer, or none")
	}
	if answer.Has("error") {
		return nil, declined(answer.Get("error"))
	}
	if answer.Get("code") == "" {
		return nil, refuse(Untrusted, "the answer has neither a code nor an error")
	}
	tokens, err := p.exchange(ctx, m, a, answer.Get("code"))
	if err != nil {
		return nil, err
	}
	raw, _ := tokens.Extra("id_token").(string)
	login, err := p.verifyIDToken(ctx, keys, a, raw, tokens.AccessToken)
	if err != nil {
		return nil, err
	}
	if err := p.addUserinfo(ctx, m, keys, login, tokens.AccessToken); err != nil {
		return nil, err
	}
	return login, nil
}

// cleanCode is an error word (RFC 6749 §4.1.2.1) as it may be shown: "error" for what looks like none.
func cleanCode(code string) string {
	ok := len(code) <= 64 && !strings.ContainsFunc(code, func(r rune) bool {
		return (r < 'a' || r > 'z') && r != '_'
	})
	if !ok {
		return "error"
	}
	return code
}

// declined sorts what a provider answers instead of a code.
func declined(code string) *Refusal {
	r := &Refusal{Code: cleanCode(code), Why: "the provider answered with an error"}
	switch code {
	case "access_denied", "login_required", "interaction_required", "account_selection_required", "consent_required":
		r.Kind = Declined
	case "unmet_authentication_requirements": // OpenID Connect Core Unmet Authentication Requirements 1.0
		r.Kind = Weak
	case "server_error", "temporarily_unavailable":
		r.Kind = Unavailable
	default:
		r.Kind = Untrusted
	}
	return r
}

// exchange redeems the code at the token endpoint.
func (p *Provider) exchange(ctx context.Context, m *metadata, a *Attempt, code string) (*oauth2.Token, error) {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, p.http)
	tokens, err := p.oauth(m, a.Redirect).Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	var no *oauth2.RetrieveError
	switch {
	case errors.As(err, &no): // its text holds the provider's whole answer, which is not for the log
		r := &Refusal{Kind: Untrusted, Code: cleanCode(no.ErrorCode), Why: "the provider did not take the code"}
		if no.Response != nil && no.Response.StatusCode >= http.StatusInternalServerError {
			r.Kind = Unavailable
		}
		return nil, r
	case err != nil:
		return nil, failed(Unavailable, "asking the token endpoint", plainError(err))
	case !strings.EqualFold(tokens.Type(), "Bearer"):
		return nil, refuse(Untrusted, "the provider gave a token of another type than Bearer")
	}
	return tokens, nil
}

// plainError drops the address from an error of the HTTP client.
func plainError(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Leave returns the address that ends the session at the provider and comes back to an address of ours (OpenID Connect
// RP-Initiated Logout 1.0 §2); "" when the provider has no such address.
func (p *Provider) Leave(ctx context.Context, idToken, back, state string) (string, error) {
	m, _, err := p.metadata(ctx)
	if err != nil || m.EndSession == "" || idToken == "" {
		return "", err
	}
	u, err := url.Parse(m.EndSession)
	if err != nil {
		return "", failed(Untrusted, "the metadata's end_session_endpoint", err)
	}
	query := u.Query()
	query.Set("id_token_hint", idToken)
	query.Set("client_id", p.config.ClientID)
	query.Set("post_logout_redirect_uri", back)
	query.Set("state", state)
	u.RawQuery = query.Encode()
	return u.String(), nil
}
