package space

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

func TestLifecycleRunsByTheClock(t *testing.T) {
	t.Parallel()
	announced, err := Lifecycle{}.Announce(noon)
	if err != nil {
		t.Fatal(err)
	}
	open := announced.At(noon.AddDate(0, 0, openingDays))
	closed, err := open.Close(noon, "moved abroad")
	if err != nil {
		t.Fatal(err)
	}
	erasing, err := closed.Erase(noon)
	if err != nil {
		t.Fatal(err)
	}
	suspended, err := open.Suspend(noon, "fraud")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		l     Lifecycle
		after time.Duration
		want  string
	}{
		"a space nobody announced is nothing": {Lifecycle{}, 0, ""},
		"within the six weeks":                {announced, 41 * 24 * time.Hour, Announced},
		"after the six weeks":                 {announced, 42 * 24 * time.Hour, Open},
		"a closed space keeps ten years":      {closed, 3652 * 24 * time.Hour, Closed},
		"and is then erased":                  {closed, 3653 * 24 * time.Hour, Erased},
		"deletion within three months":        {erasing, 92 * 24 * time.Hour, Erased},
		"a suspension not objected to closes": {suspended, 42 * 24 * time.Hour, Closed},
		"and is erased ten years later":       {suspended, (42 + 3653) * 24 * time.Hour, Erased},
	}
	for name, tt := range tests {
		if got := tt.l.At(noon.Add(tt.after)).State; got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	if back, err := erasing.Activate(noon); err != nil || back.State != Open || !back.Until.IsZero() {
		t.Errorf("reactivation cancels a pending deletion: %+v, %v", back, err)
	}
}

func TestIllegalTransitions(t *testing.T) {
	t.Parallel()
	open := Lifecycle{State: Open}
	for name, move := range map[string]func() (Lifecycle, error){
		"an open space is not announced":   func() (Lifecycle, error) { return open.Announce(noon) },
		"an open space is not opposed":     func() (Lifecycle, error) { return open.Oppose(noon) },
		"an open space is not erased":      func() (Lifecycle, error) { return open.Erase(noon) },
		"a closed space is not suspended":  func() (Lifecycle, error) { return Lifecycle{State: Closed}.Suspend(noon, "") },
		"an erased space is not reopened":  func() (Lifecycle, error) { return Lifecycle{State: Erased}.Activate(noon) },
		"an announced space is not closed": func() (Lifecycle, error) { return Lifecycle{State: Announced}.Close(noon, "") },
	} {
		if _, err := move(); !errors.Is(err, ErrTransition) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestLifecyclesKeepTheirVersion(t *testing.T) {
	t.Parallel()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	lives := Lifecycles{DB: db}
	ctx := context.Background()
	if _, err := lives.Change(ctx, "x", func(l Lifecycle) (Lifecycle, error) { return l.Activate(noon) }); err != nil {
		t.Fatal(err)
	}
	if _, err := lives.Change(ctx, "x", func(l Lifecycle) (Lifecycle, error) { return l.Oppose(noon) }); !errors.Is(err, ErrTransition) {
		t.Fatalf("an illegal change: %v", err)
	}
	got, err := lives.Of(ctx, "x")
	if err != nil || got.State != Open || got.Version != 1 {
		t.Errorf("after a refused change: %+v, %v", got, err)
	}
	if got, err := lives.Of(ctx, "nobody"); err != nil || got.State != "" {
		t.Errorf("a space nobody announced: %+v, %v", got, err)
	}
}
