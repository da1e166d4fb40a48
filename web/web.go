package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"regexp"
	"strings"

	"github.com/pontlevis/pontlevis/oauth"
)

//go:embed pages/*.html texts/*.json assets/pontlevis.css
var files embed.FS

// pageNames are the templates below pages/, beside layout.html.
var pageNames = []string{"signin", "situation", "patient", "consent", "device", "signedout", "problem", "index"}

// Renderer renders pages. It is safe for concurrent use.
type Renderer struct {
	secure bool
	pages  map[string]*template.Template
	texts  map[string]map[string]string // language → key → text
	css    []byte
	cssURL string
}

// Options of a Renderer.
type Options struct {
	Secure bool // the pages are served over https: the language cookie is then Secure
}

// New reads the embedded templates, texts and style sheet. An error means that the build itself is wrong.
func New(o Options) (*Renderer, error) {
	css, err := files.ReadFile("assets/pontlevis.css")
	if err != nil {
		return nil, fmt.Errorf("reading the style sheet: %w", err)
	}
	sum := sha256.Sum256(css)
	r := &Renderer{
		secure: o.Secure, css: css, cssURL: "/assets/pontlevis." + hex.EncodeToString(sum[:6]) + ".css",
		pages: make(map[string]*template.Template),
	}
	if r.texts, err = readTexts(); err != nil {
		return nil, err
	}
	for _, name := range pageNames {
		t, err := template.New("layout.html").Funcs(template.FuncMap{"people": castOf}).ParseFS(
			files, "pages/layout.html", "pages/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("reading page %s: %w", name, err)
		}
		r.pages[name] = t
	}
	return r, nil
}

// Assets serves what pages link to; mount it at /assets/. Names carry a digest, so they are kept for a year.
func (r *Renderer) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path != r.cssURL || req.Method != http.MethodGet && req.Method != http.MethodHead {
			http.NotFound(w, req)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/css; charset=utf-8")
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(r.css)
	})
}

// render writes one page. target is an origin that the page's form may lead to, besides our own.
func (r *Renderer) render(w http.ResponseWriter, req *http.Request, status int, name, target, tx string, page any) {
	v := r.viewOf(w, req, tx, page)
	var out bytes.Buffer
	if err := r.pages[name].Execute(&out, v); err != nil {
		// The test walks every page in both languages; what is left is a caller's invalid struct. Nothing half-rendered
		// leaves.
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	protect(w.Header(), target)
	w.Header().Set("Content-Language", v.Lang)
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

// source is a host or scheme source of a Content-Security-Policy; nothing else may enter the header.
var source = regexp.MustCompile(`^(https?://[A-Za-z0-9.\-\[\]:]+|[a-z][a-z0-9+.\-]*:)$`)

// protect sets the headers of a page on which people decide something: no script, no frame, no cache, and forms that
// lead only where they should (RFC 9700 §4.16). A browser applies form-action to the redirect after a form too, hence
// target.
func protect(h http.Header, target string) {
	action := "'self'"
	if source.MatchString(target) {
		action += " " + target
	}
	h.Set("Content-Security-Policy", strings.Join([]string{
		"default-src 'none'", "style-src 'self'", "img-src 'self'", "form-action " + action,
		"frame-ancestors 'none'", "base-uri 'none'",
	}, "; "))
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	// same-origin rather than no-referrer: with the latter browsers send Origin: null with our own forms, which the
	// check against forged forms could not tell from a stranger's.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}

// SignIn implements oauth.Pages.
func (r *Renderer) SignIn(w http.ResponseWriter, req *http.Request, status int, p oauth.SignInPage) {
	r.render(w, req, status, "signin", p.Target, p.TX, p)
}

// ChooseSituation implements oauth.Pages.
func (r *Renderer) ChooseSituation(w http.ResponseWriter, req *http.Request, status int, p oauth.SituationPage) {
	r.render(w, req, status, "situation", p.Target, p.TX, p)
}

// ChoosePatient implements oauth.Pages.
func (r *Renderer) ChoosePatient(w http.ResponseWriter, req *http.Request, status int, p oauth.PatientPage) {
	r.render(w, req, status, "patient", p.Target, p.TX, p)
}

// Consent implements oauth.Pages.
func (r *Renderer) Consent(w http.ResponseWriter, req *http.Request, status int, p oauth.ConsentPage) {
	r.render(w, req, status, "consent", p.Target, p.TX, p)
}

// Device implements oauth.Pages.
func (r *Renderer) Device(w http.ResponseWriter, req *http.Request, status int, p oauth.DevicePage) {
	r.render(w, req, status, "device", "", "", p)
}

// SignedOut implements oauth.Pages.
func (r *Renderer) SignedOut(w http.ResponseWriter, req *http.Request, p oauth.SignedOutPage) {
	if p.Href != "" && !strings.ContainsAny(p.Href, "\r\n") {
		w.Header().Set("Refresh", "0; url="+p.Href)
	}
	r.render(w, req, http.StatusOK, "signedout", "", "", p)
}

// Problem implements oauth.Pages.
func (r *Renderer) Problem(w http.ResponseWriter, req *http.Request, status int, p oauth.ProblemPage) {
	r.render(w, req, status, "problem", "", "", p)
}

var _ oauth.Pages = (*Renderer)(nil)
