package space_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/space"
	"github.com/pontlevis/pontlevis/store"
)

func TestReachedStates(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	for _, state := range []string{space.Announced, space.Open, space.Opposed, space.Closed, space.Suspended} {
		l, err := space.Reached(state, since)
		if err != nil || l.State != state || !l.Since.Equal(since) {
			t.Errorf("%s: %+v, %v", state, l, err)
		}
	}
	for _, state := range []string{space.Erasing, space.Erased, "", "else"} {
		if l, err := space.Reached(state, since); !errors.Is(err, space.ErrTransition) {
			t.Errorf("%q: %+v, %v", state, l, err)
		}
	}
}

func TestBeginLeavesWhatStands(t *testing.T) {
	t.Parallel()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	lives := space.Lifecycles{DB: db}
	now := time.Now()
	if _, err := lives.Change(t.Context(), "closed", func(space.Lifecycle) (space.Lifecycle, error) { return space.Reached(space.Closed, now) }); err != nil {
		t.Fatal(err)
	}
	open := func(string) (space.Lifecycle, error) { return space.Reached(space.Open, now) }
	for range 2 {
		if err := lives.Begin(t.Context(), []string{"a", "closed", "b", "a"}, open); err != nil {
			t.Fatal(err)
		}
	}
	for patient, want := range map[string]string{"a": space.Open, "b": space.Open, "closed": space.Closed} {
		if l, err := lives.Of(t.Context(), patient); err != nil || l.State != want || l.Version != 1 {
			t.Errorf("%s: %+v, %v", patient, l, err)
		}
	}
	wrong := errors.New("wrong")
	if err := lives.Begin(t.Context(), []string{"c"}, func(string) (space.Lifecycle, error) { return space.Lifecycle{}, wrong }); !errors.Is(err, wrong) {
		t.Errorf("%v", err)
	}
}
