package main_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestSharingInABrowser walks through the pages on which people hold who sees what (test/clients/sharing.mjs): on a phone without
// scripts, on a desk with them, and by keyboard alone, each state under axe-core.
func TestSharingInABrowser(t *testing.T) {
	t.Parallel()
	node, clients, chromium := needs(t, "node"), foreignClients(t), needs(t, "chromium")
	s := start(t)
	c := exec.CommandContext(t.Context(), node, "--experimental-global-webcrypto", "--test", "sharing.mjs")
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
