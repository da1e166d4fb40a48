package main_test

import (
	"slices"
	"strings"
	"testing"
)

// glass is an emergency access to a patient's record, at a stage.
func (s *server) glass(t testing.TB, who, patient, stage string, flags ...string) reader {
	t.Helper()
	return s.about(t, who, patient, append([]string{"--purpose", "ETREAT", "--mode", "bris_de_glace", "--reason", "vital-risk", "--stage", stage}, flags...)...)
}

// vital and beyond are what an emergency opens of camille's record, first and then.
var (
	vital = []string{
		"AllergyIntolerance/camille-penicillin", "Condition/camille-diabetes", "MedicationRequest/camille-insulin", "MedicationRequest/camille-ramipril",
		"Observation/camille-blood", "Device/camille-pump", "RelatedPerson/camille-trusted", "DocumentReference/camille-directives", "Patient/camille",
	}
	beyond = []string{
		"DocumentReference/camille-consultation", "DocumentReference/camille-biology", "Observation/camille-glucose-1", "Immunization/camille-flu",
		"Procedure/camille-fundus", "DiagnosticReport/camille-report", "Binary/camille-consultation", "Bundle/camille-biology",
	}
	neverInEmergency = []string{"Appointment/camille-dentist", "Communication/camille-message", "Consent/camille-block-morin"}
)

// shows checks what a reader sees, by reading and by searching.
func shows(t *testing.T, r reader, name string, want bool, resources ...string) {
	t.Helper()
	for _, ref := range resources {
		if a := r.get(ref); a.status == 200 != want {
			t.Errorf("%s reads %s: status %d, want to see it: %v", name, ref, a.status, want)
		} else if a.status != 200 {
			a.is(t, 403, 404).outcome(t) // 403 where the whole type is refused, whatever there is
		}
		kind, id, _ := strings.Cut(ref, "/")
		if kind == "Binary" || kind == "Bundle" {
			continue
		}
		a := r.get(kind + "?_id=" + id)
		if got := a.status == 200 && slices.Contains(a.names(t), ref); got != want {
			t.Errorf("%s finds %s: %v, want %v", name, ref, got, want)
		}
	}
}

// TestBreakingTheGlass opens camille's record in three stages (rules.md E1 to E3).
func TestBreakingTheGlass(t *testing.T) {
	t.Parallel()
	s := start(t)
	const masked = "DocumentReference/camille-psychiatric-letter"
	first, second := s.glass(t, "dr-urgence", "camille", "1"), s.glass(t, "dr-urgence", "camille", "2")
	third := s.glass(t, "dr-urgence", "camille", "3", "--typed-reason", "Tentative de suicide, antécédents nécessaires.")
	shows(t, first, "stage 1", true, vital...)
	shows(t, first, "stage 1", false, slices.Concat(beyond, []string{masked}, neverInEmergency)...)
	shows(t, second, "stage 2", true, slices.Concat(vital, beyond)...)
	shows(t, second, "stage 2", false, append([]string{masked, "Binary/camille-psychiatric-letter"}, neverInEmergency...)...)
	shows(t, third, "stage 3 without her permission", false, masked, "Binary/camille-psychiatric-letter")

	camille := s.as(t, "camille")
	camille.post("Consent", switches("camille", "permit", "permit", "permit")).is(t, 201)
	shows(t, third, "stage 3", true, masked, "Binary/camille-psychiatric-letter")
	shows(t, second, "stage 2 still", false, masked)
	s.glass(t, "dr-urgence", "camille", "3").get(masked).is(t, 403, 404)
	if !logMentions(camille, "camille", "camille-psychiatric-letter") {
		t.Error("the opening of the masked letter is not in camille's log")
	}
	if told, entry := first.get("DocumentReference?patient=camille").is(t, 200), ""; !strings.Contains(string(told.body), "second gesture") {
		t.Errorf("stage 1 is not told that there may be more: %s%s", told.text(), entry)
	}
}

// switches are the three emergency switches of a space (rules.md P10).
func switches(patient, samu, glass, masked string) object {
	one := func(kind, code string) object {
		return object{"type": kind, "purpose": list{object{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": code}}}
	}
	c := blocking(patient, "")
	c["category"] = list{concept("urn:pontlevis:consent", "switches")}
	c["provision"] = object{"provision": list{one(samu, "ETREAT"), one(glass, "BTG"), one(masked, "MASKED")}}
	return c
}

// TestEmergencyRefusals: what no emergency opens, each told with its rule.
func TestEmergencyRefusals(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	refused := func(name, rule string, r reader, path string) {
		t.Helper()
		a := r.get(path)
		if a.status != 403 || !strings.Contains(a.outcome(t), rule) {
			t.Errorf("%s: status %d, want 403 by %s\n%s", name, a.status, rule, a.text())
		}
	}
	refused("yanis refuses break-glass", "E1.opposed", s.glass(t, "dr-urgence", "yanis", "1"), "AllergyIntolerance?patient=yanis")
	refused("yanis refuses the call centre", "E2.opposed",
		s.about(t, "dr-regul", "yanis", "--purpose", "ETREAT", "--mode", "centre_15", "--reason", "call"), "AllergyIntolerance?patient=yanis")
	refused("the call centre is for regulation", "E2.regulation",
		s.about(t, "dr-urgence", "camille", "--purpose", "ETREAT", "--mode", "centre_15", "--reason", "call"), "AllergyIntolerance?patient=camille")
	refused("social workers break no glass", "E1.profession", s.glass(t, "as-morel", "camille", "1"), "AllergyIntolerance?patient=camille")
	refused("an emergency is for one patient", "E3.patient",
		s.as(t, "dr-urgence", "--purpose", "ETREAT", "--mode", "bris_de_glace", "--reason", "vital-risk"), "AllergyIntolerance?patient=camille")
	if out, code := exits(t, "token", "--data", s.data, "--as", "dr-urgence", "--patient", "camille", "--purpose", "ETREAT", "--mode", "bris_de_glace", "--reason", "curiosity"); code == 0 {
		refused("curiosity is no reason", "E1.reason", reader{t, s, strings.TrimSpace(out)}, "AllergyIntolerance?patient=camille")
	}
	for _, r := range []reader{s.glass(t, "dr-bloque", "camille", "1"), s.glass(t, "dr-bloque", "camille", "2")} {
		shows(t, r, "a blocked doctor who breaks the glass", false, slices.Concat(vital, beyond)...)
	}
	doctor := s.glass(t, "dr-urgence", "camille", "2")
	doctor.get("Patient/lucas").is(t, 403, 404)
	for name, a := range map[string]answer{
		"a deposit": doctor.post("DocumentReference", labDocument("camille", "urn:oid:2.999.9", inlineText("x"))),
		"a mask":    doctor.patch("DocumentReference/camille-consultation", addMask),
		"a block":   doctor.post("Consent", blocking("camille", "Practitioner/dr-roux")),
	} {
		if a.status != 403 {
			t.Errorf("%s in an emergency: status %d\n%s", name, a.status, a.text())
		}
	}
}

// TestCallCentre: the regulating doctor reads the vital set, and only reads.
func TestCallCentre(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	r := s.about(t, "dr-regul", "camille", "--purpose", "ETREAT", "--mode", "centre_15", "--reason", "call")
	shows(t, r, "the call centre", true, vital...)
	shows(t, r, "the call centre", false, append([]string{"DocumentReference/camille-psychiatric-letter"}, neverInEmergency...)...)
	s.about(t, "dr-regul", "camille").get("AllergyIntolerance/camille-penicillin").is(t, 404)
}

// TestNoGlassIsBrokenWhereALinkExists: normal access is enough, and is said to be (rules.md E4).
func TestNoGlassIsBrokenWhereALinkExists(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	a := s.glass(t, "dr-benali", "camille", "1").get("AllergyIntolerance?patient=camille")
	if !strings.Contains(string(a.body), "is enough") {
		t.Errorf("status %d, and nobody says that the link is enough\n%s", a.status, a.text())
	}
}
