package main

import (
	"time"
)

// State is how a rule of the calendar stands for one person.
type State string

const (
	Due      State = "due"      // it is time, and it was not given
	Untraced State = "untraced" // it was due before vaccinations were recorded as a matter of course: nobody can tell from here
	Soon     State = "soon"     // it will be due within the horizon
	Done     State = "done"     // given
	Doubtful State = "doubtful" // a professional has to say: something else was given
)

// horizon is how far ahead something is called soon.
const horizon = 6 // months

// Finding is one rule for one person.
type Finding struct {
	Rule  *Rule
	State State
	When  time.Time // since when it is due, or from when it will be
	Last  Dose      // the newest dose that the rule looked at, zero for none
	Given int       // course: how many doses are recorded
	Next  time.Time // done: when it comes again, zero for never
	Early bool      // done: the dose was given before its time
}

// look says of each rule how it stands, in the order of the calendar. Rules that are not of the person's age say nothing.
func (c *Calendar) look(r *Record, today time.Time) (out []Finding) {
	if !r.Born.Known() || today.Before(r.Born.From) {
		return nil
	}
	for k := range c.Rules {
		rule := &c.Rules[k]
		if !rule.BornFrom.IsZero() && r.Born.From.Before(rule.BornFrom.Time) {
			continue
		}
		var f Finding
		var applies bool
		switch rule.Kind {
		case "course":
			f, applies = c.course(rule, r, today)
		case "appointment":
			f, applies = c.appointment(rule, r, today)
		case "season":
			f, applies = c.season(rule, r, today)
		}
		if applies {
			f.Rule = rule
			out = append(out, f)
		}
	}
	return out
}

// course is a row of doses, each at an age.
func (c *Calendar) course(rule *Rule, r *Record, today time.Time) (f Finding, applies bool) {
	if today.Before(r.at(0, rule.DosesAtMonths[0]).AddDate(0, -horizon, 0)) || rule.UntilMonths > 0 && !today.Before(r.at(0, rule.UntilMonths)) {
		return f, false
	}
	f.Given = r.count(rule.Needs)
	f.Last, _ = last(r.with(rule.Needs[:1]))
	if f.Given >= len(rule.DosesAtMonths) {
		f.State = Done
		return f, true
	}
	f.When = rule.from(r.at(0, rule.DosesAtMonths[f.Given]))
	switch {
	case len(r.with(rule.DoubtIf)) > 0 && len(rule.DoubtIf) > 0:
		f.State = Doubtful
	case f.When.After(today.AddDate(0, horizon, 0)):
		return f, f.Given > 0 && setDone(&f)
	case f.When.After(today):
		f.State = Soon
	default:
		f.State = c.missing(f.When, rule.Old)
	}
	return f, true
}

// from is when something falls due that is so by age: not before it was recommended at all.
func (r *Rule) from(age time.Time) time.Time {
	if age.Before(r.Since.Time) {
		return r.Since.Time
	}
	return age
}

// setDone says that what is due by now was given, and when the next dose is.
func setDone(f *Finding) bool {
	f.State, f.Next = Done, f.When
	return true
}

// missing tells what was not given from what may have been before there were records.
func (c *Calendar) missing(since time.Time, old bool) State {
	if old || since.Before(c.RecordsFrom.Time) {
		return Untraced
	}
	return Due
}

// appointment is one dose at each of some ages.
func (c *Calendar) appointment(rule *Rule, r *Record, today time.Time) (f Finding, applies bool) {
	age := r.age(today)
	if rule.UntilAge > 0 && age >= rule.UntilAge {
		return f, false
	}
	now, next := 0, 0
	for _, a := range rule.Ages {
		if a <= age {
			now = a
		} else if next == 0 {
			next = a
		}
	}
	f.Last, _ = last(r.with(rule.Needs))
	soon := next > 0 && !r.at(next, 0).AddDate(0, -horizon, 0).After(today)
	counts := r.at(now-rule.EarlyYears, 0)
	switch {
	case now == 0 && !soon:
		return f, false
	case now == 0, soon && f.Last.When.Known() && !f.Last.When.From.Before(counts):
		f.State, f.When = Soon, r.at(next, 0)
	case f.Last.When.Known() && !f.Last.When.From.Before(counts):
		f.State, f.Early = Done, rule.EarlyUnsure && f.Last.When.From.Before(r.at(now, 0))
		if next > 0 {
			f.Next = r.at(next, 0)
		}
	default:
		f.When = rule.from(r.at(now, 0))
		f.State = c.missing(f.When, false)
	}
	return f, true
}

// season is a dose each year, while the campaign lasts.
func (c *Calendar) season(rule *Rule, r *Record, today time.Time) (f Finding, applies bool) {
	for _, year := range []int{today.Year() - 1, today.Year()} {
		from, to := rule.Season.From.In(year), rule.Season.To.In(year+1).AddDate(0, 0, 1)
		if today.Before(from.AddDate(0, -1, 0)) || !today.Before(to) || r.at(rule.FromAge, 0).After(to) {
			continue
		}
		f.Last, _ = last(r.with(rule.Needs))
		f.When = from
		switch {
		case f.Last.When.Known() && !f.Last.When.From.Before(rule.Season.CountsFrom.In(year)):
			f.State, f.When = Done, time.Time{}
		case today.Before(from), r.at(rule.FromAge, 0).After(today):
			f.State = Soon
		default:
			f.State = Due
		}
		return f, true
	}
	return f, false
}
