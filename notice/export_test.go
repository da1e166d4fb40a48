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
