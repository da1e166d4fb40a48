package history

import (
	"net/http"
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
	Urgent, Refused bool
	Stop            string // where the person can stop it, "" where they cannot
}

// Tab is one view, or one choice of another kind.
type Tab struct {
	Key, Href string
	Here      bool
}

// Whose is a space that the visitor may ask for.
type Whose struct {
	Patient, Name, Kind string
	Here                bool
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
	if r == nil {
		return
	}
	shown, err := r.read(r.filter, maxPages)
	if err != nil {
		v.Fail(err)
		return
	}
	page := r.page(shown)
	if !r.filter.refused && r.filter.from == "" {
		tried, err := r.read(r.filter.let(true), 1)
		if err != nil {
			v.Fail(err)
			return
		}
		few := tried.visits[:min(len(tried.visits), 5)]
		page.Tried = r.items(few)
		if tried.next != "" || len(few) < len(tried.visits) {
			page.AllTried = r.filter.let(true).address()
		}
	}
	v.Show(http.StatusOK, "history", page)
}

func (r *room) page(s stretch) Page {
	f := r.filter
	page := Page{
		Now: r.Now(), Own: r.reader.Own, View: f.view, Patient: f.patient, Since: f.since, Until: f.until, Refused: f.refused, Items: r.items(s.visits),
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
			page.Whose = append(page.Whose, Whose{one.Patient, one.Name, one.Kind, here})
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
			Told: r.p.maker.Visit(&visits[k], r.reader, r.names), Urgent: latest.Mode != "normal" && latest.Mode != "",
			Refused: latest.Outcome != sentence.LetIn, Stop: r.stop(latest),
		})
	}
	return out
}
