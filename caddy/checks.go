package pontlevis

import (
	"context"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/criteria"
	"github.com/pontlevis/pontlevis/catalog/manifest"
)

// checks are the connection tests of a version: the label's criteria, over its bytes, over what its rehearsal showed where
// there was one of these very bytes, and over the binaries of a plugin in the cage of this machine. What cannot be looked at
// here is said to be not run.
func (a *App) checks(ctx context.Context, app string, raw []byte) []catalog.Criterion {
	in := criteria.Input{Raw: raw, Now: time.Now()}
	if a.services != nil {
		in.Binaries = a.binaries(app)
	}
	if t := a.theatre(); t != nil {
		if played, err := t.All.Get(ctx, app); err == nil && played.Manifest == manifest.Digest(raw) {
			in.Findings = &played.Findings
		}
	}
	return criteria.Check(ctx, in)
}
