package pontlevis

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/gate"
)

// EmergencyReason gives a coded reason in words, as the policies in force list them.
func (r *relations) EmergencyReason(mode, code string) (fr, en string, known bool) {
	words, known := r.gate.EmergencyReason(mode, code)
	return words.FR, words.EN, known
}

// EmergencyMode is the mode of an emergency access that says none.
func (r *relations) EmergencyMode(regulating bool) string { return r.gate.EmergencyMode(regulating) }

// EmergencyLife is how long an emergency access lasts, as the policies in force say; none when they do not say it.
func (r *relations) EmergencyLife() time.Duration {
	life, _ := r.gate.EmergencyLife()
	return life
}

// OpenEmergency lets the gate decide an emergency access. An identifier without a system is an INS.
func (r *relations) OpenEmergency(ctx context.Context, g *gate.Grant, whose string) (*gate.Opening, error) {
	if !strings.ContainsAny(whose, "/|") {
		whose = insSystem + "|" + whose
	}
	return r.gate.OpenEmergency(ctx, g, whose)
}

// EndEmergency logs the end of an emergency access.
func (r *relations) EndEmergency(ctx context.Context, g *gate.Grant) error {
	return r.gate.EndEmergency(ctx, g)
}

// Consult keeps a consent that a person gives on our own page: it is theirs, whichever app led them there.
func (r *relations) Consult(ctx context.Context, g *gate.Grant, professional string) error {
	own := onOurPage(g)
	own.Scopes = slices.Concat(own.Scopes, []string{"user/Consent.cu"})
	return r.gate.Consult(ctx, own, professional)
}
