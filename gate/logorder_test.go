package gate

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/audit"
)

var hourAgo = time.Date(2026, 11, 2, 11, 0, 0, 0, time.UTC)

// accesses fills camille's log with entries whose times go back and forth, several to a millisecond, of several agents
// and outcomes, one in five hidden from legal representatives.
func (w *world) accesses(n int) []audit.Entry {
	w.Helper()
	entries := make([]audit.Entry, n)
	for i := range entries {
		e := audit.Entry{
			ID: fmt.Sprintf("access-%03d", (i*37)%n), At: hourAgo.Add(-time.Duration(i*i%17) * time.Millisecond), Patient: "lucas",
			Actor:   audit.Agent{Kind: "professional", ID: "Practitioner/" + []string{"dr-roux", "dr-lam", "inf-martin"}[i%3]},
			Outcome: []string{audit.Granted, audit.Refused}[i%2], Interaction: []string{"read", "search-type"}[i/2%2],
		}
		if i%5 == 0 {
			e.Labels = []string{secret}
		}
		entries[i] = e
	}
	if err := w.log.Append(w.Context(), entries...); err != nil {
		w.Fatal(err)
	}
	return entries
}

// walk follows the pages of a search and returns the ids of what it wrote into the log before, in the order given.
func (w *world) walk(who, path string) (ids []string) {
	w.Helper()
	for path != "" {
		a := w.get(who, path).is(200)
		for _, name := range a.names() {
			if id, ours := strings.CutPrefix(name, "AuditEvent/access-"); ours {
				ids = append(ids, "access-"+id)
			}
		}
		path = ""
		for _, link := range a.node().Get("link").Items() {
			if link.Get("relation").Text() == "next" {
				u, err := url.Parse(link.Get("url").Text())
				if err != nil {
					w.Fatal(err)
				}
				path = strings.TrimPrefix(u.Path, "/fhir") + "?" + u.RawQuery
			}
		}
	}
	return ids
}

// TestLogIsReadByDate holds that pages of the access log, in either order and narrowed by what the log keeps, give what
// sorting and filtering all of it gives, while reading it adds to it.
func TestLogIsReadByDate(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().minor()
	entries := w.accesses(60)
	for _, c := range []struct {
		query  string
		newest bool
		shown  func(e *audit.Entry) bool
	}{
		{"", true, nil},
		{"&_sort=-date", true, nil},
		{"&_sort=date", false, nil},
		{"&_sort=-date&agent=Practitioner/dr-lam", true, func(e *audit.Entry) bool { return e.Actor.ID == "Practitioner/dr-lam" }},
		{"&outcome=4", true, func(e *audit.Entry) bool { return e.Outcome == audit.Refused }},
		{"&action=E&_sort=date", false, func(e *audit.Entry) bool { return e.Interaction == "search-type" }},
		{"&date=ge" + at(-8) + "&date=lt" + at(-3), true, func(e *audit.Entry) bool {
			ms := e.At.Sub(hourAgo).Milliseconds()
			return ms >= -8 && ms < -3
		}},
		{"&date=lt2001-01-01", true, func(*audit.Entry) bool { return false }},
	} {
		for _, who := range []string{"lucas", "karim"} {
			var want []string
			for _, e := range ordered(entries, c.newest) {
				if (c.shown == nil || c.shown(&e)) && (who == "lucas" || !e.Hidden(secret)) {
					want = append(want, e.ID)
				}
			}
			got := w.walk(who, "/AuditEvent?patient=lucas&_count=7"+c.query)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s, %q (-want +got):\n%s", who, c.query, d)
			}
		}
	}
}

func at(ms int) string {
	return url.QueryEscape(hourAgo.Add(time.Duration(ms) * time.Millisecond).Format("2006-01-02T15:04:05.000Z07:00"))
}

func ordered(entries []audit.Entry, newest bool) []audit.Entry {
	entries = slices.Clone(entries)
	slices.SortFunc(entries, func(a, b audit.Entry) int {
		n := a.At.Truncate(time.Millisecond).Compare(b.At.Truncate(time.Millisecond))
		if newest {
			n = -n
		}
		if n == 0 {
			n = strings.Compare(a.ID, b.ID)
		}
		return n
	})
	return entries
}
