package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pontlevis/pontlevis/record"
)

// Unasked tells what a person says of an app that would run by itself for them: whether they turned that off, though they
// agreed with the app, and the language that they chose, fr or en, "" where they chose none of both. It tells nothing of the
// record, reads nothing for the app and permits nothing: whatever the app then does is decided by itself.
func (g *Gate) Unasked(ctx context.Context, patient, client string) (off bool, language string, err error) {
	facts, err := g.facts(ctx, patient)
	if err != nil {
		return false, "", err
	}
	if slices.Contains(facts.OnlyAsked, client) {
		return true, "", nil
	}
	stored, err := g.Records.Read(ctx, record.Ref{Type: "Patient", ID: patient})
	if errors.Is(err, record.ErrNotFound) {
		return false, "", nil
	}
	if err != nil {
		return false, "", fmt.Errorf("finding the language of somebody: %w", err)
	}
	r, err := stored.Resource()
	if err != nil {
		return false, "", err
	}
	return false, languageOf(r.Node()), nil
}
