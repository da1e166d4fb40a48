package main_test

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// TestGlycareReadsMeasuresAlone: the app has a label for exchange and camille's consent, for measures and no more.
func TestGlycareReadsMeasuresAlone(t *testing.T) {
	t.Parallel()
	s := start(t)
	app := s.as(t, "camille", "--client", "glycare")
	if got := app.walk("Observation?patient=camille&code=http://loinc.org|2339-0"); len(got) != 3 {
		t.Errorf("glycare sees %v, want the three glucose measures", got)
	}
	app.get("Patient/camille").is(t, 200)
	for _, path := range []string{
		"DocumentReference?patient=camille", "DocumentReference/camille-consultation", "AllergyIntolerance?patient=camille",
		"Binary/camille-consultation", "Bundle/camille-biology", "Consent?patient=camille", "AuditEvent?patient=camille",
		"MedicationRequest?patient=camille", "Patient/camille/$everything", "Condition/camille-diabetes",
	} {
		a := app.get(path)
		switch {
		case a.status == 403 || a.status == 404:
			a.outcome(t)
		case a.status == 200 && strings.Contains(path, "?"), strings.Contains(path, "$everything"):
			for _, name := range a.names(t) {
				if !strings.HasPrefix(name, "Observation/") && !strings.HasPrefix(name, "Patient/") {
					t.Errorf("%s gives glycare %s", path, name)
				}
			}
		default:
			t.Errorf("%s: status %d\n%s", path, a.status, a.text())
		}
	}
	for _, include := range []string{
		"Observation?patient=camille&_include=Observation:subject&_revinclude=DiagnosticReport:result",
		"Patient?_id=camille&_revinclude=DocumentReference:patient&_revinclude=Condition:patient",
	} {
		a := app.get(include).is(t, 200, 403)
		if a.status == 403 {
			a.outcome(t)
			continue
		}
		for _, name := range a.names(t) {
			if !strings.HasPrefix(name, "Observation/") && !strings.HasPrefix(name, "Patient/") {
				t.Errorf("%s gives glycare %s", include, name)
			}
		}
	}
	written := app.post("Observation", measure("camille")).is(t, 201).resource(t)
	if source, _ := written["meta"].(object)["source"].(string); !strings.Contains(source, "glycare") {
		t.Errorf("what glycare writes carries the source %q", source)
	}
	told := s.as(t, "jeanne", "--client", "glycare").get("Observation?patient=jeanne")
	told.is(t, 403)
	if words := told.outcome(t); !strings.Contains(words, "A1.consent") {
		t.Errorf("without consent the app is told %q", words)
	}
	camille := s.as(t, "camille")
	agreed := camille.get("Consent/camille-app-glycare").is(t, 200).resource(t)
	agreed["status"] = "inactive"
	camille.put("Consent/camille-app-glycare", agreed).is(t, 200)
	app.get("Observation?patient=camille").is(t, 403)
	agreed["status"] = "active"
	camille.put("Consent/camille-app-glycare", agreed).is(t, 200)
	app.get("Observation?patient=camille").is(t, 200)
}

// TestRecalledAppIsRefused: no read with a token it still has, no new sign-in, and the person is told why.
func TestRecalledAppIsRefused(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	app := s.as(t, "camille", "--client", "oldapp")
	for _, path := range []string{"Patient/camille", "Practitioner/dr-roux", "Binary/camille-consultation", "Patient/camille/$everything"} {
		app.get(path).is(t, 403).outcome(t)
	}
	for _, path := range []string{"Observation?patient=camille", "DocumentReference/camille-consultation"} {
		if told := app.get(path).is(t, 403).outcome(t); !strings.Contains(told, "A3.status") {
			t.Errorf("%s: the recalled app is told %q", path, told)
		}
	}
	q := url.Values{
		"client_id": {"oldapp"}, "redirect_uri": {"http://127.0.0.1/callback"}, "response_type": {"code"}, "state": {"state-of-the-app"},
		"scope": {"patient/Observation.rs"}, "code_challenge_method": {"S256"}, "code_challenge": {strings.Repeat("a", 43)}, "aud": {s.base + "/fhir"},
	}
	reader{t, s, ""}.get(s.base+"/oauth2/authorize?"+q.Encode(), "Accept", "text/html").is(t, 403)
}

// TestLaboratoryDepositsAndCannotRead: ITI-105 and ITI-65 by a back-end with its own credentials.
func TestLaboratoryDepositsAndCannotRead(t *testing.T) {
	t.Parallel()
	s := start(t)
	lab := reader{t, s, s.clientToken(t, "backend-lab")}
	one := lab.post("DocumentReference", labDocument("camille", "urn:oid:2.999.1", inlineText("Kaliémie 4,1 mmol/L"))).is(t, 201)
	if one.header.Get("Location") == "" {
		t.Error("ITI-105 answers no Location")
	}
	lot := lab.send(http.MethodPost, s.base+"/fhir", encode(t, submission("camille", "urn:oid:2.999.2", "Natrémie 139 mmol/L"))).is(t, 200)
	made := map[string]string{}
	for _, e := range lot.resource(t)["entry"].(list) {
		location := e.(object)["response"].(object)["location"].(string)
		parts := strings.Split(strings.TrimPrefix(location, s.base+"/fhir/"), "/")
		made[parts[0]] = parts[0] + "/" + parts[1]
	}
	for _, kind := range []string{"List", "DocumentReference", "Binary"} {
		if made[kind] == "" {
			t.Fatalf("ITI-65 made %v", made)
		}
		if a := lab.get(made[kind]); a.status != 403 && a.status != 404 {
			t.Errorf("the laboratory reads %s: %d", made[kind], a.status)
		}
	}
	for _, path := range []string{"DocumentReference?patient=camille", "Patient/camille", "Observation?patient=camille", "DocumentReference/camille-biology"} {
		if a := lab.get(path); a.status != 403 && a.status != 404 {
			t.Errorf("the laboratory asks for %s: %d\n%s", path, a.status, a.text())
		}
	}
	doctor := s.about(t, "dr-roux", "camille")
	doctor.get(made["DocumentReference"]).is(t, 200)
	if got := string(doctor.get(made["Binary"], "Accept", "*/*").is(t, 200).body); got != "Natrémie 139 mmol/L" {
		t.Errorf("the bytes deposited come back as %q", got)
	}
	if a := lab.send(http.MethodPost, s.base+"/fhir", encode(t, submission("camilla", "urn:oid:2.999.3", "rien"))); a.status < 400 {
		t.Errorf("a deposit for nobody: %d\n%s", a.status, a.text())
	}
	lab.post("Consent", blocking("camille", "Practitioner/dr-roux")).is(t, 403)
}

// clientToken signs a back-end in with the secret or the key of demo.json (RFC 6749 §4.4, RFC 7523).
func (s *server) clientToken(t testing.TB, key string) string {
	t.Helper()
	for _, c := range s.description(t).Clients {
		if c.Key != key {
			continue
		}
		if c.JWK != nil {
			return s.keyToken(t, c.ClientID, c.JWK, c.Scopes)
		}
		basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(c.ClientID)+":"+url.QueryEscape(c.ClientSecret)))
		form := url.Values{"grant_type": {"client_credentials"}, "scope": {strings.Join(c.Scopes, " ")}}
		a := reader{t, s, ""}.send(http.MethodPost, s.base+"/oauth2/token", []byte(form.Encode()),
			"Content-Type", "application/x-www-form-urlencoded", "Authorization", basic).is(t, 200)
		return a.resource(t)["access_token"].(string)
	}
	t.Fatalf("demo.json has no client %s", key)
	return ""
}

// keyToken signs a back-end in with an assertion (SMART App Launch 2.2, backend-services).
func (s *server) keyToken(t testing.TB, id string, key *jose.JSONWebKey, scopes []string) string {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {strings.Join(scopes, " ")}}
	return s.asserted(t, "/oauth2/token", id, key, form)["access_token"].(string)
}

// asserted is the answer to a form of a client that shows its key (RFC 7523).
func (s *server) asserted(t testing.TB, path, id string, key *jose.JSONWebKey, form url.Values) object {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(key.Algorithm), Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(encode(t, object{
		"iss": id, "sub": id, "aud": s.base + path, "jti": rand.Text(), "exp": time.Now().Add(4 * time.Minute).Unix(),
	}))
	if err != nil {
		t.Fatal(err)
	}
	assertion, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	form.Set("client_assertion", assertion)
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	return reader{t, s, ""}.send(http.MethodPost, s.base+path, []byte(form.Encode()), "Content-Type", "application/x-www-form-urlencoded").is(t, 200).resource(t)
}

// TestBackendWithAKey: the clinic's system signs in with its key of demo.json, and every confidential client has one.
func TestBackendWithAKey(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	for _, c := range s.description(t).Clients {
		if (c.AuthMethod == "private_key_jwt") != (c.JWK != nil && !c.JWK.IsPublic() && c.JWK.Valid()) {
			t.Errorf("%s authenticates by %s, with the key %v", c.Key, c.AuthMethod, c.JWK != nil)
		}
	}
	dpi := reader{t, s, s.clientToken(t, "backend-dpi")}
	dpi.send(http.MethodGet, s.base+"/fhir/Organization/clinique-est", nil).is(t, 200)
	dpi.send(http.MethodGet, s.base+"/fhir/Patient/camille", nil).is(t, 404) // a token opens no record by itself: the policies do
}

// inlineText is an attachment with its bytes in it.
func inlineText(text string) object {
	return object{"contentType": "text/plain", "data": base64.StdEncoding.EncodeToString([]byte(text))}
}

// labDocument is a report that the laboratory deposits.
func labDocument(patient, master string, attachment object) object {
	return object{
		"resourceType": "DocumentReference", "status": "current", "masterIdentifier": object{"system": "urn:ietf:rfc:3986", "value": master},
		"type": concept("http://loinc.org", "11502-2"), "subject": object{"reference": "Patient/" + patient},
		"category": list{concept("https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument", "10")},
		"author":   list{object{"reference": "Organization/labo-garonne"}}, "date": "2026-11-20T09:00:00Z",
		"securityLabel": list{concept("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N")},
		"content":       list{object{"attachment": attachment}},
	}
}

// submission is a deposit as ITI-65 sends it: a SubmissionSet, a document and its bytes in one transaction.
func submission(patient, master, text string) object {
	const set, doc, bin = "urn:uuid:aaaaaaaa-0000-4000-8000-000000000001", "urn:uuid:aaaaaaaa-0000-4000-8000-000000000002", "urn:uuid:aaaaaaaa-0000-4000-8000-000000000003"
	entry := func(url string, resource object) object {
		return object{"fullUrl": url, "resource": resource, "request": object{"method": "POST", "url": resource["resourceType"]}}
	}
	return object{"resourceType": "Bundle", "type": "transaction", "entry": list{
		entry(set, object{
			"resourceType": "List", "status": "current", "mode": "working", "subject": object{"reference": "Patient/" + patient},
			"entry": list{object{"item": object{"reference": doc}}},
		}),
		entry(doc, labDocument(patient, master, object{"contentType": "text/plain", "url": bin})),
		entry(bin, object{"resourceType": "Binary", "contentType": "text/plain", "data": base64.StdEncoding.EncodeToString([]byte(text))}),
	}}
}
