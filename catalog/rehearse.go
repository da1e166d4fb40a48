package catalog

import (
	"context"
	"fmt"

	"github.com/pontlevis/pontlevis/store"
)

// Rehearse writes an entry whatever stands there. It is for the catalogue of a server in which apps rehearse: there is no
// label to honour, and nobody but invented people to reach.
func (c Apps) Rehearse(ctx context.Context, a App) error {
	err := c.DB.Update(ctx, store.Global, func(tx store.Tx) error { return store.PutJSON(tx, appKey(a.ID), a) })
	if err != nil {
		return fmt.Errorf("writing the catalogue of rehearsals: %w", err)
	}
	return nil
}
