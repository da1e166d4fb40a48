package pontlevis

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/criteria"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/usage"
	"github.com/pontlevis/pontlevis/demo"
	"github.com/pontlevis/pontlevis/plugins"
)

// checking is a server with rehearsals whose plugins are in a folder.
func checking(t *testing.T, folder string) *App {
	t.Helper()
	ctx, stop := caddy.NewContext(caddy.Context{Context: t.Context()})
	a := &App{
		Data: t.TempDir(), Issuer: "http://127.0.0.1:8700", Rehearsal: &Rehearsal{Issuer: "http://127.0.0.1:8702"},
		Plugins: &Plugins{Folder: folder, Isolation: "S1", Reason: "a test"},
	}
	t.Cleanup(func() {
		stop()
		if err := a.Cleanup(); err != nil {
			t.Error(err)
		}
	})
	if err := a.Provision(ctx); err != nil {
		t.Fatal(err)
	}
	return a
}

// built is a binary of a package of the source, made into a folder.
func built(t *testing.T, of, folder, name string) string {
	t.Helper()
	source, ok := sourceTree()
	if !ok {
		t.Fatal("not within the source")
	}
	binary := filepath.Join(folder, name)
	if err := buildPlugin(t.Context(), source, of, binary); err != nil {
		t.Fatal(err)
	}
	return binary
}

// manifestOf is the manifest of rappel-vaccins over other bytes, with other hooks.
func manifestOf(t *testing.T, binary string, hooks ...string) (m *manifest.Manifest, raw []byte) {
	t.Helper()
	artifact, err := artifactOf(binary)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = demo.PluginManifest("rappel-vaccins", artifact); err != nil {
		t.Fatal(err)
	}
	for k, id := range hooks {
		if k == 0 {
			m.Plugin.Schedule, m.Plugin.Hooks = nil, nil
		}
		m.Plugin.Hooks = append(m.Plugin.Hooks, manifest.Hook{ID: id, Hook: "patient-view", Title: m.Name, Description: m.Name})
	}
	if raw, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	return m, raw
}

// TestAnEscapeInACheck: a plugin that no label knows yet tries to get out of the cage while it is checked, as soon as it is
// started or when it is called. The criterion fails and says what it tried, the access log keeps it, from which a case for the
// authority follows; and those bytes are not run again.
func TestAnEscapeInACheck(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	binary := built(t, "./plugins/testdata/plugin", t.TempDir(), "plugin")
	plain, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	a := checking(t, folder)
	check := func(raw []byte) catalog.Criterion {
		t.Helper()
		all := criteria.Check(t.Context(), criteria.Input{Raw: raw, Now: time.Now(), Binaries: a.binaries("essai")})
		return all[slices.IndexFunc(all, func(c catalog.Criterion) bool { return c.ID == "cage" })]
	}
	for _, mode := range []string{"trips", "raw"} {
		place := []byte("@@MODE@@" + strings.Repeat(".", 32))
		bits := bytes.Replace(plain, place, []byte("@@MODE@@"+mode+strings.Repeat(".", 32-len(mode))), 1)
		if err := os.WriteFile(filepath.Join(folder, "rappel-vaccins"), bits, 0o600); err != nil {
			t.Fatal(err)
		}
		m, raw := manifestOf(t, filepath.Join(folder, "rappel-vaccins"), "trip")
		if _, _, err := a.rehearsal.services.rehearsals.Open(t.Context(), raw, ""); err != nil {
			t.Fatal(err)
		}
		first := check(raw)
		if first.State != catalog.Failed || !strings.Contains(first.Evidence.EN, "tried to get out of the cage: a process of it made a system call") || !strings.Contains(first.Evidence.FR, "tenté de sortir de la cage") {
			t.Fatalf("%s: %+v", mode, first)
		}
		trip := usage.Trip{App: "essai", Kind: plugins.TripCall, Binary: m.Plugin.Artifacts[0].SHA256}
		entry, err := a.state.log.Entry(t.Context(), trip.ID())
		if err != nil || entry.Outcome != audit.Refused || entry.Details["version"] != m.Version || entry.Details["suspended"] != "" {
			t.Fatalf("%s: the log has %+v, %v", mode, entry, err)
		}
		if again := check(raw); again.State != catalog.Failed || !strings.Contains(again.Evidence.EN, "not run again") {
			t.Errorf("%s, again: %+v", mode, again)
		}
		if other, err := a.binaries("another").Run(t.Context(), m); err != nil || !other.Escaped || !other.Before.IsZero() {
			t.Errorf("%s, as another app: %+v, %v", mode, other, err) // what one did is not another's
		}
	}
	if err := a.services.usage.Catch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if open, _ := a.services.cases.Standing(); open != 4 {
		t.Errorf("%d cases for the authority, want one for each app and binary", open)
	}
}

// TestAPluginPlaysInItsRehearsal: each of its hooks is called, through the rehearsal's gate, for people who agree; one that has
// no answer fails the check.
func TestAPluginPlaysInItsRehearsal(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	m, _ := manifestOf(t, built(t, "./"+pluginSource+"/rappel-vaccins", folder, "rappel-vaccins"))
	a := checking(t, folder)
	if came, err := a.binaries(m.ID).Run(t.Context(), m); err != nil || !came.Spoke || came.Played != nil {
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
	came, err := a.binaries(m.ID).Run(t.Context(), m)
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
