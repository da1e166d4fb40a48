package catalog

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/usage"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/visit"
)

// appPage is /catalog/{app}.
type appPage struct {
	*entry
	About     []web.Text // paragraphs
	Scopes    []string
	Site      string
	Links     manifest.Links
	Contact   manifest.Publisher
	Kept      *manifest.Retention
	KeptWords web.Text
	Hosting   manifest.Hosting
	Device    *manifest.Device
	Limits    *manifest.Limits
	Hooks     []web.Text
	Every     string   // how often it runs by itself for whoever agreed: day, week, month; "" for never
	WhyRuns   web.Text // what for

	Used      []used
	Month     time.Time // the month before, its first day
	ThisMonth time.Time
	Few       int

	Expires      time.Time
	Version      string
	Digest       string // of the manifest
	Reservations []web.Text
	Proof        *proof
	Checks       []check // of the machine, when this version was submitted
	Stop         *stop   // why the app may not act, where it is known
	Story        []told

	Known   bool   // somebody is signed in
	Mine    *mine  // of whoever is signed in; nil for nobody, and for whoever has no record
	Connect string // how: open, site, plugin, system, none
	CSRF    string
	Here    string
	Done    string // what was just done

	Complains bool     // the visitor may
	Reports   []report // that the visitor made, oldest first
	Problem   string   // of a complaint
	Kind      string
	Text      string
}

// ComplaintKinds are what a complaint may be about, for people.
func (*appPage) ComplaintKinds() []string { return catalog.ComplaintKinds }

// check is one of the machine's checks, and what it rests on.
type check struct {
	ID, State       string
	Title, Evidence web.Text
}

// checks are those of the version that the page shows; none for an entry of the operator.
func (p *Pages) checks(ctx context.Context, app catalog.App) ([]check, error) {
	if app.Version == "" {
		return nil, nil
	}
	version, err := p.apps.Version(ctx, app.ID, app.Version)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []check
	for _, one := range version.Evidence {
		out = append(out, check{one.ID, one.State, text(one.Title), text(one.Evidence)})
	}
	return out, nil
}

// used is what an app declared and did with one category in one direction.
type used struct {
	Category  string
	Direction string
	Declared  bool
	Earlier   bool // not any more, but by a version that was on the air before
	Before    usage.PublicLine
	Now       usage.PublicLine
}

// find reads the entry of the address; nil when there is none, or none that was ever on the air.
func (p *Pages) find(v *visit.Visit) (*entry, error) {
	app, err := p.apps.Get(v.Context(), v.R.PathValue("app"))
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case app.Kind == catalog.KindPortal || app.At(p.desk.Now()) == catalog.Unlisted && app.Version == "":
		return nil, nil
	}
	m, err := p.manifest(v.Context(), app)
	if err != nil {
		return nil, err
	}
	return p.entryOf(v.Context(), app, m)
}

func (p *Pages) show(v *visit.Visit) {
	e, err := p.find(v)
	switch {
	case err != nil:
		v.Fail(err)
	case e == nil:
		v.Nothing()
	default:
		p.answer(v, http.StatusOK, e, func(page *appPage) {
			if done := v.R.URL.Query().Get("done"); done == "connected" || done == "complained" {
				page.Done = done
			}
		})
	}
}

// answer shows the page of an app, with what more there is to say.
func (p *Pages) answer(v *visit.Visit, status int, e *entry, more func(*appPage)) {
	page, err := p.pageOf(v, e)
	if err != nil {
		v.Fail(err)
		return
	}
	target, err := p.how(v, page)
	if err != nil {
		v.Fail(err)
		return
	}
	more(page)
	v.ShowWith(status, "app", page, web.Shown{Target: target})
}

// pageOf fills in what anybody may see of an app, and for whoever is signed in what is theirs.
func (p *Pages) pageOf(v *visit.Visit, e *entry) (*appPage, error) {
	now := v.Now().UTC()
	page := &appPage{
		entry: e, Few: usage.Few, Known: v.Known(), Here: home + "/" + e.ID,
		Expires: e.app.Expires, Version: e.app.Version, Digest: e.app.Digest,
		ThisMonth: time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC),
	}
	for _, r := range e.app.Reservations {
		page.Reservations = append(page.Reservations, text(r))
	}
	page.Month = page.ThisMonth.AddDate(0, -1, 0)
	if m := e.manifest; m != nil {
		page.describe(m)
	}
	var err error
	if page.Story, err = p.story(v.Context(), e.ID); err != nil {
		return nil, err
	}
	if page.Checks, err = p.checks(v.Context(), e.app); err != nil {
		return nil, err
	}
	p.rests(page)
	if err := p.uses(v, page); err != nil || !v.Known() {
		return page, err
	}
	page.CSRF = v.CSRF()
	if err := p.reports(v, page); err != nil {
		return nil, err
	}
	page.Mine, err = p.mine(v, e)
	return page, err
}

func (page *appPage) describe(m *manifest.Manifest) {
	fr, en := paragraphs(m.Description.FR), paragraphs(m.Description.EN)
	for k := range max(len(fr), len(en)) {
		page.About = append(page.About, web.Text{FR: at(fr, k), EN: at(en, k)})
	}
	page.Scopes, page.Links, page.Contact, page.Kept = m.Scopes(), m.Links, m.Publisher, &m.Retention
	page.KeptWords = web.Text{FR: m.Retention.Text.FR, EN: m.Retention.Text.EN}
	page.Hosting, page.Device, page.Site = m.Hosting, m.Device, m.Links.Site
	if m.Plugin != nil {
		page.Limits = &m.Plugin.Limits
		if s := m.Plugin.Schedule; s != nil {
			page.Every, page.WhyRuns = s.Every, web.Text{FR: s.Why.FR, EN: s.Why.EN}
		}
		for _, hook := range m.Plugin.Hooks {
			page.Hooks = append(page.Hooks, web.Text{FR: hook.Title.FR, EN: hook.Title.EN})
		}
	}
}

func paragraphs(s string) (out []string) {
	for one := range strings.SplitSeq(s, "\n\n") {
		if one = strings.TrimSpace(one); one != "" {
			out = append(out, one)
		}
	}
	return out
}

func at(list []string, k int) string {
	if k < len(list) {
		return list[k]
	}
	return ""
}

// uses lays what an app declared beside what it did.
func (p *Pages) uses(v *visit.Visit, page *appPage) error {
	before, err := p.used.Of(v.Context(), page.ID, usage.MonthOf(page.Month))
	if err != nil {
		return err
	}
	now, err := p.used.Of(v.Context(), page.ID, usage.MonthOf(page.ThisMonth))
	if err != nil {
		return err
	}
	_, lines := before.Public()
	_, running := now.Public()
	row := func(category, direction string) *used {
		k := slices.IndexFunc(page.Used, func(u used) bool { return u.Category == category && u.Direction == direction })
		if k < 0 {
			page.Used, k = append(page.Used, used{Category: category, Direction: direction}), len(page.Used)
		}
		return &page.Used[k]
	}
	for _, n := range page.Data {
		if n.Read {
			row(n.Category, usage.Read).Declared = true
		}
		if n.Write {
			row(n.Category, usage.Write).Declared = true
		}
	}
	versions, err := p.apps.Versions(v.Context(), page.ID)
	if err != nil {
		return err
	}
	earlier := catalog.Aired(versions)
	for _, line := range lines {
		row(line.Category, line.Direction).Before = line
	}
	for _, line := range running {
		row(line.Category, line.Direction).Now = line
	}
	for k := range page.Used {
		one := &page.Used[k]
		one.Earlier = slices.ContainsFunc(earlier, func(m *manifest.Manifest) bool { return m.Asks(one.Category, one.Direction) })
	}
	slices.SortStableFunc(page.Used, func(a, b used) int {
		return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.Direction, b.Direction))
	})
	return nil
}
