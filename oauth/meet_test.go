package oauth

import (
	"maps"
	"slices"
	"testing"

	"github.com/pontlevis/pontlevis/gate"
)

// TestMeet: what two labels allow goes in the directions that both give it.
func TestMeet(t *testing.T) {
	t.Parallel()
	ways := []string{"read", "write"}
	a := gate.Label{Status: "online", Categories: []string{"a", "b", "c", "d"}, Directions: ways, Only: map[string]string{"a": "read", "b": "read"}}
	b := gate.Label{Status: "online", Categories: []string{"a", "b", "c"}, Directions: ways, Only: map[string]string{"a": "write", "c": "write"}}
	got := meet(a, b)
	if !slices.Equal(got.Categories, []string{"b", "c"}) || !maps.Equal(got.Only, map[string]string{"b": "read", "c": "write"}) {
		t.Errorf("%+v", got)
	}
}
