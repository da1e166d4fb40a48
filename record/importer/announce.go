package importer

import (
	"context"
	"fmt"
)

// announce tells Writing what is about to be written into records.
func (r *run) announce(ctx context.Context, fresh map[string][]item) error {
	if r.Writing == nil {
		return nil
	}
	var changes []Change
	for patient, items := range fresh {
		for _, it := range items {
			if patient == "" {
				continue
			}
			c := Change{Patient: patient, Ref: it.ref, After: it.res}
			if it.before != nil {
				before, err := it.before.Resource()
				if err != nil {
					return fmt.Errorf("reading %s as it was: %w", it.ref, err)
				}
				c.Before = before
			}
			changes = append(changes, c)
		}
	}
	if len(changes) == 0 {
		return nil
	}
	if err := r.Writing(ctx, changes); err != nil {
		return fmt.Errorf("telling what is about to be written: %w", err)
	}
	return nil
}
