package rehearsal

import (
	"context"
	"log/slog"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

var placeKey = store.Key("rehearsals", "place")

const page = 200 // entries looked at in one go

// Note keeps an event of the rehearsal's authorization server. What is no rehearsing app's is passed over.
func (r *Rehearsals) Note(ctx context.Context, e Event) error {
	return r.change(ctx, e.Client, func(held *Rehearsal) bool {
		if e.At.Before(held.Opened) {
			return false
		}
		held.Findings.note(e)
		return true
	})
}

// Run follows the access log of the rehearsal until the context ends, or the log is closed: it keeps what each app did, and
// gives the invented people their cues. What it has seen it does not take twice.
func (r *Rehearsals) Run(ctx context.Context, log *slog.Logger) {
	audit.Persevere(ctx, log, "the rehearsals", func(ctx context.Context) error {
		at, err := r.place(ctx)
		if err != nil {
			return err
		}
		return r.Stage.Log().Follow(ctx, at, page, func(entries []audit.Entry, next int64) error { return r.take(ctx, entries, next) })
	})
}

func (r *Rehearsals) place(ctx context.Context) (at int64, err error) {
	err = r.DB.View(ctx, store.Global, func(tx store.Tx) error {
		_, err := store.GetJSON(tx, placeKey, &at)
		return err
	})
	return at, err
}

// take keeps what the apps did by some entries, and the place, in one go; then it gives the cues that follow from them.
func (r *Rehearsals) take(ctx context.Context, entries []audit.Entry, next int64) error {
	var moved []*Rehearsal
	err := r.DB.Update(ctx, store.Global, func(tx store.Tx) error {
		held := map[string]*Rehearsal{}
		for i := range entries {
			if err := r.one(tx, &entries[i], held); err != nil {
				return err
			}
		}
		moved = moved[:0]
		for app, one := range held {
			if one == nil {
				continue
			}
			if err := store.PutJSON(tx, rehearsalKey(app), one); err != nil {
				return err
			}
			moved = append(moved, one)
		}
		return store.PutJSON(tx, placeKey, next)
	})
	if err != nil {
		return err
	}
	for _, one := range moved {
		if err := r.cue(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

// one takes one entry; held are the rehearsals read so far, nil for what is none.
func (r *Rehearsals) one(tx store.Tx, e *audit.Entry, held map[string]*Rehearsal) error {
	if e.Client == "" || e.Interaction == "" {
		return nil
	}
	one, known := held[e.Client]
	if !known {
		var read Rehearsal
		found, err := store.GetJSON(tx, rehearsalKey(e.Client), &read)
		if err != nil {
			return err
		}
		if found {
			one = &read
		}
		held[e.Client] = one
	}
	if one != nil && !e.At.Before(one.Opened) {
		one.Findings.access(e, one.Player(Leaves).Patient)
		if e.Outcome == audit.Granted {
			one.seen(e.Patient)
		}
	}
	return nil
}

// seen counts the accesses in the records of those who have a cue.
func (r *Rehearsal) seen(patient string) {
	switch patient {
	case "":
	case r.Player(Masks).Patient:
		r.Findings.Cues.Masks++
	case r.Player(Leaves).Patient:
		r.Findings.Cues.Leaves++
	}
}

// cue lets the invented people do what is theirs to do by now, once.
func (r *Rehearsals) cue(ctx context.Context, one *Rehearsal) error {
	f := one.Findings
	hides, leaves := f.MaskedAt.IsZero() && f.Cues.Masks > 0, f.LeftAt.IsZero() && f.Cues.Leaves >= leaveAfter
	if hides {
		if err := r.Stage.Hide(ctx, one.Player(Masks).Patient); err != nil {
			return err
		}
	}
	if leaves {
		if err := r.Stage.Leave(ctx, one.Player(Leaves).Patient, one.App); err != nil {
			return err
		}
	}
	if !hides && !leaves {
		return nil
	}
	now := r.Now().UTC()
	return r.change(ctx, one.App, func(held *Rehearsal) bool {
		if hides {
			held.Findings.MaskedAt = now
		}
		if leaves {
			held.Findings.LeftAt = now
		}
		return true
	})
}
