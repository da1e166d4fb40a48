package sharing

import (
	"net/http"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/space"
	"github.com/pontlevis/pontlevis/web/visit"
)

// whoPage is /space: who can see the person today.
type whoPage struct {
	Frame
	Picture   Picture
	Inside    []*Member
	Shut      []*Member // linked, and not let in
	Blocked   []*Member
	Delegates []*Delegate
	Apps      []*App
	Given     time.Time // when the initial consent was given; zero: it was not
	Withdrawn time.Time // when it was withdrawn; zero: it stands
	Majority  time.Time
	Hidden    int
}

func (r *room) showWho() { r.who(http.StatusOK) }

func (r *room) who(status int) {
	c, err := r.readCircle()
	if err != nil {
		r.Fail(err)
		return
	}
	page := whoPage{
		Frame: r.frame(), Inside: c.inside(), Shut: c.outside(stateShut, stateLater), Blocked: c.outside(stateBlocked),
		Delegates: r.delegates(c), Given: c.Facts.Consent.Since, Withdrawn: c.Facts.Consent.Until, Majority: c.Majority,
	}
	if page.Apps, err = r.apps(c); err != nil {
		r.Fail(err)
		return
	}
	page.Picture = r.draw(&page)
	page.May, page.Done = r.may(c), r.done(c, nil)
	r.Show(status, "who", page)
}

// draw makes the picture of what the page lists.
func (r *room) draw(page *whoPage) Picture {
	var inside, outside []Dot
	for _, m := range page.Inside {
		inside = append(inside, r.dot(m))
	}
	for _, d := range page.Delegates {
		if d.Live {
			inside = append(inside, Dot{Kind: "delegate", State: stateOpen, Name: d.Name, Href: r.to("/space/people"), Delegate: d})
		}
	}
	for _, a := range page.Apps {
		name := a.View.FR.Name
		if r.Language() == "en" {
			name = a.View.EN.Name
		}
		inside = append(inside, Dot{Kind: "app", State: stateOpen, Name: name, Href: r.to("/space/apps"), App: a})
	}
	for _, m := range slices.Concat(page.Blocked, page.Shut) {
		outside = append(outside, r.dot(m))
	}
	return draw(inside, outside)
}

func (r *room) dot(m *Member) Dot {
	d := Dot{Kind: "professional", State: m.State, Name: m.Name, Href: r.to("/space/person", "who", m.Who), Member: m}
	if m.Place {
		d.Kind = "place"
	}
	return d
}

// may says why the visitor may change nothing here, in the gate's words; nil when they may.
func (r *room) may(*circle) []oauth.Said {
	no, err := r.pages.desk.Gate.Weigh(r.Context(), r.grant, body(r.consent(space.DefaultMask, object{"type": "deny"})))
	if err != nil || no == nil {
		return nil // what is refused is refused again when it is tried, in words
	}
	return visit.Said(no.Issues)
}

// personPage is /space/person: somebody, what links them, and everything that can be done about it.
type personPage struct {
	Frame
	Member *Member
	Ended  bool // the person ended a link of theirs, which can be taken back
	Live   bool // something lets them in that can be ended here
	Hours  int  // how long a consultation lasts
	Typed  map[string]string
}

func (r *room) showPerson() { r.person(http.StatusOK) }

func (r *room) person(status int) {
	c, err := r.readCircle()
	if err != nil {
		r.Fail(err)
		return
	}
	m, err := r.find(c, professional(r.value("who")))
	if err != nil {
		r.Fail(err)
		return
	}
	if m == nil {
		r.Nothing()
		return
	}
	page := personPage{Frame: r.frame(), Member: m, Ended: len(c.ended(m)) > 0, Hours: int(c.Consultation.Hours())}
	page.Typed = map[string]string{"long": r.field("long"), "until": r.field("until")}
	for _, l := range m.Links {
		page.Live = page.Live || l.Live && l.Role != space.Treating
	}
	page.May, page.Done = r.may(c), r.done(c, nil)
	r.Show(status, "person", page)
}

// foundPage is /space/find: professionals of the directory by number or name.
type foundPage struct {
	Frame
	Asked string
	Found []*Known
	More  bool
}

func (r *room) showFound() {
	page := foundPage{Frame: r.frame(), Asked: r.value("q")}
	if page.Asked != "" {
		var err error
		if page.Found, page.More, err = r.lookUp(page.Asked); err != nil {
			r.Fail(err)
			return
		}
	}
	r.Show(http.StatusOK, "found", page)
}
