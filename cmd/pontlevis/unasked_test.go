package main_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// left are the entries of an agenda that an app left, as its holder reads them.
func (s *server) left(t *testing.T, who string) []object {
	t.Helper()
	found, _ := s.as(t, who).get("Appointment?patient="+who+"&identifier="+url.QueryEscape("urn:pontlevis:left|")).is(t, http.StatusOK).entries(t)
	return found
}

// due runs the schedules whose turn it is, and gives what the command says of the vaccine reminders.
func (s *server) due(t *testing.T) string {
	t.Helper()
	for line := range strings.Lines(command(t, "plugin", "due", "--data", s.data)) {
		if said, ok := strings.CutPrefix(line, "rappel-vaccins: "); ok {
			said, _, _ = strings.Cut(said, ", at ")
			return said
		}
	}
	return ""
}

// agree has somebody of the cast agree with the vaccine reminders in the words of camille's consents, each changed first.
func (s *server) agree(t *testing.T, who string, change func(object)) {
	t.Helper()
	for _, id := range []string{"camille-app-rappel-vaccins-notes", "camille-app-rappel-vaccins"} {
		agreed := s.as(t, "camille").get("Consent/"+id).is(t, http.StatusOK).resource(t)
		delete(agreed, "id")
		delete(agreed, "meta")
		agreed["patient"] = object{"reference": "Patient/" + who}
		agreed["performer"] = []any{object{"reference": "Patient/" + who}}
		change(agreed)
		s.as(t, who).post("Consent", agreed).is(t, http.StatusCreated)
	}
}

// TestAScheduledPlugin runs the real plugin in the real cage for whoever agreed: what is due comes to their agenda once, and
// whoever took their consent back, or turned it off, gets nothing.
func TestAScheduledPlugin(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.needsPlugins(t)
	s.agree(t, "yanis", func(consent object) { consent["status"] = "inactive" })
	s.agree(t, "lucas", func(consent object) {
		consent["extension"] = []any{object{"url": "urn:pontlevis:unasked", "valueBoolean": false}}
	})
	s.agree(t, "jeanne", func(object) {})
	if said := s.due(t); said != "last for 2, something new for 2, failed for 0" {
		t.Errorf("it ran %q: camille's consent came with an import, jeanne's by hand; yanis withdrew, lucas turned it off", said)
	}
	for who, want := range map[string]int{"camille": 1, "jeanne": 2, "yanis": 0, "lucas": 0} {
		if got := s.left(t, who); len(got) != want && (who != "jeanne" || len(got) < want) { // jeanne's go by the season

			t.Errorf("the agenda of %s has %d entries by it, want %d: %s", who, len(got), want, encode(t, got))
		}
	}
	entry := s.left(t, "camille")[0]
	for _, want := range []string{
		"Vaccin : rappel diphtérie, tétanos, poliomyélite / Vaccine: booster: diphtheria, tetanus, polio", // she chose no language
		`"source":"urn:pontlevis:client:rappel-vaccins"`, `"display":"rappel-vaccins 1.0.0"`, `"status":"proposed"`, "Calendrier des vaccinations",
	} {
		if text := string(encode(t, entry)); !strings.Contains(text, want) {
			t.Errorf("the entry lacks %s: %s", want, text)
		}
	}
	logged := string(s.as(t, "camille").get("AuditEvent?patient=camille&agent:identifier="+url.QueryEscape("urn:pontlevis:client|rappel-vaccins")+"&_count=100").is(t, 200).body)
	for _, want := range []string{"Immunization/camille-dtp", "Appointment/" + entry["id"].(string), `"schedule"`} {
		if !strings.Contains(logged, want) {
			t.Errorf("the access log of camille does not say %s", want)
		}
	}
	if s.due(t); len(s.left(t, "camille")) != 1 {
		t.Error("the same thing was left twice")
	}
	s.as(t, "dr-roux").send(http.MethodDelete, "Appointment/"+entry["id"].(string), nil).is(t, http.StatusForbidden, http.StatusNotFound)
	s.as(t, "camille").send(http.MethodDelete, "Appointment/camille-dentist", nil).is(t, http.StatusForbidden)
	s.as(t, "camille").send(http.MethodDelete, "Appointment/"+entry["id"].(string), nil).is(t, http.StatusNoContent, http.StatusOK)
	if got := s.left(t, "camille"); len(got) != 0 {
		t.Errorf("what was removed is there: %s", encode(t, got))
	}
}
