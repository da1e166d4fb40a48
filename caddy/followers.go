package pontlevis

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pontlevis/pontlevis/cases"
	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/usage"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/notice"
)

// followers are what is derived from the access log: the register of cases, the notices, and what apps really did. They
// follow it for as long as their config runs.
type followers struct {
	cases   *cases.Register
	notices *notice.Service
	usage   *usage.Tallies
	running sync.WaitGroup
}

func (a *App) newFollowers(s *services, log *slog.Logger) (*followers, error) {
	f := &followers{}
	mail, err := a.Mail.open()
	if err != nil {
		return nil, err
	}
	sent := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pontlevis_mails_total", Help: "Tries to send a notice by mail, by what became of them: sent, deferred, refused.",
	}, []string{"outcome"})
	if err := register(s.meter.registry, sent); err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	if f.cases, err = cases.New(a.running, cases.Config{DB: a.state.db, Log: a.state.log, Now: time.Now, Slog: log}); err != nil {
		return nil, fmt.Errorf("opening the register of cases: %w", err)
	}
	if f.usage, err = a.newUsages(s, f.cases, log); err != nil {
		return nil, err
	}
	f.notices, err = notice.New(notice.Config{
		DB: a.state.db, Log: a.state.log, Now: time.Now, Slog: log, Base: a.Issuer, Mail: mail,
		Waiting: s.waiting, App: s.isApp(a.state.apps), AppName: s.appName(a.state.apps), Sent: func(outcome string) { sent.WithLabelValues(outcome).Inc() },
	})
	if err != nil {
		return nil, fmt.Errorf("preparing notices: %w", err)
	}
	return f, nil
}

// waiting tells what waits for each person who reviews emergency accesses, and for the authority.
func (s *services) waiting(ctx context.Context, within time.Duration, tell func(who gate.Actor, own, others *notice.Backlog) error) error {
	all, err := s.oauth.Reviewing(ctx, "reviewer", "authority")
	if err != nil {
		return err
	}
	for _, grants := range all {
		w, err := s.cases.Awaits(ctx, grants, within)
		if err != nil {
			return err
		}
		var others notice.Backlog
		for _, late := range w.Late {
			others.Places = append(others.Places, notice.Place{Name: s.gate.Place(ctx, late.Organization), Late: late.Overdue, Since: late.Since})
		}
		own := notice.Backlog{Soon: w.Soon, Next: w.Next, Late: w.Overdue, Many: w.Many}
		if err := tell(grants[0].Actor, &own, &others); err != nil {
			return err
		}
	}
	return nil
}

// isApp tells an app that somebody let in from our own pages: a client of the operator's, or an entry of the catalogue whose
// clients register themselves.
func (s *services) isApp(all catalog.Apps) func(client string) bool {
	return func(client string) bool {
		if c, err := s.oauth.Client(context.Background(), client); err == nil {
			return c.Kind != catalog.KindPortal
		}
		a, err := all.Get(context.Background(), client)
		return err == nil && a.Kind != catalog.KindPortal && a.Kind != manifest.KindPlugin
	}
}

// appName is what the catalogue calls an app.
func (s *services) appName(all catalog.Apps) func(client, language string) string {
	return func(client, language string) string {
		a, err := all.Get(context.Background(), client)
		if err != nil {
			return ""
		}
		if language == "en" {
			return a.Name.EN
		}
		return a.Name.FR
	}
}

// through gives them the gate that decides for them.
func (f *followers) through(g interface {
	cases.Gate
	notice.Gate
}) {
	f.cases.Through(g)
	f.notices.Through(g)
}

// run follows the log until the context ends.
func (f *followers) run(ctx context.Context) {
	f.running.Go(func() { f.cases.Run(ctx) })
	f.running.Go(func() { f.notices.Run(ctx) })
	f.running.Go(func() { f.usage.Run(ctx) })
}

// measure counts the cases that wait, with no name of anybody.
func (m *meter) measure(f *followers) error {
	count := func(name, help string, pick func(open, late int) int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			return float64(pick(f.cases.Standing()))
		})
	}
	return register(m.registry,
		count("pontlevis_cases_open", "Emergency openings and questions that wait for a verdict.", func(open, _ int) int { return open }),
		count("pontlevis_cases_overdue", "Those of them that are past their date.", func(_, late int) int { return late }),
	)
}
