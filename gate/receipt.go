package gate

import (
	"context"
	"fmt"

	"github.com/pontlevis/pontlevis/audit"
)

// maxReceipt bounds how many entries a receipt lists.
const maxReceipt = 500

// Receipt gives whoever has an emergency access what they opened in it, as the access log says, the newest first: the
// entries of this very grant by this very person, who is told nothing that they have not seen. more tells that there are
// more than 500. That it was asked for is logged.
func (g *Gate) Receipt(ctx context.Context, grant *Grant) (entries []audit.Entry, more bool, err error) {
	d, entry, err := g.gesture(ctx, grant, grant.Patient, actionReceipt)
	if err != nil {
		return nil, false, err
	}
	if !d.Allow {
		return nil, false, told(d, entry.ID)
	}
	page, err := g.Log.Select(ctx, audit.Query{
		Patient: grant.Patient, Limit: maxReceipt, Since: grant.Since.Add(-lookBack), // an extension begins anew
		Keep: func(e *audit.Entry) bool {
			return e.Grant == grant.ID && e.Actor.ID == grant.Actor.ID && e.Interaction != interactionOf(actionReceipt)
		},
	})
	if err != nil {
		return nil, false, fmt.Errorf("reading the receipt of an emergency access: %w", err)
	}
	return page.Entries, page.Next != "", nil
}
