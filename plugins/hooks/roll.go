package hooks

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

// The roll is who has a consent that may be to an app: whether it is, the gate says each time. It follows the access log, in
// which each consent leaves an entry.

// Enlist adds people to the roll, for what the access log does not tell: consents that an import brings. It is for the one
// that imports, before it writes them.
func Enlist(ctx context.Context, db store.DB, now time.Time, patients ...string) error {
	if len(patients) == 0 {
		return nil
	}
	err := db.Update(ctx, partition, func(tx store.Tx) error {
		for _, patient := range patients {
			if err := store.PutJSON(tx, rollKey(patient), now.UTC()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("enlisting people for schedules: %w", err)
	}
	return nil
}

func rollKey(patient string) []byte { return store.Key("roll", patient) }

// agreedAt is by when what a person of the roll agreed with last was in force; zero where it is not known.
func agreedAt(tx store.Tx, patient string) time.Time { return agreed(tx.Get(rollKey(patient))) }

// agreed reads a row of the roll.
func agreed(row []byte) (at time.Time) {
	if json.Unmarshal(row, &at) != nil {
		return time.Time{} // nobody, or a row from before the instant was kept
	}
	return at
}

// settles is how long a consent may take to be in force once its entry was read: an entry is in the log before what it tells
// of is written. A turn that was refused before then may have been judged by the consent before, and comes again. So it is
// not the entry's own moment, which is earlier still, that counts against a turn's.
const settles = 10 * time.Second

// follow reads the access log from where it was left.
func (s *Schedules) follow(ctx context.Context) error {
	var from int64
	err := s.front.c.DB.View(ctx, partition, func(tx store.Tx) error {
		_, err := store.GetJSON(tx, store.Key("roll-position"), &from)
		return err
	})
	for err == nil {
		var entries []audit.Entry
		var next int64
		if entries, next, err = s.log.Since(ctx, from, logAtOnce); err != nil || next == from {
			break
		}
		err = s.front.c.DB.Update(ctx, partition, func(tx store.Tx) error {
			for k := range entries {
				if e := &entries[k]; consents(e) {
					if err := store.PutJSON(tx, rollKey(e.Patient), s.front.c.Now().UTC().Add(settles)); err != nil {
						return err
					}
				}
			}
			return store.PutJSON(tx, store.Key("roll-position"), next)
		})
		from = next
	}
	if err != nil {
		return fmt.Errorf("finding who agreed with apps: %w", err)
	}
	return nil
}

// consents reports whether an entry is of a consent that was given or changed.
func consents(e *audit.Entry) bool {
	return e.Outcome == audit.Granted && e.Patient != "" && (e.Action == "C" || e.Action == "U") &&
		slices.ContainsFunc(e.Resources, func(r string) bool { return strings.HasPrefix(r, "Consent/") || r == "Consent" })
}

// due are the people of the roll for whom an app is to run now, from the one on after whom the last look ended.
func (s *Schedules) due(ctx context.Context, app App, now time.Time, most int) (out []string, err error) {
	every := period(app.Manifest.Plugin.Schedule.Every)
	err = s.front.c.DB.View(ctx, partition, func(tx store.Tx) error {
		out = nil
		var last string
		if _, err := store.GetJSON(tx, store.Key("cursor", app.Manifest.ID), &last); err != nil {
			return err
		}
		for patient, since := range after(tx, last) {
			if len(out) >= most {
				break
			}
			var t turn
			if _, err := store.GetJSON(tx, turnKey(app.Manifest.ID, patient), &t); err != nil {
				return err
			}
			if t.due(every, since, now) {
				out = append(out, patient)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading who is due: %w", err)
	}
	return out, nil
}

// after are all people of the roll with what agreedAt says of them, those after one first and then the others, that one last.
func after(tx store.Tx, last string) iter.Seq2[string, time.Time] {
	return func(yield func(string, time.Time) bool) {
		for _, before := range []bool{false, true} {
			from := rollKey(last)
			if before || last == "" {
				from = nil
			}
			for key, row := range tx.Scan(store.Key("roll"), from) {
				parts := store.KeyParts(key)
				if len(parts) != 2 || !before && parts[1] == last {
					continue
				}
				if before && bytes.Compare(key, rollKey(last)) > 0 {
					break
				}
				if !yield(parts[1], agreed(row)) {
					return
				}
			}
			if last == "" {
				return
			}
		}
	}
}
