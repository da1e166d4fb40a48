package web_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// TestEveryPageUnderAxe has chromium open every page in every state, and axe-core (test/clients) look at it.
func TestEveryPageUnderAxe(t *testing.T) {
	t.Parallel()
	clients := filepath.Join("..", "test", "clients")
	node, errNode := exec.LookPath("node")
	chromium, errChromium := exec.LookPath("chromium")
	_, errAxe := os.Stat(filepath.Join(clients, "node_modules", "axe-core"))
	if errNode != nil || errChromium != nil || errAxe != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("it did not run: ", errNode, errChromium, errAxe)
		}
		t.Skip("NOT RUN: make clients installs axe-core, make tools node and chromium: ", errNode, errChromium, errAxe)
	}
	r := renderer(t)
	pages := everyPage(t, r)
	m := http.NewServeMux()
	m.Handle("/assets/", r.Assets())
	m.HandleFunc("/list", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(slices.Sorted(maps.Keys(pages)))
	})
	m.HandleFunc("/page", func(w http.ResponseWriter, req *http.Request) {
		draw, ok := pages[req.URL.Query().Get("name")]
		if !ok {
			http.NotFound(w, req)
			return
		}
		answer := httptest.NewRecorder()
		draw(answer, req)
		maps.Copy(w.Header(), answer.Result().Header)
		w.Header().Del("Refresh") // what is looked at is this page, not the one it goes on to
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
	s := httptest.NewServer(m)
	defer s.Close()
	c := exec.CommandContext(t.Context(), node, "--experimental-global-webcrypto", "--test", "everypage.mjs")
	c.Dir, c.Env = clients, append(os.Environ(), "PONTLEVIS_PAGES="+s.URL+"/list", "PONTLEVIS_CHROMIUM="+chromium)
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("node --test: %v\n%s", err, out)
	}
}
