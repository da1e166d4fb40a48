package card

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web"
)

// offlinePath is the page that opens copies; it needs no sign-in, and no network once it was opened.
const offlinePath = "/emergency/card/offline"

// worker keeps that page for when there is no network. Its own folder is the widest that it may serve.
//
//go:embed worker/worker.js
var worker []byte

const workerPath = "/emergency/card/offline-worker.js"

// opener is the page that opens copies.
type opener struct {
	Sections []string // keys, in order
	Keys     string   // public keys that sign copies, as a JSON Web Key Set
	Worker   string
}

// sectionKeys are the sections of a copy in their order.
var sectionKeys = []string{"allergies", "treatments", "problems", "blood", "implants", "directives", "trusted", "contacts"}

// offline serves the page. It holds the keys with which signatures are checked, so that they are kept with it.
func (p *Pages) offline(w http.ResponseWriter, r *http.Request) {
	all, err := p.desk.People.Keys().Public(r.Context())
	if err != nil {
		p.desk.Look.Problem(w, r, http.StatusServiceUnavailable, oauth.ProblemPage{Kind: oauth.ProblemTrouble})
		return
	}
	set := jose.JSONWebKeySet{Keys: slices.DeleteFunc(slices.Clone(all.Keys), func(k jose.JSONWebKey) bool { return k.Algorithm != string(jose.ES256) })}
	keys, err := json.Marshal(set)
	if err != nil {
		p.desk.Look.Problem(w, r, http.StatusServiceUnavailable, oauth.ProblemPage{Kind: oauth.ProblemTrouble})
		return
	}
	p.part.Open(w, r, http.StatusOK, "offline", opener{Sections: sectionKeys, Keys: string(keys), Worker: workerPath}, web.Shown{Script: "offline.js"})
}

// serveWorker serves the worker, asked for anew each time so that a mended one takes over.
func (*Pages) serveWorker(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; connect-src 'self'")
	_, _ = w.Write(worker)
}
