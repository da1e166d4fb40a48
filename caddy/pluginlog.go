package pontlevis

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/plugins/cage"
)

// What the access log says of plugins besides their reads, as interactions of its entries.
const (
	isolationLowered = "plugin-isolation" // the operator lets plugins run below S3
	tripwireTouched  = "plugin-tripwire"  // a plugin did what no honest one does
)

// logPlugins writes durably that something was so, of nobody's record.
func (s *state) logPlugins(ctx context.Context, interaction, outcome string, details map[string]string) error {
	ctx, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	return s.log.Append(ctx, audit.Entry{
		At: time.Now().UTC(), Actor: audit.Agent{Kind: "system", Name: "pontlevis"}, Interaction: interaction, Action: "E", Outcome: outcome, Details: details,
	})
}

// logIsolation writes that the operator lowered the level, and why. A gateway whose log cannot be written runs no plugin so.
func (a *App) logIsolation(w *cage.Warden) error {
	if a.Plugins == nil || w.Least() >= cage.S3 { // the demonstration says it on every page
		return nil
	}
	err := a.state.logPlugins(a.running, isolationLowered, audit.Granted, map[string]string{"level": w.Least().String(), "why": w.Reason()})
	if err != nil {
		return fmt.Errorf("pontlevis: plugins: saying in the access log that they run below S3: %w", err)
	}
	return nil
}

// tripped keeps the evidence where it cannot be taken out again, and says it to whoever watches.
func (s *state) tripped(log *slog.Logger) func(app, version, what string) {
	return func(app, version, what string) {
		log.Error("a plugin did what no honest one does: suspend it, and look", "app", app, "version", version, "what", what)
		details := map[string]string{"app": app, "version": version, "what": what}
		if err := s.logPlugins(context.Background(), tripwireTouched, audit.Refused, details); err != nil {
			log.Error("that could not be written into the access log", "error", err)
		}
	}
}
