package catalog

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

func open(t *testing.T) Apps {
	t.Helper()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return Apps{DB: db, Now: func() time.Time { return time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC) }}
}

func TestMoves(t *testing.T) {
	t.Parallel()
	c, ctx := open(t), context.Background()
	app := App{ID: "glycare", Name: Text{"Glycare", "Glycare"}, Status: Online}
	if err := c.Put(ctx, app); err != nil {
		t.Fatal(err)
	}
	if err := c.Move(ctx, "glycare", Recalled, "authority", "it lied"); err != nil {
		t.Fatal(err)
	}
	if err := c.Put(ctx, app); err != nil {
		t.Fatal(err)
	}
	got, err := c.Get(ctx, "glycare")
	if err != nil || got.Status != Recalled || len(got.Moves) != 1 {
		t.Errorf("putting an entry again must not undo a recall: %+v, %v", got, err)
	}
	if err := c.Move(ctx, "glycare", Online, "publisher", "please"); !errors.Is(err, ErrMove) {
		t.Errorf("a recalled label came back: %v", err)
	}
	if _, err := c.Get(ctx, "nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("an app that is not listed: %v", err)
	}
	if all, err := c.List(ctx); err != nil || len(all) != 1 {
		t.Errorf("the list: %v, %v", all, err)
	}
}

func TestALabelRunsOut(t *testing.T) {
	t.Parallel()
	end := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	a := App{Status: Online, Expires: end}
	for at, want := range map[time.Time]string{end.Add(-time.Second): Online, end: Expired} {
		if got := a.At(at); got != want {
			t.Errorf("at %v: %s, want %s", at, got, want)
		}
	}
	if got := (App{}).At(end); got != Unlisted {
		t.Errorf("an entry without status: %s", got)
	}
}
