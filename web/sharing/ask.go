package sharing

import (
	"context"
	"html/template"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/plugins/hooks"
)

// Asker asks apps that run inside for whoever visits. *hooks.Front is one.
type Asker interface {
	Askable(ctx context.Context) (apps []string, err error)
	Ask(ctx context.Context, grant *gate.Grant, app, language string) (*hooks.Reply, error)
}

// replyPage is what an app says to the visitor who asked it, once: an answer is not kept.
type replyPage struct {
	Frame
	App   *App
	State string // of a hooks.Reply
	At    time.Time
	Cards []Said
	Table *Table

	Version, Level string
	Reads          []Read
}

// Said is one card.
type Said struct {
	plugins.Card
	Prose template.HTML // its detail
	Leads []plugins.Link
}

// Table is a page of numbers.
type Table struct {
	Title string
	Rows  []Row
	Dated bool // some of them have a date
}

// Row is one number of a table.
type Row struct {
	plugins.Figure
	On time.Time // zero: its date is not known to the day
}

// Read is what the app asked of one type of things.
type Read struct {
	Type            string
	Given, Withheld int // how often
}

// Key is the key of the text that names the type.
func (d Read) Key() string { return typeKey(d.Type) }

// askableOf marks the apps that the visitor may ask: whether one is answered, and with what, the gate says when they do.
func (r *room) askableOf(apps []*App) error {
	if r.pages.asker == nil || len(apps) == 0 {
		return nil
	}
	ids, err := r.pages.asker.Askable(r.Context())
	for _, a := range apps {
		a.Askable = slices.Contains(ids, a.Client) && a.readsUnasked()
	}
	return err
}

// ask asks an app that the person is connected with, and shows what it says.
func (r *room) ask() {
	c, err := r.readCircle()
	if err != nil {
		r.Fail(err)
		return
	}
	apps, err := r.apps(c)
	if err != nil {
		r.Fail(err)
		return
	}
	k := slices.IndexFunc(apps, func(a *App) bool { return a.Client == r.field("client") })
	if k < 0 || r.pages.asker == nil {
		r.Nothing()
		return
	}
	reply, err := r.pages.asker.Ask(r.Context(), r.grant, apps[k].Client, r.Language())
	if err != nil {
		r.Fail(err)
		return
	}
	page := replyPage{Frame: r.frame(), App: apps[k], At: r.Now()}
	page.Here = "/space/apps"
	page.says(reply)
	switch reply.State {
	case hooks.Busy, hooks.Often:
		r.W.Header().Set("Retry-After", "10")
	}
	r.Show(statusOf[reply.State], "reply", page)
}

// statusOf are the statuses of the page, by what became of the question.
var statusOf = map[string]int{
	hooks.Answered: http.StatusOK, hooks.Refused: http.StatusForbidden, hooks.Stopped: http.StatusForbidden,
	hooks.Busy: http.StatusServiceUnavailable, hooks.Failed: http.StatusServiceUnavailable, hooks.Often: http.StatusTooManyRequests,
}

// says puts an answer on the page.
func (page *replyPage) says(reply *hooks.Reply) {
	page.State, page.Version, page.Level = reply.State, reply.Version, reply.Level
	for _, card := range reply.Cards {
		said := Said{Card: card, Prose: prose(card.Detail, reply.Links)}
		for _, l := range card.Links {
			if l.Type == "absolute" && slices.Contains(reply.Links, l.URL) {
				said.Leads = append(said.Leads, l)
			}
		}
		page.Cards = append(page.Cards, said)
	}
	if p := reply.Page; p != nil && len(p.Figures) > 0 {
		page.Table = &Table{Title: p.Title}
		for _, f := range p.Figures {
			row := Row{Figure: f}
			if day, _, ok := fhir.ParseDate(f.At); ok && len(f.At) >= len(time.DateOnly) {
				row.On = day
			}
			page.Table.Rows, page.Table.Dated = append(page.Table.Rows, row), page.Table.Dated || f.At != ""
		}
	}
	page.reads(reply.Reads)
}

// reads counts what the app asked, type by type. A further page is of the type that was asked before it.
func (page *replyPage) reads(all []plugins.Asked) {
	last := ""
	for _, one := range all {
		kind, _, _ := strings.Cut(one.Query, "?")
		kind, _, _ = strings.Cut(kind, "/")
		if !fhir.IsType(kind) {
			kind = last
		}
		last = kind
		k := slices.IndexFunc(page.Reads, func(d Read) bool { return d.Type == kind })
		if k < 0 {
			page.Reads, k = append(page.Reads, Read{Type: kind}), len(page.Reads)
		}
		if one.Status == http.StatusOK {
			page.Reads[k].Given++
		} else {
			page.Reads[k].Withheld++
		}
	}
}

// Silent tells whether the app answered, and has nothing to say.
func (page replyPage) Silent() bool {
	return page.State == hooks.Answered && len(page.Cards) == 0 && page.Table == nil
}

// Number is the figure as it is written in a language.
func (row Row) Number(lang string) string {
	form := byte('f')
	if size := math.Abs(row.Value); size >= 1e15 || size > 0 && size < 1e-6 {
		form = 'g'
	}
	text := strconv.FormatFloat(row.Value, form, -1, 64)
	if lang == "fr" {
		text = strings.Replace(text, ".", ",", 1)
	}
	return text
}

// Measure is the unit as people read it: what UCUM puts in braces is a remark, and 1 is no unit (UCUM §2.1).
func (row Row) Measure() string {
	if row.Unit == "1" {
		return ""
	}
	return strings.NewReplacer("{", "", "}", "").Replace(row.Unit)
}
