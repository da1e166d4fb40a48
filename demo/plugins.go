package demo

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/pontlevis/pontlevis/catalog/manifest"
)

//go:embed manifests/rappel-vaccins.json
var rappelVaccins []byte

//go:embed manifests/interactions.json
var interactions []byte

// plugins are the plugins of the cast, which live in the folder plugins/apps. Their manifests lack the digests of binaries:
// those are of the machine that built them.
var plugins = map[string][]byte{"rappel-vaccins": rappelVaccins, "interactions": interactions}

// Plugins names the plugins of the cast.
func Plugins() []string { return slices.Sorted(maps.Keys(plugins)) }

// PluginManifest is what a plugin of the cast says of itself, over one binary.
func PluginManifest(id string, binary manifest.Artifact) (*manifest.Manifest, error) {
	m := new(manifest.Manifest)
	if err := json.Unmarshal(plugins[id], m); err != nil {
		return nil, fmt.Errorf("reading the manifest of %s: %w", id, err)
	}
	m.Plugin.Artifacts = []manifest.Artifact{binary}
	return m, nil
}

// pluginConsents are what camille agreed with the plugins: with her doctors in front, and by herself.
func (c Cast) pluginConsents() []object {
	both := []string{"PATRQT", "TREAT"}
	notes := c.app("camille", "rappel-vaccins", 30, []string{"PATRQT"}, []string{"Appointment", "Communication"}, []string{"write"})
	notes["id"] = "camille-app-rappel-vaccins-notes"
	return []object{
		notes,
		c.app("camille", "rappel-vaccins", 30, both, []string{"vaccinations", "demographics"}, []string{"read"}),
		c.app("camille", "interactions", 30, both, []string{"AllergyIntolerance", "MedicationRequest", "MedicationStatement"}, []string{"read"}),
	}
}
