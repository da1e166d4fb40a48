package main

import (
	"fmt"
	"strings"
	"time"
)

// Advice is what is said of one record: a summary, the whole in Markdown, and what could be put in the agenda.
type Advice struct {
	Summary   string
	Detail    string
	Indicator string // info, warning
	Entries   []Entry
}

// Entry is one vaccination that could be planned.
type Entry struct {
	Name   string
	Thing  string    // which dose of which rule, whatever the language and the day
	From   time.Time // not before
	Reason string
}

// maxEntries bounds what is proposed at once.
const maxEntries = 5

// advise puts into words, in a language, what the calendar says of a record.
func (c *Calendar) advise(r *Record, today time.Time, language string) Advice {
	w := words[language == "en"]
	if !r.Born.Known() {
		return Advice{Summary: w.ageless, Detail: w.agelessDetail + "\n\n" + c.source(w, language), Indicator: "info"}
	}
	found := map[State][]Finding{}
	for _, f := range c.look(r, today) {
		found[f.State] = append(found[f.State], f)
	}
	var b strings.Builder
	for _, s := range []State{Due, Doubtful, Untraced, Soon, Done} {
		if len(found[s]) == 0 {
			continue
		}
		fmt.Fprintf(&b, "**%s**\n\n", w.headings[s])
		for _, f := range found[s] {
			fmt.Fprintf(&b, "- %s\n", f.line(w, language))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "**%s**\n\n", w.unknown)
	for _, line := range c.limits(r, w, language) {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	b.WriteString("\n" + c.source(w, language))
	a := Advice{Detail: b.String(), Indicator: "info", Summary: w.summary(len(found[Due]), len(found[Untraced])+len(found[Doubtful]))}
	if len(found[Due]) > 0 {
		a.Indicator = "warning"
	}
	for _, f := range append(found[Due], found[Soon]...) {
		if len(a.Entries) == maxEntries {
			break
		}
		from := f.When
		if from.Before(today) {
			from = today
		}
		a.Entries = append(a.Entries, Entry{
			Name: w.vaccine + f.Rule.Name.In(language), Thing: f.Rule.thing(f.When), From: from, Reason: c.Name.In(language) + ", " + f.when(w),
		})
	}
	return a
}

// summary is the whole in one line.
func (w *wording) summary(due, unsure int) string {
	switch {
	case due > 0 && unsure > 0:
		return fmt.Sprintf(w.dueAndUnsure, due, unsure)
	case due > 0:
		return fmt.Sprintf(w.dueAlone, due)
	case unsure > 0:
		return fmt.Sprintf(w.unsureAlone, unsure)
	}
	return w.nothing
}

// line is one finding in a sentence or two.
func (f Finding) line(w *wording, language string) string {
	parts := []string{f.Rule.Name.In(language) + w.colon + f.when(w)}
	if f.Rule.Kind == "course" && f.State != Done {
		parts = append(parts, fmt.Sprintf(w.doses, f.Given, len(f.Rule.DosesAtMonths)))
	}
	if f.Last.When.Known() {
		parts = append(parts, fmt.Sprintf(w.last, f.Last.When.From.Format(w.date)))
	}
	if f.Rule.Duty != nil && f.State != Done {
		parts = append(parts, f.Rule.Duty.In(language))
	}
	text := strings.Join(parts, w.comma) + "."
	if f.Early {
		text += " " + w.early
	}
	if f.State == Done && len(f.Rule.Better) > 0 && !f.Last.holds(f.Rule.Better) {
		text += " " + w.better
	}
	if f.Rule.Note != nil && f.State != Done {
		text += " " + f.Rule.Note.In(language)
	}
	return text
}

func (f Finding) when(w *wording) string {
	switch {
	case f.State == Done && !f.Next.IsZero():
		return fmt.Sprintf(w.next, f.Next.Format(w.date))
	case f.State == Done:
		return w.done
	case f.State == Soon:
		return fmt.Sprintf(w.from, f.When.Format(w.date))
	}
	return fmt.Sprintf(w.since, f.When.Format(w.date))
}

// limits says what the advice does not know.
func (c *Calendar) limits(r *Record, w *wording, language string) (out []string) {
	out = append(out, w.hidden)
	if len(r.Unknown) > 0 {
		named := r.Unknown
		if len(named) > 5 {
			named = append(append([]string{}, named[:5]...), "…")
		}
		out = append(out, fmt.Sprintf(w.uncoded, len(r.Unknown), strings.Join(named, w.comma)))
	}
	if r.Undated > 0 {
		out = append(out, fmt.Sprintf(w.undated, r.Undated))
	}
	if r.NotDone > 0 {
		out = append(out, fmt.Sprintf(w.notDone, r.NotDone))
	}
	if r.More {
		out = append(out, w.more)
	}
	var silent []string
	for _, s := range c.SilentOn {
		silent = append(silent, s.In(language))
	}
	return append(out, w.silent+strings.Join(silent, " ; ")+".")
}

func (c *Calendar) source(w *wording, language string) string {
	return fmt.Sprintf(w.source, c.Name.In(language), c.Publisher.In(language), c.URL)
}
