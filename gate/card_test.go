package gate

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/audit"
)

// carry makes a card of camille's as her page does, and gives its code.
func (w *world) carry(number string) string {
	w.Helper()
	identifier := fmt.Sprintf(`{"system":"urn:pontlevis:card","value":%q}`, number)
	a := w.post("camille", "/Consent", `{"resourceType":"Consent","status":"active","dateTime":"`+w.at.Format("2006-01-02T15:04:05Z07:00")+`","patient":{"reference":"Patient/camille"},
		"identifier":[`+identifier+`],
		"scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},
		"category":[{"coding":[{"system":"urn:pontlevis:consent","code":"card"}]}],
		"policyRule":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"OPTIN"}]},
		"provision":{"type":"permit","actor":[{"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"IRCP"}]},"reference":{"identifier":`+identifier+`}}]}}`)
	if a.Code != http.StatusCreated {
		w.Fatalf("making a card: %d %s", a.Code, a.Body)
	}
	return w.gate.CardCode("camille", number)
}

// TestCard: the card opens the vital set, and nothing else, to the health professional who holds it, until it is revoked; each
// use and each attempt is in the log.
func TestCard(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", `{"resourceType":"AllergyIntolerance","id":"penicillin","patient":{"reference":"Patient/camille"},"code":{"text":"Penicillin"}}`)
	number := w.gate.NewCard()
	code := w.carry(number)
	far := w.grants["dr-loin"]
	held, name, found, err := w.gate.Card(t.Context(), far, strings.ToLower(strings.ReplaceAll(code, " ", "-")))
	if err != nil || !found || held.Patient != "camille" || name == "" {
		t.Fatalf("%+v, %q, %v, %v", held, name, found, err)
	}
	ask := func(g *Grant, target string) string {
		a, err := w.gate.Ask(t.Context(), g, http.MethodGet, target, nil, nil)
		if err != nil {
			return err.Error()
		}
		return string(a.Body)
	}
	if got := ask(held, "AllergyIntolerance?patient=camille"); !strings.Contains(got, `"fullUrl"`) {
		t.Errorf("the card shows no allergy: %s", got)
	}
	if got := ask(far, "AllergyIntolerance?patient=camille"); strings.Contains(got, `"fullUrl"`) {
		t.Errorf("without the card: %s", got)
	}
	if got := ask(held, "DocumentReference/letter"); !strings.Contains(got, "Nothing here") {
		t.Errorf("the card opens a letter: %s", got)
	}
	other := w.gate.NewCard()
	for name, code := range map[string]string{
		"of no consent": w.gate.CardCode("camille", other), "ill sealed": strings.Repeat("A", 32), "the number alone": number, "nothing": "",
		"sealed for another": number + w.gate.cardSeal("camille", other), "of this number in another space": w.gate.CardCode("lucas", number),
	} {
		if _, _, found, err := w.gate.Card(t.Context(), far, code); found || err != nil {
			t.Errorf("a code %s: %v, %v", name, found, err)
		}
	}
	if _, _, found, err := w.gate.Card(t.Context(), w.grants["dr-bloque"], code); found || err != nil {
		t.Errorf("in the hands of somebody blocked: %v, %v", found, err)
	}
	w.revokeCards()
	if got := ask(held, "AllergyIntolerance?patient=camille"); strings.Contains(got, `"fullUrl"`) {
		t.Errorf("a grant by a revoked card: %s", got)
	}
	for _, key := range []string{"dr-loin", "dr-roux"} { // the second has a link of their own
		if _, name, found, err := w.gate.Card(t.Context(), w.grants[key], code); found || name != "" || err != nil {
			t.Errorf("revoked, in the hands of %s: %q, %v, %v", key, name, found, err)
		}
	}
	scans := map[string]int{}
	for _, e := range slices.Concat(w.entries("camille"), w.entries("")) {
		if e.Interaction == "scan-card" && e.Outcome == audit.Granted && e.Rule == "E7.card" && e.Details["notify"] != "" {
			scans["used"]++
		} else if e.Interaction == "scan-card" && e.Outcome == audit.Refused {
			scans["refused"]++
		}
	}
	if scans["used"] != 1 || scans["refused"] != 9 {
		t.Errorf("the log has %v", scans)
	}
}

// revokeCards ends every card of camille's.
func (w *world) revokeCards() {
	w.Helper()
	found := w.get("camille", "/Consent?patient=camille&category=urn:pontlevis:consent|card")
	for _, entry := range found.node().Get("entry").Items() {
		r := entry.Get("resource")
		body := r.With("status", []byte(`"inactive"`))
		if a := w.ask("camille", http.MethodPut, "/Consent/"+r.Get("id").Text(), string(body)); a.Code != http.StatusOK {
			w.Fatalf("revoking: %d %s", a.Code, a.Body)
		}
	}
}
