package notice

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

const (
	tryFirst   = 30 * time.Second    // after a first failure; it doubles …
	tryMost    = 6 * time.Hour       // … up to this
	tryFor     = 4 * 24 * time.Hour  // and ends then, as mail servers do (RFC 5321 §4.5.4.1)
	sentFor    = 90 * 24 * time.Hour // how long it is known that a mail was sent
	sendAtOnce = 100                 // mails of one look at the outbox
)

// lane is a part of the outbox. Each is sent by deliveries of its own, so that what is urgent waits behind nothing else,
// however slow the server is.
type lane struct {
	row  string // the first part of its keys
	wide int    // deliveries at a time
	wake chan struct{}
}

// lanes are what is told of at once because somebody may have to act on it, and everything else.
func lanes() (urgent, other *lane) {
	return &lane{"urgent", 4, make(chan struct{}, 1)}, &lane{"out", 2, make(chan struct{}, 1)}
}

// laneOf is where the mail of a notice waits.
func (s *Service) laneOf(about string) *lane {
	if about == Emergency || about == Card {
		return s.urgent
	}
	return s.other
}

func (l *lane) key(id string) []byte { return store.Key(l.row, id) }
func sentKey(id string) []byte       { return store.Key("sent", id) }

// waiting is a mail to send.
type waiting struct {
	To    string    `json:"to"`  // recipient: whose inbox holds the notice …
	Key   []byte    `json:"key"` // … and where
	Since time.Time `json:"since"`
	Next  time.Time `json:"next"`
	Tries int       `json:"tries"`
}

// sent is what became of a mail.
type sent struct {
	At      time.Time `json:"at"`
	Refused bool      `json:"refused,omitempty"` // for good
}

// post asks for the mail of a notice, once, whatever became of it.
func (s *Service) post(ctx context.Context, n *Notice) error {
	if s.c.Mail == nil || n.Email == "" {
		return nil
	}
	id, now, l := mailID(n), s.c.Now().UTC(), s.laneOf(n.About)
	err := s.c.DB.Update(ctx, partition, func(tx store.Tx) error {
		if tx.Get(l.key(id)) != nil || tx.Get(sentKey(id)) != nil {
			return nil
		}
		return store.PutJSON(tx, l.key(id), waiting{To: n.To, Key: inboxKey(n), Since: now, Next: now})
	})
	if err != nil {
		return fmt.Errorf("asking for a mail: %w", err)
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return nil
}

// send sends what waits in a lane until the context ends: a mail that takes long holds up none but those for which there is no
// room beside it.
func (s *Service) send(ctx context.Context, l *lane) {
	if s.c.Mail == nil {
		return
	}
	ready := []named{}                // due, in order
	under := map[string]bool{}        // being sent
	over := make(chan string, l.wide) // no longer so
	for ctx.Err() == nil {
		next := time.Hour
		if len(ready) == 0 {
			ready, next = s.ready(ctx, l, under)
		}
		for len(ready) > 0 && len(under) < l.wide {
			one := ready[0]
			ready, under[one.id] = ready[1:], true
			go func() {
				if err := s.try(ctx, l, one.id, one.waiting); err != nil && ctx.Err() == nil {
					s.c.Slog.ErrorContext(ctx, "sending notices by mail", "error", err)
					select {
					case <-time.After(10 * time.Second): // it is still due
					case <-ctx.Done():
					}
				}
				over <- one.id
			}()
		}
		t := time.NewTimer(min(max(next, time.Second), time.Hour))
		select {
		case <-l.wake:
		case <-t.C:
		case <-ctx.Done():
		case id := <-over:
			delete(under, id)
		}
		t.Stop()
	}
	for range under {
		<-over
	}
}

// ready is what is due in a lane and is not being sent, and in how long there is more.
func (s *Service) ready(ctx context.Context, l *lane, under map[string]bool) ([]named, time.Duration) {
	due, next, err := s.due(ctx, l)
	if err != nil {
		if ctx.Err() == nil {
			s.c.Slog.ErrorContext(ctx, "sending notices by mail", "error", err)
		}
		return nil, time.Minute
	}
	return slices.DeleteFunc(due, func(one named) bool { return under[one.id] }), next
}

// Send tries what is due once, what is urgent beside the rest, and returns in how long there is more. The error is about the
// outbox; what a server does not take is tried again later.
func (s *Service) Send(ctx context.Context) (next time.Duration, err error) {
	var urgently time.Duration
	var failed error
	var sending sync.WaitGroup
	sending.Go(func() { urgently, failed = s.sendLane(ctx, s.urgent) })
	next, err = s.sendLane(ctx, s.other)
	sending.Wait()
	return min(next, urgently), errors.Join(failed, err)
}

// sendLane tries what is due in a lane, a few mails at a time.
func (s *Service) sendLane(ctx context.Context, l *lane) (next time.Duration, err error) {
	due, next, err := s.due(ctx, l)
	if err != nil {
		return time.Minute, err
	}
	failed := make([]error, len(due))
	var sending sync.WaitGroup
	room := make(chan struct{}, l.wide)
	for k, one := range due {
		room <- struct{}{}
		sending.Go(func() {
			defer func() { <-room }()
			if failed[k] = ctx.Err(); failed[k] == nil {
				failed[k] = s.try(ctx, l, one.id, one.waiting)
			}
		})
	}
	sending.Wait()
	if err := errors.Join(failed...); err != nil {
		return time.Minute, err
	}
	if len(due) == sendAtOnce {
		next = 0
	}
	return next, nil
}

// named is a mail to send with its id.
type named struct {
	id string
	waiting
}

// due gives what is to be tried now, what was tried least first and then what waits longest, and in how long the next of the
// others is.
func (s *Service) due(ctx context.Context, l *lane) (due []named, next time.Duration, err error) {
	now := s.c.Now()
	err = s.c.DB.View(ctx, partition, func(tx store.Tx) error {
		due, next = nil, time.Hour
		for key := range tx.Scan(store.Key(l.row), nil) {
			w := named{id: store.KeyParts(key)[1]}
			if _, err := store.GetJSON(tx, key, &w.waiting); err != nil {
				return err
			}
			if left := w.Next.Sub(now); left > 0 {
				next = min(next, left)
			} else {
				due = append(due, w)
			}
		}
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("reading the outbox: %w", err)
	}
	slices.SortFunc(due, func(a, b named) int {
		return cmp.Or(cmp.Compare(a.Tries, b.Tries), a.Since.Compare(b.Since), strings.Compare(a.id, b.id))
	})
	return due[:min(len(due), sendAtOnce)], next, nil
}

// try sends one mail, and notes what became of it.
func (s *Service) try(ctx context.Context, l *lane, id string, w waiting) error {
	var n Notice
	found := false
	err := s.c.DB.View(ctx, store.PatientPartition(w.To), func(tx store.Tx) (err error) {
		found, err = store.GetJSON(tx, w.Key, &n)
		return err
	})
	if err != nil {
		return fmt.Errorf("reading a notice to send: %w", err)
	}
	var failed error
	if found {
		failed = s.deliver(ctx, &n)
	}
	if ctx.Err() != nil && failed != nil {
		return ctx.Err() // it was not the server's doing
	}
	now := s.c.Now().UTC()
	over := errors.Is(failed, errBounced) || failed != nil && now.Sub(w.Since) >= tryFor
	if failed != nil {
		s.c.Slog.WarnContext(ctx, "a notice was not sent by mail", "mail", id, "about", n.About, "tries", w.Tries+1, "over", over, "cause", failed)
	}
	if s.c.Sent != nil {
		s.c.Sent(outcome(failed, over))
	}
	err = s.c.DB.Update(ctx, partition, func(tx store.Tx) error {
		if failed != nil && !over {
			w.Next = now.Add(min(tryFirst<<min(w.Tries, 20), tryMost))
			w.Tries++
			return store.PutJSON(tx, l.key(id), w)
		}
		return errors.Join(tx.Delete(l.key(id)), store.PutJSON(tx, sentKey(id), sent{At: now, Refused: failed != nil}))
	})
	if err != nil {
		return fmt.Errorf("noting what became of a mail: %w", err)
	}
	return nil
}

// outcome is what became of one try, for metrics.
func outcome(failed error, over bool) string {
	switch {
	case failed == nil:
		return "sent"
	case over:
		return "refused"
	}
	return "deferred"
}

// forget drops what was sent long ago.
func (s *Service) forget(ctx context.Context) error {
	before := s.c.Now().Add(-sentFor)
	return s.c.DB.Update(ctx, partition, func(tx store.Tx) error {
		for key := range tx.Scan(store.Key("sent"), nil) {
			var was sent
			if _, err := store.GetJSON(tx, key, &was); err != nil {
				return err
			}
			if was.At.Before(before) {
				if err := tx.Delete(key); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
