package sharing

import (
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/space"
)

// Delegate is somebody who acts for the person, or who is to.
type Delegate struct {
	ID           string // of the RelatedPerson
	Who          string // reference of the person who acts
	Name         string
	Kind         string // space.LegalRepresentative, space.Carer, space.Helper
	Since, Until time.Time
	Live         bool
	Me           bool         // the visitor
	Stay         []oauth.Said // why the visitor may not end it; nil when they may
	resource     *fhir.Resource
}

// delegates are those whom the space names, who act today first.
func (r *room) delegates(c *circle) []*Delegate {
	var out []*Delegate
	now := r.Now()
	for _, part := range c.Parts {
		kind := ""
		if part.Type() == "RelatedPerson" {
			kind = space.DelegationKind(part)
		}
		if kind == "" || part.Node().Get("active").Text() == "false" {
			continue
		}
		d := &Delegate{ID: part.ID(), Who: space.DelegateOf(part), Name: fhir.NameOf(part.Node()), Kind: kind, resource: part}
		d.Since, _, _ = fhir.ParseDate(part.Node().At("period", "start").Text())
		_, d.Until, _ = fhir.ParseDate(part.Node().At("period", "end").Text())
		d.Live = !d.Since.IsZero() && !now.Before(d.Since) && (d.Until.IsZero() || now.Before(d.Until))
		d.Me = d.Who == r.Person.Reference
		out = append(out, d)
	}
	slices.SortStableFunc(out, func(a, b *Delegate) int {
		switch {
		case a.Live != b.Live && a.Live:
			return -1
		case a.Live != b.Live:
			return 1
		}
		return a.Since.Compare(b.Since)
	})
	return out
}

// App is an app that the person agreed with.
type App struct {
	Client  string
	View    oauth.AppView
	known   oauth.KnownApp
	Agreed  []Agreement
	Consent []Consent
	Uses    []Use    // what it did, as far as the newest entries of the log say it
	Refused int      // how often it was refused
	More    bool     // the log has older entries
	Unasked *Unasked // how it runs by itself; nil: it does not
	Askable bool     // the visitor may try and ask it now
}

// Agreement is what one consent lets an app do in one category.
type Agreement struct {
	Consent, Category string
	Purposes          []string
	Directions        []string
	Since, Until      time.Time
}

// apps are the apps of the consents that stand, by name.
func (r *room) apps(c *circle) ([]*App, error) {
	by := map[string]*App{}
	var out []*App
	for _, choice := range c.choices {
		for _, a := range choice.facts.Apps {
			app := by[a.Client]
			if app == nil {
				known, err := r.App(a.Client)
				if err != nil {
					return nil, err
				}
				app = &App{Client: a.Client, View: known.View, known: known}
				by[a.Client], out = app, append(out, app)
			}
			app.agree(choice, a)
		}
	}
	slices.SortFunc(out, func(a, b *App) int { return compareFolded(a.View.FR.Name, b.View.FR.Name) })
	return out, nil
}

func (a *App) agree(choice Consent, said space.AppConsent) {
	if !slices.ContainsFunc(a.Consent, func(c Consent) bool { return c.ID == choice.ID }) {
		a.Consent = append(a.Consent, choice)
	}
	k := slices.IndexFunc(a.Agreed, func(g Agreement) bool { return g.Consent == choice.ID && g.Category == said.Category })
	if k < 0 {
		a.Agreed = append(a.Agreed, Agreement{Consent: choice.ID, Category: said.Category, Since: said.Since, Until: said.Until})
		k = len(a.Agreed) - 1
	}
	add := func(to *[]string, value string) {
		if !slices.Contains(*to, value) {
			*to = append(*to, value)
			slices.Sort(*to)
		}
	}
	add(&a.Agreed[k].Purposes, said.Purpose)
	add(&a.Agreed[k].Directions, said.Direction)
}
