package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/plugins/sdk/sdktest"
)

// TestThePlugin calls the plugin as its host does: the judge takes its card, its link and what it proposes.
func TestThePlugin(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	record := []string{
		`{"resourceType":"Patient","id":"p","birthDate":"1950-02-11"}`,
		`{"resourceType":"Immunization","id":"i","status":"completed","patient":{"reference":"Patient/p"},"vaccineCode":{"coding":[{"system":"http://www.whocc.no/atc","code":"J07CA01"}]},"occurrenceDateTime":"2025-06-01"}`,
	}
	c := sdktest.Case{
		Hook: "due", Language: "fr", Now: now, Record: record, Prefetch: map[string]string{"patient": "Patient/{{context.patientId}}"},
		Links: []string{calendar(t).URL}, Writes: []string{"Appointment"},
	}
	out, err := sdktest.Run(t, calendar(t).plugin(), c)
	if err != nil || len(out.Cards) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	card := out.Cards[0]
	if card.Indicator != "warning" || card.Summary != "Vaccins : 4 à faire d’après le dossier." || len(card.Suggestions) != 4 {
		t.Errorf("%+v", card)
	}
	if proposed := string(card.Suggestions[0].Actions[0].Resource); !strings.Contains(proposed, `"Patient/p"`) || !strings.Contains(proposed, `"proposed"`) {
		t.Errorf("it proposes %s", proposed)
	}
	if p := out.Page; p == nil || len(p.Figures) != 6 || p.Figures[1].Label != "À faire" || p.Figures[1].Value != 4 || p.Figures[5].At != "2025-06-01" {
		t.Errorf("its figures are %+v", p)
	}
	c.Record = append(c.Record, `{"resourceType":"Immunization","id":"f","status":"completed","patient":{"reference":"Patient/p"},"vaccineCode":{"coding":[{"system":"http://www.whocc.no/atc","code":"J07BB02"}]},"occurrenceDateTime":"2026-11-01"}`)
	after, err := sdktest.Run(t, calendar(t).plugin(), c)
	if err != nil || len(after.Cards) != 1 || len(after.Cards[0].Suggestions) != 3 {
		t.Fatalf("after the flu: %+v, %v", after, err)
	}
	var was struct {
		ReasonCode []struct{ Coding []plugins.Coding }
	}
	if err := json.Unmarshal(card.Suggestions[0].Actions[0].Resource, &was); err != nil || !slices.ContainsFunc(after.Withdrawn, func(thing plugins.Thing) bool { return thing[0] == was.ReasonCode[0].Coding[0] }) {
		t.Errorf("%+v was given, and what it withdraws is %+v", was, after.Withdrawn)
	}
	if slices.ContainsFunc(out.Withdrawn, func(thing plugins.Thing) bool { return thing[0] == was.ReasonCode[0].Coding[0] }) {
		t.Errorf("%+v is withdrawn before it was given", was)
	}
	c.Refused = map[string]string{"Immunization": "no consent"}
	if out, err := sdktest.Run(t, calendar(t).plugin(), c); err != nil || len(out.Cards)+len(out.Withdrawn) > 0 {
		t.Errorf("without vaccinations: %+v, %v", out, err)
	}
}
