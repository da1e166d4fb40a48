package pontlevis

import (
	"net/http"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/demo"
	"github.com/pontlevis/pontlevis/web"
)

// pagesEndpoint serves the first page, what pages link to, and /healthz.
func (a *App) pagesEndpoint() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /assets/", a.services.pages.Assets())
	mux.HandleFunc("GET /healthz", a.serveHealth)
	mux.HandleFunc("GET /{$}", a.serveIndex)
	return mux
}

// serveHealth answers 200 when a read could be decided and logged: the policies are loaded and the log can be read.
func (a *App) serveHealth(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if _, err := a.state.log.Checkpoint(r.Context()); err != nil {
		http.Error(w, "the access log does not answer", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}

// serveIndex says what runs here; in the demo it also introduces the cast.
func (a *App) serveIndex(w http.ResponseWriter, r *http.Request) {
	p := web.IndexPage{Base: a.Issuer, FHIR: a.fhir(), Issuer: a.Issuer, Links: []web.IndexLink{
		{Href: "/fhir/metadata", Title: web.Text{FR: "Ce que sert le point d'accès FHIR", EN: "What the FHIR endpoint serves"}},
		{Href: "/fhir/.well-known/smart-configuration", Title: web.Text{FR: "Configuration SMART", EN: "SMART configuration"}},
		{Href: "/.well-known/openid-configuration", Title: web.Text{FR: "Configuration OpenID", EN: "OpenID configuration"}},
	}}
	if a.Demo {
		p.Links = append([]web.IndexLink{
			{Href: "/space", Title: web.Text{FR: "L’espace d’une personne", EN: "A person’s space"}},
			{Href: "/pro", Title: web.Text{FR: "Les patients d’un professionnel", EN: "A professional’s patients"}},
			{Href: "/emergency", Title: web.Text{FR: "Urgence", EN: "Emergency"}},
			{Href: "/storybook", Title: web.Text{FR: "Les pièces des pages", EN: "The pieces of the pages"}},
		}, p.Links...)
		if err := a.introduce(&p); err != nil {
			a.logger.Error("introducing the cast: " + err.Error())
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
	}
	a.services.pages.Index(w, r, p)
}

func (a *App) introduce(p *web.IndexPage) error {
	d, err := a.describe()
	if err != nil {
		return err
	}
	p.Data = a.state.dir
	for _, one := range d.People {
		about := note(one.Key)
		if one.INS != "" { // a professional types it to choose whose record to open
			about.FR += " INS " + one.INS + "."
			about.EN += " INS " + one.INS + "."
		}
		p.People = append(p.People, web.IndexPerson{Key: one.Key, Name: one.Name, Login: one.Login, Password: one.Password, Kind: one.Kind, Note: about})
	}
	for _, app := range demo.Apps(demo.Credentials{}) {
		status := catalog.Unlisted
		if entry, err := a.state.apps.Get(a.running, app.Client.ID); err == nil {
			status = entry.At(a.state.apps.Now())
		}
		p.Clients = append(p.Clients, web.IndexClient{Key: app.Client.ID, ID: app.Client.ID, Name: app.Client.Name, Kind: app.Client.Kind, Status: status, Note: note(app.Client.ID)})
	}
	return nil
}

func note(key string) web.Text {
	n := demo.Note(key)
	return web.Text{FR: n.FR, EN: n.EN}
}
