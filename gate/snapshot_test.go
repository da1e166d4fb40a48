package gate

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/audit"
)

// TestSnapshot: the copy of a card holds what the card opens, of what the person who makes it sees, and nothing else; it is in
// the log, and nobody but the holder and the representatives makes one.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille",
		`{"resourceType":"AllergyIntolerance","id":"penicillin","patient":{"reference":"Patient/camille"},"code":{"text":"Penicillin"}}`,
		`{"resourceType":"AllergyIntolerance","id":"masked","meta":{"security":[{"system":"`+maskURL+`","code":"MASQUE_PS"}]},"patient":{"reference":"Patient/camille"},"code":{"text":"Masked"}}`,
		`{"resourceType":"Immunization","id":"flu","status":"completed","patient":{"reference":"Patient/camille"},"vaccineCode":{"text":"Flu"},"occurrenceDateTime":"2025-10-01"}`,
	)
	number := w.gate.NewCard()
	w.carry(number)
	targets := map[string]string{
		"allergies": "AllergyIntolerance?patient=camille&_count=1", "letters": "DocumentReference?patient=camille", "vaccines": "Immunization?patient=camille",
	}
	s, err := w.gate.Snapshot(t.Context(), w.grants["camille"], number, targets)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for name, found := range s.Found {
		for _, r := range found {
			got[name] = append(got[name], r.ID())
		}
	}
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, []string{"allergies"}) || !slices.Equal(got["allergies"], []string{"penicillin"}) {
		t.Errorf("the copy holds %v", got)
	}
	if s.Patient != "camille" || s.Until.Sub(s.Made).Hours() != 90*24 {
		t.Errorf("%+v", s)
	}
	other := w.gate.NewCard()
	for name, c := range map[string]struct {
		key, number, rule string
	}{"of no card": {"camille", other, "E7.revoked"}, "by a professional": {"dr-loin", number, "P9.no-copy"}} {
		grant := *w.grants[c.key]
		grant.Patient = "camille"
		_, err := w.gate.Snapshot(t.Context(), &grant, c.number, targets)
		var no *Refusal
		if !errors.As(err, &no) || no.Rule != c.rule || no.Status != http.StatusForbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.revokeCards()
	if _, err := w.gate.Snapshot(t.Context(), w.grants["camille"], number, targets); err == nil || !strings.Contains(err.Error(), "revoked") {
		t.Errorf("a copy of a revoked card: %v", err)
	}
	outcomes := map[string]int{}
	for _, e := range w.entries("camille") {
		switch e.Interaction {
		case "snapshot":
			outcomes[e.Outcome+" "+e.Rule]++
			if len(e.Resources) > 0 {
				t.Errorf("the entry tells what is in the copy: %v", e.Resources)
			}
		case "look":
			t.Errorf("a copy is logged as a look: %+v", e)
		}
	}
	if outcomes[audit.Granted+" E7.copy"] != 1 || outcomes[audit.Refused+" E7.revoked"] != 2 || outcomes[audit.Refused+" P9.no-copy"] != 1 {
		t.Errorf("the log has %v", outcomes)
	}
}
