package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
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
	at := now.Format(time.RFC3339)
	who := map[string]any{"reference": professional}
	if system, value, is := strings.Cut(professional, "|"); is {
		who = map[string]any{"identifier": map[string]any{"system": system, "value": value}}
	}
	period := map[string]any{"start": at}
	if hours, ok := g.setting("h", "consultation_hours"); ok {
		period["end"] = now.Add(hours).Format(time.RFC3339)
	}
	concept := func(system, code string) map[string]any {
		return map[string]any{"coding": []any{map[string]any{"system": system, "code": code}}}
	}
	return map[string]any{
		"resourceType": "Consent", "status": "active", "dateTime": at,
		"scope":      concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
		"category":   []any{concept(space.KindSystem, space.Consultation)},
		"patient":    map[string]any{"reference": "Patient/" + grant.Patient},
		"performer":  []any{map[string]any{"reference": grant.Actor.ID}},
		"policyRule": concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN"),
		"provision": map[string]any{
			"type": "permit", "period": period,
			"actor": []any{map[string]any{
				"role":      concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"),
				"reference": who,
			}},
		},
	}
}
