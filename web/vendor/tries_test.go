package vendor

import (
	"testing"
	"time"
)

// TestTriesOfOneLeaveRoom: whoever begins one sign-in after the other loses their own, and nobody else's.
func TestTriesOfOneLeaveRoom(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	all := newTries(func() time.Time { return now })
	quiet := all.begin(pending{owner: "quiet", app: "carnet"})
	var states []string
	for range maxTries + 1 {
		now = now.Add(time.Millisecond)
		states = append(states, all.begin(pending{owner: "busy", app: "flood"}))
	}
	if one, ok := all.take("quiet", quiet); !ok || one.app != "carnet" {
		t.Errorf("another's sign-in is gone: %+v", one)
	}
	if _, ok := all.take("busy", states[len(states)-maxOwn-1]); ok {
		t.Error("an old one is kept beyond the bound")
	}
	for _, state := range states[len(states)-maxOwn:] {
		if _, ok := all.take("busy", state); !ok {
			t.Error("a young one is gone")
		}
	}
}
