package history

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/cases"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/notice"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/sentence"
	"github.com/pontlevis/pontlevis/web/visit"
)

// States of a case, as the page says them.
const (
	waiting = "waiting"
	late    = "late"
	closed  = "closed"
)

// Case is the review of an emergency access, or a question, as the person follows it.
type Case struct {
	ID       string
	Kind     string // emergency, question
	State    string // waiting, late, closed
	Due, End time.Time
	Verdict  web.Text
	Note     string
	View     string // what the person said of it
	Question string
	Asked    time.Time
	About    string // the name of whom a question is about
	Drill    bool
}

// caseOf says a case.
func (r *room) caseOf(c *cases.Case) *Case {
	out := &Case{ID: c.ID, Kind: c.Kind, State: waiting, Due: c.Due, Question: c.Question, Asked: c.Since, About: c.Opener.Name, Drill: c.Drill}
	if c.View != nil {
		out.View = c.View.Text
	}
	switch {
	case c.Closed():
		words := r.p.Gate.Verdicts(c.Kind)[c.Verdict.Code]
		out.State, out.End, out.Note = closed, c.Verdict.At, c.Verdict.Note
		out.Verdict = web.Text{FR: words.FR, EN: words.EN}
	case c.Overdue(r.Now()):
		out.State = late
	}
	return out
}

// followed are the cases of the space, by the grant they belong to, and the questions, newest first. The gate says which of
// them the visitor may see, and logs that they looked.
func (r *room) followed() (byGrant map[string]*Case, questions []*Case, err error) {
	all, err := r.p.cases.Of(r.Context(), r.grant)
	if err != nil {
		return nil, nil, err
	}
	byGrant = map[string]*Case{}
	for k := range all {
		one := r.caseOf(&all[k])
		if one.Kind == cases.Question {
			questions = append(questions, one)
			continue
		}
		for _, grant := range all[k].Grants {
			byGrant[grant] = one
		}
	}
	return byGrant, questions, nil
}

// follow adds the cases to a page that shows something to follow.
func (r *room) follow(page *Page, visits []sentence.Visit) error {
	first := r.filter.from == "" && r.filter.view == professionals && !r.filter.refused
	if !first && !slices.ContainsFunc(page.Items, func(i Item) bool { return i.Urgent }) {
		return nil
	}
	byGrant, questions, err := r.followed()
	if err != nil {
		return err
	}
	for k := range page.Items {
		for _, a := range visits[k].Accesses {
			if c := byGrant[a.Grant]; c != nil {
				page.Items[k].Case = c
			}
		}
	}
	if first {
		page.Questions = questions
	}
	return nil
}

// Note is a notice as the page shows it.
type Note struct {
	ID string
	At time.Time
	notice.Said
	Read bool
}

// newest is how many notices the page shows.
const newest = 5

// notes are what the visitor was told of this space and has not marked as read.
func (r *room) notes() ([]Note, error) {
	all, err := r.p.notices.Inbox(r.Context(), r.reader.Self, r.grant.Patient, notice.MaxInbox)
	if err != nil {
		return nil, err
	}
	var out []Note
	for _, n := range all {
		if n.Read.IsZero() && len(out) < newest {
			out = append(out, Note{ID: n.ID, At: n.At, Said: r.p.notices.Words(n, r.reader.Lang)})
		}
	}
	return out, nil
}

// posted enters with a form; nil when it has answered itself.
func (p *Pages) posted(v *visit.Visit) (*room, url.Values) {
	form, ok := v.Form()
	if !ok {
		return nil, nil
	}
	return p.enter(v), form
}

// ask puts a question about an access to the establishment.
func (p *Pages) ask(v *visit.Visit) {
	r, form := p.posted(v)
	if r == nil {
		return
	}
	about := form.Get("about")
	if !fhir.IsID(about) {
		v.Nothing()
		return
	}
	_, err := p.cases.Ask(v.Context(), r.grant, about, form.Get("text"))
	r.done(err, "asked", "questions")
}

// say keeps what the person thinks of an emergency access.
func (p *Pages) say(v *visit.Visit) {
	r, form := p.posted(v)
	if r == nil {
		return
	}
	_, err := p.cases.Say(v.Context(), r.grant, form.Get("case"), form.Get("text"))
	r.done(err, "said", "accesses")
}

// read marks a notice as read.
func (p *Pages) markRead(v *visit.Visit) {
	r, form := p.posted(v)
	if r == nil {
		return
	}
	r.done(p.notices.MarkRead(v.Context(), r.reader.Self, form.Get("notice")), "", "main")
}

// done leads back to the history after a change, or says why there was none.
func (r *room) done(err error, what, place string) {
	switch {
	case errors.Is(err, cases.ErrText):
		r.show(http.StatusUnprocessableEntity, "text")
		return
	case errors.Is(err, cases.ErrNotFound):
		r.Nothing()
		return
	case err != nil:
		r.Fail(err)
		return
	}
	to := r.filter.address()
	if what != "" {
		q := url.Values{"done": {what}}
		if r.filter.patient != "" {
			q.Set("patient", r.filter.patient)
		}
		to = Home + "?" + q.Encode()
	}
	r.Go(to + "#" + place)
}
