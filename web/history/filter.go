package history

import (
	"net/url"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/web/sentence"
)

// Views are whose accesses a page shows.
const (
	professionals = "professionals"
	mine          = "mine" // the person, and who acts for them
	services      = "services"
)

var views = []string{professionals, mine, services}

// filter is which part of the history is asked for. It is what the address of a page says.
type filter struct {
	patient      string // logical id, "" for the person's own
	view         string
	since, until string // days, as forms send them; "" where unbounded
	refused      bool   // what was not let in
	from         string // sealed position of the gate's page
}

// filterOf reads an address. What is none of ours is left out.
func filterOf(q url.Values) filter {
	f := filter{view: q.Get("view"), since: day(q.Get("since")), until: day(q.Get("until")), refused: q.Get("outcome") == "refused", from: q.Get("from")}
	if fhir.IsID(q.Get("patient")) {
		f.patient = q.Get("patient")
	}
	if !slices.Contains(views, f.view) {
		f.view = professionals
	}
	return f
}

func day(text string) string {
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return ""
	}
	return text
}

// address is the page of a filter.
func (f filter) address() string {
	q := url.Values{}
	for name, value := range map[string]string{"patient": f.patient, "since": f.since, "until": f.until, "from": f.from} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if f.view != professionals {
		q.Set("view", f.view)
	}
	if f.refused {
		q.Set("outcome", "refused")
	}
	if len(q) == 0 {
		return Home
	}
	return Home + "?" + q.Encode()
}

// of is the filter with another view, from its newest page.
func (f filter) of(view string) filter {
	f.view, f.from = view, ""
	return f
}

// let is the filter for what was let in, or was not, from its newest page.
func (f filter) let(refused bool) filter {
	f.refused, f.from = refused, ""
	return f
}

// target is the search of the log for a page of the filter.
func (f filter) target(m *sentence.Maker, patient string, count string) string {
	q := url.Values{"patient": {patient}, "_count": {count}, "outcome": {"0"}}
	if f.refused {
		q.Set("outcome", "4,8")
	}
	if since := m.Day(f.since); !since.IsZero() {
		q.Add("date", "ge"+since.UTC().Format(time.RFC3339))
	}
	if until := m.Day(f.until); !until.IsZero() {
		q.Add("date", "lt"+until.AddDate(0, 0, 1).UTC().Format(time.RFC3339))
	}
	if f.from != "" {
		q.Set(gate.PageParameter, f.from)
	}
	return "AuditEvent?" + q.Encode()
}

// positionOf is the sealed position in the link of a page.
func positionOf(next string) string {
	u, err := url.Parse(next)
	if err != nil {
		return ""
	}
	return u.Query().Get(gate.PageParameter)
}
