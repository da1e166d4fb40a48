package review

import (
	"cmp"
	"embed"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/cases"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/space"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/sentence"
	"github.com/pontlevis/pontlevis/web/visit"
)

//go:embed pages/*.html texts/*.json
var files embed.FS

// Paths of the part.
const (
	Reviewers = "/pro/cases"
	Authority = "/label/cases"
)

// Part serves the pages of the review.
type Part struct {
	*visit.Part
	cases *cases.Register
	maker *sentence.Maker
}

// New reads the pages.
func New(desk *visit.Desk, register *cases.Register) (*Part, error) {
	pages, err := desk.Part(Reviewers, files)
	if err != nil {
		return nil, err
	}
	maker, err := sentence.New()
	return &Part{pages, register, maker}, err
}

// Mount serves the pages.
func (p *Part) Mount(mux *http.ServeMux) {
	mux.Handle(Reviewers, p.Handle(p.queue, http.MethodGet))
	mux.Handle(Reviewers+"/{id}", p.Handle(p.one(Reviewers), http.MethodGet, http.MethodPost))
	mux.Handle(Authority, p.Handle(p.overdue, http.MethodGet))
	mux.Handle(Authority+"/{id}", p.Handle(p.one(Authority), http.MethodGet, http.MethodPost))
}

// grant is what the visitor may do here; nil when it has answered itself.
func grant(v *visit.Visit) *gate.Grant {
	if !v.Person.Professional() {
		v.Nothing()
		return nil
	}
	g, ok, err := v.Grant("")
	switch {
	case err != nil:
		v.Fail(err)
	case !ok:
		v.Nothing()
	default:
		return g
	}
	return nil
}

// fail answers what went wrong; what is not there looks like what may not be seen.
func fail(v *visit.Visit, err error) {
	if errors.Is(err, cases.ErrNotFound) {
		v.Nothing()
		return
	}
	v.Fail(err)
}

// row is one case of a list.
type row struct {
	Href     string
	Question bool
	Use      *cases.Use // of a case about an app
	Who      string
	Place    string
	Glass    bool // break-glass; else the emergency call centre
	Why      web.Text
	Since    time.Time
	Due      time.Time
	Late     bool
	Soon     bool
	Live     bool
	Said     bool // the person has said what they think
}

// soon is how long before its date a case is pointed out.
func (p *Part) soon() time.Duration {
	v, _ := p.Gate.Policies.Current().Data("pontlevis", "settings", "review", "remind_hours")
	return hours(v)
}

func (p *Part) rowOf(v *visit.Visit, c *cases.Case, below string) row {
	now := v.Now()
	return row{
		Href: below + "/" + c.ID, Question: c.Kind == cases.Question, Use: c.Use, Who: c.Opener.Name, Place: p.place(v, c.Opener.Organization),
		Glass: c.Mode == space.ModeGlass, Why: p.why(c), Since: c.Since, Due: c.Due, Late: c.Overdue(now),
		Soon: !c.Closed() && !c.Overdue(now) && now.After(c.Due.Add(-p.soon())), Live: c.Live(now), Said: c.View != nil,
	}
}

func (p *Part) why(c *cases.Case) web.Text {
	words, _ := p.Gate.EmergencyReason(c.Mode, c.Reason)
	return web.Text{FR: words.FR, EN: words.EN}
}

func (p *Part) place(v *visit.Visit, organization string) string {
	if organization == "" {
		return ""
	}
	return p.Gate.Place(v.Context(), organization)
}

// queuePage is the establishment's list.
type queuePage struct {
	Place string
	Rows  []row
	Late  int
	Soon  int
	Done  bool // a case was just closed
}

func (p *Part) queue(v *visit.Visit) {
	g := grant(v)
	if g == nil {
		return
	}
	all, err := p.cases.Queue(v.Context(), g)
	if err != nil {
		fail(v, err)
		return
	}
	page := queuePage{Place: v.Person.Organization, Done: v.R.URL.Query().Get("done") == "1"}
	for k := range all {
		one := p.rowOf(v, &all[k], Reviewers)
		page.Rows = append(page.Rows, one)
		if one.Late {
			page.Late++
		}
		if one.Soon {
			page.Soon++
		}
	}
	v.Show(http.StatusOK, "queue", page)
}

// figure is one line of the authority's figures.
type figure struct {
	Place string
	cases.Figures
}

// overduePage is the authority's list.
type overduePage struct {
	Rows    []row
	Figures []figure
	Done    bool
}

func (p *Part) overdue(v *visit.Visit) {
	g := grant(v)
	if g == nil {
		return
	}
	all, err := p.cases.Overdue(v.Context(), g)
	if err != nil {
		fail(v, err)
		return
	}
	sums, err := p.cases.Figures(v.Context(), g)
	if err != nil {
		fail(v, err)
		return
	}
	page := overduePage{Done: v.R.URL.Query().Get("done") == "1"}
	for k := range all {
		page.Rows = append(page.Rows, p.rowOf(v, &all[k], Authority))
	}
	for _, f := range sums {
		page.Figures = append(page.Figures, figure{p.place(v, f.Organization), f})
	}
	v.Show(http.StatusOK, "overdue", page)
}

// one serves a case below a list: looking at it, and closing it.
func (p *Part) one(below string) func(*visit.Visit) {
	return func(v *visit.Visit) {
		g := grant(v)
		if g == nil {
			return
		}
		if v.R.Method == http.MethodPost {
			p.close(v, g, below)
			return
		}
		p.see(v, g, below, http.StatusOK, "", "")
	}
}

// verdict is one that may be chosen.
type verdict struct {
	Code  string
	Words web.Text
	Here  bool
}

// stage is one gesture of the access.
type stage struct {
	Stage int
	At    time.Time
	Why   web.Text
	Typed string
}

// opened is one kind of thing that was opened.
type opened struct {
	Key string // of its text
	cases.Opened
}

// clock says times in the reader's language.
type clock struct {
	maker *sentence.Maker
	lang  string
}

// Moment is a time to the minute.
func (c clock) Moment(at time.Time) string { return c.maker.Moment(c.lang, at) }

// casePage is one case.
type casePage struct {
	row
	Clock              clock
	Action, Back, CSRF string
	Name               string // of the patient
	Until, Ended       time.Time
	Stages             []stage
	Opened             []opened
	Asked              string // the person's question
	Entry              string // of the log, that a case about an app begins with
	View               *cases.View
	Verdict            *cases.Verdict
	Concluded          web.Text
	Verdicts           []verdict
	Note               string
	Problem            string // key of its text, "" for none
}

func (p *Part) see(v *visit.Visit, g *gate.Grant, below string, status int, problem, chosen string) {
	f, err := p.cases.See(v.Context(), g, v.R.PathValue("id"))
	if err != nil {
		fail(v, err)
		return
	}
	page := casePage{
		Clock: clock{p.maker, v.Language()}, row: p.rowOf(v, &f.Case, below), Action: below + "/" + f.ID, Back: below, CSRF: v.CSRF(), Name: f.Name, Until: f.Until, Ended: f.Ended,
		Asked: f.Question, Entry: f.About, View: f.View, Verdict: f.Verdict, Problem: problem, Note: v.R.PostForm.Get("note"),
	}
	for _, s := range f.Stages {
		words, _ := p.Gate.EmergencyReason(f.Mode, s.Reason)
		page.Stages = append(page.Stages, stage{s.Stage, s.At, web.Text{FR: words.FR, EN: words.EN}, s.TypedReason})
	}
	page.Opened = kinds(f.Opened)
	all := p.Gate.Verdicts(f.Kind)
	if f.Verdict != nil {
		page.Concluded = textOf(all[f.Verdict.Code])
	} else if below == Reviewers || f.Opener.Organization == "" {
		page.Verdicts = choices(all, chosen)
	}
	v.Show(status, "case", page)
}

func textOf(t policies.Text) web.Text { return web.Text{FR: t.FR, EN: t.EN} }

// choices are the verdicts in an order that stays, the mildest first as their codes sort.
func choices(all map[string]policies.Text, chosen string) []verdict {
	var out []verdict
	for code, words := range all {
		out = append(out, verdict{code, textOf(words), code == chosen})
	}
	slices.SortFunc(out, func(a, b verdict) int { return cmp.Or(rank(a.Code)-rank(b.Code), cmp.Compare(a.Code, b.Code)) })
	return out
}

// rank puts what is most often chosen first; codes that a changed bundle adds come last, by name.
func rank(code string) int {
	at := slices.Index([]string{"justified", "answered", "explained", "mistake", "declare", "not-justified", "stopped", "gate", "data-protection", "discipline"}, code)
	if at < 0 {
		return 100
	}
	return at
}

// close closes the case of the address with the form's verdict.
func (p *Part) close(v *visit.Visit, g *gate.Grant, below string) {
	form, ok := v.Form()
	if !ok {
		return
	}
	chosen := form.Get("verdict")
	if chosen == "" {
		p.see(v, g, below, http.StatusUnprocessableEntity, "review.problem.verdict", "")
		return
	}
	_, err := p.cases.Close(v.Context(), g, v.R.PathValue("id"), chosen, form.Get("note"))
	switch {
	case errors.Is(err, cases.ErrText):
		p.see(v, g, below, http.StatusUnprocessableEntity, "review.problem.note", chosen)
	case err != nil:
		fail(v, err)
	default:
		v.Go(below + "?done=1")
	}
}
