package pontlevis

import (
	"context"
	"fmt"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/plugins/cage"
)

// isolationLowered is what the access log says where the operator lets plugins run below S3, as an interaction of its entries.
const isolationLowered = "plugin-isolation"

// logPlugins writes durably that something was so, of nobody's record; under an id of its own, or "" for any.
func (s *state) logPlugins(ctx context.Context, id, interaction, outcome string, details map[string]string) error {
	ctx, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	return s.log.Append(ctx, audit.Entry{
		ID: id, At: time.Now().UTC(), Actor: audit.Agent{Kind: "system", Name: "pontlevis"}, Interaction: interaction, Action: "E", Outcome: outcome, Details: details,
	})
}

// logIsolation writes that the operator lowered the level, and why. A gateway whose log cannot be written runs no plugin so.
func (a *App) logIsolation(w *cage.Warden) error {
	if a.Plugins == nil || w.Least() >= cage.S3 { // the demonstration says it on every page
		return nil
	}
	err := a.state.logPlugins(a.running, "", isolationLowered, audit.Granted, map[string]string{"level": w.Least().String(), "why": w.Reason()})
	if err != nil {
		return fmt.Errorf("pontlevis: plugins: saying in the access log that they run below S3: %w", err)
	}
	return nil
}
