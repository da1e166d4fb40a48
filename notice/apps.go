package notice

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/store"
)

// What apps read is not told at each access, which the person asked for, but summed up now and then: how often is the
// policies' to say. Only what somebody let in themselves is counted, so that the sum tells nothing they may not know.

const (
	lookAgain  = time.Hour // how often it is looked whether a sum, or what is told each day, is due
	maxSummed  = 20000     // entries that are looked at for one sum
	noSooner   = 24 * time.Hour
	sumsAtOnce = 200
)

func againKey(at time.Time, patient string) []byte {
	return store.Key("again", at.UTC().Format("2006-01-02T15:04:05Z"), patient)
}
func summedKey(patient string) []byte { return store.Key("summed", patient) }

// summed says when the apps of a space were summed up last, and when they are next.
type summed struct {
	Last time.Time `json:"last"`
	Next time.Time `json:"next"`
}

// letIn reports whether an entry is of an app that the person, or who acts for them, let in.
func (s *Service) letIn(e *audit.Entry) bool {
	own := e.Actor.Kind == "patient" || e.Actor.Kind == "representative" || e.Actor.Kind == "carer"
	return own && e.Outcome == audit.Granted && len(e.Labels) == 0 && s.c.App != nil && s.c.App(e.Client)
}

// enrol has the apps of a space summed up from an access on, once.
func (s *Service) enrol(ctx context.Context, e *audit.Entry) (bool, error) {
	key := "apps " + e.Patient
	if !s.letIn(e) || s.met.has(key) {
		return false, nil
	}
	all, err := s.gate.Recipients(ctx, gate.Telling{Patient: e.Patient, About: Apps})
	if err != nil {
		return false, err
	}
	every := period(all)
	if every == 0 {
		return false, nil
	}
	err = s.c.DB.Update(ctx, partition, func(tx store.Tx) error {
		if tx.Get(summedKey(e.Patient)) != nil {
			return nil
		}
		return plan(tx, e.Patient, e.At.UTC(), e.At.UTC().Add(every))
	})
	if err != nil {
		return false, fmt.Errorf("planning the sum of what apps read: %w", err)
	}
	s.met.add(key)
	return true, nil
}

func plan(tx store.Tx, patient string, last, next time.Time) error {
	if err := store.PutJSON(tx, summedKey(patient), summed{last, next}); err != nil {
		return err
	}
	return tx.Put(againKey(next, patient), []byte{1})
}

// period is after how long the policies want the sum again, 0 for never.
func period(all []gate.Recipient) time.Duration {
	for _, r := range all {
		if r.Again > 0 {
			return max(r.Again, noSooner)
		}
	}
	return 0
}

// sumUp makes the sums that are due until the context ends.
func (s *Service) sumUp(ctx context.Context) {
	for {
		if err := s.SumUp(ctx); err != nil && ctx.Err() == nil {
			s.c.Slog.ErrorContext(ctx, "summing up what apps read", "error", err)
		}
		if err := s.TellGathered(ctx); err != nil && ctx.Err() == nil {
			s.c.Slog.ErrorContext(ctx, "telling of the links of an import", "error", err)
		}
		if err := s.Digest(ctx); err != nil && ctx.Err() == nil {
			s.c.Slog.ErrorContext(ctx, "telling those who review what waits", "error", err)
		}
		if err := s.forget(ctx); err != nil && ctx.Err() == nil {
			s.c.Slog.ErrorContext(ctx, "forgetting what was sent", "error", err)
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return
		}
	}
}

// SumUp makes the sums that are due now.
func (s *Service) SumUp(ctx context.Context) error { return whileDue(ctx, s.dueSums, s.sum) }

// whileDue does what is due, by patient, until nothing is: what was done is due no more. It returns at the first error.
func whileDue[T any](ctx context.Context, due func(context.Context) (map[string]T, error), do func(context.Context, string, T) error) error {
	for {
		all, err := due(ctx)
		if err != nil || len(all) == 0 {
			return err
		}
		for patient, one := range all {
			if err := do(ctx, patient, one); err != nil {
				return err
			}
		}
	}
}

func (s *Service) dueSums(ctx context.Context) (due map[string]summed, err error) {
	now := s.c.Now()
	err = s.c.DB.View(ctx, partition, func(tx store.Tx) error {
		due = map[string]summed{}
		for key := range tx.Scan(store.Key("again"), nil) {
			parts := store.KeyParts(key)
			if len(parts) != 3 || len(due) == sumsAtOnce {
				break
			}
			var was summed
			if _, err := store.GetJSON(tx, summedKey(parts[2]), &was); err != nil {
				return err
			}
			if was.Next.After(now) {
				break // the keys are in the order of time
			}
			if !bytes.Equal(key, againKey(was.Next, parts[2])) {
				continue // of a plan that was replaced
			}
			due[parts[2]] = was
		}
		return nil
	})
	if err != nil {
		err = fmt.Errorf("reading which sums are due: %w", err)
	}
	return due, err
}

// sum tells what apps read of a space since the last time, when they read anything, and plans the next. The notice's id is
// made of the time, so that it is told once.
func (s *Service) sum(ctx context.Context, patient string, was summed) error {
	uses, err := s.used(ctx, patient, was.Last, was.Next)
	if err != nil {
		return err
	}
	all, err := s.gate.Recipients(ctx, gate.Telling{Patient: patient, About: Apps})
	if err != nil {
		return err
	}
	for _, r := range all {
		if len(uses) == 0 {
			break
		}
		n := &Notice{
			ID: was.Next.Format(time.DateOnly) + "-" + patient + "-" + Apps, About: Apps, Patient: patient, At: was.Next, Apps: uses,
			To: r.Reference, Kind: r.Kind, Email: r.Email, Language: r.Language,
		}
		if _, err := s.put(ctx, n); err != nil {
			return err
		}
	}
	err = s.c.DB.Update(ctx, partition, func(tx store.Tx) error {
		if err := tx.Delete(againKey(was.Next, patient)); err != nil {
			return err
		}
		every := period(all)
		if every == 0 { // nobody wants it any more: a later access asks again
			return tx.Delete(summedKey(patient))
		}
		next := was.Next
		for !next.After(s.c.Now()) {
			next = next.Add(every)
		}
		return plan(tx, patient, was.Next, next)
	})
	if err != nil {
		return fmt.Errorf("planning the next sum: %w", err)
	}
	return nil
}

// used counts in the log what each app read in a while.
func (s *Service) used(ctx context.Context, patient string, since, until time.Time) ([]AppUse, error) {
	sums := map[string]*AppUse{}
	q := audit.Query{Patient: patient, OldestFirst: true, Since: since, Until: until, Limit: 1000, Keep: s.letIn}
	for read := 0; read < maxSummed; {
		page, err := s.c.Log.Select(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, e := range page.Entries {
			one := sums[e.Client]
			if one == nil {
				one = &AppUse{Client: e.Client}
				sums[e.Client] = one
			}
			one.Accesses++
			one.Last = e.At.UTC()
		}
		if read += len(page.Entries); page.Next == "" {
			break
		}
		q.Before = page.Next
	}
	out := make([]AppUse, 0, len(sums))
	for _, one := range sums {
		out = append(out, *one)
	}
	slices.SortFunc(out, func(a, b AppUse) int { return strings.Compare(a.Client, b.Client) })
	return out, nil
}
