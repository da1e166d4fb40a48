package hooks

import (
	"context"
	"net/http"
	"strings"

	"github.com/pontlevis/pontlevis/catalog/manifest"
)

// service is one entry of the discovery: one hook of one app. Its id is APP.HOOK, so that no two apps can have the same.
type service struct {
	app  App
	hook manifest.Hook
}

func (s service) id() string { return s.app.Manifest.ID + "." + s.hook.ID }

// described is a service as the discovery has it (CDS Hooks 2.0, "Discovery").
type described struct {
	Hook        string            `json:"hook"`
	Title       string            `json:"title,omitempty"`
	Description string            `json:"description"`
	ID          string            `json:"id"`
	Prefetch    map[string]string `json:"prefetch,omitempty"`
	Usage       string            `json:"usageRequirements,omitempty"`
}

// usage tells a client what the specification leaves open.
var usage = map[string]string{
	"fr": "Un jeton d'accès de ce serveur pour la personne présente est nécessaire (Authorization, ou fhirAuthorization). Un « prefetch » envoyé n'est pas lu : les données viennent du dossier, avec les droits de cette personne.",
	"en": "An access token of this server for the person in front is needed (Authorization, or fhirAuthorization). A prefetch that is sent is not read: data comes from the record, with the rights of that person.",
}

// services are all that may be called now.
func (f *Front) services(ctx context.Context) (all []service, err error) {
	apps, err := f.c.Apps(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range apps {
		all = append(all, a.services()...)
	}
	return all, nil
}

// services are those of one app.
func (a App) services() (all []service) {
	if a.Manifest == nil || a.Manifest.Plugin == nil {
		return nil
	}
	for _, h := range a.Manifest.Plugin.Hooks {
		all = append(all, service{a, h})
	}
	return all
}

// find finds a service that may be called now. No other app than its own is looked at.
func (f *Front) find(ctx context.Context, id string) (service, error) {
	of, _, _ := strings.Cut(id, ".") // there is none in the id of an app
	app, err := f.c.App(ctx, of)
	if err != nil {
		return service{}, err
	}
	if app != nil {
		for _, s := range app.services() {
			if s.id() == id {
				return s, nil
			}
		}
	}
	return service{}, problem(http.StatusNotFound, "There is no such service, or it is not, or no longer, online: ask the discovery again.")
}

// discover lists the services. Anybody may know them: they are public in the catalogue.
func (f *Front) discover(w http.ResponseWriter, r *http.Request) {
	all, err := f.services(r.Context())
	if err != nil {
		f.fail(w, r, err)
		return
	}
	in := language(r)
	out := struct {
		Services []described `json:"services"`
	}{Services: []described{}}
	for _, s := range all {
		out.Services = append(out.Services, described{
			Hook: s.hook.Hook, ID: s.id(), Title: s.hook.Title.In(in), Description: strings.TrimSpace(s.hook.Description.In(in)),
			Prefetch: s.hook.Prefetch, Usage: usage[in],
		})
	}
	w.Header().Set("Vary", "Accept-Language")
	w.Header().Set("Content-Language", in)
	send(w, http.StatusOK, "application/json", out)
}
