package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// Consult keeps the explicit consent of a person to one consultation by a professional (rules.md P1), written like any
// other choice of the space: decided, logged, revocable. professional is a reference, or an identifier "system|value". It
// ends after the hours that the policies in force give a consultation. A *Refusal says why it may not be given so.
func (g *Gate) Consult(ctx context.Context, grant *Grant, professional string) error {
	body, err := json.Marshal(g.consultation(grant, professional))
	if err != nil {
		return fmt.Errorf("writing a consent: %w", err)
	}
	r, err := fhir.ParseResource(body)
	if err != nil {
		return fmt.Errorf("writing a consent: %w", err)
	}
	_, err = g.Do(ctx, grant, &record.Interaction{
		Kind: record.KindCreate, Ref: record.Ref{Type: "Consent"}, Resource: r, Return: record.ReturnMinimal,
	}, "")
	return err
}

func (g *Gate) consultation(grant *Grant, professional string) map[string]any {
	now := g.Now().UTC()
	period := map[string]any{"start": now.Format(time.RFC3339)}
	if hours, ok := g.setting("h", "consultation_hours"); ok {
		period["end"] = now.Add(hours).Format(time.RFC3339)
	}
	return space.Choice{Kind: space.Consultation, Patient: grant.Patient, By: grant.Actor.ID, At: now, Provision: map[string]any{
		"type": "permit", "period": period, "actor": []any{space.ActorIn(professional, "")},
	}}.Consent()
}
