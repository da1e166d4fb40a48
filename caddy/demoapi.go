package pontlevis

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/record"
)

// TokenRequest asks the running demo for an access token, as the token command does.
type TokenRequest struct {
	As          string `json:"as"`
	Patient     string `json:"patient,omitempty"`
	Purpose     string `json:"purpose,omitempty"`
	Mode        string `json:"mode,omitempty"`
	Reason      string `json:"reason,omitempty"`
	TypedReason string `json:"typed_reason,omitempty"`
	Stage       int    `json:"stage,omitempty"`
	Secret      bool   `json:"secret,omitempty"`
	Client      string `json:"client,omitempty"`
	Scope       string `json:"scope,omitempty"`
	Resource    string `json:"resource,omitempty"` // explain alone, like Language
	Language    string `json:"language,omitempty"` // fr or en
}

// TokenAnswer is a token, the explanation asked for, or what went wrong.
type TokenAnswer struct {
	Token       string    `json:"token,omitempty"`
	Expires     time.Time `json:"expires,omitzero"`
	Explanation string    `json:"explanation,omitempty"`
	OK          bool      `json:"ok,omitempty"` // audit alone: nothing is wrong
	Error       string    `json:"error,omitempty"`
}

// demoEndpoint serves the command line of the demonstration: whoever can read the data folder may act as anyone of the
// cast. It exists only where the demo does.
func (a *App) demoEndpoint() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /demo/token", func(w http.ResponseWriter, r *http.Request) { a.serveDemo(w, r, a.mint) })
	mux.HandleFunc("POST /demo/explain", func(w http.ResponseWriter, r *http.Request) { a.serveDemo(w, r, a.explain) })
	mux.HandleFunc("POST /demo/audit", func(w http.ResponseWriter, r *http.Request) { a.serveDemo(w, r, a.verifyLog) })
	mux.HandleFunc("POST /demo/schedules", func(w http.ResponseWriter, r *http.Request) { a.serveDemo(w, r, a.runDue) })
	mux.HandleFunc("POST /demo/cases", func(w http.ResponseWriter, r *http.Request) { a.serveDemo(w, r, a.verifyRegister) })
	return mux
}

func (a *App) serveDemo(w http.ResponseWriter, r *http.Request, do func(context.Context, TokenRequest) (TokenAnswer, error)) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	key, err := a.demoSecret(demoKey)
	shown := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if err != nil || subtle.ConstantTimeCompare([]byte(shown), []byte(key)) != 1 {
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(TokenAnswer{Error: "the key of the data folder is needed"})
		return
	}
	var q TokenRequest
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(TokenAnswer{Error: err.Error()})
		return
	}
	answer, err := do(r.Context(), q)
	if err != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		answer = TokenAnswer{Error: err.Error()}
	}
	_ = json.NewEncoder(w).Encode(answer) // the client has gone when this fails
}

// mint makes a token for one of the cast, or for the holder of an imported record.
func (a *App) mint(ctx context.Context, q TokenRequest) (TokenAnswer, error) {
	m := oauth.MintRequest{
		Person: q.As, Patient: q.Patient, Purpose: q.Purpose, Mode: q.Mode, Reason: q.Reason, TypedReason: q.TypedReason,
		Stage: q.Stage, Secret: q.Secret, Client: q.Client, Scope: q.Scope,
	}
	if m.Client == "" {
		m.Client = "portal"
	}
	if c, err := a.services.oauth.Client(ctx, q.As); err == nil && c.Kind == "backend" {
		m.Person, m.Client = "", q.As
	}
	if m.Mode != "" && m.Mode != "normal" && m.Stage == 0 {
		m.Stage = 1 // an emergency access opens with the vital set (rules.md E3)
	}
	if err := a.checkReason(m.Mode, m.Reason); err != nil {
		return TokenAnswer{}, err
	}
	token, expires, err := a.services.oauth.Mint(ctx, m)
	return TokenAnswer{Token: token, Expires: expires}, err
}

// checkReason names the reasons that the policies know, when an emergency access is asked for with none of them: the
// token would open nothing.
func (a *App) checkReason(mode, reason string) error {
	known, _ := a.services.policies.Current().Data("pontlevis", "emergency_codes", "reasons", mode)
	codes, _ := known.(map[string]any)
	if _, ok := codes[reason]; ok || len(codes) == 0 {
		return nil
	}
	return fmt.Errorf("an access in mode %s needs a reason: --reason %s", mode, strings.Join(slices.Sorted(maps.Keys(codes)), " | "))
}

// explain tells which rule decides whether one of the cast reads a resource, and from which facts.
func (a *App) explain(ctx context.Context, q TokenRequest) (TokenAnswer, error) {
	minted, err := a.mint(ctx, q)
	if err != nil {
		return TokenAnswer{}, err
	}
	grant, err := a.services.oauth.Authenticate(ctx, gate.Bearer(minted.Token))
	if err != nil {
		return TokenAnswer{}, err
	}
	ref, ok := record.ParseRef(q.Resource)
	if !ok {
		return TokenAnswer{}, fmt.Errorf("a resource is named Type/id, not %q", q.Resource)
	}
	text, err := a.services.gate.Explain(ctx, grant, ref, q.Language)
	return TokenAnswer{Explanation: text}, err
}

// verifyLog recomputes the access log of the running demo.
func (a *App) verifyLog(ctx context.Context, _ TokenRequest) (TokenAnswer, error) {
	result, err := a.state.log.Verify(ctx, a.state.log.VerifierKey())
	return TokenAnswer{Explanation: result.String(), OK: err == nil && result.OK()}, err
}

// runDue runs the scheduled plugins whose turn it is, and says how that went.
func (a *App) runDue(ctx context.Context, _ TokenRequest) (TokenAnswer, error) {
	if a.services.plugins == nil {
		return TokenAnswer{}, errors.New("no plugin runs here: the machine has no cage for them")
	}
	if err := a.services.schedule.Look(ctx); err != nil {
		return TokenAnswer{}, err
	}
	all, err := a.services.schedule.All(ctx)
	if err != nil {
		return TokenAnswer{}, err
	}
	var said strings.Builder
	for _, app := range slices.Sorted(maps.Keys(all)) {
		r := all[app]
		fmt.Fprintf(&said, "%s: last for %d, something new for %d, failed for %d, at %s\n", app, r.People, r.Written, r.Failed, r.At.Format(time.RFC3339))
	}
	return TokenAnswer{Explanation: said.String(), OK: true}, nil
}
