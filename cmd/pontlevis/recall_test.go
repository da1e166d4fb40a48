package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// recall has two of the demonstration's authority sign the recall of an app, one after the other, and log it.
func (s *server) recall(t testing.TB, app string) {
	t.Helper()
	key := func(name string) string { return filepath.Join(s.data, "authority", name+".pem") }
	order := filepath.Join(t.TempDir(), "order.json")
	command(t, "label", "revoke", "--data", s.data, "--app", app, "--reason", "security", "--fr", "Une faille.", "--en", "A flaw.",
		"--key", key("label-authority"), "-o", order)
	if out, code := exits(t, "label", "revoke", "--data", s.data, order); code == 0 || !strings.Contains(out, "too few keys") {
		t.Errorf("one key recalls an app: %s", out)
	}
	command(t, "label", "revoke", "--data", s.data, "--key", key("label-authority-2"), order)
}

// TestRecallUnderLoad is criterion 3 of the catalogue: from the moment the recall of an app has been logged not one of its
// reads succeeds, the storefront and introspection say so at once, and others go on.
func TestRecallUnderLoad(t *testing.T) {
	t.Parallel()
	s := start(t)
	glycare := s.as(t, "camille", "--client", "glycare")
	clinic := reader{t, s, s.clientToken(t, "backend-dpi")}
	active := func(token string) bool { return s.introspected(t, "backend-dpi", token) }
	if !active(clinic.token) {
		t.Fatal("the clinic's token is not told as active before")
	}
	told, _ := s.recallTimes(t) // of those that the cast tells of
	measures := []string{"Observation/camille-glucose-1", "Observation?patient=camille&code=2339-0", "Observation/camille-glucose-1/_history", "Patient/camille"}
	holdsAtOnce(t, "recall of an app", glycare.looks("2339-0|camille", measures...), func() { s.recall(t, "glycare") })
	if words := glycare.get(measures[0]).is(t, 403).outcome(t); !strings.Contains(words, "A3.status") {
		t.Errorf("the recalled app is told %q", words)
	}
	clinic.get("Organization/clinique-est").is(t, 200) // another's recall is no matter of its own
	storefront := string(reader{t, s, ""}.get(s.base+"/catalog/glycare", "Accept", "text/html", "Accept-Language", "en").is(t, 200).body)
	if !strings.Contains(storefront, "Label withdrawn") {
		t.Error("the storefront does not say that the label was withdrawn")
	}
	s.refusesSignIn(t, "glycare")

	holdsAtOnce(t, "recall of a back-end", clinic.looks("clinique-est", "Organization/clinique-est", "Organization?_id=clinique-est"), func() { s.recall(t, "backend-dpi") })
	if active(clinic.token) {
		t.Error("introspection tells the token of a recalled back-end as active")
	}
	if shown := string(reader{t, s, ""}.get(s.base+"/catalog/backend-dpi", "Accept", "text/html", "Accept-Language", "en").is(t, 200).body); !strings.Contains(shown, "Label withdrawn") {
		t.Error("the storefront does not agree with introspection at once")
	}
	count, seconds := s.recallTimes(t)
	if count -= told; count != 2 || seconds <= 0 || seconds > 2*patience.Seconds() {
		t.Errorf("pontlevis_recall_to_refusal_seconds tells of %d recalls, %v s together; want 2", count, seconds)
	}
	t.Logf("from the arrival of a recall to the first refusal, under load: %.1f ms each", seconds/float64(count)*1000)

	s.kill()
	again := startOver(t, s.data)
	reader{t, again, glycare.token}.get(measures[0]).is(t, 403)
	var says struct{ Status, Cause string }
	if err := json.Unmarshal(reader{t, again, ""}.get(again.base+"/catalog/log/app/glycare").is(t, 200).body, &says); err != nil || says.Status != "recalled" || says.Cause != "security" {
		t.Errorf("after a kill the log says %+v (%v)", says, err)
	}
}

// refusesSignIn fails when people can still sign in to an app.
func (s *server) refusesSignIn(t testing.TB, app string) {
	t.Helper()
	q := url.Values{
		"client_id": {app}, "redirect_uri": {"http://127.0.0.1/callback"}, "response_type": {"code"}, "state": {"state-of-the-app"},
		"scope": {"patient/Observation.rs"}, "code_challenge_method": {"S256"}, "code_challenge": {strings.Repeat("a", 43)}, "aud": {s.base + "/fhir"},
	}
	reader{t, s, ""}.get(s.base+"/oauth2/authorize?"+q.Encode(), "Accept", "text/html").is(t, 403)
}

// introspected asks about a token as a client with a key (RFC 7662, RFC 7523).
func (s *server) introspected(t testing.TB, client, token string) bool {
	t.Helper()
	for _, c := range s.description(t).Clients {
		if c.Key != client {
			continue
		}
		return s.asserted(t, "/oauth2/introspect", client, c.JWK, url.Values{"token": {token}})["active"] == true
	}
	t.Fatalf("demo.json has no client %s", client)
	return false
}

var recallLine = regexp.MustCompile(`(?m)^pontlevis_recall_to_refusal_seconds_(count|sum) (\S+)$`)

// recallTimes is how many recalls met a refusal, and the seconds until then together.
func (s *server) recallTimes(t testing.TB) (count int, seconds float64) {
	t.Helper()
	for _, m := range recallLine.FindAllStringSubmatch(s.metrics(t), -1) {
		n, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		if m[1] == "count" {
			count = int(n)
		} else {
			seconds = n
		}
	}
	return count, seconds
}

// TestRecallOfAPluginUnderLoad: no invocation that begins once the recall was logged gets a card, those that ran have ended,
// and the discovery of CDS Hooks no longer names the plugin's services.
func TestRecallOfAPluginUnderLoad(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.needsPlugins(t)
	doctor := s.about(t, "dr-roux", "camille")
	var calls atomic.Uint32
	invoke := func() (answer, error) {
		body := fmt.Sprintf(`{"hook":"patient-view","hookInstance":"d1577c69-dfbe-44ad-ba6d-3e05e953b2%02x","context":{"userId":"Practitioner/dr-roux","patientId":"camille"}}`, calls.Add(1)%256)
		return doctor.try(http.MethodPost, s.base+"/cds-services/"+vaccines, []byte(body), "Content-Type", "application/json", "Accept", "application/json")
	}
	shows := func(int) (bool, error) {
		a, err := invoke()
		return err == nil && a.status == 200 && strings.Contains(string(a.body), "summary"), err
	}
	holdsAtOnce(t, "recall of a plugin", shows, func() {
		for seen, tries := false, 0; !seen && tries < 50; tries++ { // it shows cards before, however busy the machine is
			seen, _ = shows(0)
		}
		s.recall(t, "rappel-vaccins")
	})
	found := string(reader{t, s, ""}.send(http.MethodGet, s.base+"/cds-services", nil).is(t, 200).body)
	if strings.Contains(found, vaccines) || !strings.Contains(found, compares) {
		t.Errorf("the discovery of services says %s", found)
	}
	if a, err := invoke(); err != nil || a.status == 200 && strings.Contains(string(a.body), "summary") {
		t.Errorf("after the recall: %d %s (%v)", a.status, a.text(), err)
	}
}
