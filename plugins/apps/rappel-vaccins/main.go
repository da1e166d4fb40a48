// Rappel-vaccins says which vaccinations are due to a person, by the French calendar, and what it cannot know. It is a plugin
// of pontlevis: it reads the person's vaccinations and date of birth through its handle, and nothing else.
//
//	Patient, Immunization ── readRecord ──▶ Record ── look (calendar.json) ──▶ findings ── advise ──▶ one card, in French or English
package main

import (
	"context"
	"time"

	"github.com/pontlevis/pontlevis/plugins/apps/reading"
	"github.com/pontlevis/pontlevis/plugins/sdk"
)

func main() {
	c, err := readCalendar(calendarJSON)
	if err != nil {
		panic(err) // the calendar is part of the binary, and tested
	}
	sdk.Main(c.plugin())
}

func (c *Calendar) plugin() sdk.Plugin {
	return sdk.Plugin{Handlers: map[string]sdk.Handler{"due": c.due}}
}

// due answers patient-view and the schedule alike.
func (c *Calendar) due(ctx context.Context, call *sdk.Call) (*sdk.Answer, error) {
	given, err := reading.Search(ctx, call, "Immunization?_count=100")
	if reading.Refused(err) {
		return nil, nil // nothing may be said of what may not be read
	}
	if err != nil {
		return nil, err
	}
	var patient []byte // what is not there is of unknown age
	if p, ok := call.Prefetch["patient"]; ok {
		patient = p.JSON()
	}
	r, err := c.readRecord(patient, given)
	if err != nil {
		return nil, err
	}
	out := sdk.Cards(card(c.advise(r, call.Now, call.Language), call.Language))
	out.Page = c.figures(r, call.Now, call.Language)
	for _, thing := range c.over(r, call.Now) {
		out.Withdraw(sdk.Coding{System: thingSystem, Code: thing})
	}
	return out, nil
}

// card is an advice as a card, with what could be put into the agenda as suggestions.
func card(a Advice, language string) sdk.Card {
	w := words[language == "en"]
	out := sdk.Card{Summary: a.Summary, Detail: a.Detail, Indicator: a.Indicator}
	for _, e := range a.Entries {
		out.SelectionBehavior = "any"
		out.Suggestions = append(out.Suggestions, sdk.Suggestion{
			Label: w.plan + e.Name, Actions: []sdk.Action{{Type: "create", Description: e.Name, Resource: e.appointment()}},
		})
	}
	return out
}

// thingSystem is of the code by which a proposal is told from another, so that it is not left twice (docs/plugins.md).
const thingSystem = "urn:pontlevis:app:rappel-vaccins"

// appointment is an entry of the agenda that is proposed: whoever takes it up makes it theirs, and chooses when.
func (e Entry) appointment() map[string]any {
	return map[string]any{
		"resourceType": "Appointment", "status": "proposed", "description": e.Name, "comment": e.Reason,
		"reasonCode":      []any{map[string]any{"coding": []any{map[string]any{"system": thingSystem, "code": e.Thing}}}},
		"requestedPeriod": []any{map[string]any{"start": e.From.UTC().Format(time.RFC3339)}},
		"participant":     []any{map[string]any{"actor": map[string]any{"reference": "Patient/~"}, "status": "needs-action"}},
	}
}
