package sharing

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/plugins/hooks"
	"github.com/pontlevis/pontlevis/space"
)

// agendaPage is /space/agenda: what is to come and what was, with what apps left there by themselves.
type agendaPage struct {
	Frame
	Coming, Past []*Date
	More         bool // there are more than the page shows
}

// Date is one entry of the agenda.
type Date struct {
	ID, Version string
	At          time.Time
	Text, Why   string
	Proposed    bool     // nobody has taken it up
	With        []string // names
	App         *Leaver  // of what an app wrote
}

// Leaver is an app that wrote an entry, as the catalogue names it, and its version then.
type Leaver struct {
	Client, Version string
	View            oauth.AppView
	name            func(language string) string
}

// Name is the name of the app in a language, or its id.
func (l Leaver) Name(language string) string { return l.name(language) }

const (
	mostDates  = 200 // entries that one page shows, those that changed last
	shownDates = 3   // entries of one app on the page of apps
)

func (r *room) showAgenda() { r.agenda(http.StatusOK) }

func (r *room) agenda(status int) {
	c, err := r.readCircle()
	if err != nil {
		r.Fail(err)
		return
	}
	page := agendaPage{Frame: r.frame()}
	dates, more, err := r.dates(c)
	if err != nil {
		r.Fail(err)
		return
	}
	page.More = more
	today := r.Now().Truncate(24 * time.Hour)
	for _, d := range dates {
		if d.At.Before(today) && !d.Proposed {
			page.Past = append(page.Past, d)
		} else {
			page.Coming = append(page.Coming, d)
		}
	}
	slices.Reverse(page.Past)
	page.May, page.Done = r.may(c), r.done(c, nil)
	r.Show(status, "agenda", page)
}

// dates are the entries of the agenda that the visitor may read, the earliest first.
func (r *room) dates(c *circle) (out []*Date, more bool, err error) {
	found, err := r.Search(r.grant, "Appointment?patient="+url.QueryEscape(r.whose.Patient)+"&_sort=-_lastUpdated&_count="+strconv.Itoa(mostDates))
	var no *gate.Refusal
	if errors.As(err, &no) && no.Status < http.StatusInternalServerError {
		return nil, false, nil // of somebody who may not read the agenda
	}
	if err != nil {
		return nil, false, err
	}
	var with []string
	for _, one := range found.Matches {
		with = append(with, participants(one.Node())...)
	}
	if err := c.names.learn(with); err != nil {
		return nil, false, err
	}
	for _, one := range found.Matches {
		if d := r.date(c, one); d != nil {
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(a, b *Date) int { return a.At.Compare(b.At) })
	return out, found.Next != "", nil
}

// date reads one entry; nil for one that was called off or has no date.
func (r *room) date(c *circle, one *fhir.Resource) *Date {
	n := one.Node()
	status := n.Get("status").Text()
	if status == "cancelled" || status == "entered-in-error" || status == "noshow" {
		return nil
	}
	start := n.Get("start").Text()
	for _, period := range n.Get("requestedPeriod").Items() {
		if start == "" {
			start = period.Get("start").Text()
		}
	}
	d := &Date{ID: one.ID(), Version: one.Version(), Text: n.Get("description").Text(), Why: n.Get("comment").Text(), Proposed: status == "proposed" || status == "pending"}
	var ok bool
	if d.At, _, ok = fhir.ParseDate(start); !ok {
		return nil
	}
	for _, who := range participants(n) {
		if known := c.names.by[who]; known != nil && known.Name != "" {
			d.With = append(d.With, known.Name)
		}
	}
	if client, ok := strings.CutPrefix(n.At("meta", "source").Text(), space.ClientSystem+":"); ok {
		d.App = r.leaver(client, n)
	}
	return d
}

// participants are who takes part in an entry beside the person.
func participants(n *fhir.Node) (out []string) {
	for _, p := range n.Get("participant").Items() {
		if who := p.At("actor", "reference").Text(); who != "" && !strings.HasPrefix(who, "Patient/") {
			out = append(out, who)
		}
	}
	return out
}

// leaver says which app wrote an entry.
func (r *room) leaver(client string, n *fhir.Node) *Leaver {
	client, _, _ = strings.Cut(client, "#")
	l := &Leaver{Client: client, name: func(string) string { return client }}
	for _, id := range n.Get("identifier").Items() {
		if id.Get("system").Text() == hooks.LeftSystem {
			_, l.Version, _ = strings.Cut(id.At("assigner", "display").Text(), " ")
		}
	}
	if known, err := r.App(client); err == nil {
		l.name = (&App{Client: client, View: known.View}).Name
	}
	return l
}

// planRemove removes what an app left.
func (r *room) planRemove(c *circle) (*plan, error) {
	id := r.field("entry")
	if !fhir.IsID(id) {
		return nil, nil
	}
	dates, _, err := r.dates(c)
	if err != nil {
		return nil, err
	}
	p := &plan{back: "/space/agenda", pairs: []string{"entry", id}}
	k := slices.IndexFunc(dates, func(d *Date) bool { return d.ID == id })
	switch {
	case k < 0: // it is so already: a form that was sent twice has one outcome
		return p, nil
	case dates[k].App == nil:
		return nil, nil
	}
	p.steps = append(p.steps, step{http.MethodDelete, "Appointment/" + id, http.Header{"If-Match": {`W/"` + dates[k].Version + `"`}}, nil})
	return p, nil
}

// removed tells whether there is no entry of that name any more.
func (r *room) removed(id string) bool {
	if !fhir.IsID(id) {
		return false
	}
	_, err := r.Get(r.grant, "Appointment/"+id)
	var no *gate.Refusal
	return errors.As(err, &no) && no.Status < http.StatusInternalServerError
}
