package main

import (
	"fmt"
	"strings"
)

// Advice is what is said of one record.
type Advice struct {
	Summary   string
	Detail    string
	Indicator string // info, warning, critical
}

// maxLines bounds how many findings a card lists.
const maxLines = 12

// advise puts the findings into words, and beside them all that was not checked.
func (t *Table) advise(r *Record, language string) Advice {
	w := words[language == "en"]
	found := t.check(r)
	a := Advice{Indicator: "info", Summary: fmt.Sprintf(w.nothing, len(r.Allergies), len(r.Drugs))}
	var b strings.Builder
	if len(found) > 0 {
		a.Indicator, a.Summary = "warning", w.sum(found)
		if found[0].severe() {
			a.Indicator = "critical"
		}
		fmt.Fprintf(&b, "**%s**\n\n", w.heading)
		for k, f := range found {
			if k == maxLines {
				fmt.Fprintf(&b, "- "+w.further+"\n", len(found)-k)
				break
			}
			fmt.Fprintf(&b, "- %s\n", w.line(f, language))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "**%s**\n\n", w.unknown)
	for _, line := range limits(r, w) {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	fmt.Fprintf(&b, "\n"+w.source, t.Source.Name, t.Source.URL)
	a.Detail = b.String()
	return a
}

// sum is what was found, in one line: the first of the findings is the gravest.
func (w *wording) sum(found []Finding) string {
	allergies := 0
	for _, f := range found {
		if f.allergy() {
			allergies++
		}
	}
	switch {
	case found[0].severe():
		return fmt.Sprintf(w.severe, short(found[0].Drug.Name), short(found[0].Allergy.Name))
	case allergies > 0:
		return fmt.Sprintf(w.mixed, len(found), allergies)
	}
	return fmt.Sprintf(w.duplicates, len(found))
}

// line is one finding in a sentence or two.
func (w *wording) line(f Finding, language string) string {
	var text string
	if f.allergy() {
		text = fmt.Sprintf(w.findings[f.Kind], f.Drug.Name, f.Allergy.Name)
	} else {
		text = fmt.Sprintf(w.findings[f.Kind], f.Other.Name, f.Drug.Name)
	}
	if f.Class != nil {
		text += fmt.Sprintf(w.family, f.Class.Name.In(language))
		if f.allergy() {
			text += " " + f.Class.Why.In(language)
		}
	}
	switch {
	case f.Perhaps && f.Kind == Allergic:
		text += w.byName
	case f.Perhaps && f.Kind == Twice:
		text += w.sameTwice
	}
	return text
}

// limits says what was not checked.
func limits(r *Record, w *wording) []string {
	out := []string{fmt.Sprintf(w.checked, len(r.Allergies), len(r.Drugs)), w.hidden}
	if len(r.Unread) > 0 {
		var unread []string
		for _, kind := range r.Unread {
			unread = append(unread, w.types[kind])
		}
		out = append(out, fmt.Sprintf(w.unread, strings.Join(unread, ", ")))
	}
	if len(r.OddAllergies) > 0 {
		out = append(out, fmt.Sprintf(w.oddAllergies, len(r.OddAllergies), few(r.OddAllergies)))
	}
	if len(r.OddDrugs) > 0 {
		out = append(out, fmt.Sprintf(w.oddDrugs, len(r.OddDrugs), few(r.OddDrugs)))
	}
	if r.NotMedicine > 0 {
		out = append(out, fmt.Sprintf(w.notMedicine, r.NotMedicine))
	}
	if r.More {
		out = append(out, w.more)
	}
	return append(out, w.table)
}

func few(names []string) string {
	if len(names) > 5 {
		return strings.Join(names[:5], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

// shortest is how many letters of a name fit into a summary.
const shortest = 32

// short is a name as a summary has it.
func short(name string) string {
	if letters := []rune(name); len(letters) > shortest {
		return string(letters[:shortest-1]) + "…"
	}
	return name
}
