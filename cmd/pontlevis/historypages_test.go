package main_test

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestHistoryInABrowser lets people look at who saw their record (test/clients/history.mjs): an emergency access from its
// sentence to the answer of a question about it, every view and state, and copies.
func TestHistoryInABrowser(t *testing.T) {
	t.Parallel()
	node, clients, chromium := needs(t, "node"), foreignClients(t), needs(t, "chromium")
	s := start(t)
	s.as(t, "dr-roux").get("DocumentReference?patient=camille").is(t, http.StatusOK)
	s.as(t, "inf-martin").get("DocumentReference/camille-psychiatric-letter").is(t, http.StatusNotFound)
	c := exec.CommandContext(t.Context(), node, "--experimental-global-webcrypto", "--test", "history.mjs")
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
