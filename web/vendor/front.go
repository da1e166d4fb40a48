package vendor

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/visit"
)

// frontPage is /vendor.
type frontPage struct {
	Known     bool // somebody is signed in
	Publisher bool // who publishes apps
	Company   string
	Open      bool // people may sign up
	Rehearses bool // there is a server of rehearsals
	Apps      []row
	CSRF      string

	Problem  string // of a new app: id, name, taken, own, many
	Preset   string
	ID       string
	FR, EN   string
	Findings []manifest.Finding
}

// Presets are the kinds of app that one may begin with.
func (frontPage) Presets() []string { return presets }

// row is one app of the publisher.
type row struct {
	ID      string
	Name    web.Text
	State   string // of the newest version; draft where there is none under way
	Version string
}

// front shows what the desk is to whoever is not signed in, and their apps to publishers.
func (p *Pages) front(v *visit.Visit) {
	page := frontPage{Known: v.Known(), Open: !p.Closed && p.theatre() != nil, Rehearses: p.theatre() != nil, Preset: presets[0]}
	if !page.Known {
		v.Show(http.StatusOK, "front", page)
		return
	}
	p.showFront(v, http.StatusOK, page)
}

// showFront fills in what is the visitor's.
func (p *Pages) showFront(v *visit.Visit, status int, page frontPage) {
	by, ok, err := publisher(v)
	if err != nil {
		v.Fail(err)
		return
	}
	if page.Publisher = ok; ok {
		page.CSRF, page.Company = v.CSRF(), v.Person.Organization
		if page.Apps, err = p.own(v, by); err != nil {
			v.Fail(err)
			return
		}
		if page.Problem == "taken" && slices.ContainsFunc(page.Apps, func(one row) bool { return one.ID == page.ID }) {
			page.Problem = "own" // a button pressed twice
		}
	}
	v.Show(status, "front", page)
}

// own are the apps of a publisher, by name.
func (p *Pages) own(v *visit.Visit, by catalog.Actor) ([]row, error) {
	all, err := p.Apps.List(v.Context())
	if err != nil {
		return nil, err
	}
	var out []row
	for _, app := range all {
		if app.Owner != by.Owner {
			continue
		}
		one := row{ID: app.ID, Name: web.Text{FR: app.Name.FR, EN: app.Name.EN}, State: catalog.Draft}
		versions, err := p.Apps.Versions(v.Context(), app.ID)
		if err != nil {
			return nil, err
		}
		if n := len(versions); n > 0 {
			one.State, one.Version = stateOf(&versions[n-1], &app, v.Now()), versions[n-1].Version
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b row) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// begin makes a new app from a preset.
func (p *Pages) begin(v *visit.Visit) {
	by, ok, err := publisher(v)
	switch {
	case err != nil:
		v.Fail(err)
		return
	case !ok:
		v.Nothing()
		return
	}
	form, ok := v.Form()
	if !ok {
		return
	}
	page := frontPage{
		Known: true, Open: !p.Closed, Rehearses: p.theatre() != nil, Preset: form.Get("preset"),
		ID: strings.TrimSpace(form.Get("id")), FR: clean(form.Get("fr")), EN: clean(form.Get("en")),
	}
	if page.EN == "" {
		page.EN = page.FR
	}
	raw, err := write(page.Preset, page.ID, catalog.Text{FR: page.FR, EN: page.EN}, v.Person.Organization, mailOf(v.Person))
	if err == nil {
		page.Problem = problemOf(raw)
	} else {
		page.Problem = "preset"
	}
	if page.Problem == "" {
		_, err = p.Apps.Get(v.Context(), page.ID) // what is written before is not written over
		switch {
		case err == nil:
			page.Problem = "taken"
		case !errors.Is(err, catalog.ErrNotFound):
			v.Fail(err)
			return
		}
	}
	if page.Problem == "" {
		err = p.Apps.Save(v.Context(), by, page.ID, raw)
		switch {
		case errors.Is(err, catalog.ErrTaken):
			page.Problem = "taken"
		case errors.Is(err, catalog.ErrMany):
			page.Problem = "many"
		case err != nil:
			v.Fail(err)
			return
		}
	}
	if page.Problem != "" {
		p.showFront(v, http.StatusUnprocessableEntity, page)
		return
	}
	v.Go(here(page.ID))
}

// problemOf says which of what was typed makes a preset no manifest.
func problemOf(raw []byte) string {
	for _, f := range manifest.Errors(manifest.Lint(raw)) {
		if f.Path == "/id" {
			return "id"
		}
		return "name"
	}
	return ""
}
