package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/store"
)

// App is a plugin that may be called now: its manifest, and what its label leaves of it.
type App struct {
	Manifest *manifest.Manifest
	Label    gate.Label
	Rests    bool // it failed too often a moment ago, and is not called
}

// Callers tells who calls. The authorization server implements it.
type Callers interface {
	gate.Grants
	// IsOwn reports whether a bearer token has the form of an access token of this server.
	IsOwn(token string) bool
	// CDSClient authenticates a calling system by the JWT that it signed for audience, or errs with a *gate.TokenError.
	CDSClient(ctx context.Context, token, audience, address string) (gate.Client, error)
}

// Gate is what is asked of the gate. *gate.Gate is one.
type Gate interface {
	Admits(ctx context.Context, grant *gate.Grant, resourceType string) (bool, error)
	Accepts(ctx context.Context, grant *gate.Grant, resourceType string, body []byte) (bool, error)
	Ask(ctx context.Context, grant *gate.Grant, method, target string, header http.Header, body []byte) (*gate.Answer, error)
	Unasked(ctx context.Context, patient, client string) (off bool, language string, err error)
}

// Config is what a front stands on. All but Rest, Address, Now, Log and Answered are required.
type Config struct {
	// Apps are the plugins whose label lets them act now; App is one of them by its id, nil for any other.
	Apps    func(ctx context.Context) ([]App, error)
	App     func(ctx context.Context, id string) (*App, error)
	Callers Callers
	Gate    Gate
	Host    plugins.Invoker
	DB      store.DB // what feedback counts
	Key     []byte   // 32 bytes that mark the cards as given here

	Issuer string   // URL of this server, without a trailing slash; the services are below it
	FHIR   string   // URL of the FHIR endpoint, without a trailing slash
	Proofs []string // algorithms of DPoP proofs that Callers takes

	// Rest is the time that an answer without cards takes, or a whole number of times that; 0 is [UsualRest], less than 0 none.
	Rest    time.Duration
	Address func(r *http.Request) string // whose request it is; nil is the address of the connection
	Now     func() time.Time
	Log     *slog.Logger
	// Answered hears of each call, without names of anybody: outcome is cards, empty, failed, or refused.
	Answered func(service, outcome string, took time.Duration)
}

// UsualRest is longer than most invocations take, and no time for a person.
const UsualRest = 50 * time.Millisecond

// Front serves CDS Hooks.
type Front struct {
	c   Config
	mux *http.ServeMux

	questions questions // of people who ask for themselves
}

// New builds a front.
func New(c Config) (*Front, error) {
	if c.Apps == nil || c.App == nil || c.Callers == nil || c.Gate == nil || c.Host == nil || c.DB == nil || len(c.Key) != 32 || c.Issuer == "" || c.FHIR == "" {
		return nil, errors.New("hooks: apps, callers, gate, host, store, key and addresses are required")
	}
	switch {
	case c.Rest == 0:
		c.Rest = UsualRest
	case c.Rest < 0:
		c.Rest = 0
	}
	if c.Address == nil {
		c.Address = func(r *http.Request) string { return r.RemoteAddr }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Answered == nil {
		c.Answered = func(string, string, time.Duration) {}
	}
	public, err := url.Parse(c.Issuer)
	if err != nil {
		return nil, fmt.Errorf("hooks: the issuer: %w", err)
	}
	f := &Front{c: c, mux: http.NewServeMux()}
	f.mux.HandleFunc("GET "+public.Path+Path, f.discover)
	f.mux.HandleFunc("POST "+public.Path+Path+"/{service}", f.call)
	f.mux.HandleFunc("POST "+public.Path+Path+"/{service}/feedback", f.feedback)
	return f, nil
}

// Path is where the services are, below the issuer (CDS Hooks 2.0, "Discovery").
const Path = "/cds-services"

// ServeHTTP answers a request whose path begins with that of the issuer and [Path].
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	allowBrowsers(w.Header())
	if r.Method == http.MethodOptions {
		allowBefore(w.Header())
		w.WriteHeader(http.StatusNoContent)
		return
	}
	f.mux.ServeHTTP(w, r)
}

// allowBrowsers lets a CDS client that runs in a browser call from any origin, as the specification asks ("Cross-Origin
// Resource Sharing"): no cookie counts here, so a page can do nothing without a token of its own.
func allowBrowsers(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Origin, Accept, Content-Location, Location, X-Requested-With, WWW-Authenticate, DPoP-Nonce")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}

func allowBefore(h http.Header) {
	h.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "Origin, Accept, Accept-Language, Content-Type, X-Requested-With, Authorization, DPoP")
	h.Set("Access-Control-Max-Age", "7200")
}

// Problem is why a call is not answered, for the one who writes the client (RFC 9457). It depends on the call alone, never
// on what a record holds.
type Problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

func (p *Problem) Error() string { return p.Detail }

func problem(status int, detail string) *Problem {
	return &Problem{Status: status, Title: http.StatusText(status), Detail: detail}
}

// fail says why a call is not answered.
func (f *Front) fail(w http.ResponseWriter, r *http.Request, err error) {
	var token *gate.TokenError
	var told *Problem
	switch {
	case errors.As(err, &token):
		status := gate.Challenge(w.Header(), f.c.Issuer+"/.well-known/oauth-protected-resource/fhir", f.c.Proofs, token)
		detail := token.Description
		if detail == "" {
			detail = "A call needs an access token of this server for the person in front, as the Authorization or in fhirAuthorization."
		}
		told = problem(status, detail)
	case errors.As(err, &told):
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		told = problem(http.StatusServiceUnavailable, "The call was abandoned, or took too long.")
	default:
		f.c.Log.ErrorContext(r.Context(), "a CDS Hooks call could not be answered", "error", err)
		w.Header().Set("Retry-After", "5")
		told = problem(http.StatusServiceUnavailable, "The service cannot answer now. Try again.")
	}
	send(w, told.Status, "application/problem+json", told)
}

func send(w http.ResponseWriter, status int, contentType string, v any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client has gone when this fails
}

// language is the language of the one who will read: English when it is asked for before French, French else.
func language(r *http.Request) string {
	for one := range strings.SplitSeq(strings.ToLower(r.Header.Get("Accept-Language")), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(one), ";")
		switch tag, _, _ = strings.Cut(tag, "-"); tag {
		case "fr":
			return "fr"
		case "en":
			return "en"
		}
	}
	return "fr"
}
