package pro_test

import (
	"context"
	"slices"
	"testing"

	"github.com/pontlevis/pontlevis/notice"
	"github.com/pontlevis/pontlevis/test/pages"
	"github.com/pontlevis/pontlevis/web/pro"
)

// inbox holds what the tests put in it.
type inbox []notice.Notice

func (i inbox) Inbox(_ context.Context, who []string, _ string, _ int) ([]notice.Notice, error) {
	var out []notice.Notice
	for _, n := range i {
		if slices.Contains(who, n.To) {
			out = append(out, n)
		}
	}
	return out, nil
}

func (inbox) Words(n notice.Notice, language string) notice.Said {
	return notice.Said{Subject: n.About + " in " + language}
}

func newWorld(t *testing.T, told ...notice.Notice) *pages.World {
	t.Helper()
	w := pages.New(t)
	p, err := pro.New(w.Desk, inbox(told))
	if err != nil {
		t.Fatal(err)
	}
	p.Mount(w.Mux)
	return w
}
