package pontlevis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/oauth/dpop"
	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/plugins/hooks"
	"github.com/pontlevis/pontlevis/web/sharing"
)

// newHooks builds what stands in front of the plugins. Where none run, the discovery says so.
func (a *App) newHooks(s *services, log *slog.Logger) (*hooks.Front, error) {
	answered := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "pontlevis_cds_hooks_seconds", Help: "Time to answer a CDS Hooks call, by what the answer was: cards, empty, refused or failed.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
	}, []string{"outcome"})
	if err := register(s.meter.registry, answered); err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	var host plugins.Invoker = noHost{}
	if s.plugins != nil {
		host = s.plugins.Host
	}
	return hooks.New(hooks.Config{
		Apps: s.plugins.online, App: s.plugins.offered, Callers: s.oauth, Gate: s.gate, Host: host, DB: a.state.db, Key: a.state.derive("ids of cards"),
		Issuer: a.Issuer, FHIR: a.fhir(), Proofs: dpop.Algorithms(), Address: clientAddress, Now: time.Now, Log: log,
		Answered: func(_, outcome string, took time.Duration) { answered.WithLabelValues(outcome).Observe(took.Seconds()) },
	})
}

// unasked are the schedules as the pages of people show them: none where no plugin runs.
func (s *services) unasked() sharing.Schedules {
	if s.plugins == nil {
		return nil
	}
	return s.schedule
}

// asker asks plugins for the pages of people: nobody where no plugin runs.
func (s *services) asker() sharing.Asker {
	if s.plugins == nil {
		return nil
	}
	return s.hooks
}

// noHost is that of a server that runs no plugins.
type noHost struct{}

func (noHost) Invoke(_ context.Context, i plugins.Invocation) (*plugins.Outcome, error) {
	return nil, &plugins.Failure{App: i.App, Kind: plugins.ErrUnknown}
}

// online are the plugins whose label lets them run now, each with its manifest; none where no host runs.
func (h *pluginHost) online(ctx context.Context) (out []hooks.App, err error) {
	if h == nil {
		return nil, nil
	}
	all, err := h.known.apps.List(ctx)
	if err != nil {
		return nil, err
	}
	for k := range all {
		one, err := h.offer(ctx, &all[k])
		if err != nil {
			return nil, err
		}
		if one != nil {
			out = append(out, *one)
		}
	}
	return out, nil
}

// offered is one of those that are online; nil for any other.
func (h *pluginHost) offered(ctx context.Context, id string) (*hooks.App, error) {
	if h == nil {
		return nil, nil
	}
	entry, err := h.known.apps.Get(ctx, id)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return h.offer(ctx, &entry)
}

// offer is an entry of the catalogue as a plugin that may be called; nil where it may not be.
func (h *pluginHost) offer(ctx context.Context, entry *catalog.App) (*hooks.App, error) {
	if !entry.Plugin || !entry.Exchange || entry.At(h.known.apps.Now()) != catalog.Online {
		return nil, nil
	}
	one, err := h.known.manifest(ctx, entry)
	if err != nil {
		return nil, err
	}
	why, err := h.unready(ctx, entry.ID)
	if err != nil { // one that cannot be looked at keeps no other from being called
		slog.WarnContext(ctx, "whether a plugin is installed cannot be told, and it is not offered", "app", entry.ID, "error", err)
		return nil, nil
	}
	if why == notHere || why == notHeld || one == nil || one.app.Release.SHA256 == "" {
		return nil, nil
	}
	return &hooks.App{Manifest: one.manifest, Label: labelOf(entry, h.known.apps.Now()), Rests: why == notAwake}, nil
}
