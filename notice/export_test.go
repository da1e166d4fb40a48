package notice

import (
	"context"

	"github.com/pontlevis/pontlevis/audit"
)

// Again tells entries as the follower does.
func (s *Service) Again(ctx context.Context, entries []audit.Entry) error {
	_, err := s.tell(ctx, entries)
	return err
}

// Letter is the mail of a notice: its subject and its plain text.
func (s *Service) Letter(n Notice) (subject, plain string) {
	l := s.letter(&n)
	return l.Subject, l.plain()
}
