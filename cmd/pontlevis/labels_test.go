package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// settled runs a server with options of its own.
func settled(t *testing.T, data, option string) *server {
	t.Helper()
	address := freeAddress(t)
	host, port, _ := strings.Cut(address, ":")
	config := filepath.Join(t.TempDir(), "Caddyfile")
	text := fmt.Sprintf("{\n\tadmin {$PONTLEVIS_ADMIN}\n\tauto_https off\n\tpersist_config off\n\tpontlevis {\n\t\tdata %q\n\t\tissuer http://%s\n%s\n\t}\n}\nhttp://:%s {\n\tbind %s\n\tpontlevis\n}\n",
		data, address, option, port, host)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := launch(data, address, "--config", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.finish(t) })
	return s
}

// labelled is what a server's log of labels says of an app.
func (s *server) labelled(t testing.TB, app string) (status, cause string) {
	t.Helper()
	a := reader{t, s, ""}.get(s.base+"/catalog/log/app/"+app).is(t, 200, 404)
	if a.status == 404 {
		return "", ""
	}
	var says struct{ Status, Cause string }
	if err := json.Unmarshal(a.body, &says); err != nil {
		t.Fatal(err)
	}
	return says.Status, says.Cause
}

// TestALogIsFollowed: a second node takes the labels of the first one's authority, and its recalls; what it reads is proved
// with the key of the first.
func TestALogIsFollowed(t *testing.T) {
	t.Parallel()
	first := start(t)
	key, err := os.ReadFile(filepath.Join(first.data, "labels.vkey"))
	if err != nil {
		t.Fatal(err)
	}
	data, tokens := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "tokens")
	initial := strings.Repeat("t", 40)
	if err := os.WriteFile(tokens, []byte(initial), 0o600); err != nil {
		t.Fatal(err)
	}
	second := settled(t, data, fmt.Sprintf("\t\tauthority %q\n\t\tlabels {\n\t\t\tfollow %s/catalog/log %s\n\t\t\tevery 1s\n\t\t}\n\t\tregistration {\n\t\t\ttokens %q\n\t\t}",
		filepath.Join(first.data, "authority.json"), first.base, strings.TrimSpace(string(key)), tokens))
	for end := time.Now().Add(patience); (reader{t, second, ""}).get(second.base+"/catalog/glycare", "Accept", "text/html").is(t, 200, 404).status == 404; {
		if time.Now().After(end) {
			t.Fatal("glycare is not on the air at the follower")
		}
		time.Sleep(100 * time.Millisecond)
	}
	client := second.registered(t, initial, "glycare")
	if status := second.signsIn(t, client); status != 303 {
		t.Errorf("signing in to glycare at the follower: %d", status)
	}
	reader{t, second, ""}.get(second.base+"/catalog/glycare", "Accept", "text/html").is(t, 200)
	if status, _ := second.labelled(t, "glycare"); status != "online" {
		t.Errorf("the follower says of glycare: %q", status)
	}
	first.recall(t, "glycare")
	deadline := time.Now().Add(patience)
	for status := ""; status != "recalled"; status, _ = second.labelled(t, "glycare") {
		if time.Now().After(deadline) {
			t.Fatalf("the follower does not hear of the recall: %q", status)
		}
		time.Sleep(100 * time.Millisecond)
	}
	if status := second.signsIn(t, client); status != 403 {
		t.Errorf("recalled at the authority, signing in to glycare at the follower: %d", status)
	}
	proof := filepath.Join(t.TempDir(), "proof.json")
	if err := os.WriteFile(proof, reader{t, second, ""}.get(second.base+"/catalog/log/proof/0").is(t, 200).body, 0o600); err != nil {
		t.Fatal(err)
	}
	out := command(t, "label", "verify", "--proof", proof, "--key", filepath.Join(first.data, "labels.vkey"), "--authority", filepath.Join(first.data, "authority.json"))
	if !strings.Contains(out, "entry 0 of ") {
		t.Errorf("%s", out)
	}
	if out, code := exits(t, "label", "revoke", "--data", data, "--app", "oldapp", "--reason", "security", "--fr", "a", "--en", "b",
		"--key", filepath.Join(first.data, "authority", "label-authority.pem")); code == 0 || !strings.Contains(out, "followed, not written") {
		t.Errorf("a follower takes an order: %s", out)
	}
	metrics := second.metrics(t)
	if !strings.Contains(metrics, "pontlevis_label_log_age_seconds ") || !strings.Contains(metrics, "pontlevis_label_log_trouble 0") {
		t.Error("the metrics do not say how fresh the log is")
	}
}

// registered registers a client of an app of the catalogue with an initial access token, and gives its id.
func (s *server) registered(t testing.TB, token, app string) string {
	t.Helper()
	a := reader{t, s, token}.send(http.MethodPost, s.base+"/oauth2/register", encode(t, object{"software_id": app}), "Content-Type", "application/json").is(t, 201)
	var client struct {
		ID string `json:"client_id"`
	}
	if err := json.Unmarshal(a.body, &client); err != nil || client.ID == "" {
		t.Fatalf("registering %s: %s (%v)", app, a.body, err)
	}
	return client.ID
}

// signsIn asks to sign in to an app: the answer leads on (303) or refuses (403).
func (s *server) signsIn(t testing.TB, client string) int {
	t.Helper()
	q := url.Values{
		"client_id": {client}, "redirect_uri": {"http://127.0.0.1/callback"}, "response_type": {"code"}, "state": {"state-of-the-app"},
		"scope": {"patient/Observation.rs"}, "code_challenge_method": {"S256"}, "code_challenge": {strings.Repeat("a", 43)}, "aud": {s.base + "/fhir"},
	}
	return reader{t, s, ""}.get(s.base+"/oauth2/authorize?"+q.Encode(), "Accept", "text/html").status
}

// TestTheOperatorsListWins over a label in force, within a second of a change of its file, and gives the app back.
func TestTheOperatorsListWins(t *testing.T) {
	t.Parallel()
	denied, data := filepath.Join(t.TempDir(), "denied"), filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(denied, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	option := fmt.Sprintf("\t\tdemo\n\t\tlabels {\n\t\t\tdeny_file %q\n\t\t}", denied)
	s := settled(t, data, option)
	app := s.as(t, "camille", "--client", "glycare")
	app.get("Patient/camille").is(t, 200)
	becomes := func(list string, status int) {
		t.Helper()
		if err := os.WriteFile(denied, []byte(list), 0o600); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(patience)
		for app.get("Patient/camille").status != status {
			if time.Now().After(deadline) {
				t.Fatalf("with the list %q the app is not answered %d", list, status)
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	becomes("# stopped here\nglycare We saw it misbehave.\n", 403)
	if status, cause := s.labelled(t, "glycare"); status != "suspended" || cause != "denied" {
		t.Errorf("glycare is %s (%s)", status, cause)
	}
	becomes("", 200)
	s.stop(t)
	again := settled(t, data, strings.Replace(option, "deny_file", "deny glycare\n\t\t\tdeny_file", 1))
	reader{t, again, app.token}.get("Patient/camille").is(t, 403)
}
