package pontlevis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/plugins/cage"
	storefront "github.com/pontlevis/pontlevis/web/catalog"
)

// Plugins runs labelled plugins, each invocation in a caged process of its own.
type Plugins struct {
	// The folder with the binaries: `<sha256>`, `<id>-<version>` or `<id>`. What is there is executed only if its digest
	// is in the manifest that is on the air. Default: `plugins` in the data folder.
	Folder string `json:"folder,omitempty"`

	// The Unix socket of a warden that runs as a service of its own, under another system user. Default: the gateway
	// starts one itself, under its own user.
	Warden string `json:"warden,omitempty"`

	// The isolation below which no plugin starts: S1, S2, S3. Default: S3. A lower one takes a reason.
	Isolation string `json:"isolation,omitempty"`

	// Why Isolation is below S3; it is logged, and shown wherever a level is.
	Reason string `json:"reason,omitempty"`

	// What is done when a plugin makes a system call by which escapes are tried: `suspend` stops the app on this node until
	// the authority has decided; `report` tells the authority alone. Default: suspend.
	Tripwire string `json:"tripwire,omitempty"`

	// How many processes all plugins may have together. Default: 16.
	Processes int `json:"processes,omitempty"`

	// How many fresh processes a plugin in use keeps ready. Default: 2.
	Spares int `json:"spares,omitempty"`

	// After how long a plugin that nobody calls has no process left. Default: 1m.
	Idle caddy.Duration `json:"idle,omitempty"`
}

// pluginHost is what runs plugins for one config.
type pluginHost struct {
	*plugins.Host
	warden *cage.Warden
	known  *labelled
	trips  *tripwires

	folders   []string // of the binaries
	installed installed

	forget func() // the catalogue no longer tells it of recalls
}

// newPlugins opens the host; nil when this server runs none. A server of rehearsals has none: who is checked there plays in a host
// of their own, beside it (play), and at home with `pontlevis plugin run`.
func (a *App) newPlugins(s *services, log *slog.Logger) (*pluginHost, error) {
	config := a.Plugins
	if config == nil && a.Demo && !a.rehearses {
		config = &Plugins{Isolation: "S1", Reason: "a demonstration with invented people"}
	}
	if config == nil {
		return nil, nil
	}
	warden, err := config.open(a.Demo, log)
	if err != nil {
		if a.Plugins == nil {
			log.Warn("plugins cannot run on this machine; everything else does", "error", err)
			return nil, nil
		}
		return nil, fmt.Errorf("pontlevis: plugins: %w", err)
	}
	if err := a.logIsolation(warden); err != nil {
		return nil, errors.Join(err, warden.Close())
	}
	known := &labelled{apps: a.state.apps, issuer: a.Issuer}
	trips := &tripwires{state: a.state, suspends: config.Tripwire != tripwireReport, log: log}
	host, err := plugins.Open(plugins.Options{
		Gate: s.gate, Base: a.fhir(), Warden: warden, Apps: known.plugin, Open: config.finder(a.state.dir, a.Demo),
		Processes: config.Processes, Spares: config.Spares, Idle: time.Duration(config.Idle), Log: log, Meter: s.meter.plugins(trips.tripped),
	})
	if err != nil {
		return nil, errors.Join(err, warden.Close())
	}
	if err := register(s.meter.registry, releases{host}); err != nil {
		return nil, errors.Join(err, host.Close(), warden.Close())
	}
	out := &pluginHost{Host: host, warden: warden, known: known, trips: trips, folders: config.folders(a.state.dir, a.Demo)}
	forget := a.state.stops.add(func(app string, why catalog.Taken) { host.Stop(app, "its label: "+why.Step) })
	unfollow := a.state.runs.add(runner{host.Follow, a.starting(out), host.Diagnoses})
	out.forget = func() { forget(); unfollow() }
	return out, nil
}

// cage is how plugins are held here, for the storefront; nil where none run.
func (h *pluginHost) cage() *storefront.Cage {
	if h == nil {
		return nil
	}
	c := &storefront.Cage{Least: h.warden.Least().String(), Reached: h.warden.Report().Level.String(), Unready: h.unready}
	if h.warden.Least() < cage.S3 {
		c.Lowered = h.warden.Reason()
	}
	return c
}

func (p *Plugins) open(demo bool, log *slog.Logger) (*cage.Warden, error) {
	least := cage.S3
	if p.Isolation != "" {
		var err error
		if least, err = cage.ParseLevel(p.Isolation); err != nil {
			return nil, err
		}
	}
	options := cage.Options{Least: least, Reason: p.Reason, Synthetic: demo, Socket: p.Warden}
	if notice := options.Notice(); notice != "" {
		log.Warn(notice)
	}
	return cage.Open(options)
}

// folders are where binaries are: the folder and, for the demonstration, the executable's own.
func (p *Plugins) folders(data string, demo bool) []string {
	folders := []string{p.Folder}
	if p.Folder == "" {
		folders = []string{filepath.Join(data, "plugins")}
	}
	if executable, err := os.Executable(); demo && err == nil {
		folders = append(folders, filepath.Dir(executable))
	}
	return append(folders, uploadsFolder(data))
}

// uploadsFolder is where the binaries are that publishers sent, each under its digest.
func uploadsFolder(data string) string { return filepath.Join(data, "uploads") }

// finder opens binaries of the folders.
func (p *Plugins) finder(data string, demo bool) func(context.Context, string, plugins.Release) (io.ReadCloser, error) {
	folders := p.folders(data, demo)
	return func(_ context.Context, app string, r plugins.Release) (io.ReadCloser, error) {
		for _, folder := range folders {
			for _, name := range []string{r.SHA256, app + "-" + r.Version, app} {
				if f := sized(filepath.Join(folder, name), r.Size); f != nil {
					return f, nil
				}
			}
		}
		return nil, os.ErrNotExist
	}
}

// sized opens a file that has the size of a binary; whether it is that one its digest says.
func sized(path string, size int64) *os.File {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() != size {
		f.Close()
		return nil
	}
	return f
}

func (h *pluginHost) close() error {
	if h == nil {
		return nil
	}
	h.forget()
	err := h.Host.Close()
	h.trips.ending.Wait() // what ended just now may have tripped
	return errors.Join(err, h.warden.Close())
}

// labelled is the catalogue as the host sees it. Manifests are read once each: they are known by their digest.
type labelled struct {
	apps   catalog.Apps
	issuer string

	mu   sync.Mutex
	read map[string]*described // by digest of the manifest
}

// described is a manifest that was read, and what the host takes of it: all but what changes.
type described struct {
	manifest *manifest.Manifest
	app      *plugins.App
}

// plugin is what an app may do now; nil when it is no plugin.
func (l *labelled) plugin(ctx context.Context, id string) (*plugins.App, error) {
	entry, err := l.apps.Get(ctx, id)
	if errors.Is(err, catalog.ErrNotFound) || err == nil && !entry.Plugin {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	known, err := l.manifest(ctx, &entry)
	if err != nil || known == nil {
		return nil, err
	}
	app := *known.app
	app.Label = labelOf(&entry, l.apps.Now())
	if err := l.demand(&app); err != nil {
		return nil, err
	}
	app.Former, err = l.former(ctx, &entry, &app)
	return &app, err
}

// demand adds what the label asks beyond the manifest: a stricter cage; and, where the log of labels has not been seen for too
// long, that nothing new begins.
func (l *labelled) demand(app *plugins.App) error {
	if l.apps.Labels == nil {
		return nil
	}
	at := l.apps.Labels(app.ID, l.apps.Now())
	app.Waits = !at.Admit
	if at.Label == nil || at.Label.Isolation == "" {
		return nil
	}
	level, err := cage.ParseLevel(at.Label.Isolation)
	app.Level = max(app.Level, level)
	return err
}

// labelOf is what an entry of the catalogue lets its app do now, as the gate takes it.
func labelOf(entry *catalog.App, now time.Time) gate.Label {
	return gate.Label{
		Status: entry.At(now), Exchange: entry.Exchange, Purposes: entry.Purposes, Categories: entry.Categories,
		Directions: entry.Directions, Only: entry.Only, Expires: entry.Expires,
	}
}

// manifest is what the version on the air says of itself.
func (l *labelled) manifest(ctx context.Context, entry *catalog.App) (*described, error) {
	return l.version(ctx, entry.ID, entry.Version, entry.Digest)
}

// describe reads what a version says of itself; nil when it is no plugin.
func (l *labelled) describe(v *catalog.Version) (*described, error) {
	m, err := v.Read()
	if err != nil {
		return nil, fmt.Errorf("reading the manifest of %s: %w", v.App, err)
	}
	if m.Plugin == nil {
		return nil, nil
	}
	app, err := pluginOf(m, l.issuer)
	if err != nil {
		return nil, err
	}
	return &described{m, app}, nil
}

// version is describe of a version of the catalogue, read once; nil for one that is not there.
func (l *labelled) version(ctx context.Context, id, version, digest string) (*described, error) {
	l.mu.Lock()
	known := l.read[digest]
	l.mu.Unlock()
	if known != nil {
		return known, nil
	}
	v, err := l.apps.Version(ctx, id, version)
	if errors.Is(err, catalog.ErrNotFound) || err == nil && v.Digest != digest {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	known, err = l.describe(v)
	if err != nil || known == nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.read == nil || len(l.read) >= 1000 {
		l.read = map[string]*described{}
	}
	l.read[digest] = known
	return known, nil
}

// pluginOf is a manifest as the host takes it.
func pluginOf(m *manifest.Manifest, issuer string) (*plugins.App, error) {
	app := &plugins.App{
		ID: m.ID, NameFR: m.Name.FR, NameEN: m.Name.EN, URL: issuer + "/catalog/" + m.ID, Category: m.Publisher.Category,
		Scopes: m.Scopes(), Writes: m.Types(manifest.Write), Links: m.Plugin.Links,
		Limits: plugins.Limits{
			CPU: milliseconds(m.Plugin.Limits.CPU), Memory: int64(m.Plugin.Limits.Memory) << 20, Reads: m.Plugin.Limits.Reads,
			Bytes: m.Plugin.Limits.Bytes, Deadline: milliseconds(m.Plugin.Limits.Deadline),
		},
	}
	if m.SMART != nil {
		app.Launch = m.SMART.LaunchURI
	}
	if m.Plugin.Isolation != "" {
		var err error
		if app.Level, err = cage.ParseLevel(m.Plugin.Isolation); err != nil {
			return nil, err
		}
	}
	for _, h := range m.Plugin.Hooks {
		app.Hooks = append(app.Hooks, plugins.Hook{ID: h.ID, Kind: h.Hook, Prefetch: h.Prefetch})
	}
	for _, a := range m.Plugin.Artifacts {
		if a.OS == runtime.GOOS && a.Arch == runtime.GOARCH {
			app.Release = plugins.Release{Version: m.Version, SHA256: a.SHA256, Size: a.Size}
		}
	}
	return app, nil
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// plugins is the meter as the host takes it.
func (m *meter) plugins(evidence func(plugins.Trip)) plugins.Meter {
	invoked := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "pontlevis_plugin_invocation_seconds", Help: "Time that an invocation of a plugin took, by what became of it.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"outcome"})
	reads := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "pontlevis_plugin_read_seconds", Help: "Time that a read of a plugin took through its handle, by the status that it was told.",
		Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .05, .25, 1},
	}, []string{"status"})
	tripped := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "pontlevis_plugin_tripwires_total", Help: "Times that a plugin did what no honest one does.",
	})
	upgraded := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pontlevis_plugin_upgrades_total", Help: "Times that a version of a plugin in use gave way to the next: one that serves, or, in vain, one that has not come up.",
	}, []string{"outcome"})
	m.registry.MustRegister(invoked, reads, tripped, upgraded)
	return plugins.Meter{
		Invoked: func(_, kind string, took time.Duration) { invoked.WithLabelValues(kind).Observe(took.Seconds()) },
		Read: func(_ string, status int, took time.Duration) {
			reads.WithLabelValues(fmt.Sprint(status)).Observe(took.Seconds())
		},
		Upgraded: func(_, _, _ string, serves bool) {
			upgraded.WithLabelValues(map[bool]string{true: "serves", false: "vain"}[serves]).Inc()
		},
		Tripped: func(t plugins.Trip) {
			tripped.Inc()
			evidence(t)
		},
	}
}

// stops are told when an app may not go on: by each config that runs something for it.
type stops struct {
	mu  sync.Mutex
	all map[int]func(app string, why catalog.Taken)
	n   int
}

// add adds one who is told; what it returns takes them out again.
func (s *stops) add(told func(app string, why catalog.Taken)) (forget func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[int]func(string, catalog.Taken){}
	}
	s.n++
	n := s.n
	s.all[n] = told
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.all, n)
	}
}

// tell tells all of them, and returns when each has ended what it ran.
func (s *stops) tell(_ context.Context, app string, why catalog.Taken) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, told := range s.all {
		told(app, why)
	}
	return nil
}
