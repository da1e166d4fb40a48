package main

import (
	"slices"
	"time"
)

// maxOver bounds the things that one answer withdraws: it is the host's own bound.
const maxOver = 100

// over are the things that may have been proposed earlier, and whose dose is recorded since. What has merely left the calendar, or is
// no longer proposed, is not among them, nor a dose of which a professional is to say whether it counts, nor one that was due on the
// day of another that is missing.
func (c *Calendar) over(r *Record, today time.Time) (things []string) {
	if !r.Born.Known() || today.Before(r.Born.From) {
		return nil
	}
	var missing []string
	for _, f := range c.look(r, today) {
		if f.State != Done {
			missing = append(missing, f.Rule.thing(f.When))
		}
	}
	for k := range c.Rules {
		rule := &c.Rules[k]
		for _, when := range rule.given(r, today) {
			for _, day := range []time.Time{when, rule.from(when)} { // as it was proposed before it was due, and since
				thing := rule.thing(day)
				if !slices.Contains(things, thing) && !slices.Contains(missing, thing) && len(things) < maxOver {
					things = append(things, thing)
				}
			}
		}
	}
	return things
}

// thing says which dose of a rule, by the day from which it is due.
func (r *Rule) thing(due time.Time) string { return r.ID + "." + due.Format(time.DateOnly) }

// given are the days from which doses of a rule were due that are recorded.
func (r *Rule) given(record *Record, today time.Time) (days []time.Time) {
	newest, known := last(record.with(r.Needs))
	switch r.Kind {
	case "course":
		for k := range min(record.count(r.Needs), len(r.DosesAtMonths)) {
			days = append(days, record.at(0, r.DosesAtMonths[k]))
		}
	case "appointment":
		age := record.age(today)
		reached := 0
		for _, a := range r.Ages {
			if a <= age {
				days, reached = append(days, record.at(a, 0)), max(reached, a)
			}
		}
		counts := record.at(reached-r.EarlyYears, 0)
		if !known || newest.When.From.Before(counts) || r.EarlyUnsure && newest.When.From.Before(record.at(reached, 0)) {
			return nil
		}
	case "season":
		for _, year := range []int{today.Year() - 1, today.Year()} {
			if known && !newest.When.From.Before(r.Season.CountsFrom.In(year)) {
				days = append(days, r.Season.From.In(year))
			}
		}
	}
	return days
}
