package storybook

import (
	"embed"
	"fmt"
	"net/http"
	"time"

	"github.com/pontlevis/pontlevis/web"
)

//go:embed pages/*.html texts/*.json
var files embed.FS

// page is the invented data.
type page struct {
	Now   time.Time
	Ticks []tick
}

// tick is the clock of an emergency at some moment: how much is left of its circle.
type tick struct {
	Minutes int
	Dash    string // stroke-dasharray of the circle: drawn, then left out
}

// Handler serves the page to anybody: nothing on it is anybody's.
func Handler(look *web.Renderer) (http.Handler, error) {
	part, err := look.Part(files)
	if err != nil {
		return nil, fmt.Errorf("the storybook: %w", err)
	}
	p := page{Now: time.Date(2026, 11, 12, 9, 40, 0, 0, time.UTC)}
	for _, minutes := range []int{60, 42, 5} {
		p.Ticks = append(p.Ticks, tick{minutes, web.ClockDash(time.Duration(minutes)*time.Minute, time.Hour)})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		part.Write(w, r, http.StatusOK, "storybook", p, web.Shown{Nav: &web.Nav{Person: "Camille Durand", Links: []web.Link{
			{Href: "/storybook", Key: "nav./space", Here: true}, {Href: "/storybook#timeline", Key: "nav./space/history"},
		}}})
	}), nil
}
