package sdktest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/plugins/sdk"
)

var people = []string{
	`{"resourceType":"Patient","id":"camille","birthDate":"1980-02-03","gender":"female","name":[{"text":"Camille M."}],"identifier":[{"system":"urn:ins","value":"280027512345671"}]}`,
	`{"resourceType":"Practitioner","id":"dr-roux","name":[{"text":"Dr Roux"}]}`,
}

func vaccinations(n int) []string {
	out := people
	for i := range n {
		out = append(out[:len(out):len(out)], fmt.Sprintf(`{"resourceType":"Immunization","id":"camille-v%d","status":"completed","patient":{"reference":"Patient/camille","display":"Camille M."},"performer":[{"actor":{"reference":"Practitioner/dr-roux","display":"Dr Roux"}}],"vaccineCode":{"coding":[{"code":"v%d"}]},"occurrenceDateTime":"2024-05-%02d"}`, i, i%2, i%28+1))
	}
	return out
}

// TestRun goes through what an author does: search with pages, follow a reference, read who it is about, propose something.
func TestRun(t *testing.T) {
	t.Parallel()
	p := sdk.Plugin{Handlers: map[string]sdk.Handler{"due": func(ctx context.Context, c *sdk.Call) (*sdk.Answer, error) {
		n, who, last := 0, "", ""
		for r, err := range c.Search(ctx, "Immunization?status=completed&_count=10") {
			if err != nil {
				return nil, err
			}
			n, who, last = n+1, r.At("performer", "actor").Reference(), r.ID()
			if strings.Contains(string(r.JSON()), "camille") || strings.Contains(string(r.JSON()), "Camille") {
				return nil, errors.New("the plugin learns who it is")
			}
		}
		doctor, err := c.Read(ctx, who)
		if err != nil {
			return nil, err
		}
		person, err := c.Read(ctx, "Patient/~")
		if err != nil || person.At("identifier").Exists() || person.At("name").Exists() {
			return nil, fmt.Errorf("of the person: %s, %v", person.JSON(), err)
		}
		born, _ := person.At("birthDate").Date()
		return sdk.Cards(sdk.Card{
			Summary: fmt.Sprintf("%d, %s, %s, %d", n, doctor.At("name", "text").Text(), c.Context.At("patientId").Text(), c.Now.Year()-born.Year()), Indicator: sdk.Info,
			SelectionBehavior: "any", Suggestions: []sdk.Suggestion{{Label: "Remind", Actions: []sdk.Action{{Type: "update", Description: "Change it", Resource: map[string]any{
				"resourceType": "Immunization", "id": last, "status": "completed", "patient": map[string]any{"reference": "Patient/~"},
			}}}}},
		}), nil
	}}}
	out, err := Run(t, p, Case{Hook: "due", Record: vaccinations(25), Writes: []string{"Immunization"}, Now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	card := out.Cards[0]
	if card.Summary != "25, Dr Roux, ~, 46" {
		t.Errorf("%q", card.Summary)
	}
	if body := string(card.Suggestions[0].Actions[0].Resource); !strings.Contains(body, `"camille-v`) || !strings.Contains(body, `"Patient/camille"`) {
		t.Errorf("the ids are not put back: %s", body)
	}
	if len(out.Reads) != 5 {
		t.Errorf("%d reads", len(out.Reads))
	}
}

func TestRefusedAndLimited(t *testing.T) {
	t.Parallel()
	p := sdk.Plugin{Handlers: map[string]sdk.Handler{"patient-view": func(ctx context.Context, c *sdk.Call) (*sdk.Answer, error) {
		var said []string
		for _, query := range []string{"AllergyIntolerance?clinical-status=active", "Immunization?patient=lucas", "Immunization/~7", "Immunization", "Immunization"} {
			_, err := c.Read(ctx, query)
			var no *sdk.Refusal
			if errors.As(err, &no) {
				said = append(said, fmt.Sprint(no.Status))
			} else {
				said = append(said, "200")
			}
		}
		return sdk.Cards(sdk.Card{Summary: strings.Join(said, " "), Indicator: sdk.Warning}), nil
	}}}
	out, err := Run(t, p, Case{Hook: "mine", Record: vaccinations(2), Refused: map[string]string{"AllergyIntolerance": "no consent"}, Limits: plugins.Limits{Reads: 4}})
	if err != nil || out.Cards[0].Summary != "403 403 404 200 429" {
		t.Errorf("%+v, %v", out, err)
	}
	p.Handlers["patient-view"] = func(context.Context, *sdk.Call) (*sdk.Answer, error) {
		return sdk.Cards(sdk.Card{Summary: "x", Indicator: sdk.Info, Detail: "[x](https://elsewhere.example/)"}), nil
	}
	if _, err := Run(t, p, Case{Hook: "mine", Record: people}); !errors.Is(err, plugins.ErrAnswer) {
		t.Errorf("a card that leads elsewhere: %v", err)
	}
}
