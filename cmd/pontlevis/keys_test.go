package main_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestKeysCommand lists the keys of a running server, asks for a rotation, which has to wait, and withdraws them: the
// published set changes without a restart.
func TestKeysCommand(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := strings.TrimPrefix(s.admin, "http://")
	out := command(t, "keys", "list", "--admin", admin)
	if strings.Count(out, "current") != 2 || !strings.Contains(out, "RS256") || !strings.Contains(out, "ES256") {
		t.Errorf("the list of a new server:\n%s", out)
	}
	before := published(t, s)
	out = command(t, "keys", "rotate", "--admin", admin)
	if strings.Count(out, "next") != 2 || strings.Count(out, "signs 2") != 2 || strings.Contains(out, "retired") {
		t.Errorf("a key signs before it was published for a day:\n%s", out)
	}
	waiting := published(t, s)
	for id := range before {
		if !waiting[id] {
			t.Errorf("the current key %s is not published any more", id)
		}
	}
	if len(waiting) != 4 {
		t.Errorf("%d keys are published, want two of each algorithm", len(waiting))
	}
	command(t, "keys", "rotate", "--withdraw", "--admin", admin)
	for id := range published(t, s) {
		if before[id] {
			t.Errorf("the withdrawn key %s is published", id)
		}
	}
	if out, code := exits(t, "keys", "list", "--admin", admin, "--data", "/nowhere"); code == 0 {
		t.Errorf("a folder that is not open has keys: %s", out)
	}
}

// published are the ids of the keys that the server publishes.
func published(t *testing.T, s *server) map[string]bool {
	t.Helper()
	res, err := http.Get(s.base + "/oauth2/jwks")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var set struct{ Keys []struct{ Kid, D string } }
	if err := json.NewDecoder(res.Body).Decode(&set); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, k := range set.Keys {
		if k.D != "" {
			t.Error("a private key is published")
		}
		ids[k.Kid] = true
	}
	return ids
}
