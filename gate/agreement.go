package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// Agreement is what somebody agreed with an app when they let it in: one purpose, categories of data, directions.
type Agreement struct {
	Client     string
	Purpose    string
	Categories []string
	Directions []string
}

// Agree keeps an agreement with an app as a Consent of the space, written like any other: decided, logged, revocable
// (rules.md A2). What stands already is not written twice. A *Refusal says that this person may not agree for this
// space; the app then reads nothing there.
func (g *Gate) Agree(ctx context.Context, grant *Grant, a Agreement) error {
	facts, err := g.facts(ctx, grant.Patient)
	if err != nil {
		return err
	}
	if agreed(facts, a, g.Now()) {
		return nil
	}
	body, err := json.Marshal(a.consent(grant.Patient, grant.Actor.ID, g.Now()))
	if err != nil {
		return fmt.Errorf("writing an agreement: %w", err)
	}
	r, err := fhir.ParseResource(body)
	if err != nil {
		return fmt.Errorf("writing an agreement: %w", err)
	}
	_, err = g.Do(ctx, grant, &record.Interaction{
		Kind: record.KindCreate, Ref: record.Ref{Type: "Consent"}, Resource: r, Return: record.ReturnMinimal,
	}, "")
	return err
}

// agreed reports whether every part of an agreement stands already.
func agreed(f *space.Facts, a Agreement, now time.Time) bool {
	for _, category := range a.Categories {
		for _, direction := range a.Directions {
			if !slices.ContainsFunc(f.Apps, func(s space.AppConsent) bool {
				return s.Client == a.Client && s.Purpose == a.Purpose && s.Category == category && s.Direction == direction &&
					!now.Before(s.Since) && (s.Until.IsZero() || now.Before(s.Until))
			}) {
				return false
			}
		}
	}
	return true
}

// consent is the agreement as a FHIR Consent.
func (a Agreement) consent(patient, who string, now time.Time) map[string]any {
	at := now.UTC().Format(time.RFC3339)
	concepts := func(system string, codes []string) []any {
		out := []any{}
		for _, code := range codes {
			out = append(out, map[string]any{"coding": []any{map[string]any{"system": system, "code": code}}})
		}
		return out
	}
	return map[string]any{
		"resourceType": "Consent", "status": "active", "dateTime": at,
		"scope":      concepts("http://terminology.hl7.org/CodeSystem/consentscope", []string{"patient-privacy"})[0],
		"category":   concepts(space.KindSystem, []string{space.App}),
		"patient":    map[string]any{"reference": "Patient/" + patient},
		"performer":  []any{map[string]any{"reference": who}},
		"policyRule": concepts("http://terminology.hl7.org/CodeSystem/v3-ActCode", []string{"OPTIN"})[0],
		"provision": map[string]any{
			"type": "permit", "period": map[string]any{"start": at},
			"actor": []any{map[string]any{
				"role":      concepts("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", []string{"IRCP"})[0],
				"reference": map[string]any{"identifier": map[string]any{"system": space.ClientSystem, "value": a.Client}},
			}},
			"purpose": []any{map[string]any{"system": space.PurposeSystem, "code": a.Purpose}},
			"code":    concepts(space.CategorySystem, a.Categories),
			"action":  concepts(space.DirectionSystem, a.Directions),
		},
	}
}

// Refused reports whether an error of the gate is a refusal for the reason of rights, rather than a failure.
func Refused(err error) bool {
	var no *Refusal
	return errors.As(err, &no) && no.Status == http.StatusForbidden
}
