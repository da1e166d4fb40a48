package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestClientsNobodyHereWrote runs fhir-kit-client, fhirclient, openid-client, oauth4webapi and AppAuth-JS (test/clients)
// against a demo: they sign in at the real pages, complete every flow that they have, and read what each person may.
func TestClientsNobodyHereWrote(t *testing.T) {
	t.Parallel()
	node, folder := needs(t, "node"), foreignClients(t)
	s := start(t)
	// Debian 12 has node 18, where the global crypto that clients use is behind a flag; later ones take the flag too.
	c := exec.CommandContext(t.Context(), node, "--experimental-global-webcrypto", "--test")
	c.Dir, c.SysProcAttr = folder, withParent()
	c.Env = append(os.Environ(), "PONTLEVIS_DATA="+s.data)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("node --test: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), "# pass ") || strings.Contains(string(out), "# pass 0") {
		t.Errorf("no test ran:\n%s", out)
	}
}

var installing sync.Mutex

// foreignClients is the folder of the clients and providers, installed.
func foreignClients(t *testing.T) string {
	t.Helper()
	installing.Lock()
	defer installing.Unlock()
	folder := filepath.Join("..", "..", "test", "clients")
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "axe-core")); err != nil {
		install := exec.CommandContext(t.Context(), needs(t, "npm"), "ci", "--legacy-peer-deps", "--ignore-scripts", "--no-audit", "--no-fund")
		install.Dir = folder
		if out, err := install.CombinedOutput(); err != nil {
			lacking(t, "its clients could not be installed: "+err.Error()+"\n"+string(out))
		}
	}
	return folder
}

// needs finds a program.
func needs(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		lacking(t, name+" is missing")
	}
	return path
}

// lacking skips a test for want of something outside of this repository, except where everything must be there.
func lacking(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s did not run: %s", t.Name(), why)
	}
	t.Skipf("NOT RUN: %s: %s", t.Name(), why)
}
