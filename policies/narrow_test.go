package policies

import (
	"testing"
	"testing/fstest"
)

// TestAttributesTableIsRefusedWhenUnclear holds that a table that cannot be read whole keeps the bundle from loading.
func TestAttributesTableIsRefusedWhenUnclear(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no path":           `{"id": {}}`,
		"an empty path":     `{"id": {"only_with": []}}`,
		"a path of numbers": `{"id": {"only_with": [1]}}`,
		"the type itself":   `{"type": {"only_with": ["patient"]}}`,
		"a list":            `["id"]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, err := readFiles(Embedded())
			if err != nil {
				t.Fatal(err)
			}
			fsys := fstest.MapFS{}
			for _, f := range files {
				fsys[f.name] = &fstest.MapFile{Data: f.content}
			}
			fsys["pontlevis/attributes/data.json"] = &fstest.MapFile{Data: []byte(text)}
			if _, err := LoadWith(t.Context(), fsys, LoadOptions{SkipTests: true}); err == nil {
				t.Error("the bundle was loaded")
			}
		})
	}
}
