package pontlevis

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/demo"
)

// TestAPluginPlaysInItsRehearsal: each of its hooks is called, through the rehearsal's gate, for people who agree; one that has
// no answer fails the check.
func TestAPluginPlaysInItsRehearsal(t *testing.T) {
	t.Parallel()
	folder, source := t.TempDir(), ""
	var ok bool
	if source, ok = sourceTree(); !ok {
		t.Fatal("not within the source")
	}
	binary := filepath.Join(folder, "rappel-vaccins")
	if err := buildPlugin(t.Context(), source, "./"+pluginSource+"/rappel-vaccins", binary); err != nil {
		t.Fatal(err)
	}
	ctx, stop := caddy.NewContext(caddy.Context{Context: t.Context()})
	a := &App{
		Data: t.TempDir(), Issuer: "http://127.0.0.1:8700", Rehearsal: &Rehearsal{Issuer: "http://127.0.0.1:8702"},
		Plugins: &Plugins{Folder: folder, Isolation: "S1", Reason: "a test"},
	}
	defer func() {
		stop()
		if err := a.Cleanup(); err != nil {
			t.Error(err)
		}
	}()
	if err := a.Provision(ctx); err != nil {
		t.Fatal(err)
	}
	artifact, err := artifactOf(binary)
	if err != nil {
		t.Fatal(err)
	}
	m, err := demo.PluginManifest("rappel-vaccins", artifact)
	if err != nil {
		t.Fatal(err)
	}
	if came, err := a.binaries().Run(t.Context(), m); err != nil || !came.Spoke || came.Played != nil {
		t.Fatalf("without a rehearsal: %+v, %v", came, err)
	}
	m.Plugin.Hooks = append(m.Plugin.Hooks[:1:1], manifest.Hook{ID: "nothing", Hook: "patient-view", Title: m.Name, Description: m.Name})
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.rehearsal.services.rehearsals.Open(t.Context(), raw, ""); err != nil {
		t.Fatal(err)
	}
	came, err := a.binaries().Run(t.Context(), m)
	if err != nil || len(came.Played) != 4 {
		t.Fatalf("%+v, %v", came, err)
	}
	for _, one := range came.Played[:2] {
		if one.Why != "" || one.Reads == 0 || one.Bytes < 500 {
			t.Errorf("a hook that it answers: %+v", one)
		}
	}
	for _, one := range came.Played[2:] {
		if one.Why == "" {
			t.Errorf("a hook that the program does not have: %+v", one)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Errorf("the folder of binaries has %v, %v", left, err)
	}
}
