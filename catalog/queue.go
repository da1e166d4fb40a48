package catalog

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// Waiting is a version that waits for the authority, and since when.
type Waiting struct {
	App, Version string
	Name         Text
	Publisher    string // legal name
	State        string
	Since        time.Time // in this state
	Submitted    time.Time
	Due          time.Time // by when the authority says that it takes the next step
	Place        int       // among those in this state, from 1, by when they were submitted
	Days         int       // whole days in this state
	Update       bool      // an earlier version of the app was on the air
}

// Late tells whether the authority has passed its own date.
func (w *Waiting) Late(now time.Time) bool { return now.After(w.Due) }

// Queue is everything that waits for the authority, in its order: state by state as the law goes, first come first.
func (c Apps) Queue(ctx context.Context) ([]Waiting, error) {
	all, err := rows[Version](ctx, c.DB, store.Key("app-version"))
	if err != nil {
		return nil, fmt.Errorf("reading the queue: %w", err)
	}
	aired := map[string]bool{}
	for k := range all {
		aired[all[k].App] = aired[all[k].App] || onAir(all[k].State) || all[k].State == Superseded
	}
	now := c.Now()
	var out []Waiting
	for k := range all {
		v := &all[k]
		state, since := v.State, v.Since
		within, ok := waits(state)
		if asked := v.Asked(); !asked.IsZero() {
			state, since, within, ok = Renewal, asked, Renews, true
		}
		if !ok {
			continue
		}
		w := Waiting{
			App: v.App, Version: v.Version, State: state, Since: since, Submitted: v.Submitted(), Due: since.Add(within),
			Days: int(now.Sub(since) / days), Update: aired[v.App],
		}
		if m, err := v.Read(); err == nil {
			w.Name, w.Publisher = m.Name, m.Publisher.LegalName
		}
		out = append(out, w)
	}
	slices.SortStableFunc(out, func(a, b Waiting) int {
		return cmp.Or(cmp.Compare(rank(a.State), rank(b.State)), a.Submitted.Compare(b.Submitted), cmp.Compare(a.App, b.App))
	})
	places := map[string]int{}
	for k := range out {
		places[out[k].State]++
		out[k].Place = places[out[k].State]
	}
	return out, nil
}

// rank is where a state stands in the law; a renewal after all of them.
func rank(state string) int {
	if state == Renewal {
		return len(Law)
	}
	return slices.IndexFunc(Law, func(r Rule) bool { return slices.Contains(r.From, state) })
}

// Place is where one version stands in the queue; ok is false when it waits for nobody but its publisher.
func (c Apps) Place(ctx context.Context, app, version string) (w Waiting, ok bool, err error) {
	all, err := c.Queue(ctx)
	if err != nil {
		return w, false, err
	}
	k := slices.IndexFunc(all, func(w Waiting) bool { return w.App == app && w.Version == version })
	if k < 0 {
		return w, false, nil
	}
	return all[k], true, nil
}

// Figure is how long one state lasts, as it is published.
type Figure struct {
	State    string
	Promised time.Duration // within which the authority says that it takes the next step
	Done     int           // versions that left the state in the year before
	Median   time.Duration // they spent in it
	Nine     time.Duration // nine in ten of them spent at most this
	Waiting  int
	Late     int
}

// Figures say how long each state in which the authority is waited for lasted, over the year before now. They name nobody.
func (c Apps) Figures(ctx context.Context) ([]Figure, error) {
	all, err := rows[Version](ctx, c.DB, store.Key("app-version"))
	if err != nil {
		return nil, fmt.Errorf("counting the queue: %w", err)
	}
	now := c.Now()
	spent := map[string][]time.Duration{}
	waiting, late := map[string]int{}, map[string]int{}
	for k := range all {
		v := &all[k]
		for j := 1; j < len(v.Steps); j++ {
			if s := v.Steps[j]; s.Step != "withdraw" && now.Sub(s.At) <= 365*days {
				spent[s.From] = append(spent[s.From], s.At.Sub(v.Steps[j-1].At))
			}
		}
		if within, ok := waits(v.State); ok {
			waiting[v.State]++
			if now.Sub(v.Since) > within {
				late[v.State]++
			}
		}
	}
	var out []Figure
	for _, state := range []string{Submitted, Admissible, Evaluation, Agreement, Tested} {
		f := Figure{State: state, Done: len(spent[state]), Waiting: waiting[state], Late: late[state]}
		f.Promised, _ = waits(state)
		f.Median, f.Nine = quantile(spent[state], 50), quantile(spent[state], 90)
		out = append(out, f)
	}
	return out, nil
}

// quantile is the least of the values that so many in a hundred do not pass; 0 of none.
func quantile(values []time.Duration, percent int) time.Duration {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[(len(values)*percent+99)/100-1]
}
