package glycare

import (
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options are what the app is told when it is installed.
type Options struct {
	FHIR   string // URL of the FHIR endpoint that it is registered at: the only one it speaks to
	Client string // its client id there; "" is glycare
	Base   string // its own URL, without a trailing slash
	HTTP   *http.Client
	Now    func() time.Time
}

// App is the app as an HTTP handler.
type App struct {
	Options
	mux   *http.ServeMux
	pages *template.Template

	mu       sync.Mutex
	sessions map[string]*session
}

// session is one browser.
type session struct {
	mu      sync.Mutex
	form    string // what a form of this browser carries
	seen    time.Time
	pending *pending
	tokens  *tokens
}

const (
	cookieName  = "glycare"
	maxSessions = 1000
	sessionLife = 12 * time.Hour
)

//go:embed pages.html style.css
var files embed.FS

// New builds the app.
func New(o Options) (*App, error) {
	if o.FHIR == "" || o.Base == "" {
		return nil, errors.New("glycare: it needs the addresses of the record and of itself")
	}
	if o.Client == "" {
		o.Client = "glycare"
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: 20 * time.Second}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	pages, err := template.ParseFS(files, "pages.html")
	if err != nil {
		return nil, fmt.Errorf("glycare: %w", err)
	}
	a := &App{Options: o, mux: http.NewServeMux(), pages: pages, sessions: map[string]*session{}}
	a.mux.HandleFunc("GET /{$}", a.home)
	a.mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, "style.css") })
	a.mux.HandleFunc("GET /launch", a.launch)
	a.mux.HandleFunc("GET /callback", a.callback)
	a.mux.HandleFunc("POST /connect", a.form(a.connect))
	a.mux.HandleFunc("POST /measure", a.form(a.measure))
	a.mux.HandleFunc("POST /disconnect", a.form(a.disconnect))
	return a, nil
}

// ServeHTTP serves the pages.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self' "+origin(a.FHIR)+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	a.mux.ServeHTTP(w, r)
}

func origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// session is that of the browser, a new one for a new browser.
func (a *App) session(w http.ResponseWriter, r *http.Request) *session {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.Now()
	if c, err := r.Cookie(cookieName); err == nil {
		if s := a.sessions[c.Value]; s != nil && now.Sub(s.seen) < sessionLife {
			s.seen = now
			return s
		}
	}
	for name, s := range a.sessions {
		if now.Sub(s.seen) >= sessionLife || len(a.sessions) >= maxSessions {
			delete(a.sessions, name)
		}
	}
	name, s := rand.Text(), &session{form: rand.Text(), seen: now}
	a.sessions[name] = s
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: name, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(a.Base, "https:")})
	return s
}

// form takes a form that this app itself gave to this browser.
func (a *App) form(do func(http.ResponseWriter, *http.Request, *session)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := a.session(w, r)
		s.mu.Lock()
		defer s.mu.Unlock()
		r.Body = http.MaxBytesReader(w, r.Body, 8<<10)
		if subtle.ConstantTimeCompare([]byte(r.PostFormValue("form")), []byte(s.form)) != 1 {
			a.show(w, r, s, page{Problem: words(r).stale})
			return
		}
		do(w, r, s)
	}
}

// page is what the one page shows.
type page struct {
	W         *wording
	Language  string
	Form      string
	Connected bool
	Name      string
	Measures  []measure
	Problem   string
	Done      string
}

func (a *App) show(w http.ResponseWriter, r *http.Request, s *session, p page) {
	p.W, p.Language, p.Form, p.Connected = words(r), language(r), s.form, s.tokens != nil
	if p.Connected {
		name, measures, err := a.look(r, s)
		var no *refusal
		switch {
		case errors.As(err, &no) && no.Status == http.StatusUnauthorized:
			s.tokens, p.Connected, p.Problem = nil, false, p.W.ended
		case errors.As(err, &no):
			p.Problem = no.Text
		case err != nil:
			slog.WarnContext(r.Context(), "glycare could not read", "error", err)
			p.Problem = p.W.trouble
		}
		p.Name, p.Measures = name, measures
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", p.Language)
	if p.Problem != "" {
		w.WriteHeader(http.StatusUnprocessableEntity)
	}
	if err := a.pages.ExecuteTemplate(w, "page", p); err != nil {
		slog.WarnContext(r.Context(), "glycare could not show its page", "error", err)
	}
}

func (a *App) home(w http.ResponseWriter, r *http.Request) {
	s := a.session(w, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	done := ""
	if r.URL.Query().Has("saved") && s.tokens != nil {
		done = words(r).saved
	} else if r.URL.Query().Has("left") && s.tokens == nil {
		done = words(r).left
	}
	a.show(w, r, s, page{Done: done})
}

// connect begins a standalone launch.
func (a *App) connect(w http.ResponseWriter, r *http.Request, s *session) { a.begin(w, r, s, "") }

// launch begins a launch from a record. Only the record that the app is registered at may open it.
func (a *App) launch(w http.ResponseWriter, r *http.Request) {
	s := a.session(w, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if iss := r.URL.Query().Get("iss"); strings.TrimSuffix(iss, "/") != a.FHIR || r.URL.Query().Get("launch") == "" {
		a.show(w, r, s, page{Problem: words(r).foreign})
		return
	}
	a.begin(w, r, s, r.URL.Query().Get("launch"))
}

func (a *App) begin(w http.ResponseWriter, r *http.Request, s *session, launch string) {
	to, p, err := a.authorize(r.Context(), launch)
	if err != nil {
		slog.WarnContext(r.Context(), "glycare could not begin", "error", err)
		a.show(w, r, s, page{Problem: words(r).trouble})
		return
	}
	s.pending = p
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// callback takes the answer of the gateway, once, for the browser that began.
func (a *App) callback(w http.ResponseWriter, r *http.Request) {
	s := a.session(w, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	q, p := r.URL.Query(), s.pending
	s.pending = nil
	switch {
	case p == nil || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(p.state)) != 1, q.Get("iss") != "" && q.Get("iss") != p.server.Issuer:
		a.show(w, r, s, page{Problem: words(r).stale})
	case q.Get("error") != "":
		a.show(w, r, s, page{Problem: words(r).refused})
	default:
		t, err := a.redeem(r.Context(), p, q.Get("code"))
		if err != nil {
			slog.WarnContext(r.Context(), "glycare got no token", "error", err)
			a.show(w, r, s, page{Problem: words(r).trouble})
			return
		}
		s.tokens = t
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

// measure writes one blood glucose.
func (a *App) measure(w http.ResponseWriter, r *http.Request, s *session) {
	value, err := strconv.ParseFloat(strings.Replace(strings.TrimSpace(r.PostFormValue("value")), ",", ".", 1), 64)
	if err != nil || !(value >= 0.5 && value <= 60) {
		a.show(w, r, s, page{Problem: words(r).outside})
		return
	}
	if s.tokens == nil {
		a.show(w, r, s, page{Problem: words(r).ended})
		return
	}
	err = a.write(r, s, value)
	var no *refusal
	switch {
	case errors.As(err, &no):
		a.show(w, r, s, page{Problem: no.Text})
	case err != nil:
		slog.WarnContext(r.Context(), "glycare could not write", "error", err)
		a.show(w, r, s, page{Problem: words(r).trouble})
	default:
		http.Redirect(w, r, "/?saved", http.StatusSeeOther)
	}
}

// disconnect gives the tokens back and forgets them. Whatever the gateway answers, the app holds nothing any more.
func (a *App) disconnect(w http.ResponseWriter, r *http.Request, s *session) {
	if t := s.tokens; t != nil {
		if err := a.revoke(r.Context(), t); err != nil {
			slog.WarnContext(r.Context(), "glycare could not give its tokens back", "error", err)
		}
	}
	s.tokens = nil
	http.Redirect(w, r, "/?left", http.StatusSeeOther)
}
