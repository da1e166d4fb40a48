package main_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestDemoOnAnyPort holds that the demo names the free port that it took, everywhere: browsers are led to it.
func TestDemoOnAnyPort(t *testing.T) {
	t.Parallel()
	s, err := launch(filepath.Join(t.TempDir(), "data"), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.finish(t) })
	lines := strings.Split(s.printed(), "\n")
	base, ready := strings.CutPrefix(lines[len(lines)-1], "ready ")
	if !ready || strings.HasSuffix(base, ":0") {
		t.Fatalf("it says %q", lines[len(lines)-1])
	}
	answer, err := http.Get(base + "/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("status %d", answer.StatusCode)
	}
}
