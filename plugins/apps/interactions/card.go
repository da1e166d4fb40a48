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
	a := Advice{Indicator: "info", Summary: w.nothing(len(r.Allergies), len(r.Drugs))}
	var b strings.Builder
	if len(found) > 0 {
		a.Indicator, a.Summary = "warning", w.found(found)
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

// limits says what was not checked.
func limits(r *Record, w *wording) []string {
	out := []string{fmt.Sprintf(w.checked, len(r.Allergies), len(r.Drugs)), w.hidden}
	if len(r.Unread) > 0 {
		out = append(out, fmt.Sprintf(w.unread, strings.Join(r.Unread, ", ")))
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
