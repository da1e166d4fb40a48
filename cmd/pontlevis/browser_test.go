package main_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSignInInABrowser drives Debian's chromium through the pages of sign-in and sessions (test/clients/browser): with
// its virtual authenticator for passkeys, and without JavaScript.
func TestSignInInABrowser(t *testing.T) {
	t.Parallel()
	node, chromium := needs(t, "node"), needs(t, "chromium")
	s := startAtName(t)
	c := exec.CommandContext(t.Context(), node, "--test", filepath.Join("browser", "signin.mjs"))
	c.Dir, c.SysProcAttr = filepath.Join("..", "..", "test", "clients"), withParent()
	c.Env = append(os.Environ(), "PONTLEVIS_DATA="+s.data, "CHROMIUM="+chromium)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("node --test: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), "# pass ") || strings.Contains(string(out), "# pass 0") {
		t.Errorf("no test ran:\n%s", out)
	}
}

// startAtName runs a demo under the name localhost: passkeys cannot be bound to an address.
func startAtName(t *testing.T) *server {
	t.Helper()
	for try := 0; ; try++ {
		_, port, err := net.SplitHostPort(freeAddress(t))
		if err != nil {
			t.Fatal(err)
		}
		s, err := launch(filepath.Join(t.TempDir(), "data"), net.JoinHostPort("localhost", port))
		if err == nil {
			t.Cleanup(func() { s.finish(t) })
			return s
		}
		if try == 5 || !strings.Contains(err.Error(), "address already in use") {
			t.Fatal(err)
		}
	}
}
