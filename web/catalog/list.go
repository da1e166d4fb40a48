package catalog

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/web/visit"
)

// maxQuery bounds what somebody types, in bytes.
const maxQuery = 200

// listPage is /catalog.
type listPage struct {
	Query    string
	Shelf    string
	Audience string
	Shelves  []string // that have an app
	Apps     []*entry // that may act
	Stopped  []*entry // that were on the air and may not act
	All      int      // before the search
}

// shown are the statuses of apps that are on the shelves: what is delisted, or never was on the air, is not.
var shown = []string{catalog.Online, catalog.Suspended, catalog.Recalled, catalog.Expired}

// all are the apps on the shelves, by name. The space's own pages are no app.
func (p *Pages) all(ctx context.Context, lang string) ([]*entry, error) {
	apps, err := p.apps.List(ctx)
	if err != nil {
		return nil, err
	}
	now := p.desk.Now()
	var out []*entry
	for _, app := range apps {
		if app.Kind == catalog.KindPortal || !slices.Contains(shown, app.At(now)) {
			continue
		}
		m, err := p.manifest(ctx, app)
		if err != nil {
			return nil, err
		}
		e, err := p.entryOf(ctx, app, m)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b *entry) int {
		x, y := a.Name.FR, b.Name.FR
		if lang == "en" {
			x, y = a.Name.EN, b.Name.EN
		}
		return strings.Compare(fhir.Folded(x), fhir.Folded(y))
	})
	return out, nil
}

func (p *Pages) list(v *visit.Visit) {
	all, err := p.all(v.Context(), v.Language())
	if err != nil {
		v.Fail(err)
		return
	}
	query := v.R.URL.Query()
	page := listPage{Query: strings.TrimSpace(query.Get("q")), Shelf: query.Get("shelf"), Audience: query.Get("for"), All: len(all)}
	if len(page.Query) > maxQuery {
		page.Query = strings.ToValidUTF8(page.Query[:maxQuery], "")
	}
	words := strings.Fields(fhir.Folded(page.Query))
	for _, e := range all {
		if e.Shelf != "" && !slices.Contains(page.Shelves, e.Shelf) {
			page.Shelves = append(page.Shelves, e.Shelf)
		}
		switch {
		case page.Shelf != "" && e.Shelf != page.Shelf, page.Audience != "" && !slices.Contains(e.Audience, page.Audience), !e.finds(words):
		case e.Badge.Good():
			page.Apps = append(page.Apps, e)
		default:
			page.Stopped = append(page.Stopped, e)
		}
	}
	slices.Sort(page.Shelves)
	v.Show(http.StatusOK, "list", page)
}

// Audiences are whom apps are for.
func (listPage) Audiences() []string {
	return []string{manifest.AudiencePatient, manifest.AudienceProfessional}
}

// Found is how many apps the page shows.
func (l listPage) Found() int { return len(l.Apps) + len(l.Stopped) }

// Searched tells whether the page shows less than all.
func (l listPage) Searched() bool { return l.Query != "" || l.Shelf != "" || l.Audience != "" }
