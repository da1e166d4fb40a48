package notice

import (
	"context"
	"errors"
	"fmt"
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

func outKey(id string) []byte  { return store.Key("out", id) }
func sentKey(id string) []byte { return store.Key("sent", id) }

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
	id, now := mailID(n), s.c.Now().UTC()
	err := s.c.DB.Update(ctx, partition, func(tx store.Tx) error {
		if tx.Get(outKey(id)) != nil || tx.Get(sentKey(id)) != nil {
			return nil
		}
		return store.PutJSON(tx, outKey(id), waiting{To: n.To, Key: inboxKey(n), Since: now, Next: now})
	})
	if err != nil {
		return fmt.Errorf("asking for a mail: %w", err)
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return nil
}

// send sends what waits until the context ends.
func (s *Service) send(ctx context.Context) {
	if s.c.Mail == nil {
		return
	}
	for ctx.Err() == nil {
		next, err := s.Send(ctx)
		if err != nil && ctx.Err() == nil {
			s.c.Slog.ErrorContext(ctx, "sending notices by mail", "error", err)
		}
		t := time.NewTimer(min(max(next, time.Second), time.Hour))
		select {
		case <-s.wake:
		case <-t.C:
		case <-ctx.Done():
		}
		t.Stop()
	}
}

// Send tries what is due once, and returns in how long there is more. The error is about the outbox; what a server does
// not take is tried again later.
func (s *Service) Send(ctx context.Context) (next time.Duration, err error) {
	due, next, err := s.due(ctx)
	if err != nil {
		return time.Minute, err
	}
	for id, w := range due {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := s.try(ctx, id, w); err != nil {
			return time.Minute, err
		}
	}
	if len(due) == sendAtOnce {
		next = 0
	}
	return next, nil
}

// due gives what is to be tried now, and in how long the next of the others is; it forgets what was sent long ago.
func (s *Service) due(ctx context.Context) (due map[string]waiting, next time.Duration, err error) {
	now := s.c.Now()
	err = s.c.DB.View(ctx, partition, func(tx store.Tx) error {
		due, next = map[string]waiting{}, time.Hour
		for key := range tx.Scan(store.Key("out"), nil) {
			var w waiting
			if _, err := store.GetJSON(tx, key, &w); err != nil {
				return err
			}
			if left := w.Next.Sub(now); left > 0 {
				next = min(next, left)
			} else if len(due) < sendAtOnce {
				due[store.KeyParts(key)[1]] = w
			}
		}
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("reading the outbox: %w", err)
	}
	return due, next, nil
}

// try sends one mail, and notes what became of it.
func (s *Service) try(ctx context.Context, id string, w waiting) error {
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
			return store.PutJSON(tx, outKey(id), w)
		}
		return errors.Join(tx.Delete(outKey(id)), store.PutJSON(tx, sentKey(id), sent{At: now, Refused: failed != nil}))
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
