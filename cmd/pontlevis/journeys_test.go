package main_test

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestJourneysInChromium goes through every page of people in a real browser, each part over a demo of its own (test/clients):
// on a phone and a desk, in both languages, with scripts and without, by keyboard alone, each state under axe-core.
func TestJourneysInChromium(t *testing.T) {
	t.Parallel()
	for name, part := range map[string]struct {
		files  []string
		before func(*testing.T, *server)
	}{
		"apps, sign-in and consent": {files: []string{"launches.mjs", "pages.mjs", "storybook.mjs"}},
		"agenda": {files: []string{"agenda.mjs"}, before: func(t *testing.T, s *server) {
			s.needsPlugins(t)
			s.due(t)
		}},
		"cards":       {files: []string{"card.mjs"}},
		"emergencies": {files: []string{"emergency.mjs"}},
		"history": {files: []string{"history.mjs"}, before: func(t *testing.T, s *server) { // an access, and one that was refused
			s.as(t, "dr-roux").get("DocumentReference?patient=camille").is(t, http.StatusOK)
			s.as(t, "inf-martin").get("DocumentReference/camille-psychiatric-letter").is(t, http.StatusNotFound)
		}},
		"glycare":       {files: []string{"glycare.mjs"}},
		"professionals": {files: []string{"acts.mjs", "pro.mjs"}},
		"reviews":       {files: []string{"review.mjs"}},
		"sharing":       {files: []string{"sharing.mjs"}},
		"vendors":       {files: []string{"vendor.mjs"}, before: func(t *testing.T, _ *server) { needs(t, "curl") }}, // the page gives commands
		"whole way":     {files: []string{"wholeway.mjs"}},
		"storefront": {files: []string{"storefront.mjs"}, before: func(t *testing.T, s *server) { // something that an app really read
			s.as(t, "camille", "--client", "glycare").get("Observation?patient=camille").is(t, http.StatusOK)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			browsed(t, part.files, part.before)
		})
	}
}

// browsed runs tests that drive a browser against a demo, after what is to be done in it before.
func browsed(t *testing.T, files []string, before func(*testing.T, *server)) {
	t.Helper()
	node, folder, chromium := needs(t, "node"), foreignClients(t), needs(t, "chromium")
	s := start(t)
	if before != nil {
		before(t, s)
	}
	// Debian 12 has node 18, where the global crypto that clients use is behind a flag; later ones take the flag too.
	c := exec.CommandContext(t.Context(), node, append([]string{"--experimental-global-webcrypto", "--test"}, files...)...)
	c.Dir, c.SysProcAttr = folder, withParent()
	c.Env = append(os.Environ(), "PONTLEVIS_DATA="+s.data, "PONTLEVIS_CHROMIUM="+chromium, "PONTLEVIS_BINARY="+binary)
	if line := glycareLine.FindStringSubmatch(s.printed()); line != nil {
		c.Env = append(c.Env, "PONTLEVIS_GLYCARE="+line[1])
	}
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("node --test: %v\n%s\n%s", err, out, s.errors())
	}
	if !strings.Contains(string(out), "# pass ") || strings.Contains(string(out), "# pass 0") {
		t.Errorf("no test ran:\n%s", out)
	}
}
