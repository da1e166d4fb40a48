package notice

import (
	"context"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

// Again tells entries as the follower does.
func (s *Service) Again(ctx context.Context, entries []audit.Entry) error {
	_, err := s.tell(ctx, entries)
	return err
}

// Letter is the mail of a notice: its subject and its plain text.
func (s *Service) Letter(n Notice) (subject, plain string) {
	l := s.mailed(&n)
	return l.Subject, l.plain()
}

// Forget forgets of which day those who review were told, as a process that died before it kept it.
func (s *Service) Forget(ctx context.Context) error {
	return s.c.DB.Update(ctx, partition, func(tx store.Tx) error { return tx.Delete(digestKey) })
}
