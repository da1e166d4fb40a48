package gate

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
)

// emergency is what dr-loin, who has no link, would be given.
func (w *world) emergency(name string) *Grant {
	g := *w.grants[name]
	g.ID, g.Patient, g.Mode, g.Reason, g.Stage = "grant-emergency", "", "bris_de_glace", "unconscious", 1
	g.Since = w.at
	return &g
}

// TestOpenEmergency: the policies decide, the answer is in words, and both outcomes are in the log.
func TestOpenEmergency(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.live("closed", "closed")
	far := w.emergency("dr-loin")
	for _, tt := range []struct {
		name, whose string
		grant       *Grant
		patient     string
		said        string // part of the refusal
	}{
		{"by id", "Patient/camille", far, "camille", ""},
		{"by identifier", "urn:ins|1", far, "camille", ""},
		{"unknown identifier", "urn:ins|999", far, "", "does not open in this way"},
		{"unknown id", "Patient/zzz", far, "", "does not open in this way"},
		{"closed", "Patient/closed", far, "", "does not open in this way"},
		{"blocked", "Patient/camille", w.emergency("dr-bloque"), "", "does not open in this way"},
		{"a link is enough", "Patient/camille", w.emergency("dr-roux"), "", "normal access is enough"},
		{"no reason", "Patient/camille", func() *Grant { g := w.emergency("dr-loin"); g.Reason = "curious"; return g }(), "", "needs a reason"},
		{"no reason, nobody", "urn:ins|999", func() *Grant { g := w.emergency("dr-loin"); g.Reason = "curious"; return g }(), "", "needs a reason"},
		{"no professional", "Patient/camille", w.emergency("sofia"), "", "reserved to health professionals"},
		{"no regulating doctor", "Patient/camille", func() *Grant { g := w.emergency("dr-loin"); g.Mode = "centre_15"; return g }(), "", "regulating doctor"},
		{"normal mode", "Patient/camille", func() *Grant { g := w.emergency("dr-loin"); g.Mode = "normal"; return g }(), "", "does not open in this way"},
	} {
		opening, err := w.gate.OpenEmergency(t.Context(), tt.grant, tt.whose)
		patient := ""
		if opening != nil {
			patient = opening.Patient
		}
		var no *Refusal
		if refused := errors.As(err, &no); refused != (tt.said != "") || err != nil && !refused || patient != tt.patient {
			t.Errorf("%s: %q, %v", tt.name, patient, err)
			continue
		}
		if no != nil && (!strings.Contains(no.Issues[0].EN, tt.said) || no.Issues[0].FR == "") {
			t.Errorf("%s: told %q", tt.name, no.Issues[0].EN)
		}
	}
	var opened, refused, unknown int
	for _, e := range slices.Concat(w.entries("camille"), w.entries("closed"), w.entries("zzz"), w.entries("")) {
		if e.Interaction == "open-emergency" {
			switch {
			case e.Outcome == audit.Granted && e.Patient == "camille" && e.Reason == "unconscious" && e.Details["case_due_hours"] != "" && e.Details["notify"] != "":
				opened++
			case e.Outcome == audit.Refused && e.Patient == "":
				unknown++
			case e.Outcome == audit.Refused:
				refused++
			}
		}
	}
	if opened != 2 || refused != 8 || unknown != 2 {
		t.Errorf("the log has %d openings, %d refusals and %d of nobody", opened, refused, unknown)
	}
}

// TestOpenEmergencyUnlogged: what cannot be logged is not opened.
func TestOpenEmergencyUnlogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.db.log.Store(true)
	if _, err := w.gate.OpenEmergency(t.Context(), w.emergency("dr-loin"), "Patient/camille"); !errors.Is(err, errBroken) {
		t.Errorf("%v", err)
	}
}

func TestEmergencyReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if words, ok := w.gate.EmergencyReason("bris_de_glace", "unconscious"); !ok || words.FR == "" || words.EN == "" {
		t.Errorf("%+v, %v", words, ok)
	}
	for _, unknown := range [][2]string{{"bris_de_glace", "curious"}, {"normal", "unconscious"}, {"", ""}} {
		if _, ok := w.gate.EmergencyReason(unknown[0], unknown[1]); ok {
			t.Errorf("%q is a reason", unknown)
		}
	}
}

// TestEmergencyMode: the mode of a work situation comes from the bundle, and has reasons there.
func TestEmergencyMode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for regulating, want := range map[bool]string{true: "centre_15", false: "bris_de_glace"} {
		if got := w.gate.EmergencyMode(regulating); got != want || len(w.gate.EmergencyReasons(got)) == 0 {
			t.Errorf("regulating %v: mode %q", regulating, got)
		}
	}
}

// TestEmergencyLife: the length comes from the settings of the bundle; what is no positive number is none.
func TestEmergencyLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if life, ok := w.gate.EmergencyLife(); !ok || life != time.Hour {
		t.Errorf("the bundle's: %v, %v", life, ok)
	}
	if hours, ok := w.gate.setting("h", "consultation_hours"); !ok || hours != 24*time.Hour {
		t.Errorf("a consultation: %v, %v", hours, ok)
	}
	for _, path := range [][]string{{"unknown"}, {"emergency"}, {"emergency", "matrix"}, {}} {
		if d, ok := w.gate.setting("m", path...); ok {
			t.Errorf("%v: %v", path, d)
		}
	}
}

// TestConsult: a person lets a professional in for one consultation, and nobody else does it for them unheard.
func TestConsult(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.get("dr-loin", "/DocumentReference/report").is(404)
	if err := w.gate.Consult(t.Context(), w.grants["camille"], "Practitioner/dr-loin"); err != nil {
		t.Fatal(err)
	}
	w.get("dr-loin", "/DocumentReference/report").is(200)
	far := *w.grants["dr-benali"]
	far.ID = "grant-far"
	if err := w.gate.Consult(t.Context(), &far, "Practitioner/dr-benali"); !Refused(err) {
		t.Errorf("a professional without a link lets themselves in: %v", err)
	}
	if err := w.gate.Consult(t.Context(), w.grants["sofia"], "Practitioner/dr-benali"); !Refused(err) {
		t.Errorf("a carer lets a professional in: %v", err)
	}
	if err := w.gate.Consult(t.Context(), w.grants["camille"], "https://rpps.esante.gouv.fr|rpps-dr-benali"); err != nil {
		t.Errorf("by identifier: %v", err)
	}
}
