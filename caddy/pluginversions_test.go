package pontlevis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/demo"
	"github.com/pontlevis/pontlevis/oauth"
)

// upgraded is a plugin of the cast, which these tests put on the air in several versions.
const upgraded = "rappel-vaccins"

// upgrading is a running demonstration: Caddy, the gate, the catalogue with its log, the cage.
type upgrading struct {
	*testing.T
	app    *App
	base   string
	token  string
	binary []byte
	calls  atomic.Uint64
}

// upgradingServer starts one; with it the first version of the plugin is on the air.
func upgradingServer(t *testing.T) *upgrading {
	t.Helper()
	dir := t.TempDir()
	folder := filepath.Join(dir, "plugins")
	source, ok := sourceTree()
	if !ok {
		t.Fatal("not within the source")
	}
	if err := buildPlugin(t.Context(), source, "./"+pluginSource+"/"+upgraded, filepath.Join(folder, upgraded)); err != nil {
		t.Fatal(err)
	}
	w := &upgrading{T: t}
	var err error
	if w.binary, err = os.ReadFile(filepath.Join(folder, upgraded)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "interactions"), w.binary, 0o600); err != nil { // nobody calls it: it need not be built
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	w.base = "http://" + address
	config := fmt.Sprintf(`{"admin": {"disabled": true, "config": {"persist": false}}, "logging": {"logs": {"default": {"level": "ERROR"}}},
		"apps": {"pontlevis": {"data": %q, "issuer": %q, "demo": true},
		"http": {"servers": {"main": {"listen": [%q], "automatic_https": {"disable": true}, "routes": [{"handle": [{"handler": "pontlevis"}]}]}}}}}`, dir, w.base, address)
	if err := caddy.Load([]byte(config), true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
	running, err := caddy.ActiveContext().App("pontlevis")
	if err != nil {
		t.Fatal(err)
	}
	if w.app = running.(*App); w.app.services.plugins == nil {
		t.Skip("NO CAGE ON THIS MACHINE, so plugins are not upgraded")
	}
	if w.token, _, err = w.app.services.oauth.Mint(t.Context(), oauth.MintRequest{Person: "dr-roux", Patient: "camille", Client: "portal"}); err != nil {
		t.Fatal(err)
	}
	return w
}

// publish puts the next version on the air, by all the steps; its binary is in the folder or not. It gives its digest.
func (w *upgrading) publish(name string, there bool) (digest string, err error) {
	w.Helper()
	m, digest := w.next(name, there)
	return digest, w.app.publishDemo(w.Context(), m)
}

// next is a version with a binary of its own, and its digest; the binary may be away.
func (w *upgrading) next(name string, there bool) (m *manifest.Manifest, digest string) {
	w.Helper()
	bits := append(slices.Clone(w.binary), name...)
	sum := sha256.Sum256(bits)
	digest = hex.EncodeToString(sum[:])
	path := filepath.Join(w.app.state.dir, "plugins", digest)
	if err := os.WriteFile(path, bits, 0o600); err != nil {
		w.Fatal(err)
	}
	artifact, err := artifactOf(path)
	if err != nil {
		w.Fatal(err)
	}
	if !there {
		if err := os.Remove(path); err != nil {
			w.Fatal(err)
		}
	}
	if m, err = demo.PluginManifest(upgraded, artifact); err != nil {
		w.Fatal(err)
	}
	m.Name = catalog.Text{FR: "Rappels " + name, EN: "Reminders " + name}
	return m, digest
}

// call calls the plugin as any client of CDS Hooks does, and gives the name in its first card; "" without a card.
func (w *upgrading) call() (string, error) {
	body := fmt.Sprintf(`{"hook":"patient-view","hookInstance":"d1577c69-dfbe-44ad-ba6d-%012x","context":{"userId":"Practitioner/dr-roux","patientId":"camille"}}`, w.calls.Add(1))
	q, err := http.NewRequestWithContext(context.WithoutCancel(w.Context()), http.MethodPost, w.base+"/cds-services/"+upgraded+".due", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Accept-Language", "en")
	q.Header.Set("Authorization", "Bearer "+w.token)
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		return "", err
	}
	defer a.Body.Close()
	raw, err := io.ReadAll(a.Body)
	switch {
	case err != nil:
		return "", err
	case a.StatusCode == http.StatusNotFound: // no such service, or no longer
		return "", nil
	case a.StatusCode != http.StatusOK:
		return "", fmt.Errorf("%d %s", a.StatusCode, raw)
	}
	var said struct {
		Cards []struct{ Source struct{ Label string } }
	}
	if err := json.Unmarshal(raw, &said); err != nil || len(said.Cards) == 0 {
		return "", err
	}
	return said.Cards[0].Source.Label, nil
}

// states are the versions on the host, with what each does.
func (w *upgrading) states() (out []string) {
	for _, d := range w.app.services.plugins.Diagnoses(upgraded) {
		out = append(out, d.Version+" "+d.State)
	}
	return out
}

func (w *upgrading) until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: it does not come to that: %v", what, w.states())
		}
	}
}

// processes counts those on this machine that run a binary.
func processes(t *testing.T, digest string) (n int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	for _, exe := range all {
		if to, err := os.Readlink(exe); err != nil || !strings.Contains(to, "memfd:") {
			continue
		}
		if raw, err := os.ReadFile(exe); err == nil {
			if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) == digest {
				n++
			}
		}
	}
	return n
}

// load calls without a pause until stop; each answer is heard, with whether the call began after mark.
func (w *upgrading) load(heard func(name string, late bool)) (mark, stop func()) {
	var marked, over atomic.Bool
	var callers sync.WaitGroup
	for range 3 {
		callers.Go(func() {
			for !over.Load() {
				late := marked.Load()
				name, err := w.call()
				if err != nil {
					w.Errorf("a call fails: %v", err)
					return
				}
				heard(name, late)
			}
		})
	}
	return func() { marked.Store(true) }, func() { over.Store(true); callers.Wait() }
}

// TestUpgradeOnAServer puts the next version of a plugin on the air of a running server under load, by the ordinary step: no
// call fails or is empty, what begins after the switch is answered by the new version, and no process of the old one is left.
// A version whose program does not come up is refused before anything is logged. A recall in the middle of a drain ends both.
func TestUpgradeOnAServer(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it starts a server and builds a plugin")
	}
	w := upgradingServer(t)
	first := sha256.Sum256(w.binary)
	for _, stage := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"upgrade", func(t *testing.T) { w.upgrades(t, hex.EncodeToString(first[:])) }},
		{"refused", w.refuses}, {"recall", w.recalledWhileDraining},
	} {
		if !t.Run(stage.name, stage.do) {
			return
		}
	}
}

func (w *upgrading) upgrades(t *testing.T, before string) {
	var old, fresh atomic.Int64
	mark, stop := w.load(func(name string, late bool) {
		switch {
		case name == "":
			t.Error("a call is empty")
		case name == "Reminders two":
			fresh.Add(1)
		case late:
			t.Errorf("%q answers a call that began after the switch", name)
		default:
			old.Add(1)
		}
	})
	defer stop()
	w.until(t, "the old one is in use", func() bool { return old.Load() >= 6 })
	w.until(t, "a process of the old one is seen", func() bool { return processes(t, before) > 0 })
	after, err := w.publish("two", true)
	if err != nil {
		t.Fatal(err)
	}
	w.until(t, "the new one serves", func() bool { return slices.Contains(w.states(), "1.0.1 serves") })
	mark()
	w.until(t, "the old one is gone", func() bool { return slices.Equal(w.states(), []string{"1.0.1 serves"}) && processes(t, before) == 0 })
	now := fresh.Load()
	w.until(t, "the new one is in use", func() bool { return fresh.Load() >= now+6 })
	w.until(t, "a process of the new one is seen", func() bool { return processes(t, after) > 0 })
	if n := counted(t, w.app, "pontlevis_plugin_upgrades_total", "serves"); n != 1 {
		t.Errorf("%v upgrades are counted", n)
	}
	t.Logf("%d answers of the old version, %d of the new one, none failed", old.Load(), fresh.Load())
}

func (w *upgrading) refuses(t *testing.T) {
	size := w.app.state.labels.Load().Size()
	for _, name := range []string{"broken", "three"} { // the second takes the place of the first, which waits for its program
		if _, err := w.publish(name, false); !errors.Is(err, catalog.ErrStart) {
			t.Fatalf("a version without its binary: %v", err)
		}
	}
	if n := w.app.state.labels.Load().Size(); n != size {
		t.Errorf("%d entries were logged for it", n-size)
	}
	if got := w.states(); !slices.Contains(got, "1.0.3 refused") {
		t.Errorf("its publisher's diagnosis: %v", got)
	}
	if name, err := w.call(); name != "Reminders two" {
		t.Errorf("%q answers, %v", name, err)
	}
	m, _ := w.next("elsewhere", false) // as an authority whose log is followed labelled it: the catalogue has it not
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	away := &catalog.Version{App: m.ID, Version: "9.0.0", Digest: manifest.Digest(raw), Manifest: raw}
	if err := w.app.state.apps.Starts(t.Context(), away); err == nil || errors.Is(err, catalog.ErrUntried) {
		t.Errorf("a version that the catalogue has not is not tried: %v", err)
	}
	m, _ = w.next("here", true)
	if raw, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	here := &catalog.Version{App: m.ID, Version: "9.0.1", Digest: manifest.Digest(raw), Manifest: raw}
	if err := w.app.state.apps.Starts(left, here); !errors.Is(err, catalog.ErrUntried) {
		t.Errorf("one that nobody waited for: %v", err)
	}
	if err := w.app.state.apps.Starts(t.Context(), here); err != nil {
		t.Errorf("one that comes up: %v", err)
	}
}

// recalledWhileDraining has a version on the air that cannot come up, because its binary goes away once it was tried: the one
// before it answers, until the app is recalled.
func (w *upgrading) recalledWhileDraining(t *testing.T) {
	for _, one := range w.app.state.runs.each() {
		one.starts = nil
	}
	if _, err := w.publish("three", false); err != nil {
		t.Fatal(err)
	}
	old := sha256.Sum256(append(slices.Clone(w.binary), "two"...))
	if got := w.states(); !slices.Equal(got[:min(2, len(got))], []string{"1.0.3 starts", "1.0.1 serves"}) {
		t.Errorf("the new one cannot come up, and %v", got)
	}
	var answered, empty atomic.Int64
	mark, stop := w.load(func(name string, late bool) {
		switch {
		case late && name != "":
			t.Errorf("%q answers a call that began after the recall", name)
		case late:
			empty.Add(1)
		case name != "":
			answered.Add(1)
		}
	})
	defer stop()
	w.until(t, "the old one answers beside it", func() bool { return answered.Load() >= 6 })
	err := w.app.recallDemo(t.Context(), upgraded, catalog.Text{FR: "Une faille.", EN: "A flaw."})
	mark()
	if err != nil {
		t.Fatal(err)
	}
	if n := processes(t, hex.EncodeToString(old[:])); n > 0 {
		t.Errorf("%d processes of the old version are left after the recall", n)
	}
	if got := w.states(); slices.ContainsFunc(got, func(s string) bool { return !strings.HasSuffix(s, " refused") }) {
		t.Errorf("left of it: %v", got)
	}
	w.until(t, "nothing answers", func() bool { return empty.Load() >= 6 })
}

// counted is a counter of a server, by its one label.
func counted(t *testing.T, a *App, name, label string) float64 {
	t.Helper()
	all, err := a.services.meter.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range all {
		for _, m := range family.GetMetric() {
			if family.GetName() == name && len(m.GetLabel()) == 1 && m.GetLabel()[0].GetValue() == label {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}
