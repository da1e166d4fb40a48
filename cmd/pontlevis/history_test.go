package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHistoryIsVerifiedOffline takes a copy of camille's history from the running program, and has a program that knows
// nothing but the log's public key check it: as it came, changed, and beside the text of its QR code.
func TestHistoryIsVerifiedOffline(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.as(t, "dr-roux").get("AllergyIntolerance?patient=camille").is(t, http.StatusOK)
	key := strings.TrimSpace(command(t, "audit", "key", "--data", s.data))
	b := newSurfer(t)
	page := b.submit(b.open(s.base+"/space/history"), s.password(t, "camille"))
	if page.at.Path != "/space/history" || !strings.Contains(page.html, "Anne Roux") {
		t.Fatalf("%s: %s", page.at, page.html)
	}
	first, second := b.open(s.base+"/space/history/export.json").html, b.open(s.base+"/space/history/export.json").html
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	codeOf := func(history string) string { // what the QR code says is what the log signed
		_, signed, _ := strings.Cut(history, `"signed": "`)
		signed, _, _ = strings.Cut(signed, `"`)
		return strings.NewReplacer(`\n`, "\n", "\u2014 ", "-- ").Replace(signed)
	}
	whole, code := file("history.json", first), file("code.txt", codeOf(first))
	for name, c := range map[string]struct {
		args []string
		want string // "" when it is to be refused
	}{
		"the file":               {[]string{"--key", key, whole}, "each entry is in the signed log"},
		"the code":               {[]string{"--key", key, "--qr", code}, "history of Patient/camille"},
		"both":                   {[]string{"--key", key, "--qr", code, whole}, "each entry is in the signed log"},
		"no key":                 {[]string{whole}, ""},
		"another key":            {[]string{"--key", "else+4e9f2a2b+AQmdIUSyGMpZAyzIUyTzgZWnqDzvsxYz1tYvUuxM6DlD", whole}, ""},
		"another name":           {[]string{"--key", key, file("name.json", strings.ReplaceAll(first, "Anne Roux", "Jean Noir"))}, ""},
		"a refusal made of it":   {[]string{"--key", key, file("outcome.json", strings.Replace(first, `"outcome": "0"`, `"outcome": "4"`, 1))}, ""},
		"another day":            {[]string{"--key", key, file("day.json", strings.Replace(first, `"recorded": "2`, `"recorded": "1`, 1))}, ""},
		"the code of another":    {[]string{"--key", key, "--qr", file("other.txt", codeOf(second)), whole}, ""},
		"a code that is changed": {[]string{"--key", key, "--qr", file("changed.txt", strings.Replace(codeOf(first), "camille", "jeanne", 1))}, ""},
		"no file":                {[]string{"--key", key, filepath.Join(dir, "none.json")}, ""},
	} {
		said, status := exits(t, append([]string{"audit", "verify"}, c.args...)...)
		if (status == 0) != (c.want != "") || !strings.Contains(said, c.want) {
			t.Errorf("%s: %s", name, said)
		}
	}
	if strings.Contains(first, s.password(t, "camille").Get("password")) || strings.Contains(first, `"salt"`) {
		t.Error("the file tells more than the history")
	}
}
