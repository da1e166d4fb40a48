package policies

import (
	"strings"
	"testing"
	"testing/fstest"
)

// withTable is the embedded bundle with another attributes table.
func withTable(t *testing.T, text string) fstest.MapFS {
	t.Helper()
	files, err := readFiles(Embedded())
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	for _, f := range files {
		fsys[f.name] = &fstest.MapFile{Data: f.content}
	}
	fsys["pontlevis/attributes/data.json"] = &fstest.MapFile{Data: []byte(text)}
	return fsys
}

// TestAttributesTableIsRefusedWhenFalse holds that a table which says of an attribute that it does not matter where it
// does keeps the bundle from loading.
func TestAttributesTableIsRefusedWhenFalse(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"the id of what is hidden":    `{"id": {"only_with": ["nothing"]}}`,
		"the source of a deposit":     `{"source": {"only_with": ["within"]}}`,
		"the date of other documents": `{"date": {"only_with": ["within"], "only_for": ["Composition"]}}`,
		"the day that bounds a date":  `{"date": {"only_with": ["within"], "sides_of": {"years_before_now": ["pontlevis", "settings", "majority_years"]}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Load(t.Context(), withTable(t, text)); err == nil || !strings.Contains(err.Error(), "attributes") {
				t.Errorf("the bundle was loaded, or refused for another reason: %v", err)
			}
		})
	}
}

// TestAttributesTableIsRefusedWhenUnclear holds that a table that cannot be read whole keeps the bundle from loading.
func TestAttributesTableIsRefusedWhenUnclear(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no path":                  `{"id": {}}`,
		"an empty path":            `{"id": {"only_with": []}}`,
		"a path of numbers":        `{"id": {"only_with": [1]}}`,
		"the type itself":          `{"type": {"only_with": ["patient"]}}`,
		"a list":                   `["id"]`,
		"types of nothing":         `{"id": {"only_with": ["patient"], "only_for": []}}`,
		"types of numbers":         `{"id": {"only_with": ["patient"], "only_for": [1]}}`,
		"sides of nothing":         `{"date": {"only_with": ["within"], "sides_of": {}}}`,
		"sides of a text":          `{"date": {"only_with": ["within"], "sides_of": "2024"}}`,
		"years of nowhere":         `{"date": {"only_with": ["within"], "sides_of": {"years_before_now": ["nowhere"]}}}`,
		"years that are no number": `{"date": {"only_with": ["within"], "sides_of": {"years_before_now": ["pontlevis", "settings"]}}}`,
		"two bounds":               `{"date": {"only_with": ["within"], "sides_of": {"years_before_now": ["pontlevis", "settings", "necessity", "years"], "days": []}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := LoadWith(t.Context(), withTable(t, text), LoadOptions{SkipTests: true}); err == nil {
				t.Error("the bundle was loaded")
			}
		})
	}
}
