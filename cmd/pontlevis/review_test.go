package main_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestReviewInABrowser opens a record on the page of emergencies, and then sweeps up: the establishment's reviewer closes the
// case, by pointer and by keyboard alone, and the authority looks on (test/clients/review.mjs).
func TestReviewInABrowser(t *testing.T) {
	t.Parallel()
	node, clients, chromium := needs(t, "node"), foreignClients(t), needs(t, "chromium")
	s := start(t)
	c := exec.CommandContext(t.Context(), node, "--experimental-global-webcrypto", "--test", "review.mjs")
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
