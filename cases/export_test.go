package cases

import (
	"context"

	"github.com/pontlevis/pontlevis/audit"
)

// Again derives entries as the follower does.
func (r *Register) Again(ctx context.Context, entries []audit.Entry) error {
	_, err := r.derive(ctx, entries)
	return err
}
