package main_test

import (
	"slices"
	"strings"
	"testing"
)

// TestRepresentativesOfAMinor: camille and karim read lucas's record, but not his confidential act, nor its trace.
func TestRepresentativesOfAMinor(t *testing.T) {
	t.Parallel()
	s := start(t)
	secret := document{"lucas-confidential", "Binary/lucas-confidential"}
	plain := document{"lucas-sport", "Binary/lucas-sport"}
	lucas := s.as(t, "lucas")
	for _, w := range waysOf(s, t, "lucas") {
		if !w.sees(lucas, secret) || !w.sees(lucas, plain) {
			t.Errorf("lucas does not see his own documents by %s", w.name)
		}
	}
	doctor := s.about(t, "dr-roux", "lucas")
	doctor.get("DocumentReference/lucas-confidential").is(t, 200)
	doctor.get("DocumentReference/lucas-sport").is(t, 200)
	doctor.get("Binary/lucas-confidential").is(t, 200)
	s.about(t, "dr-urgence", "lucas").get("DocumentReference/lucas-confidential").is(t, 404)
	for _, who := range []string{"camille", "karim"} {
		r := s.about(t, who, "lucas")
		for _, w := range waysOf(s, t, "lucas") {
			if w.sees(r, secret) {
				t.Errorf("%s sees the confidential act by %s", who, w.name)
			}
			if !w.sees(r, plain) {
				t.Errorf("%s does not see the sport certificate by %s", who, w.name)
			}
		}
		hides(t, r, "lucas-confidential")
	}
	if !logMentions(s.as(t, "lucas"), "lucas", "lucas-confidential") {
		t.Error("lucas's own log lacks the trace of his confidential act")
	}
}

// hides checks that a log shows the traces of what may be known and none of a secret document.
func hides(t *testing.T, r reader, secret string) {
	t.Helper()
	if logMentions(r, "lucas", secret) {
		t.Errorf("the log shown to %s tells of %s", r.token[:8], secret)
	}
	if !logMentions(r, "lucas", "lucas-sport") {
		t.Error("the log shown to a representative lacks the trace of what they may know")
	}
	for _, query := range []string{
		"AuditEvent?patient=lucas&entity=DocumentReference/" + secret, "AuditEvent?patient=lucas&entity=Binary/" + secret,
		"AuditEvent?patient=lucas&_summary=count&entity=DocumentReference/" + secret,
	} {
		a := r.get(query).is(t, 200)
		if len(a.names(t)) > 0 || a.total(t) > 0 {
			t.Errorf("%s finds %d (total %d)", query, len(a.names(t)), a.total(t))
		}
	}
}

// logMentions reports whether the access log of a patient names a resource, in the whole text of its entries.
func logMentions(r reader, patient, id string) bool {
	r.t.Helper()
	for path := "AuditEvent?patient=" + patient + "&_count=100"; path != ""; {
		page := r.get(path).is(r.t, 200)
		if strings.Contains(string(page.body), "/"+id) {
			return true
		}
		path = page.link(r.t, "next")
	}
	return false
}

// TestSecretConnexion: what is read under a connexion secrète leaves no trace that representatives see.
func TestSecretConnexion(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.about(t, "dr-roux", "lucas", "--secret").get("AllergyIntolerance/lucas-peanut").is(t, 200)
	if logMentions(s.about(t, "karim", "lucas"), "lucas", "lucas-peanut") {
		t.Error("karim sees the trace of a secret connection")
	}
	if !logMentions(s.as(t, "lucas"), "lucas", "lucas-peanut") {
		t.Error("lucas does not see the trace of the secret connection about him")
	}
	s.about(t, "dr-roux", "lucas").get("AllergyIntolerance/lucas-peanut").is(t, 200)
	if !logMentions(s.about(t, "karim", "lucas"), "lucas", "lucas-peanut") {
		t.Error("karim does not see the trace of an ordinary access")
	}
}

// TestCarer: sofia reads jeanne's record and adds to it; she does not govern it (rules.md P9).
func TestCarer(t *testing.T) {
	t.Parallel()
	s := start(t)
	sofia := s.about(t, "sofia", "jeanne")
	sofia.get("Patient/jeanne").is(t, 200)
	if got := sofia.walk("MedicationRequest?patient=jeanne"); len(got) == 0 {
		t.Error("sofia sees no treatment of jeanne")
	}
	sofia.get("DocumentReference/jeanne-discharge").is(t, 200)
	sofia.get("Binary/jeanne-discharge").is(t, 200)
	sofia.post("Observation", measure("jeanne")).is(t, 201)
	for name, a := range map[string]answer{
		"a consent":    sofia.post("Consent", blocking("jeanne", "Practitioner/inf-martin")),
		"the circle":   sofia.put("CareTeam/jeanne-circle", object{"resourceType": "CareTeam", "id": "jeanne-circle", "status": "inactive", "subject": object{"reference": "Patient/jeanne"}}),
		"a delegation": sofia.post("RelatedPerson", object{"resourceType": "RelatedPerson", "patient": object{"reference": "Patient/jeanne"}, "relationship": list{concept("urn:pontlevis:delegation", "carer")}, "identifier": list{object{"system": "urn:pontlevis:person", "value": "Patient/yanis"}}}),
		"a mask":       sofia.patch("DocumentReference/jeanne-discharge", addMask),
		"an archiving": sofia.patch("DocumentReference/jeanne-discharge", object{"op": "replace", "path": "/status", "value": "superseded"}),
		"a deletion":   sofia.send("DELETE", "DocumentReference/jeanne-discharge", nil),
	} {
		if a.status != 403 && a.status != 404 {
			t.Errorf("%s by a carer: status %d\n%s", name, a.status, a.text())
		}
		a.outcome(t)
	}
	for _, query := range []string{"Consent?patient=jeanne", "AuditEvent?patient=jeanne"} {
		if a := sofia.get(query); a.status != 403 && (a.status != 200 || len(a.names(t)) > 0) {
			t.Errorf("%s by a carer: status %d\n%s", query, a.status, a.text())
		}
	}
	s.as(t, "jeanne").post("Consent", blocking("jeanne", "Practitioner/inf-martin")).is(t, 201)
	s.as(t, "sofia").get("Patient/camille").is(t, 404)
}

func concept(system, code string) object {
	return object{"coding": list{object{"system": system, "code": code}}}
}

// measure is a weight that somebody deposits.
func measure(patient string) object {
	return object{
		"resourceType": "Observation", "status": "final", "subject": object{"reference": "Patient/" + patient},
		"category":          list{concept("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs")},
		"code":              concept("http://loinc.org", "29463-7"),
		"effectiveDateTime": "2026-11-20T08:00:00Z", "valueQuantity": object{"value": 64.5, "unit": "kg"},
	}
}

// blocking is the Consent by which somebody blocks a professional.
func blocking(patient, who string) object {
	return object{
		"resourceType": "Consent", "status": "active", "scope": concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
		"category": list{concept("urn:pontlevis:consent", "block")}, "patient": object{"reference": "Patient/" + patient},
		"dateTime": "2026-11-20T08:00:00Z", "performer": list{object{"reference": "Patient/" + patient}},
		"policyRule": concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN"),
		"provision": object{"type": "deny", "actor": list{object{
			"role":      concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"),
			"reference": object{"reference": who},
		}}},
	}
}

// TestSpacesThatAreNotOpen: the holder is told of their own space, nobody else of anything.
func TestSpacesThatAreNotOpen(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	for patient, state := range map[string]string{"nour": "closed", "elise": "announced"} {
		holder := s.as(t, patient)
		for _, path := range []string{"Patient/" + patient, "Condition?patient=" + patient, "DocumentReference?patient=" + patient, "Patient/" + patient + "/$everything"} {
			told := holder.get(path).is(t, 403).outcome(t)
			if !strings.Contains(told, "L3.not-open") {
				t.Errorf("%s on %s is told %q", patient, path, told)
			}
			if !strings.Contains(told, state) && !strings.Contains(told, "archived") {
				t.Errorf("%s is not told the state of the space: %q", patient, told)
			}
		}
		holder.post("Observation", measure(patient)).is(t, 403).outcome(t)
		for _, who := range []string{"dr-roux", "camille", "dr-urgence"} {
			r := s.as(t, who)
			r.get("Patient/"+patient).is(t, 404).outcome(t)
			if got := r.get("Condition?patient="+patient).is(t, 200).names(t); len(got) > 0 {
				t.Errorf("%s sees %v of %s", who, got, patient)
			}
		}
		if a := s.about(t, "dr-roux", patient, "--mode", "bris_de_glace", "--purpose", "ETREAT", "--reason", "vital-risk").get("Condition?patient=" + patient); a.status == 200 && len(a.names(t)) > 0 {
			t.Errorf("breaking the glass opens the space of %s: %v", patient, a.names(t))
		}
	}
}

// TestSocialAndOccupational: as-morel, though in jeanne's circle, reads no document; dr-travail nothing without an
// express consent, and what camille leaves open with one.
func TestSocialAndOccupational(t *testing.T) {
	t.Parallel()
	s := start(t)
	social := s.about(t, "as-morel", "jeanne")
	for _, d := range []document{{"jeanne-discharge", "Binary/jeanne-discharge"}, {"jeanne-residence", "Binary/jeanne-residence"}} {
		for _, w := range waysOf(s, t, "jeanne") {
			if w.sees(social, d) {
				t.Errorf("as-morel sees %s by %s", d.id, w.name)
			}
		}
	}
	if got := social.walk("MedicationRequest?patient=jeanne"); len(got) > 0 {
		t.Errorf("as-morel sees %v", got)
	}
	occupational := s.about(t, "dr-travail", "camille")
	occupational.get("AllergyIntolerance/camille-penicillin").is(t, 404)
	express := blocking("camille", "Practitioner/dr-travail")
	express["category"] = list{concept("urn:pontlevis:consent", "express")}
	express["provision"].(object)["type"] = "permit"
	s.as(t, "camille").post("Consent", express).is(t, 201)
	occupational.get("AllergyIntolerance/camille-penicillin").is(t, 200)
	if found(occupational, "DocumentReference?patient=camille&date=ge2000", "DocumentReference/camille-psychiatric-letter") {
		t.Error("an express consent opens a masked document to dr-travail")
	}
}

// TestStrictNecessity: a search that says no dates stops at two years and says so; the record goes further back.
func TestStrictNecessity(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	r := s.about(t, "inf-martin", "camille")
	const old = "DocumentReference/camille-imaging"
	a := r.get("DocumentReference?patient=camille&_count=100").is(t, 200)
	if slices.Contains(a.names(t), old) {
		t.Error("a search without dates reaches a document of three years ago")
	}
	if _, outcomes := a.entries(t); len(outcomes) != 1 || !strings.Contains(a.text()+string(a.body), "two years") {
		t.Errorf("the limit is not told: %v", outcomes)
	}
	if !found(r, "DocumentReference?patient=camille&date=ge2000-01-01", old) {
		t.Error("a search with dates does not reach it")
	}
	r.get(old).is(t, 200)
	if !found(s.as(t, "camille"), "DocumentReference?patient=camille", old) {
		t.Error("camille's own search is limited")
	}
}
