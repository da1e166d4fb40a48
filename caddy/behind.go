package pontlevis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
)

// behind are the apps whose recall is in the log of labels, and not yet a step of the catalogue. What the log says is in
// force without it; the step is what their publisher and the storefront's history are told.
//
// A suspension in the log is no step of the catalogue: it ends by itself, and a copy of it would not.
type behind struct {
	mu   sync.Mutex
	apps map[string]bool
}

// align takes the steps of recalls that the log of labels has and the catalogue has not: of these apps, and of those for which
// it failed before. What fails is told, and tried again at the next start and the next change of any label.
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
		if err := s.followRecall(ctx, app); err != nil {
			caddy.Log().Error("an app is recalled in the log of labels; its step in the catalogue will be tried again", zap.String("app", app), zap.Error(err))
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
	var recalled []string
	for k := range all {
		if s.standing(all[k].ID, s.apps.Now()).Status == label.Revoked {
			recalled = append(recalled, all[k].ID)
		}
	}
	s.align(ctx, recalled...)
	return nil
}

// followRecall takes the step of a recall, unless the catalogue has it, or the log no longer says so.
func (s *state) followRecall(ctx context.Context, app string) error {
	at := s.standing(app, s.apps.Now())
	if at.Status != label.Revoked {
		return nil
	}
	entry, err := s.apps.Get(ctx, app)
	if errors.Is(err, catalog.ErrNotFound) || err == nil && entry.Version == "" {
		return nil
	}
	if err != nil {
		return err
	}
	v, err := s.apps.Version(ctx, app, entry.Version)
	if errors.Is(err, catalog.ErrNotFound) || err == nil && v.State == catalog.Recalled {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = s.apps.Take(ctx, catalog.Step{App: app, Version: entry.Version, Step: "recall", By: catalog.Actor{Part: catalog.Authority}, Reason: saidOf(at)})
	return err
}

// saidOf is why an app was stopped, in the words of the log.
func saidOf(at label.Standing) catalog.Text {
	said := catalog.Text(at.Words)
	if strings.TrimSpace(said.FR) == "" || strings.TrimSpace(said.EN) == "" {
		return catalog.Text{FR: "Le label a été retiré par l’autorité.", EN: "The authority has withdrawn the label."}
	}
	return said
}
