package history

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web/sentence"
	"github.com/pontlevis/pontlevis/web/visit"
)

// Bounds of one page of ours: entries of one page of the gate, pages of the gate, and visits that are enough.
const (
	pageEntries = "50"
	maxPages    = 6
	enough      = 12
)

// room is one request: whose history, for whom, in which words.
type room struct {
	*visit.Visit
	p      *Pages
	filter filter
	grant  *gate.Grant
	people []oauth.Relation
	reader sentence.Reader
	names  sentence.Names
}

// enter finds whose history the visitor may ask for; nil when it has answered itself. Whether they may read it is the
// gate's to say.
func (p *Pages) enter(v *visit.Visit) *room {
	if v.Person.Professional() {
		v.Nothing()
		return nil
	}
	r := &room{Visit: v, p: p, filter: filterOf(v.R.URL.Query())}
	if v.R.Method == http.MethodPost {
		r.filter = filterOf(v.R.PostForm)
	}
	var err error
	if r.people, err = v.ActsFor(); err != nil {
		v.Fail(err)
		return nil
	}
	var ok bool
	if r.grant, ok, err = v.Grant(r.filter.patient); err != nil || !ok {
		if err != nil {
			v.Fail(err)
		} else {
			v.Nothing()
		}
		return nil
	}
	r.reader = sentence.Reader{
		Lang: v.Language(), Own: r.grant.Actor.Kind == sentence.Patient, Self: append([]string{r.grant.Actor.ID}, r.grant.Actor.Identities...), Now: v.Now(),
	}
	r.names = r.lookUp()
	return r
}

// lookUp gives the words of what the log keeps as references and codes, each looked up once.
func (r *room) lookUp() sentence.Names {
	places, apps := map[string]string{}, map[string]sentence.App{}
	return sentence.Names{
		Organization: func(ref string) string {
			name, known := places[ref]
			if !known {
				name = r.p.Gate.Place(r.Context(), ref)
				places[ref] = name
			}
			return name
		},
		App: func(client string) sentence.App {
			app, known := apps[client]
			if !known {
				if view, ok, err := r.p.People.Named(r.Context(), client); err == nil && ok {
					app = sentence.App{FR: view.FR.Name, EN: view.EN.Name, Portal: view.Kind == "portal"}
				}
				apps[client] = app
			}
			return app
		},
		Reason: func(mode, code string) (fr, en string) {
			words, _ := r.p.Gate.EmergencyReason(mode, code)
			return words.FR, words.EN
		},
	}
}

// viewOf is the view to which an access belongs.
func (r *room) viewOf(a *sentence.Access) string {
	switch {
	case a.Kind == sentence.Professional:
		return professionals
	case a.Service(r.names):
		return services
	}
	return mine
}

// stretch is a part of the history: visits, newest first, and where it goes on.
type stretch struct {
	visits []sentence.Visit
	next   string // sealed position, "" at the end
}

// read reads the log through the gate, page by page of the gate, until there is enough to show.
func (r *room) read(f filter, most int) (stretch, error) {
	var all []sentence.Access
	for range most {
		found, err := r.Search(r.grant, f.target(r.p.maker, r.grant.Patient, pageEntries))
		if err != nil {
			return stretch{}, err
		}
		for _, event := range found.Matches {
			if a, ok := sentence.Of(event); ok && r.viewOf(&a) == r.filter.view {
				all = append(all, a)
			}
		}
		if f.from = positionOf(found.Next); f.from == "" || len(sentence.Visits(all)) >= enough {
			break
		}
	}
	return stretch{sentence.Visits(all), f.from}, nil
}

// Item is a visit as the page shows it.
type Item struct {
	sentence.Told
	Key             string // names its controls on the page
	Urgent, Refused bool
	Stop            string // where the person can stop it, "" where they cannot
	Ask             string // the entry that a question may be asked about, "" for none
	Case            *Case  // of an emergency access
}

// Tab is one view, or one choice of another kind.
type Tab struct {
	Key, Href string
	Here      bool
}

// Whose is a space that the visitor may ask for.
type Whose struct {
	Name, Href string
	Here       bool
}

// Page is what the history shows.
type Page struct {
	Now          time.Time
	Own          bool
	Whose        []Whose // when there are several
	Name         string  // of whose history it is, "" for one's own
	Tabs         []Tab
	View         string
	Patient      string
	CSRF         string
	Done         string // what was just done
	Problem      string
	Notes        []Note
	Questions    []*Case
	Since, Until string
	Refused      bool
	Items        []Item
	Tried        []Item // what was not let in, beside what was
	AllTried     string // where all of it is
	Back         string // from what was not let in
	Export       string // where a copy is offered
	Newest       string // the first page, "" on it
	Older        string
}

// list shows a stretch of the history.
func (p *Pages) list(v *visit.Visit) {
	r := p.enter(v)
	if r != nil {
		r.show(http.StatusOK, "")
	}
}

// show answers with the page of the filter; problem is what was wrong with a form, "" for nothing.
func (r *room) show(status int, problem string) {
	shown, err := r.read(r.filter, maxPages)
	if err != nil {
		r.Fail(err)
		return
	}
	page := r.page(shown)
	page.Problem = problem
	if problem == "" && slices.Contains([]string{"asked", "said"}, r.R.URL.Query().Get("done")) {
		page.Done = r.R.URL.Query().Get("done")
	}
	for _, add := range []func(*Page) error{
		r.addTried, r.addNotes, func(page *Page) error { return r.follow(page, shown.visits) },
	} {
		if err := add(&page); err != nil {
			r.Fail(err)
			return
		}
	}
	r.Show(status, "history", page)
}

// few is how many visits that were not let in stand beside those that were.
const few = 5

// addTried adds the newest of what was not let in.
func (r *room) addTried(page *Page) error {
	if r.filter.refused || r.filter.from != "" {
		return nil
	}
	tried, err := r.read(r.filter.let(true), 1)
	if err != nil {
		return err
	}
	shown := tried.visits[:min(len(tried.visits), few)]
	page.Tried = r.items(shown)
	if tried.next != "" || len(shown) < len(tried.visits) {
		page.AllTried = r.filter.let(true).address()
	}
	return nil
}

func (r *room) addNotes(page *Page) (err error) {
	if r.filter.from == "" {
		page.Notes, err = r.notes()
	}
	return err
}

func (r *room) page(s stretch) Page {
	f := r.filter
	page := Page{
		Now: r.Now(), CSRF: r.CSRF(), Own: r.reader.Own, View: f.view, Patient: f.patient, Since: f.since, Until: f.until, Refused: f.refused, Items: r.items(s.visits),
	}
	for _, view := range views {
		page.Tabs = append(page.Tabs, Tab{view, f.of(view).address(), view == f.view})
	}
	for _, one := range r.people {
		here := one.Patient == r.grant.Patient
		if here && !page.Own {
			page.Name = one.Name
		}
		if len(r.people) > 1 {
			page.Whose = append(page.Whose, Whose{one.Name, filter{patient: one.Patient, view: f.view}.address(), here})
		}
	}
	page.Export = Home + "/export" + strings.TrimPrefix(f.of(professionals).let(false).address(), Home)
	if f.refused {
		page.Back = f.let(false).address()
	}
	if s.next != "" {
		older := f
		older.from = s.next
		page.Older = older.address()
	}
	if f.from != "" {
		page.Newest = f.of(f.view).address()
	}
	return page
}

func (r *room) items(visits []sentence.Visit) []Item {
	var out []Item
	for k := range visits {
		latest := visits[k].Latest()
		out = append(out, Item{
			Key:  latest.ID,
			Told: r.p.maker.Visit(&visits[k], r.reader, r.names), Urgent: latest.Mode != "normal" && latest.Mode != "",
			Refused: latest.Outcome != sentence.LetIn, Stop: r.stop(latest), Ask: askable(latest),
		})
	}
	return out
}
