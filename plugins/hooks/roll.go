package hooks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

// The roll is who has a consent that may be to an app: whether it is, the gate says each time. It follows the access log, in
// which each consent leaves an entry.

// Enlist adds a person to the roll, for what the access log does not tell: consents that were loaded.
func (s *Schedules) Enlist(ctx context.Context, patient string) error {
	err := s.front.c.DB.Update(ctx, partition, func(tx store.Tx) error { return tx.Put(store.Key("roll", patient), []byte{1}) })
	if err != nil {
		return fmt.Errorf("enlisting somebody for schedules: %w", err)
	}
	return nil
}

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
					if err := tx.Put(store.Key("roll", e.Patient), []byte{1}); err != nil {
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

// due are the people of the roll for whom an app did not run since.
func (s *Schedules) due(ctx context.Context, app string, since time.Time, most int) (out []string, err error) {
	err = s.front.c.DB.View(ctx, partition, func(tx store.Tx) error {
		out = nil
		for key := range tx.Scan(store.Key("roll"), nil) {
			if len(out) >= most {
				break
			}
			parts := store.KeyParts(key)
			if len(parts) != 2 {
				continue
			}
			var e ranEntry
			if _, err := store.GetJSON(tx, store.Key("ran", app, parts[1]), &e); err != nil {
				return err
			}
			if !e.At.After(since) {
				out = append(out, parts[1])
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading who is due: %w", err)
	}
	return out, nil
}
