package main_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestHiddenDepositLeavesNoResidue: of a submission of two documents, one of which camille may not see before it was
// announced to her, she sees the list, and in it the other document alone.
func TestHiddenDepositLeavesNoResidue(t *testing.T) {
	t.Parallel()
	s := start(t)
	author, camille := s.about(t, "dr-benali", "camille"), s.as(t, "camille")
	lot := submission("camille", "urn:oid:2.999.20", "Lettre ouverte")
	hidden := submission("camille", "urn:oid:2.999.21", "Lettre à annoncer")["entry"].(list)
	for _, e := range hidden {
		entry := e.(object)
		entry["fullUrl"] = strings.Replace(entry["fullUrl"].(string), "urn:uuid:a", "urn:uuid:b", 1)
	}
	pending := hidden[1].(object)["resource"].(object)
	pending["securityLabel"] = append(pending["securityLabel"].(list), concept(maskSystem, "INVISIBLE_PATIENT"))
	pending["content"] = list{object{"attachment": object{"contentType": "text/plain", "url": hidden[2].(object)["fullUrl"]}}}
	entries := lot["entry"].(list)
	set := entries[0].(object)["resource"].(object)
	set["source"] = object{"reference": "Practitioner/dr-benali"}
	set["entry"] = append(set["entry"].(list), object{"item": object{"reference": hidden[1].(object)["fullUrl"]}})
	for _, e := range []any{entries[1], hidden[1]} {
		e.(object)["resource"].(object)["author"] = list{object{"reference": "Practitioner/dr-benali"}}
	}
	lot["entry"] = append(entries, hidden[1], hidden[2])
	answer := author.send(http.MethodPost, s.base+"/fhir", encode(t, lot)).is(t, 200).resource(t)
	var made []string
	for _, e := range answer["entry"].(list) {
		location := strings.TrimPrefix(e.(object)["response"].(object)["location"].(string), s.base+"/fhir/")
		name, _, _ := strings.Cut(location, "/_history")
		made = append(made, name)
	}
	submissionSet, open, secret, secretBytes := made[0], made[1], made[3], made[4]
	camille.get(open).is(t, 200)
	camille.get(secret).is(t, 404)
	camille.get(secretBytes).is(t, 404)
	_, secretID, _ := strings.Cut(secret, "/")
	for _, path := range []string{
		submissionSet, submissionSet + "/_history", submissionSet + "/_history/1", "List?patient=camille",
		"List?patient=camille&_include=List:item", "List?patient=camille&item=" + secret, "List?_has:x=y",
		"DocumentReference?patient=camille&_revinclude=List:item", "Patient/camille/$everything?_count=200",
		"List?patient=camille&item:DocumentReference.identifier=urn:ietf:rfc:3986|urn:oid:2.999.21",
	} {
		a := camille.get(path)
		if a.status == 200 && strings.Contains(strings.ReplaceAll(string(a.body), a.link(t, "self"), ""), secretID) {
			t.Errorf("%s tells camille of the pending letter: %s", path, a.text())
		}
	}
	if got := camille.get("List?patient=camille&item="+secret).is(t, 200).names(t); len(got) > 0 {
		t.Errorf("a search by the hidden item finds %v", got)
	}
	if got := string(camille.get(submissionSet).is(t, 200).body); !strings.Contains(got, open) {
		t.Errorf("the list does not name the open document: %s", got)
	}
	if got := author.get("List?patient=camille&_include=List:item").is(t, 200).names(t); !slices.Contains(got, secret) {
		t.Errorf("the author does not see what they deposited among %v", got)
	}
}

// TestOldVersionsAreMaskedToo: what is masked today is masked in all its versions, also those that were open.
func TestOldVersionsAreMaskedToo(t *testing.T) {
	t.Parallel()
	s := start(t)
	camille, nurse := s.as(t, "camille"), s.about(t, "inf-martin", "camille")
	const doc = "DocumentReference/camille-consultation"
	nurse.get(doc+"/_history/1").is(t, 200)
	masked := camille.patch(doc, addMask).is(t, 200)
	for _, path := range []string{doc, doc + "/_history", doc + "/_history/1", doc + "/_history/2", "Binary/camille-consultation", "Binary/camille-consultation/_history/1"} {
		nurse.get(path).is(t, 404)
	}
	nurse.get(doc, "If-None-Match", masked.header.Get("ETag")).is(t, 404)
	nurse.get(doc, "If-Modified-Since", masked.header.Get("Last-Modified")).is(t, 404)
	s.about(t, "dr-roux", "camille").get(doc, "If-None-Match", masked.header.Get("ETag")).is(t, 200, 304)
}

// TestMaskByDefault: once camille wishes it, what professionals deposit arrives masked (rules.md P5).
func TestMaskByDefault(t *testing.T) {
	t.Parallel()
	s := start(t)
	camille, lab, nurse := s.as(t, "camille"), s.as(t, "backend-lab"), s.about(t, "inf-martin", "camille")
	wish := blocking("camille", "")
	wish["category"] = list{concept("urn:pontlevis:consent", "default-mask")}
	wish["provision"] = object{"type": "deny"}
	camille.post("Consent", wish).is(t, 201)
	made := lab.post("DocumentReference", labDocument("camille", "urn:oid:2.999.30", inlineText("masqué d'office"))).is(t, 201)
	name := strings.TrimPrefix(made.header.Get("Location"), s.base+"/fhir/")
	name, _, _ = strings.Cut(name, "/_history")
	nurse.get(name).is(t, 404)
	if !strings.Contains(string(camille.get(name).is(t, 200).body), `"MASQUE_PS"`) {
		t.Error("the document is hidden, but its labels do not say that it is masked")
	}
}

// TestProfessionalMasksAtHerRequest: a professional of the circle may mask for the person, and it is traced.
func TestProfessionalMasksAtHerRequest(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.about(t, "dr-benali", "camille").patch("DocumentReference/camille-consultation", addMask).is(t, 200)
	s.about(t, "inf-martin", "camille").get("DocumentReference/camille-consultation").is(t, 404)
	s.about(t, "dr-lam", "camille").patch("DocumentReference/camille-consultation", object{"op": "remove", "path": "/securityLabel/1"}).is(t, 404)
	if got := s.as(t, "camille").walk("AuditEvent?patient=camille&agent=Practitioner/dr-benali&action=U"); len(got) != 1 {
		t.Errorf("the masking is %d times in the log", len(got))
	}
}

// TestReplacing: a new version of a document supersedes the old one, whose content stays as it was (rules.md D2).
func TestReplacing(t *testing.T) {
	t.Parallel()
	s := start(t)
	author := s.about(t, "dr-roux", "camille")
	doc := labDocument("camille", "urn:oid:2.999.40", inlineText("corrigé"))
	doc["author"] = list{object{"reference": "Practitioner/dr-roux"}}
	doc["relatesTo"] = list{object{"code": "replaces", "target": object{"reference": "DocumentReference/camille-consultation"}}}
	author.post("DocumentReference", doc).is(t, 201)
	old := author.get("DocumentReference/camille-consultation").is(t, 200).resource(t)
	if old["status"] != "superseded" {
		t.Errorf("what was replaced has status %v", old["status"])
	}
	author.get("Binary/camille-consultation").is(t, 200)
	doc["masterIdentifier"] = object{"system": "urn:ietf:rfc:3986", "value": "urn:oid:2.999.41"}
	doc["relatesTo"] = list{object{"code": "replaces", "target": object{"reference": "DocumentReference/camille-dental"}}}
	author.post("DocumentReference", doc).is(t, 403).outcome(t)
	s.about(t, "inf-martin", "camille").send("DELETE", "DocumentReference/camille-prescription", nil).is(t, 403).outcome(t)
	author.send("DELETE", "DocumentReference/camille-prescription", nil).is(t, 204)
	if got := author.get("DocumentReference/camille-prescription").is(t, 200).resource(t)["status"]; got != "entered-in-error" {
		t.Errorf("what its author deleted has status %v", got)
	}
}

// TestHidingFromOneProfessional: one document from one professional, and from one profession (rules.md P7).
func TestHidingFromOneProfessional(t *testing.T) {
	t.Parallel()
	s := start(t)
	camille := s.as(t, "camille")
	hide := func(document string, reference object, role object) object {
		c := blocking("camille", "")
		c["category"] = list{concept("urn:pontlevis:consent", "hide")}
		c["provision"] = object{
			"type": "deny", "actor": list{object{"role": role, "reference": reference}},
			"data": list{object{"meaning": "instance", "reference": object{"reference": document}}},
		}
		return c
	}
	ircp := concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")
	camille.post("Consent", hide("DocumentReference/camille-consultation", object{"reference": "Practitioner/inf-martin"}, ircp)).is(t, 201)
	nurse, pharmacist := s.about(t, "inf-martin", "camille"), s.about(t, "ph-diallo", "camille")
	nurse.get("DocumentReference/camille-consultation").is(t, 404)
	nurse.get("Binary/camille-consultation").is(t, 404)
	pharmacist.get("DocumentReference/camille-consultation").is(t, 200)
	profession := object{"identifier": object{"system": "urn:oid:1.2.250.1.71.1.2.7", "value": "21"}}
	camille.post("Consent", hide("DocumentReference/camille-dental", profession, concept("urn:pontlevis:actor", "profession"))).is(t, 201)
	pharmacist.get("DocumentReference/camille-dental").is(t, 404)
	nurse.get("DocumentReference/camille-dental").is(t, 200)
	s.about(t, "dr-roux", "camille").get("DocumentReference/camille-dental").is(t, 200)
	if got := nurse.get("Consent?patient=camille").is(t, 200); strings.Contains(string(got.body), `"hide"`) {
		t.Error("who is hidden from is told so")
	}
}

// TestDepositsTellStrangersNothing: whether somebody whom nothing links to camille deposits for her or for nobody, the
// answer is the same.
func TestDepositsTellStrangersNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, who := range []string{"dr-urgence", "dr-travail", "as-morel", "jeanne"} {
		r := s.as(t, who)
		for name, q := range map[string]struct {
			path string
			body func(patient string) any
		}{
			"a document": {"DocumentReference", func(p string) any { return labDocument(p, "urn:oid:2.999.50", inlineText("x")) }},
			"a measure":  {"Observation", func(p string) any { return measure(p) }},
			"a lot":      {s.base + "/fhir", func(p string) any { return submission(p, "urn:oid:2.999.51", "x") }},
			"a block":    {"Consent", func(p string) any { return blocking(p, "Practitioner/dr-roux") }},
			"a condition": {"Condition", func(p string) any {
				return object{"resourceType": "Condition", "subject": object{"reference": "Patient/" + p}}
			}},
		} {
			one := described(r.send(http.MethodPost, q.path, encode(t, q.body("camille"))), "camilla", "camille")
			two := described(r.send(http.MethodPost, q.path, encode(t, q.body("camilla"))), "camilla", "camille")
			if one != two {
				t.Errorf("%s by %s\n--- for camille\n%s\n--- for nobody\n%s", name, who, one, two)
			}
		}
	}
}
