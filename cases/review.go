package cases

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/store"
)

// maxQueue bounds a list of cases; what is beyond is due later.
const maxQueue = 500

// File is a case as whoever reviews it sees it.
type File struct {
	Case
	Name   string // of the patient
	Opened []Opened
}

// Opened is what an emergency access gave of one kind, as the log says.
type Opened struct {
	Type      string // FHIR type
	Resources int    // how many were given, each once
	Accesses  int
	First     time.Time
	Last      time.Time
}

// Queue gives the open cases of the establishment under whose names a grant acts, the soonest due first. Looking is
// logged. Errors: a *gate.Refusal.
func (r *Register) Queue(ctx context.Context, g *gate.Grant) ([]Case, error) {
	var rows []place
	for _, organization := range g.Actor.Organizations {
		more, err := r.places(ctx, store.Key("queue", organization), maxQueue-len(rows))
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return r.listed(ctx, g, "queue", rows)
}

// Overdue gives what no establishment closed in time, and what belongs to none, the longest due first. Looking is logged.
// Errors: a *gate.Refusal.
func (r *Register) Overdue(ctx context.Context, g *gate.Grant) ([]Case, error) {
	rows, err := r.places(ctx, store.Key("queue"), 1<<20)
	if err != nil {
		return nil, err
	}
	now := r.now()
	rows = slices.DeleteFunc(rows, func(p place) bool { return p.organization != "" && (p.Drill || !now.After(p.Due)) })
	slices.SortStableFunc(rows, func(a, b place) int { return a.Due.Compare(b.Due) })
	return r.listed(ctx, g, "overdue", rows[:min(len(rows), maxQueue)])
}

// place is a row of the queue.
type place struct {
	indexed
	id, organization string
}

func (r *Register) places(ctx context.Context, prefix []byte, most int) (out []place, err error) {
	err = r.db.View(ctx, queuePartition, func(tx store.Tx) error {
		out = nil
		for key := range tx.Scan(prefix, nil) {
			parts := store.KeyParts(key)
			if len(out) >= most || len(parts) != 4 {
				break
			}
			p := place{organization: parts[1], id: parts[3]}
			if _, err := store.GetJSON(tx, key, &p.indexed); err != nil {
				return err
			}
			out = append(out, p)
		}
		return nil
	})
	return out, err
}

// listed reads the cases of rows, and keeps those that the policies let the grant see.
func (r *Register) listed(ctx context.Context, g *gate.Grant, step string, rows []place) ([]Case, error) {
	var all []Case
	var list []gate.Reviewed
	now := r.now()
	for _, row := range rows {
		c, err := r.read(ctx, row.Patient, row.id)
		if err != nil {
			return nil, err
		}
		all, list = append(all, *c), append(list, reviewed(c, now))
	}
	seen, err := r.gate.Review(ctx, g, gate.Review{Step: step, List: list})
	if err != nil {
		return nil, err
	}
	var out []Case
	for k := range all {
		if seen.Shown[k] {
			all[k].Pending = nil
			out = append(out, all[k])
		}
	}
	slices.SortStableFunc(out, func(a, b Case) int { return a.Due.Compare(b.Due) })
	return out, nil
}

// See gives a case with what the access opened. It is logged as an access that the person sees. Errors: ErrNotFound, a
// *gate.Refusal.
func (r *Register) See(ctx context.Context, g *gate.Grant, id string) (*File, error) {
	c, err := r.find(ctx, g, id, "see")
	if err != nil {
		return nil, err
	}
	about := reviewed(c, r.now())
	seen, err := r.gate.Review(ctx, g, gate.Review{Step: "see", Patient: c.Patient, Case: &about, Details: map[string]string{kindDetail: c.Kind}})
	if err != nil {
		return nil, alike(err)
	}
	f := &File{Case: *c, Name: seen.Name}
	f.Pending = nil
	f.Opened, err = r.opens(ctx, c)
	return f, err
}

// Close ends a case with a verdict of the policies' list and a note; of a question, the note is the answer and is needed; so is what was done about an app.
// Errors: ErrText, ErrNotFound, a *gate.Refusal.
func (r *Register) Close(ctx context.Context, g *gate.Grant, id, verdict, note string) (*Case, error) {
	c, err := r.find(ctx, g, id, "close")
	if err != nil {
		return nil, err
	}
	if note, err = written(note, c.Kind != Emergency); err != nil {
		return nil, err
	}
	v := Verdict{Code: verdict, Note: note, By: by(g)}
	details := map[string]string{kindDetail: c.Kind, "verdict": verdict, digestDetail: v.Digest(id)}
	return r.step(ctx, g, c, gate.Review{Step: "close", Verdict: verdict, Details: details}, func(entry string) pending {
		v.Entry = entry
		return pending{Verdict: &v}
	})
}

// maxOpened bounds the entries that are read for one case.
const maxOpened = 5000

// opens reads in the log what was given under the grants of a case; of a question, what the access gave.
func (r *Register) opens(ctx context.Context, c *Case) ([]Opened, error) {
	grants := map[string]bool{}
	for _, g := range c.Grants {
		grants[g] = true
	}
	q := audit.Query{
		Patient: c.Patient, OldestFirst: true, Since: c.Since, Limit: 1000,
		Keep: func(e *audit.Entry) bool {
			return e.Outcome == audit.Granted && len(e.Resources) > 0 && (grants[e.Grant] || e.ID == c.About)
		},
	}
	if c.Kind == App {
		return nil, nil // whose record it was is in no case about an app
	}
	if c.Kind == Question {
		q.Since = time.Time{}
	} else {
		q.Until = c.Until.Add(time.Minute)
	}
	sum := map[string]*Opened{}
	seen := map[string]bool{}
	for read := 0; read < maxOpened; {
		page, err := r.log.Select(ctx, q)
		if err != nil {
			return nil, err
		}
		for k := range page.Entries {
			add(sum, seen, &page.Entries[k])
		}
		if read += len(page.Entries); page.Next == "" {
			break
		}
		q.Before = page.Next
	}
	out := make([]Opened, 0, len(sum))
	for _, o := range sum {
		out = append(out, *o)
	}
	slices.SortFunc(out, func(a, b Opened) int { return strings.Compare(a.Type, b.Type) })
	return out, nil
}

// add counts one entry.
func add(sum map[string]*Opened, seen map[string]bool, e *audit.Entry) {
	types := map[string]bool{}
	for _, ref := range e.Resources {
		kind, _, _ := strings.Cut(ref, "/")
		o := sum[kind]
		if o == nil {
			o = &Opened{Type: kind, First: e.At}
			sum[kind] = o
		}
		if !seen[ref] {
			seen[ref] = true
			o.Resources++
		}
		if !types[kind] {
			types[kind] = true
			o.Accesses++
		}
		o.Last = e.At
	}
}
