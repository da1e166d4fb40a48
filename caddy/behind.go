package pontlevis

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
)

// behind are the apps of which the log of labels tells something that is not yet a step of the catalogue: a suspension, its
// end, a recall. What the log says is in force without it; the step is what their publisher and the storefront's history are
// told.
type behind struct {
	mu   sync.Mutex
	apps map[string]bool
}

// align takes the steps that the log of labels has and the catalogue has not: of these apps, and of those for which it failed
// before. What fails is told, and tried again at the next start and the next change of any label.
func (s *state) align(ctx context.Context, apps ...string) {
	s.behind.mu.Lock()
	defer s.behind.mu.Unlock()
	if s.behind.apps == nil {
		s.behind.apps = map[string]bool{}
	}
	for _, app := range apps {
		s.behind.apps[app] = true
	}
	for _, app := range slices.Sorted(maps.Keys(s.behind.apps)) {
		if err := s.apps.Heed(ctx, s.labels.Load(), app); err != nil {
			caddy.Log().Error("the step in the catalogue that follows the log of labels will be tried again", zap.String("app", app), zap.Error(err))
			continue
		}
		delete(s.behind.apps, app)
	}
}

// alignAll does so for every app of the catalogue, once at start: a process may have died between the log and the step.
func (s *state) alignAll(ctx context.Context) error {
	all, err := s.apps.List(ctx)
	if err != nil {
		return fmt.Errorf("comparing the catalogue with the log of labels: %w", err)
	}
	ids := make([]string, len(all))
	for k := range all {
		ids[k] = all[k].ID
	}
	s.align(ctx, ids...)
	return nil
}

// alignEnded takes the end of suspensions that ended by their date: nothing is logged then, and the app is on the air again.
func (s *state) alignEnded(ctx context.Context) error {
	all, err := s.apps.List(ctx)
	if err != nil {
		return fmt.Errorf("looking for suspensions that ended: %w", err)
	}
	var ended []string
	for k := range all {
		if all[k].Halt > 0 {
			ended = append(ended, all[k].ID)
		}
	}
	if len(ended) > 0 {
		s.align(ctx, ended...)
	}
	return nil
}

// endsEvery is how often suspensions are looked at that may have ended by their date. The app itself waits for none of it.
const endsEvery = 10 * time.Second

// keepAligned does so until the config ends.
func (s *state) keepAligned(ctx context.Context) {
	tick := time.NewTicker(endsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.alignEnded(ctx); err != nil && ctx.Err() == nil {
			caddy.Log().Error("suspensions that ended are looked for again", zap.Error(err))
		}
	}
}
