package notice

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/store"
)

// Links that come by an import are told together: the files of a nation bring a whole circle in many batches, and who opens
// their space by one is told once, not of each member.

const (
	gatherFor    = time.Hour // after the first of them
	maxGathered  = 200       // names of one notice
	gatherAtOnce = 500
)

func gatheredKey(patient string) []byte { return store.Key("gathered", patient) }

// gathered are links of one space that are to be told together.
type gathered struct {
	Entry string    `json:"entry"` // the first that said so
	At    time.Time `json:"at"`
	Names []string  `json:"names"`
}

// gather adds the links of an entry to those that are to be told.
func (s *Service) gather(ctx context.Context, e *audit.Entry) error {
	err := s.c.DB.Update(ctx, partition, func(tx store.Tx) error {
		var g gathered
		if _, err := store.GetJSON(tx, gatheredKey(e.Patient), &g); err != nil {
			return err
		}
		if g.Entry == "" {
			g.Entry, g.At = e.ID, e.At.UTC()
		}
		for name := range strings.FieldsSeq(e.Details["linked"]) {
			if len(g.Names) < maxGathered && !slices.Contains(g.Names, name) {
				g.Names = append(g.Names, name)
			}
		}
		return store.PutJSON(tx, gatheredKey(e.Patient), g)
	})
	if err != nil {
		return fmt.Errorf("gathering the links of an import: %w", err)
	}
	return nil
}

// TellGathered tells of the links that imports brought, once they have been gathered long enough. It may be done again: a
// notice goes by the entry that began it.
func (s *Service) TellGathered(ctx context.Context) error {
	return whileDue(ctx, s.gatheredDue, s.tellGathered)
}

func (s *Service) gatheredDue(ctx context.Context) (due map[string]gathered, err error) {
	before := s.c.Now().Add(-gatherFor)
	err = s.c.DB.View(ctx, partition, func(tx store.Tx) error {
		due = map[string]gathered{}
		for key := range tx.Scan(store.Key("gathered"), nil) {
			var g gathered
			if _, err := store.GetJSON(tx, key, &g); err != nil {
				return err
			}
			if len(due) == gatherAtOnce {
				break
			}
			if !g.At.After(before) {
				due[store.KeyParts(key)[1]] = g
			}
		}
		return nil
	})
	if err != nil {
		err = fmt.Errorf("reading the links of imports: %w", err)
	}
	return due, err
}

func (s *Service) tellGathered(ctx context.Context, patient string, g gathered) error {
	all, err := s.gate.Recipients(ctx, gate.Telling{Patient: patient, About: Link, Entry: g.Entry})
	if err != nil {
		return err
	}
	e := &audit.Entry{ID: g.Entry, At: g.At, Patient: patient, Details: map[string]string{"linked": strings.Join(g.Names, " ")}}
	for _, r := range all {
		if _, err := s.put(ctx, s.notice(ctx, e, Link, r)); err != nil {
			return err
		}
	}
	err = s.c.DB.Update(ctx, partition, func(tx store.Tx) error {
		var now gathered
		if _, err := store.GetJSON(tx, gatheredKey(patient), &now); err != nil || now.Entry != g.Entry || len(now.Names) != len(g.Names) {
			return err // more came meanwhile: the next look tells it
		}
		return tx.Delete(gatheredKey(patient))
	})
	if err != nil {
		return fmt.Errorf("noting that the links of an import were told: %w", err)
	}
	return nil
}
