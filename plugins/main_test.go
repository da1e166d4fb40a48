package plugins

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins/cage"
)

// TestMain lets the test binary be its own warden.
func TestMain(m *testing.M) {
	cage.Main()
	if os.Getenv(gatewayVariable) != "" && beGateway != nil {
		beGateway()
	}
	os.Setenv("PONTLEVIS_TEST_SECRET", "secret")
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	os.Exit(m.Run())
}

// warden is shared by all tests: the best cage that this machine has.
var warden = sync.OnceValues(func() (*cage.Warden, error) {
	return cage.Open(cage.Options{Least: cage.S1, Reason: "tests", Synthetic: true})
})

// gatewayVariable makes the test binary a gateway with plugins, and names the file of the plugin.
const gatewayVariable = "PONTLEVIS_TEST_GATEWAY"

// beGateway is what such a gateway does; nil on systems that have no cage.
var beGateway func()

// built is the plugin of the tests, compiled once.
var built = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "pontlevis-plugin-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "plugin")
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", file, "./testdata/plugin")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return os.ReadFile(file)
})

const base = "http://host.test/fhir"

// bench is a host over the real cage, and a gate that notes what it is asked.
type bench struct {
	testing.TB
	host *Host
	gate *recorder
	told atomic.Int64 // reads that were answered, in whichever way
	bait net.Listener // an address of this machine that nothing may connect to
	hits atomic.Int64 // connections to it

	mu   sync.Mutex
	apps map[string]*App
	bits map[string][]byte // by digest
}

// recorder stands for the gate: what goes to the gate is what these tests are about, not what it says.
type recorder struct {
	mu     sync.Mutex
	asked  []string
	grants []*gate.Grant
	answer func(target string) (*gate.Answer, error)
	held   chan struct{} // until it is closed nothing is answered
}

// open is what holds nothing.
var open = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

func (r *recorder) Ask(ctx context.Context, g *gate.Grant, method, target string, _ http.Header, body []byte) (*gate.Answer, error) {
	if method != http.MethodGet || body != nil {
		return nil, errors.New("something else than a read")
	}
	r.mu.Lock()
	r.asked, r.grants = append(r.asked, target), append(r.grants, g)
	answer, held := r.answer, r.held
	r.mu.Unlock()
	select {
	case <-held:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return answer(target)
}

func (r *recorder) targets() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.asked...)
}

// patients are those that the gate was asked about.
func (r *recorder) patients() (out []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range r.grants {
		out = append(out, g.Patient)
	}
	return out
}

// vaccinations answers every search with two vaccinations of camille.
func vaccinations(string) (*gate.Answer, error) {
	one := `{"fullUrl":"%s/Immunization/camille-%d","resource":{"resourceType":"Immunization","id":"camille-%d","identifier":[{"system":"urn:ins","value":"180057512345671"}],"text":{"div":"<div>Camille</div>"},"status":"completed","patient":{"reference":"Patient/camille","display":"Camille M."},"occurrenceDateTime":"2024-05-0%d"},"search":{"mode":"match"}}`
	body := `{"resourceType":"Bundle","type":"searchset","link":[{"relation":"self","url":"` + base + `/Immunization?patient=camille"}],"entry":[` +
		fmt.Sprintf(one, base, 1, 1, 1) + "," + fmt.Sprintf(one, base, 2, 2, 2) + `]}`
	return &gate.Answer{Status: 200, Body: []byte(body)}, nil
}

func newBench(t testing.TB, change ...func(*Options)) *bench {
	t.Helper()
	w, err := warden()
	if err != nil {
		t.Skipf("NO CAGE ON THIS MACHINE, so plugins are not tested: %v", err)
	}
	b := &bench{TB: t, gate: &recorder{answer: vaccinations, held: open}, apps: map[string]*App{}, bits: map[string][]byte{}}
	o := Options{
		Gate: b.gate, Base: base, Warden: w, Patience: 20 * time.Second, Meter: Meter{Read: func(string, int, time.Duration) { b.told.Add(1) }},
		Apps: func(_ context.Context, id string) (*App, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.apps[id], nil
		},
		Open: func(_ context.Context, _ string, r Release) (io.ReadCloser, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			bits, ok := b.bits[r.SHA256]
			if !ok {
				return nil, os.ErrNotExist
			}
			return io.NopCloser(bytes.NewReader(bits)), nil
		},
	}
	for _, f := range change {
		f(&o)
	}
	if b.host, err = Open(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.host.Close() })
	return b
}

// app lists an app whose binary does something before it is asked anything ("" nothing).
func (b *bench) app(id, mode string, change ...func(*App)) *App {
	b.Helper()
	a := &App{
		ID: id, NameFR: "Rappels", NameEN: "Reminders", URL: "https://pontlevis.example/catalog/" + id, Category: "health",
		Label:  gate.Label{Status: "online", Exchange: true, Purposes: []string{"TREAT"}, Categories: []string{"Immunization"}, Directions: []string{"read"}},
		Scopes: []string{"patient/Immunization.rs"}, Writes: []string{"ServiceRequest"}, Links: []string{"https://vaccination.example/calendar"},
		Level: cage.S1, Release: b.release("1.0.0", mode), Limits: Limits{Deadline: 5 * time.Second},
	}
	for _, f := range change {
		f(a)
	}
	b.list(a)
	return a
}

func (b *bench) list(a *App) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.apps[a.ID] = a
}

// release makes a binary of the plugin that begins with a mode. Versions differ in their last bytes.
func (b *bench) release(version, mode string) Release {
	b.Helper()
	bits, err := built()
	if err != nil {
		b.Fatal(err)
	}
	word := []byte("@@MODE@@" + strings.Repeat(".", 32))
	if !bytes.Contains(bits, word) {
		b.Fatal("the plugin has no place for its mode")
	}
	filled := append([]byte("@@MODE@@"+mode), bytes.Repeat([]byte("."), 32-len(mode))...)
	bits = append(bytes.Replace(bits, word, filled, 1), version...)
	sum := sha256.Sum256(bits)
	r := Release{Version: version, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(bits))}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bits[r.SHA256] = bits
	return r
}

// line is the line of the version of an app that is on the air.
func (b *bench) line(a *App) *line {
	b.host.mu.Lock()
	defer b.host.mu.Unlock()
	newest, _ := b.host.align(a)
	return newest
}

// call is camille's doctor calling a hook of an app; the hook is listed as it is called.
func (b *bench) call(app, hook string) (*Outcome, error) {
	b.Helper()
	return b.callWith(b.Context(), app, hook, nil)
}

func (b *bench) callWith(ctx context.Context, app, hook string, change func(*Invocation)) (*Outcome, error) {
	b.Helper()
	b.mu.Lock()
	a := *b.apps[app]
	if _, ok := a.hook(hook); !ok {
		a.Hooks = append(append([]Hook(nil), a.Hooks...), Hook{ID: hook, Kind: "patient-view"})
		b.apps[app] = &a
	}
	b.mu.Unlock()
	i := Invocation{
		App: app, Hook: hook, Language: "en", Context: []byte(`{"patientId":"camille","userId":"Practitioner/dr-roux"}`),
		Grant: &gate.Grant{
			ID: "g1", Actor: gate.Actor{Kind: "professional", ID: "Practitioner/dr-roux"}, Client: gate.Client{ID: "ehr", Kind: "smart"},
			Patient: "camille", Purpose: "TREAT", Mode: "normal", Until: time.Now().Add(time.Hour),
		},
	}
	if change != nil {
		change(&i)
	}
	return b.host.Invoke(ctx, i)
}
