package main

import (
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/plugins/sdk/sdktest"
)

// TestThePlugin calls the plugin as its host does.
func TestThePlugin(t *testing.T) {
	t.Parallel()
	about := func(r string) string {
		return strings.Replace(r, `"code"`, `"patient":{"reference":"Patient/p"},"code"`, 1)
	}
	record := []string{
		`{"resourceType":"Patient","id":"p"}`,
		strings.Replace(about(allergyTo(snomedSystem, "764146007", "Pénicilline")), `{`, `{"id":"a",`, 1),
		strings.Replace(strings.Replace(prescribed("C09AA05", "Ramipril"), `{`, `{"id":"m",`, 1), `"status"`, `"subject":{"reference":"Patient/p"},"status"`, 1),
	}
	order := `{"patientId":"p","userId":"Practitioner/d","draftOrders":` + string(searchset(strings.Replace(prescribed("J01CA04", "Amoxicilline"), `{`, `{"id":"d","subject":{"reference":"Patient/p"},`, 1))) + `}`
	c := sdktest.Case{Hook: "order-select", Kind: "order-select", Record: record, Context: order, Links: []string{table(t).Source.URL}}
	out, err := sdktest.Run(t, table(t).plugin(), c)
	if err != nil || len(out.Cards) != 1 || out.Cards[0].Indicator != "critical" {
		t.Fatalf("%+v, %v", out, err)
	}
	c.Context = ""
	if out, err := sdktest.Run(t, table(t).plugin(), c); err != nil || len(out.Cards) > 0 {
		t.Errorf("an order of nothing: %+v, %v", out, err)
	}
	c.Hook, c.Kind, c.Refused = "patient-view", "", map[string]string{"MedicationStatement": "no consent"}
	if out, err := sdktest.Run(t, table(t).plugin(), c); err != nil || len(out.Cards) != 1 || !strings.Contains(out.Cards[0].Detail, "Non lu, faute d’accord ou de droit : traitements suivis.") {
		t.Errorf("a part refused: %+v, %v", out, err)
	}
	c.Refused = map[string]string{"MedicationStatement": "no", "MedicationRequest": "no", "AllergyIntolerance": "no"}
	if out, err := sdktest.Run(t, table(t).plugin(), c); err != nil || len(out.Cards) > 0 {
		t.Errorf("all refused: %+v, %v", out, err)
	}
}
