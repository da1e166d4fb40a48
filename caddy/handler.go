package pontlevis

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/pontlevis/pontlevis/plugins/hooks"
)

func init() {
	caddy.RegisterModule(Handler{})
}

// Parts of the server that a handler may serve.
const (
	partFHIR  = "fhir"  // the FHIR endpoint
	partOAuth = "oauth" // the authorization server and the well-known documents
	partPages = "pages" // pages for people, and /healthz
	partHooks = "hooks" // CDS Hooks
)

var parts = []string{partFHIR, partOAuth, partPages, partHooks}

// Handler serves the paths of pontlevis and passes on every other.
type Handler struct {
	// Which parts to serve: `fhir`, `oauth`, `pages`, `hooks`. Default: all.
	Serve []string `json:"serve,omitempty"`

	// Serve the server in which apps rehearse, with its invented people, instead. Default: false.
	Rehearsal bool `json:"rehearsal,omitempty"`

	app  *App
	base string // path of the issuer
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.pontlevis", New: func() caddy.Module { return new(Handler) }}
}

// Provision finds the app whose services are served.
func (h *Handler) Provision(ctx caddy.Context) error {
	app, err := ctx.App("pontlevis")
	if err != nil {
		return fmt.Errorf("getting the pontlevis app: %w", err)
	}
	if h.app = app.(*App); h.Rehearsal {
		if h.app = h.app.rehearsal; h.app == nil {
			return errors.New("pontlevis has no rehearsal to serve: the global option pontlevis needs `rehearsal <url>`")
		}
	}
	u, err := url.Parse(h.app.Issuer)
	if err != nil {
		return fmt.Errorf("reading the issuer: %w", err)
	}
	h.base = u.Path
	return nil
}

// Validate refuses parts that do not exist.
func (h *Handler) Validate() error {
	for _, p := range h.Serve {
		if !slices.Contains(parts, p) {
			return fmt.Errorf("pontlevis cannot serve %q: it has %s", p, strings.Join(parts, ", "))
		}
	}
	return nil
}

func (h *Handler) serves(part string) bool {
	return len(h.Serve) == 0 || slices.Contains(h.Serve, part)
}

// ServeHTTP hands the request to the part whose path it is.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	path, ours := strings.CutPrefix(r.URL.Path, h.base)
	if !ours {
		return next.ServeHTTP(w, r)
	}
	if to := h.route(path); to != nil {
		to.ServeHTTP(w, r)
		return nil
	}
	return next.ServeHTTP(w, r)
}

func (h *Handler) route(path string) http.Handler {
	s := h.app.services
	switch {
	case path == "/oauth2/revoke":
		if h.serves(partOAuth) {
			return s.meter.revocation(s.oauth.Handler())
		}
	case under(path, "/oauth2"), under(path, "/.well-known"), under(path, "/fhir/.well-known"):
		if h.serves(partOAuth) {
			return s.oauth.Handler()
		}
	case under(path, "/fhir"):
		if h.serves(partFHIR) {
			return s.fhir
		}
	case under(path, labelLogPath):
		if log := h.app.state.labels.Load(); log != nil && h.serves(partPages) {
			return log.Handler(h.base + labelLogPath)
		}
	case under(path, hooks.Path):
		if h.serves(partHooks) {
			return s.hooks
		}
	case under(path, "/demo"):
		if h.app.Demo {
			return h.app.demoEndpoint()
		}
	case slices.ContainsFunc(peoplePaths, func(folder string) bool { return under(path, folder) }):
		if h.serves(partPages) {
			return s.people
		}
	case path == "/" || path == "/healthz" || under(path, "/assets"):
		if h.serves(partPages) {
			return h.app.pagesEndpoint()
		}
	}
	return nil
}

// under reports whether a path is a folder or below it.
func under(path, folder string) bool {
	rest, ok := strings.CutPrefix(path, folder)
	return ok && (rest == "" || rest[0] == '/')
}

var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.Validator             = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
