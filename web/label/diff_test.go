package label

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChanges(t *testing.T) {
	t.Parallel()
	before := []byte(`{"version": "1.0.0", "name": {"fr": "A", "en": "A"}, "purposes": ["PATRQT"],
		"data": [{"category": "measures", "directions": ["read"], "why": {"fr": "x", "en": "x"}}],
		"plugin": {"artifacts": [{"os": "linux", "arch": "amd64", "sha256": "aa"}]}}`)
	after := []byte(`{"version": "1.1.0", "name": {"fr": "A", "en": "B"}, "purposes": ["PATRQT"],
		"data": [{"category": "documents", "directions": ["read"], "why": {"fr": "y", "en": "y"}},
			{"category": "measures", "directions": ["read", "write"], "why": {"fr": "x", "en": "x"}}],
		"plugin": {"artifacts": [{"os": "linux", "arch": "amd64", "sha256": "bb"}]}}`)
	got, err := changes(before, after)
	want := []change{
		{"data/documents/category", "", "documents", true},
		{"data/documents/directions/read", "", "read", true},
		{"data/documents/why/en", "", "y", false},
		{"data/documents/why/fr", "", "y", false},
		{"data/measures/directions/write", "", "write", true},
		{"name/en", "A", "B", false},
		{"plugin/artifacts/linux-amd64/sha256", "aa", "bb", true},
		{"version", "1.0.0", "1.1.0", false},
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(err, d)
	}
	if same, err := changes(before, before); len(same) != 0 || err != nil {
		t.Error(same, err)
	}
	if _, err := changes(before, []byte("{")); err == nil {
		t.Error("half a manifest is compared")
	}
}
