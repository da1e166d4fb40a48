package emergency

import (
	"embed"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/visit"
)

//go:embed pages/*.html texts/*.json assets/*
var files embed.FS

const home = "/emergency"

// patience is how long the page waits for one section. What stands answers within milliseconds; what does not must not
// hold up the rest.
const patience = 2 * time.Second

// Part serves the pages of emergencies.
type Part struct {
	*visit.Part

	Patience time.Duration // how long a section may take; 2 s when zero
}

// New reads the pages.
func New(desk *visit.Desk) (*Part, error) {
	pages, err := desk.Part(home, files)
	return &Part{Part: pages, Patience: patience}, err
}

// Mount serves /emergency and what is below it, but for what has a pattern of its own there.
func (p *Part) Mount(mux *http.ServeMux) {
	serve := p.Handle(p.serve, http.MethodGet, http.MethodPost)
	mux.Handle(home, serve)
	mux.Handle(home+"/", serve)
	p.mountCard(mux)
}

// serve finds the page. An opening is named by its decision id, below which are its own pages.
func (p *Part) serve(v *visit.Visit) {
	path := strings.Split(strings.Trim(strings.TrimPrefix(v.R.URL.Path, home), "/"), "/")
	if !v.Person.Professional() {
		v.Show(http.StatusForbidden, "professionals", nil)
		return
	}
	do := p.pageOf(v.R.Method == http.MethodPost, path)
	if do == nil {
		v.Nothing()
		return
	}
	do(v, path)
}

type page func(v *visit.Visit, path []string)

func (p *Part) pageOf(posted bool, path []string) page {
	switch len(path) {
	case 1:
		switch {
		case path[0] == "" && posted:
			return p.seek
		case path[0] == "":
			return p.begin
		case path[0] == "open" && posted:
			return p.open
		case !posted:
			return p.during(p.vital)
		}
	case 2:
		return map[bool]map[string]page{
			true:  {"stage": p.stage, "extend": p.extend, "end": p.end},
			false: {"record": p.during(p.record), "opened": p.opened},
		}[posted][path[1]]
	case 3:
		if path[1] == "document" && !posted {
			return p.during(p.document)
		}
	}
	return nil
}

// during is a page of an access that is open. One that is over leads to what was opened in it.
func (p *Part) during(show func(v *visit.Visit, e *oauth.Emergency, path []string)) page {
	return func(v *visit.Visit, path []string) {
		e, ok := p.opening(v, path[0])
		switch {
		case !ok:
		case !e.Live(v.Now()):
			v.Go(home + "/" + e.ID + "/opened")
		default:
			show(v, e, path)
		}
	}
}

// opening finds an access of this session. When it returns false it has answered itself.
func (p *Part) opening(v *visit.Visit, id string) (*oauth.Emergency, bool) {
	e, err := v.Emergency(id)
	switch {
	case errors.Is(err, oauth.ErrNotFound):
		v.Nothing()
		return nil, false
	case err != nil:
		v.Fail(err)
		return nil, false
	}
	return e, true
}

// Clock is what the page says of an access all the time.
type Clock struct {
	*oauth.Emergency
	Now    time.Time
	Reason web.Text // in words
	CSRF   string
	Here   string // page of the access that is shown: vital, record, opened

	Reasons []Reason // with which more time may be asked for
}

// Dash draws what is left of the time.
func (c Clock) Dash() string { return web.ClockDash(c.Until.Sub(c.Now), c.Until.Sub(c.Since)) }

// Left are the minutes that are left, begun ones too.
func (c Clock) Left() int { return int((c.Until.Sub(c.Now) + time.Minute - 1) / time.Minute) }

// Seconds are the seconds that are left.
func (c Clock) Seconds() int { return max(0, int(c.Until.Sub(c.Now)/time.Second)) }

// Whole is the length of the access in seconds.
func (c Clock) Whole() int { return max(1, int(c.Until.Sub(c.Since)/time.Second)) }

// Over tells whether the access has ended.
func (c Clock) Over() bool { return !c.Live(c.Now) }

func (p *Part) clock(v *visit.Visit, e *oauth.Emergency, here string) Clock {
	words, _ := p.Gate.EmergencyReason(e.Mode, e.Reason)
	return Clock{Emergency: e, Now: v.Now(), Reason: web.Text{FR: words.FR, EN: words.EN}, CSRF: v.CSRF(), Here: here, Reasons: p.reasons(e.Mode)}
}
