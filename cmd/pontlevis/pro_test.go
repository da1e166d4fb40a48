package main_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestProfessionalsInABrowser goes through the pages of professionals (test/clients/pro.mjs): on a phone and a desk, in both
// languages, each under axe-core.
func TestProfessionalsInABrowser(t *testing.T) {
	t.Parallel()
	node, clients, chromium := needs(t, "node"), foreignClients(t), needs(t, "chromium")
	s := start(t)
	c := exec.CommandContext(t.Context(), node, "--experimental-global-webcrypto", "--test", "pro.mjs")
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
