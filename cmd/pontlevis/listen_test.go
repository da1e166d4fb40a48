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

// TestDemoOnATakenPort holds that a second demo says that the port is taken: it would share it silently.
func TestDemoOnATakenPort(t *testing.T) {
	t.Parallel()
	first := start(t)
	second, err := launch(filepath.Join(t.TempDir(), "data"), strings.TrimPrefix(first.base, "http://"))
	if err == nil {
		t.Cleanup(func() { second.finish(t) })
		t.Fatal("two demos listen on one port")
	}
	if !strings.Contains(err.Error(), "address already in use") {
		t.Error(err)
	}
}
