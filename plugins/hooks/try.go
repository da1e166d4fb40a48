package hooks

import (
	"context"
	"encoding/json"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins"
)

// Tried is a call as the one who writes a plugin looks at it: with everything that a CDS client is not told.
type Tried struct {
	Opens   bool             // the record opens to the person, and something in it to the plugin; else nothing ran
	Within  []string         // the scopes that are left to the plugin
	Outcome *plugins.Outcome // nil when nothing ran
}

// Try calls a service for the person of a grant, as a call over HTTP would. The error of a plugin that failed is a
// *plugins.Failure.
func (f *Front) Try(ctx context.Context, grant *gate.Grant, id, patient, instance, language string, about json.RawMessage) (*Tried, error) {
	s, err := f.find(ctx, id)
	if err != nil {
		return nil, err
	}
	bound, opens, err := f.rights(ctx, &caller{grant: grant}, s.app, patient)
	if err != nil || !opens {
		return &Tried{}, err
	}
	t := &Tried{Opens: true, Within: bound.Scopes}
	t.Outcome, err = f.c.Host.Invoke(ctx, plugins.Invocation{
		App: s.app.Manifest.ID, Grant: bound, Within: bound.Scopes, Hook: s.hook.ID, Instance: instance, Language: language, Context: about,
	})
	return t, err
}
