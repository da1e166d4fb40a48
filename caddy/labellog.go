package pontlevis

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/exp/zapslog"

	"github.com/pontlevis/pontlevis/catalog/label"
)

// labelLogPath is where the log is published.
const labelLogPath = "/catalog/log"

// labelOptions is how the log of labels is opened: one's own, or another's that is followed.
func (a *App) labelOptions(trust label.Trust) label.Options {
	o := label.Options{Trust: trust, OnChange: a.state.labelChanged, Manifest: a.state.apps.Bytes, Now: time.Now}
	if l := a.Labels; l != nil && l.Follow != "" {
		o.Verifier, o.Witnesses, o.Quorum, o.Budget = l.Verifier, l.Witnesses, l.Quorum, l.budget()
		return o
	}
	o.Origin, o.Key = "pontlevis/labels", ed25519.NewKeyFromSeed(a.state.derive("label log signature"))
	return o
}

// sameLog reports whether two configs mean the same log.
func sameLog(a, b label.Options) bool {
	a.OnChange, b.OnChange, a.Manifest, b.Manifest, a.Now, b.Now = nil, nil, nil, nil, nil, nil
	return reflect.DeepEqual(a, b)
}

// heedLabels stops what the operator stops, and follows what is to be followed, until the config ends.
func (a *App) heedLabels(ctx context.Context, log *label.Log) error {
	settings := a.Labels
	if settings == nil {
		settings = &Labels{}
	}
	denied, err := settings.denied()
	if err != nil {
		return err
	}
	log.Deny(denied)
	logger := slog.New(zapslog.NewHandler(a.logger.Core()))
	if settings.DenyFile != "" {
		a.tasks = append(a.tasks, func() { a.followDenied(ctx, log, denied, logger) })
	}
	if settings.Follow == "" {
		return nil
	}
	source, err := label.NewSource(settings.Follow)
	if err != nil {
		return fmt.Errorf("pontlevis: %w", err)
	}
	a.followed = make(chan struct{}, 1)
	a.follow(ctx, log, source, logger)
	a.tasks = append(a.tasks, func() { a.keepFollowing(ctx, log, source, logger) }, func() { a.keepAiring(ctx, source) })
	return nil
}

// follow looks at another's log once; what goes wrong is told, and the log grows old.
func (a *App) follow(ctx context.Context, log *label.Log, from label.Source, logger *slog.Logger) {
	err := log.Sync(ctx, from)
	a.state.freshness.tell(log.Freshness(time.Now()), log.Seen(), logger)
	select {
	case a.followed <- struct{}{}:
	default: // it is to be looked at already
	}
	if err == nil {
		a.state.labelTrouble.Store(nil)
		return
	}
	a.state.labelTrouble.Store(&err)
	level := slog.LevelWarn
	if errors.Is(err, label.ErrSplit) || errors.Is(err, label.ErrRollback) || log.Freshness(time.Now()) != label.Fresh {
		level = slog.LevelError
	}
	logger.Log(ctx, level, "the log of labels cannot be followed", "from", a.Labels.Follow, "error", err, "seen", log.Seen())
}

// keepAiring puts on the air what the log that is followed has in force, each time that it was looked at. A manifest that is
// slow to come, or a plugin that does not come up, delays no recall; and plugins are tried, so it begins once they can be.
func (a *App) keepAiring(ctx context.Context, from label.Source) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.followed:
			a.state.airAll(ctx, from)
		}
	}
}

func (a *App) keepFollowing(ctx context.Context, log *label.Log, from label.Source, logger *slog.Logger) {
	tick := time.NewTicker(a.Labels.every())
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			a.follow(ctx, log, from, logger)
		}
	}
}

// maxDenied bounds the file of apps that are stopped here, in bytes.
const maxDenied = 1 << 20

// denied are the apps of the setting and of the file.
func (l *Labels) denied() (map[string]string, error) {
	all := maps.Clone(l.Deny)
	if all == nil {
		all = map[string]string{}
	}
	if l.DenyFile == "" {
		return all, nil
	}
	raw, err := os.ReadFile(l.DenyFile)
	if err == nil && len(raw) > maxDenied {
		err = errors.New("it is too long")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the apps that are stopped here: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		app, why, _ := strings.Cut(line, " ")
		all[app] = strings.TrimSpace(why)
	}
	return all, lines.Err()
}

// followDenied reads the file again when it changed. One that cannot be read leaves the list as it was: nothing that was
// stopped comes back by it.
func (a *App) followDenied(ctx context.Context, log *label.Log, was map[string]string, logger *slog.Logger) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	told := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, err := a.Labels.denied()
		if err != nil {
			if !told {
				logger.Error("the apps that are stopped here are those of before", "error", err)
			}
			told = true
			continue
		}
		if told = false; !maps.Equal(was, now) {
			log.Deny(now)
			was = now
		}
	}
}

// measureLabels shows how fresh the log of labels is, and whether it can be followed.
func (m *meter) measureLabels(s *state) error {
	return register(m.registry,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "pontlevis_label_log_age_seconds", Help: "Time since the log of labels was last seen; 0 for one's own.",
		}, func() float64 {
			log := s.labels.Load()
			if log == nil || log.Own() {
				return 0
			}
			return time.Since(log.Seen()).Seconds()
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "pontlevis_label_log_trouble", Help: "1 when another authority's log of labels could not be followed the last time.",
		}, func() float64 {
			if s.labelTrouble.Load() == nil {
				return 0
			}
			return 1
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "pontlevis_label_log_freshness", Help: "0: as usual; 1: another authority's log of labels has not been seen for too long, and nothing new begins; 2: its apps have stopped.",
		}, func() float64 {
			log := s.labels.Load()
			if log == nil {
				return 0
			}
			return float64(log.Freshness(time.Now()))
		}),
	)
}
