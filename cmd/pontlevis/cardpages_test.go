package main_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestCardInChromium goes through the pages of emergency cards in a real browser (test/clients/card.mjs): a card is scanned by
// somebody who is not signed in yet, and a copy is opened with the network switched off.
func TestCardInChromium(t *testing.T) {
	t.Parallel()
	node, clients, chromium := needs(t, "node"), foreignClients(t), needs(t, "chromium")
	s := start(t)
	c := exec.CommandContext(t.Context(), node, "--experimental-global-webcrypto", "--test", "card.mjs")
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
