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

// AgreedWith reports whether anything that a person agreed with an app stands now. It is for our own pages: it is told to no app.
func (g *Gate) AgreedWith(ctx context.Context, patient, client string) (bool, error) {
	facts, err := g.facts(ctx, patient)
	if err != nil {
		return false, err
	}
	now := g.Now()
	return slices.ContainsFunc(facts.Apps, func(s space.AppConsent) bool {
		return s.Client == client && !now.Before(s.Since) && (s.Until.IsZero() || now.Before(s.Until))
	}), nil
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
	return space.Choice{Kind: space.App, Patient: patient, By: who, At: now, Provision: map[string]any{
		"type": "permit", "period": map[string]any{"start": now.UTC().Format(time.RFC3339)},
		"actor":   []any{space.ActorIn(space.ClientSystem+"|"+a.Client, "")},
		"purpose": []any{map[string]any{"system": space.PurposeSystem, "code": a.Purpose}},
		"code":    space.Concepts(space.CategorySystem, a.Categories),
		"action":  space.Concepts(space.DirectionSystem, a.Directions),
	}}.Consent()
}

// Refused reports whether an error of the gate is a refusal for the reason of rights, rather than a failure.
func Refused(err error) bool {
	var no *Refusal
	return errors.As(err, &no) && no.Status == http.StatusForbidden
}
