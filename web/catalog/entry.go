package catalog

import (
	"context"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/web"
)

// entry is one app as the storefront shows it.
type entry struct {
	ID        string
	Name      web.Text
	Publisher string
	Summary   web.Text
	Badge     badge
	Kinds     []string // smart, backend, plugin
	Shelf     string   // "" for an entry of the operator
	Audience  []string
	Isolation string // least level of a plugin's cage, by its manifest
	Cage      *Cage  // of this server, for an app that runs inside; nil where none does here
	Unready   string // why an app of which part runs inside cannot be called here now, as Cage.Unready says
	Data      []need
	Purposes  []string

	app      catalog.App
	manifest *manifest.Manifest // nil for an entry of the operator
}

// badge is what an app may do at this instant, in a word.
type badge struct {
	Status   string // online, suspended, recalled, expired, delisted, none
	Exchange bool
}

// Good tells whether the app may act.
func (b badge) Good() bool { return b.Status == catalog.Online }

// need is one category of data, and in which directions.
type need struct {
	Category    string
	Read, Write bool
	Why         web.Text // "" where the entry has no manifest
	Labelled    bool     // the label covers it, in every direction asked
}

// text is a text of the catalogue as pages pick it.
func text(t catalog.Text) web.Text { return web.Text{FR: t.FR, EN: t.EN} }

// entryOf describes an app as it stands now; m is its manifest, nil for an entry of the operator.
func (p *Pages) entryOf(ctx context.Context, app catalog.App, m *manifest.Manifest) (*entry, error) {
	e := p.described(app, m)
	if e.Isolation == "" || p.cage == nil || !e.Badge.Good() {
		return e, nil
	}
	var err error
	e.Unready, err = p.cage.Unready(ctx, app.ID)
	return e, err
}

func (p *Pages) described(app catalog.App, m *manifest.Manifest) *entry {
	now := p.desk.Now()
	e := &entry{
		ID: app.ID, Name: text(app.Name), Publisher: app.Publisher, Summary: text(app.Purpose), Kinds: []string{app.Kind},
		Badge: badge{app.At(now), app.Exchange}, Purposes: app.Purposes, app: app, manifest: m,
	}
	if m == nil {
		for _, category := range app.Categories {
			e.Data = append(e.Data, need{
				Category: category, Labelled: true, Read: app.Goes(category, manifest.Read), Write: app.Goes(category, manifest.Write),
			})
		}
		return e
	}
	e.Kinds, e.Shelf, e.Audience, e.Purposes = m.Kinds, m.Category, m.Audience, m.Purposes
	if m.Plugin != nil {
		e.Isolation, e.Cage = m.Plugin.Isolation, p.cage
	}
	for _, n := range m.Data {
		within := !slices.ContainsFunc(n.Directions, func(d string) bool { return !app.Goes(n.Category, d) })
		e.Data = append(e.Data, need{
			Category: n.Category, Why: web.Text{FR: n.Why.FR, EN: n.Why.EN}, Labelled: within && app.Exchange,
			Read: slices.Contains(n.Directions, manifest.Read), Write: slices.Contains(n.Directions, manifest.Write),
		})
	}
	return e
}

// Plugin tells whether part of the app runs inside.
func (e *entry) Plugin() bool { return e.app.Plugin }

// finds tells whether what somebody typed is in what people read of the app, word by word, accents and case apart.
func (e *entry) finds(words []string) bool {
	said := []string{e.ID, e.Name.FR, e.Name.EN, e.Publisher, e.Summary.FR, e.Summary.EN}
	if e.manifest != nil {
		said = append(said, e.manifest.Description.FR, e.manifest.Description.EN)
	}
	for _, n := range e.Data {
		said = append(said, n.Why.FR, n.Why.EN)
	}
	all := fhir.Folded(strings.Join(said, "\n"))
	return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(all, word) })
}
