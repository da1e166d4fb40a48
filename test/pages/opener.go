package pages

import (
	"context"
	"time"

	"github.com/pontlevis/pontlevis/gate"
)

// EmergencyReason and what follows let people open emergency accesses through the gate.
func (r *relations) EmergencyReason(mode, code string) (fr, en string, known bool) {
	words, known := r.gate.EmergencyReason(mode, code)
	return words.FR, words.EN, known
}

func (r *relations) EmergencyMode(regulating bool) string { return r.gate.EmergencyMode(regulating) }

func (r *relations) EmergencyLife() time.Duration {
	life, _ := r.gate.EmergencyLife()
	return life
}

func (r *relations) OpenEmergency(ctx context.Context, g *gate.Grant, whose string) (*gate.Opening, error) {
	return r.gate.OpenEmergency(ctx, g, whose)
}

func (r *relations) EndEmergency(ctx context.Context, g *gate.Grant) error {
	return r.gate.EndEmergency(ctx, g)
}

func (r *relations) Consult(ctx context.Context, g *gate.Grant, professional string) error {
	return r.gate.Consult(ctx, g, professional)
}
