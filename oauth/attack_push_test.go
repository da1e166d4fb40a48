package oauth_test

import (
	"strings"
	"time"
)

// Attacks on pushed authorization requests (RFC 9126).

func pushRefused(name, value string) func(*world) {
	return func(w *world) {
		if r := w.post("/oauth2/par", w.request(name, value), ""); r.status != 400 || r.text("request_uri") != "" {
			w.t.Errorf("%d %s", r.status, r.raw)
		}
	}
}

// noSuchRequest wants a reference refused on a page, without a word of the request.
func (w *world) noSuchRequest(p page) {
	w.t.Helper()
	if p.status != 400 || p.location != nil || !strings.Contains(p.body, "invalid_request_uri") {
		w.t.Errorf("%d %v", p.status, p.location)
	}
}

func oldReference(w *world) {
	reference := w.push()
	w.clock.Advance(91 * time.Second)
	w.noSuchRequest(w.newBrowser().come(reference))
}

func pushedTwice(w *world) {
	reference := w.push()
	late := w.newBrowser()
	lateForm := late.signIn(late.come(reference), "camille")
	b := w.newBrowser()
	if p := b.finish(b.come(reference)); p.location == nil {
		w.t.Fatalf("%d %s", p.status, p.body)
	}
	w.noSuchRequest(w.newBrowser().come(reference))
	if p := late.submit(lateForm, "decision", "allow", "patient", "camille"); p.status != 400 || p.location != nil {
		w.t.Errorf("a second answer: %d %v", p.status, p.location)
	}
}

func pushedViews(w *world) {
	reference := w.push()
	b := w.newBrowser()
	for range 3 {
		if p := b.come(reference); p.status != 200 {
			w.t.Fatalf("a view: %d", p.status)
		}
	}
	if p := b.finish(b.come(reference)); p.location == nil || !p.location.Query().Has("code") {
		w.t.Errorf("the answer: %d %s", p.status, p.body)
	}
}

func foreignReference(w *world) {
	reference := w.push()
	w.noSuchRequest(w.newBrowser().come(reference, "client_id", "rival"))
	if !w.told("foreign_client") {
		w.t.Error("nobody was told")
	}
	if p := w.newBrowser().come(reference); p.status != 200 {
		w.t.Errorf("its owner after the attempt: %d", p.status)
	}
}

// frontChannel has the browser bring a parameter beside the reference.
func frontChannel(name, value string) func(*world) {
	return func(w *world) {
		b := w.newBrowser()
		p := b.finish(b.come(w.push("state", "pushed", "nonce", ""), name, value, "scope", "patient/*.cruds", "redirect_uri", "http://127.0.0.1/native"))
		if p.location == nil || !strings.HasPrefix(p.location.String(), redirectURI+"?") || p.location.Query().Get("state") != "pushed" {
			w.t.Fatalf("%d %v", p.status, p.location)
		}
		r := w.redeem(p.location.Query().Get("code"))
		if r.status != 200 || strings.Contains(r.text("scope"), "cruds") || strings.Contains(decoded(r.text("id_token")), `"nonce"`) {
			w.t.Errorf("%d %s %s", r.status, r.raw, decoded(r.text("id_token")))
		}
	}
}

func guessedReference(w *world) {
	reference := w.push()
	for _, guess := range []string{flip(reference), "urn:ietf:params:oauth:request_uri:x", "urn:ietf:params:oauth:request_uri:"} {
		w.noSuchRequest(w.newBrowser().come(guess))
	}
}
