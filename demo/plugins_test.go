package demo

import (
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/catalog/manifest"
)

// TestThePluginsSayWhatTheyMust: with a binary, their manifests are ones that the authority would take up.
func TestThePluginsSayWhatTheyMust(t *testing.T) {
	t.Parallel()
	if len(Plugins()) != 2 {
		t.Errorf("the cast has the plugins %v", Plugins())
	}
	for _, id := range Plugins() {
		m, err := PluginManifest(id, manifest.Artifact{OS: "linux", Arch: "amd64", SHA256: strings.Repeat("a", 64), Size: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := manifest.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range manifest.Lint(raw) {
			if f.Rule != "plugin.isolation" { // the demonstration runs where no better cage can be had
				t.Errorf("%s: %+v", id, f)
			}
		}
	}
}
