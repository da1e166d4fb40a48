package gate

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/space"
)

// TestCircle: the holder is told who stands in which link, until when, and what the policies say of it; a read of their own space.
func TestCircle(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", `{"resourceType":"Appointment","id":"past","status":"fulfilled","created":"2026-10-01T08:00:00Z","start":"2026-11-01T08:00:00Z","end":"2026-11-01T09:00:00Z","participant":[{"actor":{"reference":"Patient/camille"},"status":"accepted"},{"actor":{"reference":"Practitioner/dr-benali"},"status":"accepted"}]}`)
	var c *Circle
	entries := w.logged("camille", func() { c = w.circle("camille") })
	k := slices.IndexFunc(c.Facts.Circle, func(l space.Link) bool { return l.Actor[0] == "Practitioner/dr-benali" })
	if k < 0 {
		t.Fatalf("the appointment makes no link: %+v", c.Facts.Circle)
	}
	if want := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC); !c.Ends[k].Equal(want) {
		t.Errorf("the link fades at %v, want %v", c.Ends[k], want)
	}
	if !c.Settled || c.Switches[space.SwitchGlass] != "permit" || c.Switches[space.SwitchMasked] != "deny" || c.Consultation != 24*time.Hour || c.MaskCode != masque {
		t.Errorf("the settings of the policies are not told: %+v", c)
	}
	for who, want := range map[string]bool{"dr-roux": true, "dr-benali": true, "dr-bloque": false, "dr-loin": false} {
		if opens, err := c.Opens(t.Context(), []string{"Practitioner/" + who}, nil); err != nil || opens != want {
			t.Errorf("%s gets in: %v (%v), want %v", who, opens, err, want)
		}
	}
	if len(entries) == 0 || entries[0].Outcome != audit.Granted || !slices.Contains(entries[0].Resources, "CareTeam/circle-camille") {
		t.Errorf("the log says %+v of it", entries)
	}
}

func (w *world) circle(who string) *Circle {
	w.Helper()
	c, err := w.gate.Circle(w.Context(), w.grants[who])
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// TestCircleOfWhatIsHidden: what rests on something kept from whoever asks is not there for them.
func TestCircleOfWhatIsHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t).minor()
	w.put("lucas", `{"resourceType":"Appointment","id":"secret","status":"booked","created":"2026-11-20T08:00:00Z","start":"2026-11-25T08:00:00Z","end":"2026-11-25T09:00:00Z","meta":{"security":[{"system":"`+maskURL+`","code":"INVISIBLE_REPRESENTANTS_LEGAUX"}]},"participant":[{"actor":{"reference":"Patient/lucas"},"status":"accepted"},{"actor":{"reference":"Practitioner/dr-benali"},"status":"accepted"}]}`)
	linked := func(c *Circle) bool {
		return slices.ContainsFunc(c.Facts.Circle, func(l space.Link) bool { return l.Actor[0] == "Practitioner/dr-benali" })
	}
	if !linked(w.circle("lucas")) {
		t.Error("lucas does not see his own appointment's link")
	}
	of := w.circle("karim")
	if linked(of) {
		t.Error("a representative learns of an appointment that is kept from them")
	}
	if opens, err := of.Opens(t.Context(), []string{"Practitioner/dr-benali"}, nil); err != nil || opens {
		t.Errorf("what a representative is told rests on it: %v", err)
	}
	if !of.Majority.Equal(time.Date(2029, 5, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("majority at %v", of.Majority)
	}
}

// TestCircleOfAnother: nobody is told of the circle of a space they have nothing to do with; a carer learns no choices.
func TestCircleOfAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", delegate("camille", "sofia", space.Carer, "RelatedPerson/sofia", "2026-01-01"))
	if c := w.circle("sofia"); c.Settled || len(c.Facts.Blocked) > 0 || len(c.Facts.Circle) == 0 {
		t.Errorf("a carer is told %+v", c)
	}
	w.grant("lucas-elsewhere", "lucas", func(g *Grant) { g.Patient = "camille" })
	if c := w.circle("lucas-elsewhere"); len(c.Parts) > 0 || len(c.Facts.Circle) > 0 {
		t.Errorf("a stranger is told %+v", c)
	}
}

// TestWeigh: what would be refused is told in the words of the refusal, and nothing is made or logged.
func TestWeigh(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", delegate("camille", "sofia", space.Carer, "RelatedPerson/sofia", "2026-01-01"))
	fresh := []byte(strings.Replace(consent("camille", "x", space.DefaultMask, "2026-11-21", `"type":"deny"`), `"id":"x",`, "", 1))
	entries := w.logged("camille", func() {
		for who, permitted := range map[string]bool{"camille": true, "sofia": false, "lucas": false} {
			no, err := w.gate.Weigh(t.Context(), w.grants[who], fresh)
			if err != nil || (no == nil) != permitted {
				t.Errorf("%s: %v, %v", who, no, err)
			}
			if no != nil && (len(no.Issues) == 0 || no.Issues[0].FR == "" || no.Issues[0].EN == "") {
				t.Errorf("%s is refused without words", who)
			}
		}
	})
	if len(entries) > 0 || w.circle("camille").Facts.DefaultMasked {
		t.Errorf("weighing a choice made it, or was logged: %+v", entries)
	}
}

// invitation is one to camille's space, as our own pages write it.
func (w *world) invitation(word, kind, end string) string {
	w.Helper()
	code := w.gate.InvitationCode("camille", word)
	if end != "" {
		end = `,"end":"` + end + `"`
	}
	body := `{"resourceType":"RelatedPerson","active":false,"patient":{"reference":"Patient/camille"},"relationship":[{"coding":[{"system":"` + space.DelegationSystem + `","code":"` + kind + `"}]}],"name":[{"text":"A guest"}],"period":{"start":"2026-11-21"` + end + `},"identifier":[{"system":"` + space.InvitationSystem + `","value":"` + InvitationDigest(code) + `"}]}`
	w.post("camille", "/RelatedPerson", body).is(http.StatusCreated)
	return code
}

// TestInvitation: whoever shows the code takes the delegation in their own name, once, for some days; nothing else opens it.
func TestInvitation(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.grant("guest", "lucas", func(g *Grant) { g.Patient, g.Until = "", w.at.AddDate(1, 0, 0) })
	code := w.invitation("one", space.Carer, "2027-01-31")
	if other := w.gate.InvitationCode("lucas", "one"); other == code {
		t.Error("two spaces have one code")
	}
	refused := func(code string) bool {
		_, err := w.gate.AcceptInvitation(t.Context(), w.grants["guest"], code)
		var no *Refusal
		return errors.As(err, &no)
	}
	if !refused("AAAA-AAAA-AAAA-AAAA") {
		t.Error("a wrong code is taken")
	}
	seen, err := w.gate.Invited(t.Context(), w.grants["guest"], code)
	if err != nil || seen.Name != "Name of camille" || seen.Kind != space.Carer || seen.Until.Year() != 2027 {
		t.Fatalf("the invitation says %+v, %v", seen, err)
	}
	if all, err := w.gate.Delegations(t.Context(), "Patient/lucas"); err != nil || len(all) > 0 {
		t.Errorf("looking at an invitation took it: %+v, %v", all, err)
	}
	entries := w.logged("camille", func() {
		if _, err := w.gate.AcceptInvitation(t.Context(), w.grants["guest"], code); err != nil {
			t.Fatal(err)
		}
	})
	if len(entries) != 1 || entries[0].Rule != "P9.accepts" || entries[0].Actor.ID != "Patient/lucas" || entries[0].Details["notify"] != "holder" {
		t.Errorf("the log says %+v", entries)
	}
	all, err := w.gate.Delegations(t.Context(), "Patient/lucas")
	if err != nil || len(all) != 1 || all[0].Kind != "carer" || all[0].Patient != "camille" {
		t.Errorf("the guest acts for %+v, %v", all, err)
	}
	if !refused(code) {
		t.Error("a code is taken twice")
	}
	late := w.invitation("two", space.Helper, "")
	w.grant("guest", "karim", func(g *Grant) { g.Patient, g.Until = "", w.at.AddDate(1, 0, 0) })
	w.at = w.at.AddDate(0, 0, 15)
	if last := w.logged("camille", func() {
		if !refused(late) {
			t.Error("an invitation of long ago is taken")
		}
	}); len(last) != 1 || last[0].Rule != "P9.expired" {
		t.Errorf("the log says %+v", last)
	}
}

// TestInvitationOverFHIR: nobody takes an invitation without its code, whoever may read it.
func TestInvitationOverFHIR(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", delegate("camille", "sofia", space.Carer, "RelatedPerson/sofia", "2026-01-01"))
	w.invitation("one", space.Carer, "")
	var id string
	for _, e := range w.get("sofia", "/RelatedPerson?patient=camille").is(http.StatusOK).node().Get("entry").Items() {
		if r := e.Get("resource"); r.Get("active").Text() == "false" {
			id = r.Get("id").Text()
		}
	}
	if id == "" {
		t.Fatal("a carer does not see the invitation: the test shows nothing")
	}
	taken := delegate("camille", id, space.Carer, "RelatedPerson/sofia", "2026-11-21")
	w.ask("sofia", http.MethodPut, "/RelatedPerson/"+id, taken).is(http.StatusForbidden)
	w.ask("camille", http.MethodPut, "/RelatedPerson/"+id, delegate("camille", id, space.Helper, "RelatedPerson/sofia", "2026-11-21")).is(http.StatusUnprocessableEntity)
	w.post("camille", "/RelatedPerson", `{"resourceType":"RelatedPerson","active":true,"patient":{"reference":"Patient/camille"},"relationship":[{"coding":[{"system":"`+space.DelegationSystem+`","code":"carer"}]}],"period":{"start":"2026-11-21"},"identifier":[{"system":"`+space.InvitationSystem+`","value":"x"}]}`).is(http.StatusUnprocessableEntity)
	w.post("camille", "/RelatedPerson", `{"resourceType":"RelatedPerson","active":false,"patient":{"reference":"Patient/camille"},"relationship":[{"coding":[{"system":"`+space.DelegationSystem+`","code":"legal-representative"}]}],"period":{"start":"2026-11-21"},"identifier":[{"system":"`+space.InvitationSystem+`","value":"x"}]}`).is(http.StatusUnprocessableEntity)
}
