package main

import (
	"time"

	"github.com/pontlevis/pontlevis/plugins/sdk"
)

// figures counts how the rules of the calendar stand, what could not be told among them. There are none where they would mislead:
// without a date of birth nothing was checked, and of a record that was read in part nobody knows what else was given.
func (c *Calendar) figures(r *Record, today time.Time, language string) *sdk.Page {
	if !r.Born.Known() || r.More {
		return nil
	}
	w := words[language == "en"]
	count := map[State]int{}
	for _, f := range c.look(r, today) {
		count[f.State]++
	}
	page := &sdk.Page{Title: w.figures}
	add := func(label string, n int, at string) {
		page.Figures = append(page.Figures, sdk.Figure{Label: label, Value: float64(n), At: at})
	}
	for _, s := range []State{Done, Due, Soon, Untraced, Doubtful} {
		add(w.counted[s], count[s], "")
	}
	if newest, ok := last(r.Doses); ok {
		add(w.days, len(r.Doses), newest.When.From.Format(time.DateOnly))
	}
	if n := len(r.Unknown) + r.Undated; n > 0 {
		add(w.uncounted, n, "")
	}
	return page
}
