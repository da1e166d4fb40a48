package pontlevis

import (
	"net/http"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/demo"
	"github.com/pontlevis/pontlevis/web/card"
	storefront "github.com/pontlevis/pontlevis/web/catalog"
	"github.com/pontlevis/pontlevis/web/emergency"
	"github.com/pontlevis/pontlevis/web/history"
	"github.com/pontlevis/pontlevis/web/pro"
	"github.com/pontlevis/pontlevis/web/review"
	"github.com/pontlevis/pontlevis/web/sharing"
	"github.com/pontlevis/pontlevis/web/storybook"
	"github.com/pontlevis/pontlevis/web/visit"
)

// peoplePaths are the folders of the pages of people.
var peoplePaths = []string{"/space", "/pro", "/emergency", "/label", "/catalog", "/vendor", "/storybook"}

// drills are the people with whom emergencies are practised.
func (a *App) drills() []string {
	if a.Demo {
		return slices.Concat(a.Drills, demo.Drills)
	}
	return a.Drills
}

// pages are a part of the pages of people, as New of its package gives them.
type pages interface{ Mount(mux *http.ServeMux) }

// opened is what New of a part gave, as pages.
func opened[P pages](p P, err error) (pages, error) { return p, err }

// peoplePages mounts the parts of the pages of people; what none of them has is answered in words.
func (a *App) peoplePages(s *services) (http.Handler, error) {
	desk := &visit.Desk{People: s.oauth, Gate: s.gate, Look: s.pages, Now: time.Now}
	mux := http.NewServeMux()
	mux.HandleFunc("/", desk.NotFound)
	var logged storefront.Labels
	if l := a.state.labels.Load(); l != nil {
		logged = l
		authority, err := a.labelDesk(desk, s, l)
		if err != nil {
			return nil, err
		}
		authority.Mount(mux)
	}
	for _, open := range []func() (pages, error){
		func() (pages, error) { return opened(sharing.New(desk, s.unasked(), s.asker())) },
		func() (pages, error) { return opened(card.New(desk, a.Issuer)) },
		func() (pages, error) { return opened(history.New(desk, s.cases, s.notices)) },
		func() (pages, error) { return opened(emergency.New(desk)) },
		func() (pages, error) { return opened(pro.New(desk, s.notices)) },
		func() (pages, error) {
			return opened(storefront.New(desk, a.state.apps, s.usage, logged, labelLogPath+"/", s.plugins.cage()))
		},
	} {
		part, err := open()
		if err != nil {
			return nil, err
		}
		part.Mount(mux)
	}
	if !a.rehearses {
		desks, err := a.vendorPages(desk)
		if err != nil {
			return nil, err
		}
		desks.Mount(mux)
		mux.HandleFunc("GET "+manifest.SchemaPath, serveSchema)
	}
	reviewed, err := review.New(desk, s.cases)
	if err != nil {
		return nil, err
	}
	reviewed.Mount(mux)
	if a.Demo {
		story, err := storybook.Handler(s.pages)
		if err != nil {
			return nil, err
		}
		mux.Handle("GET /storybook", story)
	}
	return mux, nil
}
