package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pontlevis/pontlevis/oauth/scope"
	"github.com/pontlevis/pontlevis/store"
)

// engineState stands for the app's state towards fosite, which cannot do without one; the app's own, or none, travels
// beside it.
const engineState = "pontlevis-state"

// challengeForm is an S256 code challenge: base64url of 32 bytes (RFC 7636 §4.2).
var challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// serveAuthorize is the authorization endpoint. What is wrong before the return address is known to be the app's own is
// shown on a page; anything later goes back to the app (RFC 6749 §4.1.2.1).
func (s *Server) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	form, f := authorizeForm(w, r)
	reference := ""
	if f == nil {
		form, reference, f = s.pushedForm(r.Context(), form)
	}
	if f != nil {
		s.pages.Problem(w, r, f.Status, ProblemPage{Kind: ProblemRequest, Code: f.Code, Hint: f.Description})
		return
	}
	client, ok := s.askingClient(w, r, form, false)
	if !ok {
		return
	}
	redirect := form.Get("redirect_uri")
	scopes, f := s.checkAuthorize(client, form)
	if f == nil && reference == "" && client.mustPush() {
		f = refuse(codeInvalidRequest, "This app's authorization requests have to be pushed (RFC 9126).")
	}
	if f == nil {
		f = s.checkWithEngine(r.Context(), client, form, scopes)
	}
	var fresh *transactionRecord
	if f == nil {
		fresh, f = s.begin(w, r, client, form, scopes, reference)
	}
	if f != nil {
		s.returnError(w, r, redirect, form.Get("state"), f)
		return
	}
	http.Redirect(w, r, pathContinue+"?tx="+fresh.ID, http.StatusSeeOther)
}

// askingClient finds the client, checks its return address, which a device has none of, and its label. It answers itself
// when it returns false.
func (s *Server) askingClient(w http.ResponseWriter, r *http.Request, form url.Values, device bool) (*Client, bool) {
	client, err := s.Client(r.Context(), form.Get("client_id"))
	if err != nil && !errors.Is(err, ErrNotFound) {
		s.trouble(w, r, err)
		return nil, false
	}
	if client == nil || client.Disabled {
		s.pages.Problem(w, r, http.StatusBadRequest, ProblemPage{Kind: ProblemClient, Code: codeInvalidClient})
		return nil, false
	}
	if client, err = s.withinEntry(r.Context(), client); err != nil {
		s.trouble(w, r, err)
		return nil, false
	}
	if !device && !redirectRegistered(client, form.Get("redirect_uri")) {
		s.pages.Problem(w, r, http.StatusBadRequest, ProblemPage{
			Kind: ProblemRedirect, Code: codeInvalidRequest, Hint: "redirect_uri is required and must equal a registered one, character by character.",
		})
		return nil, false
	}
	app, ok, err := s.allowed(r.Context(), client)
	if err != nil {
		s.trouble(w, r, err)
		return nil, false
	}
	if !ok {
		s.pages.Problem(w, r, http.StatusForbidden, ProblemPage{
			Kind: ProblemLabel, Code: codeUnauthorizedClient, App: view(client, app),
		})
		return nil, false
	}
	if app.Waits {
		f := waits()
		w.Header().Set("Retry-After", retryLater)
		s.pages.Problem(w, r, f.Status, ProblemPage{Kind: ProblemWaits, Code: f.Code, Hint: f.Description, App: view(client, app)})
		return nil, false
	}
	return client, true
}

// redirectRegistered compares character by character (RFC 9700 §4.1.3); only the port of a loopback address may differ,
// for native apps (RFC 8252 §7.3).
func redirectRegistered(c *Client, raw string) bool {
	if raw == "" || hasControl(raw) {
		return false
	}
	if slices.Contains(c.RedirectURIs, raw) {
		return true
	}
	asked, err := url.Parse(raw)
	if err != nil || asked.Scheme != "http" || asked.Hostname() != "127.0.0.1" && asked.Hostname() != "::1" || asked.User != nil {
		return false
	}
	return slices.ContainsFunc(c.RedirectURIs, func(known string) bool {
		k, err := url.Parse(known)
		if err != nil || k.Scheme != "http" || k.Hostname() != asked.Hostname() {
			return false
		}
		k.Host = asked.Host
		return k.String() == raw
	})
}

// checkAuthorize holds the rules that fosite does not know or gets wrong, and cuts the scopes down to the registered.
func (s *Server) checkAuthorize(c *Client, form url.Values) ([]string, *failure) {
	for name, code := range map[string]string{
		"request": codeRequestNotSupported, "request_uri": codeRequestURIUnsupport, "registration": codeRegistrationUnsupp,
	} {
		if form.Has(name) {
			return nil, refuse(code, name+" is not supported.")
		}
	}
	switch {
	case form.Get("response_type") != "code":
		return nil, refuse(codeUnsupportedResponse, "response_type must be code.")
	case form.Has("response_mode") && form.Get("response_mode") != "query":
		return nil, refuse(codeInvalidRequest, "response_mode must be query.")
	case form.Get("code_challenge_method") != "S256" || !challengeForm.MatchString(form.Get("code_challenge")):
		return nil, refuse(codeInvalidRequest, "PKCE is required: code_challenge of 43 base64url characters, code_challenge_method=S256.")
	case len(form.Get("state")) > maxState || len(form.Get("nonce")) > maxNonce:
		return nil, refuse(codeInvalidRequest, "state or nonce is too long.")
	case form.Has("dpop_jkt") && !challengeForm.MatchString(form.Get("dpop_jkt")):
		return nil, refuse(codeInvalidRequest, "dpop_jkt is the SHA-256 thumbprint of a key in base64url.")
	case c.Kind == "backend":
		return nil, refuse(codeUnauthorizedClient, "A back-end system uses client_credentials.")
	case !slices.Contains(c.grantTypes(), grantCode):
		return nil, refuse(codeUnauthorizedClient, "This client may not use the authorization code.")
	}
	if f := s.checkTarget(form); f != nil {
		return nil, f
	}
	if c.Kind != "portal" && !form.Has("aud") && !form.Has("resource") {
		return nil, refuse(codeInvalidRequest, "aud is required and must be the FHIR endpoint (SMART App Launch).")
	}
	if _, f := promptOf(form); f != nil {
		return nil, f
	}
	asked := strings.Fields(form.Get("scope"))
	if !form.Has("launch") {
		asked = launchScopes(asked, nil)
	}
	return scopesForPeople(c, asked)
}

// scopesForPeople cuts what is asked of a person down to what the client is registered for.
func scopesForPeople(c *Client, asked []string) ([]string, *failure) {
	scopes := scope.Without(scope.Narrow(c.Scopes, asked), "system")
	if len(scopes) == 0 || scope.HasClinical(asked) && !scope.HasClinical(scopes) {
		return nil, refuse(codeInvalidScope, "None of these scopes is registered for this app.")
	}
	return scopes, nil
}

// prompt is what the app asks of the sign-in (OpenID Connect Core §3.1.2.1).
type prompt struct {
	none, fresh bool
	maxAge      int64    // seconds; 0 = not asked
	acr         []string // acr_values
}

func promptOf(form url.Values) (prompt, *failure) {
	var p prompt
	words := strings.Fields(form.Get("prompt"))
	for _, w := range words {
		switch w {
		case "none":
			p.none = true
		case "login", "select_account":
			p.fresh = true
		case "consent": // consent is always asked
		default:
			return p, refuse(codeInvalidRequest, "prompt is one of none, login, consent, select_account.")
		}
	}
	if p.none && len(words) > 1 {
		return p, refuse(codeInvalidRequest, "prompt=none stands alone.")
	}
	if form.Has("max_age") {
		age, err := strconv.ParseInt(form.Get("max_age"), 10, 64)
		if err != nil || age < 0 {
			return p, refuse(codeInvalidRequest, "max_age is a number of seconds.")
		}
		p.maxAge = min(age, int64(sessionLife.Seconds()))
		p.fresh = p.fresh || age == 0
	}
	if p.acr = strings.Fields(form.Get("acr_values")); len(p.acr) > maxAskedACR {
		return p, refuse(codeInvalidRequest, "acr_values names too many authentication contexts.")
	}
	return p, nil
}

// engineForm is the request as fosite sees it.
func engineForm(form map[string]string, scopes []string) url.Values {
	out := url.Values{"state": {engineState}, "scope": {strings.Join(scopes, " ")}}
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method"} {
		out.Set(name, form[name])
	}
	return out
}

func (s *Server) checkWithEngine(ctx context.Context, c *Client, form url.Values, scopes []string) *failure {
	ctx = withExchange(ctx, &exchange{client: c})
	if _, err := s.engine.NewAuthorizeRequest(ctx, formRequest(ctx, engineForm(flat(form), scopes))); err != nil {
		return fromFosite(err)
	}
	return nil
}

// begin keeps the request until the person has answered. prompt=none can never succeed: consent is always asked. pushed is
// the reference of a pushed request.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, c *Client, form url.Values, scopes []string, pushed string) (*transactionRecord, *failure) {
	p, f := promptOf(form)
	if f != nil {
		return nil, f
	}
	if p.none {
		rec, _, err := s.currentSession(r.Context(), r)
		if err != nil {
			return nil, broken(err)
		}
		asked := &transactionRecord{Fresh: p.fresh, MaxAge: p.maxAge, Created: s.now()}
		if rec == nil || s.stale(asked, rec) || !s.satisfies(rec.ACR, p.acr) {
			return nil, refuse(codeLoginRequired, "Nobody is signed in, or not lately or strongly enough.")
		}
		return nil, refuse(codeConsentRequired, "The person has to agree on a page.")
	}
	launch, f := s.launchOf(r.Context(), c, form.Get("launch"), scopes)
	if f != nil {
		return nil, f
	}
	scopes = launchScopes(scopes, launch)
	details, f := s.detailsOf(r.Context(), c, form.Get("authorization_details"))
	if f != nil {
		return nil, f
	}
	if detailOf(details, detailGlass) != nil {
		if launch != nil {
			return nil, badDetail("An emergency access is not opened from a launch.")
		}
		scopes = momentary(scopes)
	}
	if f := s.pacePending(r); f != nil {
		return nil, f
	}
	now := s.now()
	t := &transactionRecord{
		Launch: launch, Details: details,
		ID: transactionID(pushed), Pushed: pushed, Client: c.ID, Scopes: scopes, State: form.Get("state"), Fresh: p.fresh, MaxAge: p.maxAge, ACR: p.acr,
		Browser: signatureOf(s.browser(w, r)), Created: now, Expires: now.Add(transactionTTL),
		Form: flat(keep(form, "client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "nonce", "login_hint", "dpop_jkt")),
	}
	err := s.db.Update(r.Context(), partitionOf(t.ID), func(tx store.Tx) error {
		return putExpiring(tx, transactionKey(t.ID), t, t.Expires)
	})
	if err != nil {
		return nil, broken(err)
	}
	return t, nil
}

func flat(form url.Values) map[string]string {
	out := make(map[string]string, len(form))
	for name := range form {
		out[name] = form.Get(name)
	}
	return out
}

// returnError sends the person back to the app with an error (RFC 6749 §4.1.2.1, RFC 9207 §2).
func (s *Server) returnError(w http.ResponseWriter, r *http.Request, redirect, state string, f *failure) {
	if f.Status >= http.StatusInternalServerError {
		s.log.ErrorContext(r.Context(), "authorization failed", "code", f.Code, "cause", f.cause)
	}
	s.returnTo(w, r, redirect, state, url.Values{"error": {f.Code}, "error_description": {printable(f.Description)}})
}

// returnTo redirects to the app's registered address with 303, so that no form is posted there (RFC 9700 §4.12).
func (s *Server) returnTo(w http.ResponseWriter, r *http.Request, redirect, state string, values url.Values) {
	target, err := url.Parse(redirect)
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	values.Set("iss", s.issuer)
	if state != "" {
		values.Set("state", state)
	}
	if target.RawQuery != "" {
		target.RawQuery += "&" + values.Encode()
	} else {
		target.RawQuery = values.Encode()
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Location", target.String())
	w.WriteHeader(http.StatusSeeOther)
}
