package sharing_test

import (
	"encoding/json"
	"testing"

	"github.com/pontlevis/pontlevis/test/pages"
	"github.com/pontlevis/pontlevis/web/sharing"
)

// newWorld is the pages of sharing over a real gate with the cast of the demonstration.
func newWorld(t *testing.T) *pages.World {
	t.Helper()
	w := pages.New(t)
	p, err := sharing.New(w.Desk, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.Mount(w.Mux)
	return w
}

func jsonOf(v any) []byte {
	b, _ := json.Marshal(v)
	return b
}
