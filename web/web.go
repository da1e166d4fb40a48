package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/pontlevis/pontlevis/oauth"
)

//go:embed pages/*.html texts/*.json assets/pontlevis.css assets/passkey.js
var files embed.FS

// pageNames are the templates below pages/, beside layout.html.
var pageNames = []string{"signin", "secondfactor", "enrolment", "sessions", "apps", "situation", "patient", "consent", "device", "leave", "signedout", "problem", "index"}

// Renderer renders pages. It is safe for concurrent use.
type Renderer struct {
	secure bool
	tries  bool       // each page says that everybody is invented
	mu     sync.Mutex // guards assets while parts are added
	pages  map[string]*template.Template
	texts  map[string]map[string]string // language → key → text
	assets map[string]asset             // path → what is served there
	css    string                       // path of the style sheet
	script string                       // path of the script for passkeys
}

type asset struct {
	kind    string
	content []byte
}

// Options of a Renderer.
type Options struct {
	Secure    bool // the pages are served over https: the language cookie is then Secure
	Rehearsal bool // everybody on the pages is invented, for apps to be tried out: each page says so
}

// New reads the embedded templates, texts and style sheet. An error means that the build itself is wrong.
func New(o Options) (*Renderer, error) {
	r := &Renderer{secure: o.Secure, tries: o.Rehearsal, pages: make(map[string]*template.Template), assets: make(map[string]asset)}
	var err error
	if r.css, err = r.asset(files, "pontlevis.css"); err != nil {
		return nil, err
	}
	if r.script, err = r.asset(files, "passkey.js"); err != nil {
		return nil, err
	}
	if r.texts, err = readTexts(files); err != nil {
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

// kinds are the media types of assets, by extension.
var kinds = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".webmanifest": "application/manifest+json",
}

// asset reads an embedded file below assets/ and gives it an address that changes with its content.
func (r *Renderer) asset(from fs.FS, name string) (address string, err error) {
	content, err := fs.ReadFile(from, "assets/"+name)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", name, err)
	}
	extension := path.Ext(name)
	if kinds[extension] == "" {
		return "", fmt.Errorf("asset %s: no media type is known for it", name)
	}
	sum := sha256.Sum256(content)
	address = "/assets/" + strings.TrimSuffix(name, extension) + "." + hex.EncodeToString(sum[:6]) + extension
	r.mu.Lock()
	defer r.mu.Unlock()
	r.assets[address] = asset{kinds[extension], content}
	return address, nil
}

// Assets serves what pages link to; mount it at /assets/. Names carry a digest, so they are kept for a year.
func (r *Renderer) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		a, ok := r.assets[req.URL.Path]
		r.mu.Unlock()
		if !ok || req.Method != http.MethodGet && req.Method != http.MethodHead {
			http.NotFound(w, req)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(a.content)
	})
}

// render writes one page. target is an origin that the page's form may lead to, besides our own.
func (r *Renderer) render(w http.ResponseWriter, req *http.Request, status int, name, target, tx string, page any) {
	r.renderTo(w, req, status, name, []string{target}, tx, page)
}

// renderTo is render for a page whose forms may lead to several origins.
func (r *Renderer) renderTo(w http.ResponseWriter, req *http.Request, status int, name string, targets []string, tx string, page any) {
	v := r.viewOf(w, req, tx, page)
	if usesPasskey(page) {
		v.Script = r.script
	}
	write(w, status, r.pages[name], v, allowed{targets: targets, script: v.Script != ""})
}

// write executes a template and sends what came out, with the headers of a page.
func write(w http.ResponseWriter, status int, t *template.Template, v *view, a allowed) {
	var out bytes.Buffer
	if err := t.Execute(&out, v); err != nil {
		// The tests walk every page in both languages; what is left is a caller's invalid struct. Nothing half-rendered
		// leaves.
		slog.Error("a page could not be rendered", "cause", err)
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	protect(w.Header(), a)
	w.Header().Set("Content-Language", v.Lang)
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}

// allowed is what a page may do in a browser beyond showing itself.
type allowed struct {
	targets []string // origins that its forms may lead to, besides our own
	script  bool     // run our scripts
	ask     bool     // let them ask our own origin
	camera  bool
}

// source is a host or scheme source of a Content-Security-Policy; nothing else may enter the header.
var source = regexp.MustCompile(`^(https?://[A-Za-z0-9.\-\[\]:]+|[a-z][a-z0-9+.\-]*:)$`)

// usesPasskey tells whether a page has a form that only the script can fill in. No other page may run any.
func usesPasskey(page any) bool {
	switch p := page.(type) {
	case oauth.SignInPage:
		return p.Passkey != ""
	case oauth.SecondFactorPage:
		return p.Passkey != ""
	case oauth.EnrolmentPage:
		return p.Passkey != ""
	case oauth.SessionsPage:
		return p.NewPasskey != ""
	}
	return false
}

// protect sets the headers of a page on which people decide something: no script but ours where passkeys want it, no frame, no cache, and forms that
// lead only where they should (RFC 9700 §4.16). A browser applies form-action to the redirect after a form too, hence
// targets.
func protect(h http.Header, a allowed) {
	action := "'self'"
	for _, target := range a.targets {
		if source.MatchString(target) {
			action += " " + target
		}
	}
	policy := []string{
		"default-src 'none'", "style-src 'self'", "img-src 'self'", "form-action " + action,
		"frame-ancestors 'none'", "base-uri 'none'",
	}
	if a.script {
		policy = append(policy, "script-src 'self'")
	}
	if a.ask {
		policy = append(policy, "connect-src 'self'")
	}
	camera := "()"
	if a.camera {
		camera = "(self)"
	}
	h.Set("Content-Security-Policy", strings.Join(policy, "; "))
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	// same-origin rather than no-referrer: with the latter browsers send Origin: null with our own forms, which the
	// check against forged forms could not tell from a stranger's.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera="+camera+", geolocation=(), microphone=()")
}

// SignIn implements oauth.Pages.
func (r *Renderer) SignIn(w http.ResponseWriter, req *http.Request, status int, p oauth.SignInPage) {
	r.render(w, req, status, "signin", p.Target, p.TX, p)
}

// SecondFactor implements oauth.Pages.
func (r *Renderer) SecondFactor(w http.ResponseWriter, req *http.Request, status int, p oauth.SecondFactorPage) {
	r.render(w, req, status, "secondfactor", p.Target, p.TX, p)
}

// Enrolment implements oauth.Pages.
func (r *Renderer) Enrolment(w http.ResponseWriter, req *http.Request, status int, p oauth.EnrolmentPage) {
	r.render(w, req, status, "enrolment", p.Target, p.TX, p)
}

// Sessions implements oauth.Pages.
func (r *Renderer) Sessions(w http.ResponseWriter, req *http.Request, status int, p oauth.SessionsPage) {
	r.render(w, req, status, "sessions", "", "", p)
}

// Apps implements oauth.Pages.
func (r *Renderer) Apps(w http.ResponseWriter, req *http.Request, status int, p oauth.AppsPage) {
	r.renderTo(w, req, status, "apps", p.Targets, "", p)
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

// Leave implements oauth.Pages.
func (r *Renderer) Leave(w http.ResponseWriter, req *http.Request, p oauth.LeavePage) {
	r.render(w, req, http.StatusOK, "leave", p.Target, "", p)
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
