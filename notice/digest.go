package notice

import (
	"context"
	"fmt"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/store"
)

// Those who review emergency accesses are told once a day of what waits for them, in numbers, and never of one case: who it
// is about is for the page to show, to whom it may. At which hour, and how long before its date, is the policies' to say.

// Backlog is what waits for somebody with a part in the review.
type Backlog struct {
	Soon int       `json:"soon,omitempty"` // due before long
	Next time.Time `json:"next,omitzero"`  // when the first of them is
	Late int       `json:"late,omitempty"` // past their date
	Many bool      `json:"many,omitempty"` // there are more than were counted

	Places []Place `json:"places,omitempty"` // of the authority: what is late, by establishment
}

// Place is what is late at one establishment.
type Place struct {
	Name  string    `json:"name"` // as the directory says; "" for none, or one that is not known
	Late  int       `json:"late"`
	Since time.Time `json:"since"` // the date of the oldest
}

// Waiting gives, for each person with a part in the review, what waits for them. within is how long before its date a case
// is told of.
type Waiting func(ctx context.Context, within time.Duration, tell func(who gate.Actor, own, others *Backlog) error) error

// maxPlaces bounds the establishments that one message names.
const maxPlaces = 100

// digestKey holds the last day of which everybody was told.
var digestKey = store.Key("digest")

// Digest tells those who review what waits for them today, unless they were told already.
func (s *Service) Digest(ctx context.Context) error {
	if s.c.Waiting == nil {
		return nil
	}
	hour, within, on := s.gate.Reminding()
	local := s.c.Now().In(s.words["fr"].zone)
	if !on || local.Hour() < hour {
		return nil
	}
	day := local.Format(time.DateOnly)
	var last string
	err := s.c.DB.View(ctx, partition, func(tx store.Tx) error {
		last = string(tx.Get(digestKey))
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading when those who review were told: %w", err)
	}
	if last >= day {
		return nil
	}
	at := time.Date(local.Year(), local.Month(), local.Day(), hour, 0, 0, 0, local.Location()).UTC()
	err = s.c.Waiting(ctx, within, func(who gate.Actor, own, others *Backlog) error { return s.remind(ctx, at, day, who, own, others) })
	if err != nil {
		return fmt.Errorf("telling those who review what waits: %w", err)
	}
	return s.c.DB.Update(ctx, partition, func(tx store.Tx) error { return tx.Put(digestKey, []byte(day)) })
}

// remind tells one person. The notice is made of the day, so that a day that was begun twice tells it once.
func (s *Service) remind(ctx context.Context, at time.Time, day string, who gate.Actor, own, others *Backlog) error {
	if own.empty() && others.empty() {
		return nil
	}
	r, err := s.gate.Reached(ctx, who)
	if err != nil {
		return err
	}
	for about, waits := range map[string]*Backlog{Reviews: own, Overdue: others} {
		if waits.empty() {
			continue
		}
		n := &Notice{
			ID: day + "-" + about, About: about, At: at, Waits: waits, To: r.Reference, Kind: r.Kind, Email: r.Email, Language: r.Language,
		}
		if _, err := s.put(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

func (b *Backlog) empty() bool { return b == nil || b.Soon == 0 && b.Late == 0 && len(b.Places) == 0 }

// backlog says what waits, in lines.
func (w *words) backlog(b *Backlog, add func(label, text string)) {
	if b == nil {
		return
	}
	if b.Late > 0 {
		add("waits.late", w.cases(b.Late, b.Many))
	}
	if b.Soon > 0 {
		add("waits.soon", w.cases(b.Soon, b.Many))
		add("waits.next", w.moment(b.Next))
	}
	for k, p := range b.Places {
		if k == maxPlaces {
			add("waits.others", fmt.Sprint(len(b.Places)-maxPlaces))
			break
		}
		name := p.Name
		if name == "" {
			name = w.texts["waits.nowhere"]
		}
		add("waits.place", fmt.Sprintf(w.texts["waits.at"], name, w.cases(p.Late, false), w.moment(p.Since)))
	}
}

// cases says a number of accesses to review.
func (w *words) cases(n int, many bool) string {
	switch {
	case many:
		return fmt.Sprintf(w.texts["waits.more"], n)
	case n == 1:
		return w.texts["waits.one"]
	}
	return fmt.Sprintf(w.texts["waits.many"], n)
}
