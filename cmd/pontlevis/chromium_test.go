package main_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestInChromium opens fhirclient as the page of an app, launched by itself and from a record, then every page of the
// authorization server as a person without scripts sees it, on a phone and on a desk, in French and English, under axe-core.
func TestInChromium(t *testing.T) {
	t.Parallel()
	node, clients, chromium := needs(t, "node"), foreignClients(t), needs(t, "chromium")
	s := start(t)
	c := exec.CommandContext(t.Context(), node, "--experimental-global-webcrypto", "--test", "launches.mjs", "pages.mjs", "storybook.mjs")
	c.Dir, c.SysProcAttr = clients, withParent()
	c.Env = append(os.Environ(), "PONTLEVIS_DATA="+s.data, "PONTLEVIS_CHROMIUM="+chromium)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("node --test: %v\n%s\n%s", err, out, s.errors())
	}
	if !strings.Contains(string(out), "# pass ") || strings.Contains(string(out), "# pass 0") {
		t.Errorf("no test ran:\n%s", out)
	}
}
