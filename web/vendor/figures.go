package vendor

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/usage"
	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/plugins/hooks"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/visit"
)

// Counted are what an app did, and how a plugin fares. What a field does not give, nil, is not on the page.
type Counted struct {
	Used     func(ctx context.Context, app, month string) (usage.Month, error)
	Fares    func(app string) []plugins.Diagnosis // on this node, since it began
	Feedback func(ctx context.Context, app string) (map[string]hooks.Counts, error)
}

// shownMonths are how many months the page goes back.
const shownMonths = 12

// figuresPage is /vendor/apps/{app}/figures: numbers of an app in the steps that protect people, whoever reads them.
type figuresPage struct {
	ID, Here string
	Name     web.Text
	Now      time.Time

	Month    time.Time
	Months   []time.Time // that may be chosen, the newest first
	Persons  usage.Public
	Lines    []figure
	Refusals []usage.PublicRefusal
	Few      int

	Complaints map[string]int // by state
	Plugin     bool
	Fares      []fare
	Cards      []cards
}

// fare is how one version of a plugin fares. What went well is told in the steps of everything else, so that whoever looks twice
// sees no single call pass; what failed is told as it is, but for numbers that a plugin may choose by what it read.
type fare struct {
	plugins.Diagnosis
	Calls, Well, Processes usage.Public
	Failed                 bool         // the last process ended in a failure
	Megabytes              usage.Public // of its error output
}

// spans are the steps in which a time is told that a plugin may choose.
var spans = []time.Duration{100 * time.Millisecond, time.Second, 3 * time.Second, 10 * time.Second}

// within is the step that a time is below; the last where it is below none.
func within(took time.Duration) time.Duration {
	for _, most := range spans {
		if took < most {
			return most
		}
	}
	return spans[len(spans)-1]
}

// Computed is less than what the last process took of the processor.
func (f fare) Computed() time.Duration { return within(f.Last.CPU) }

// Lasted is less than what it lived.
func (f fare) Lasted() time.Duration { return within(f.Last.Lived) }

// figure is one category in one direction: declared, done, or both.
type figure struct {
	usage.PublicLine
	Declared bool
	Earlier  bool // not any more, but by a version that was on the air before
}

// cards are what became of the cards of one hook.
type cards struct {
	Title                             web.Text
	Accepted, Suggestions, Overridden usage.Public
	Why                               []why
}

// why is how often cards were set aside with a code; "other" is any other reason.
type why struct {
	Code  string
	Times usage.Public
}

// ComplaintStates are the states of complaints in their order.
func (figuresPage) ComplaintStates() []string {
	return []string{catalog.Open, catalog.Answered, catalog.Closed}
}

// figures shows the numbers of an app.
func (p *Pages) figures(v *visit.Visit) {
	app, err := p.open(v)
	switch {
	case err != nil:
		v.Fail(err)
		return
	case app == nil:
		v.Nothing()
		return
	}
	now := v.Now().UTC()
	page := &figuresPage{ID: app.ID, Here: app.Here, Name: app.Name, Now: now, Few: usage.Few, Complaints: map[string]int{}}
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	page.Month = first
	for back := range shownMonths {
		month := first.AddDate(0, -back, 0)
		page.Months = append(page.Months, month)
		if usage.MonthOf(month) == v.R.URL.Query().Get("month") {
			page.Month = month
		}
	}
	if err := p.count(v.Context(), page, app); err != nil {
		v.Fail(err)
		return
	}
	v.Show(http.StatusOK, "figures", page)
}

// onAir is the manifest of the newest version that is or was on the air, else what is being written; nil for none that is valid.
func (page *appPage) onAir() *manifest.Manifest {
	if aired := catalog.Aired(page.Versions); len(aired) > 0 {
		return aired[len(aired)-1]
	}
	return page.manifest
}

// count fills in the numbers.
func (p *Pages) count(ctx context.Context, page *figuresPage, app *appPage) error {
	m := app.onAir()
	if p.Used != nil {
		month, err := p.Used(ctx, page.ID, usage.MonthOf(page.Month))
		if err != nil {
			return err
		}
		page.lay(month, m, catalog.Aired(app.Versions))
	}
	all, err := p.Apps.Complaints(ctx, page.ID)
	if err != nil {
		return err
	}
	for _, one := range all {
		page.Complaints[one.State]++
	}
	if page.Plugin = m != nil && m.Plugin != nil; !page.Plugin {
		return nil
	}
	if p.Fares != nil {
		for _, d := range p.Fares(page.ID) {
			page.Fares = append(page.Fares, fare{
				d, usage.Coarse(d.Invocations), usage.Coarse(d.Answered), usage.Coarse(d.Starts), !slices.Contains(well, d.Last.Kind),
				usage.Coarse(int((d.Stderr + 1<<20 - 1) >> 20)),
			})
		}
	}
	if p.Feedback == nil {
		return nil
	}
	counts, err := p.Feedback(ctx, page.ID)
	for _, hook := range m.Plugin.Hooks {
		page.Cards = append(page.Cards, cardsOf(hook, counts[hook.ID]))
	}
	return err
}

// well are the ends of processes that are no failures, and of no process.
var well = []string{"", "answered", "idle"}

// lay puts what was done beside what was declared.
func (page *figuresPage) lay(month usage.Month, m *manifest.Manifest, earlier []*manifest.Manifest) {
	var lines []usage.PublicLine
	page.Persons, lines = month.Public()
	page.Refusals = month.PublicRefusals()
	at := func(category, direction string) *figure {
		k := slices.IndexFunc(page.Lines, func(f figure) bool { return f.Category == category && f.Direction == direction })
		if k < 0 {
			page.Lines, k = append(page.Lines, figure{PublicLine: usage.PublicLine{Category: category, Direction: direction}}), len(page.Lines)
		}
		return &page.Lines[k]
	}
	if m != nil {
		for _, need := range m.Data {
			for _, direction := range need.Directions {
				at(need.Category, direction).Declared = true
			}
		}
	}
	for _, line := range lines {
		one := at(line.Category, line.Direction)
		one.PublicLine = line
		one.Earlier = slices.ContainsFunc(earlier, func(m *manifest.Manifest) bool { return m.Asks(line.Category, line.Direction) })
	}
	slices.SortStableFunc(page.Lines, func(a, b figure) int {
		return cmp.Or(cmp.Compare(a.Category, b.Category), cmp.Compare(a.Direction, b.Direction))
	})
}

// cardsOf are the counts of one hook, with each reason that was given.
func cardsOf(hook manifest.Hook, counts hooks.Counts) cards {
	out := cards{
		Title: web.Text{FR: hook.Title.FR, EN: hook.Title.EN}, Accepted: usage.Coarse(counts.Accepted),
		Suggestions: usage.Coarse(counts.Suggestions), Overridden: usage.Coarse(counts.Overridden),
	}
	other := counts.Reasons
	for _, code := range slices.Sorted(maps.Keys(counts.By)) {
		out.Why = append(out.Why, why{code, usage.Coarse(counts.By[code])})
		other -= counts.By[code]
	}
	if other > 0 {
		out.Why = append(out.Why, why{"other", usage.Coarse(other)})
	}
	return out
}
