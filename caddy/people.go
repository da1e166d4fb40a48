package pontlevis

import (
	"net/http"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/demo"
	"github.com/pontlevis/pontlevis/web/emergency"
	"github.com/pontlevis/pontlevis/web/history"
	"github.com/pontlevis/pontlevis/web/sharing"
	"github.com/pontlevis/pontlevis/web/storybook"
	"github.com/pontlevis/pontlevis/web/visit"
)

// peoplePaths are the folders of the pages of people.
var peoplePaths = []string{"/space", "/pro", "/emergency", "/label", "/storybook"}

// drills are the people with whom emergencies are practised.
func (a *App) drills() []string {
	if a.Demo {
		return slices.Concat(a.Drills, demo.Drills)
	}
	return a.Drills
}

// peoplePages mounts the parts of the pages of people; what none of them has is answered in words.
func (a *App) peoplePages(s *services) (http.Handler, error) {
	desk := &visit.Desk{People: s.oauth, Gate: s.gate, Look: s.pages, Now: time.Now}
	mux := http.NewServeMux()
	mux.HandleFunc("/", desk.NotFound)
	seen, err := history.New(desk)
	if err != nil {
		return nil, err
	}
	seen.Mount(mux)
	shared, err := sharing.New(desk)
	if err != nil {
		return nil, err
	}
	shared.Mount(mux)
	urgent, err := emergency.New(desk)
	if err != nil {
		return nil, err
	}
	urgent.Mount(mux)
	if a.Demo {
		story, err := storybook.Handler(s.pages)
		if err != nil {
			return nil, err
		}
		mux.Handle("GET /storybook", story)
	}
	return mux, nil
}
