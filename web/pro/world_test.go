package pro_test

import (
	"testing"

	"github.com/pontlevis/pontlevis/test/pages"
	"github.com/pontlevis/pontlevis/web/pro"
)

func newWorld(t *testing.T) *pages.World {
	t.Helper()
	w := pages.New(t)
	p, err := pro.New(w.Desk)
	if err != nil {
		t.Fatal(err)
	}
	p.Mount(w.Mux)
	return w
}
