package vendor

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/catalog/rehearsal"
	"github.com/pontlevis/pontlevis/web/visit"
)

// maxAnswer bounds what is read of an answer of the rehearsal, in bytes.
const maxAnswer = 256 << 10

// try begins a sign-in of the app at the server of rehearsals: a code for PKCE, and tokens bound to a key (RFC 7636, RFC 9449).
// What must come back is kept here, never in the address but for the state that names it.
func (p *Pages) try(v *visit.Visit, page *appPage, who, secret string) {
	t := p.theatre()
	if t != nil {
		if err := p.stage(v, page); err != nil {
			v.Fail(err)
			return
		}
	}
	if t == nil || page.Played == nil || page.Stale || page.Try != trySignIn && (page.Try != trySecret || secret == "") {
		page.Problem = "try"
		p.show(v, http.StatusUnprocessableEntity, page)
		return
	}
	var settings struct {
		Authorize string `json:"authorization_endpoint"`
	}
	if err := t.discover(v.Context(), &settings); err != nil {
		v.Fail(err)
		return
	}
	k, err := newKey()
	if err != nil {
		v.Fail(err)
		return
	}
	one := pending{app: page.ID, owner: page.by.Owner, verifier: rand.Text() + rand.Text(), secret: secret, key: k, asked: asked(page.Scopes)}
	state := p.tries.begin(one)
	challenge := sha256.Sum256([]byte(one.verifier))
	v.Go(settings.Authorize + "?" + url.Values{
		"response_type": {"code"}, "client_id": {page.ID}, "redirect_uri": {p.Issuer + TryPath}, "scope": {one.asked}, "state": {state},
		"aud": {page.Base}, "prompt": {"login"}, // each try may be as somebody else
		"code_challenge": {b64(challenge[:])}, "code_challenge_method": {"S256"}, "login_hint": {cmp.Or(page.Played.Player(who).Login, page.Who().Login)},
	}.Encode())
}

// asked are the scopes of a try: all that the app may reach of one record, and who signs in.
func asked(scopes []string) string {
	out := []string{"openid", "fhirUser", "launch/patient"}
	for _, scope := range scopes {
		if strings.HasPrefix(scope, "patient/") {
			out = append(out, scope)
		}
	}
	return strings.Join(out, " ")
}

// discover reads the settings that every SMART app begins with (SMART App Launch 2.2, "Conformance").
func (t *Theatre) discover(ctx context.Context, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, t.Issuer+"/fhir/.well-known/smart-configuration", nil)
	if err != nil {
		return err
	}
	status, _, body, err := t.send(r)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the rehearsal does not say where to sign in: %d", status)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

// send sends a request to the server of rehearsals and reads the answer, as far as it is bounded.
func (t *Theatre) send(r *http.Request) (status int, header http.Header, body []byte, err error) {
	res, err := t.Client.Do(r)
	if err != nil {
		return 0, nil, nil, fmt.Errorf("asking the rehearsal: %w", err)
	}
	defer res.Body.Close()
	body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = errors.New("the rehearsal answers more than a try shows")
	}
	return res.StatusCode, res.Header, body, err
}

// back is where the browser returns after the sign-in: with a code, or with why there is none.
func (p *Pages) back(v *visit.Visit) {
	by, ok, err := publisher(v)
	if err != nil {
		v.Fail(err)
		return
	}
	query := v.R.URL.Query()
	one, found := p.tries.take(by.Owner, query.Get("state"))
	t := p.theatre()
	if !ok || !found || t == nil {
		v.Go(home)
		return
	}
	did := &tried{At: v.Now(), key: one.key}
	switch {
	case query.Get("error") != "":
		did.Refused = query.Get("error")
	case query.Get("iss") != t.Issuer: // another server's answer (RFC 9207)
		did.Failed = "iss"
	default:
		played, err := t.All.Get(v.Context(), one.app)
		if err == nil {
			err = did.exchange(v.Context(), t, &one, query.Get("code"), p.Issuer+TryPath)
		}
		if err == nil && did.token != "" {
			if err = did.reads(v.Context(), t, played); err == nil {
				t.settle(v.Context(), played)
			}
		}
		if err != nil {
			v.Fail(err)
			return
		}
	}
	p.tries.done(by.Owner, one.app, did)
	v.Go(here(one.app) + "#tried")
}

// settle waits a moment until what was just read is among what the app did: the access log is followed, not waited for.
func (t *Theatre) settle(ctx context.Context, before *rehearsal.Rehearsal) {
	for range 20 {
		now, err := t.All.Get(ctx, before.App)
		if err != nil || now.Findings.Reads+now.Findings.Denied >= before.Findings.Reads+before.Findings.Denied+2 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// exchange makes the code a token (RFC 6749 §4.1.3), bound to the try's key.
func (d *tried) exchange(ctx context.Context, t *Theatre, one *pending, code, redirect string) error {
	var settings struct {
		Token string `json:"token_endpoint"`
	}
	if err := t.discover(ctx, &settings); err != nil {
		return err
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {one.verifier}}
	if one.secret == "" {
		form.Set("client_id", one.app)
	}
	status, body, err := one.key.send(t, "", func() (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, settings.Token, strings.NewReader(form.Encode()))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if one.secret != "" {
			r.SetBasicAuth(url.QueryEscape(one.app), url.QueryEscape(one.secret))
		}
		return r, nil
	})
	if err != nil {
		return err
	}
	var answer struct {
		Token   string `json:"access_token"`
		Type    string `json:"token_type"`
		Expires int    `json:"expires_in"`
		Scope   string `json:"scope"`
		Patient string `json:"patient"`
		Error   string `json:"error"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("reading the answer of the token endpoint: %w", err)
	}
	if status != http.StatusOK || !strings.EqualFold(answer.Type, "DPoP") {
		d.Failed = "token"
		d.Why = answer.Error
		return nil
	}
	d.token, d.Patient, d.Scope = answer.Token, answer.Patient, answer.Scope
	d.Until = d.At.Add(time.Duration(answer.Expires) * time.Second)
	return nil
}

// whose is the invented person whose record was opened.
func whose(r *rehearsal.Rehearsal, patient string) string {
	for _, p := range r.People {
		if p.Patient == patient {
			return p.Name
		}
	}
	return patient
}
