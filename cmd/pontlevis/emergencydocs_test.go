package main_test

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestEmergencyByCurl runs the commands of docs/emergency.md as they stand: an emergency access is asked for, a
// doctor agrees on their phone, and the vital set is read, the rest is not, and then it is over.
func TestEmergencyByCurl(t *testing.T) {
	t.Parallel()
	needs(t, "curl")
	bash := needs(t, "bash")
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "emergency.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := shellBlock.FindAllStringSubmatch(string(text), -1)
	if len(blocks) != 2 {
		t.Fatalf("docs/emergency.md has %d blocks of commands, want two", len(blocks))
	}
	s := start(t)
	folder := t.TempDir()
	run := func(commands string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), bash, "-euo", "pipefail", "-c", commands)
		c.Dir, c.SysProcAttr = folder, withParent()
		c.Env = append(os.Environ(), "DIR="+s.data, "BASE="+s.base)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	file := func(name string) string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	asked := run(blocks[0][1])
	_, code, found := strings.Cut(strings.TrimSpace(asked), " and type ")
	if !found || len(code) != 9 {
		t.Fatalf("asked: %s, %s", asked, file("device.json"))
	}
	phone := newSurfer(t)
	p := phone.submit(phone.open(s.base+"/oauth2/device"), url.Values{"user_code": {code}})
	for _, person := range s.description(t).People {
		if person.Key == "dr-urgence" {
			p = phone.submit(p, url.Values{"login": {person.Login}, "password": {person.Password}})
		}
	}
	if !strings.Contains(p.html, "bris de glace") {
		t.Fatalf("the page on the phone: %s", p.html)
	}
	if p = phone.submit(p, url.Values{"decision": {"allow"}}); !strings.Contains(p.html, "connecté") {
		t.Fatalf("the answer on the phone: %s", p.html)
	}
	pick, _, _ := strings.Cut(blocks[0][1], "\n")
	told := run(pick + "\n" + blocks[1][1])
	for name, want := range map[string]string{"allergies.json": "jeanne-iodine", "treatments.json": "jeanne-apixaban", "rest.json": "OperationOutcome", "token.json": `"stage":1`} {
		if !strings.Contains(file(name), want) {
			t.Errorf("%s lacks %s: %s", name, want, file(name))
		}
	}
	if !strings.Contains(told, "403") {
		t.Errorf("the rest: %s", told)
	}
	token := regexp.MustCompile(`"access_token":"([^"]*)"`).FindStringSubmatch(file("token.json"))
	if len(token) != 2 {
		t.Fatalf("no token: %s", file("token.json"))
	}
	(reader{t, s, token[1]}).get("AllergyIntolerance?patient=jeanne").is(t, 401)
}
