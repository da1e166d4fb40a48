package pontlevis

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/manifest"
)

// airs puts on the air what the log of labels has in force. It lives with the state, across reloads.
type airs struct {
	mu   sync.Mutex
	told map[string]string // why an app is not on the air, as it was told last
}

// errElsewhere says that the manifest of a label is not here, and nowhere to be had.
var errElsewhere = errors.New("its manifest is not here: bring it (pontlevis label manifest <manifest.json>)")

// manifestFrom brings a manifest by its digest from where the log is followed; nil is one's own log, which leads nowhere. What
// came is held against the digest by who asked.
func manifestFrom(from label.Source) func(ctx context.Context, digest string) ([]byte, error) {
	return func(ctx context.Context, digest string) ([]byte, error) {
		if from == nil {
			return nil, errElsewhere
		}
		raw, err := from.Fetch(ctx, "manifest/"+digest, manifest.MaxSize)
		if err != nil {
			return nil, fmt.Errorf("%w; %w", errElsewhere, err)
		}
		return raw, nil
	}
}

// airAll puts on the air whatever the log of labels has in force and the catalogue has not: what another authority labelled,
// and what one's own had logged when a process died; from is where a log that is followed is, nil for one's own. What fails is
// told once, and tried again.
func (s *state) airAll(ctx context.Context, from label.Source) {
	log := s.labels.Load()
	if log == nil {
		return
	}
	s.airs.mu.Lock()
	defer s.airs.mu.Unlock()
	if s.airs.told == nil {
		s.airs.told = map[string]string{}
	}
	for _, app := range log.Apps() {
		_, err := s.airOne(ctx, log, app, manifestFrom(from))
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			delete(s.airs.told, app)
		case err.Error() != s.airs.told[app]:
			caddy.Log().Warn("an app has a label in force and is not on the air here", zap.String("app", app), zap.Error(err))
			s.airs.told[app] = err.Error()
		}
	}
}

// airOne does so for one app. No label takes an id under which this server, or a client of the operator's, is known.
func (s *state) airOne(ctx context.Context, log *label.Log, app string, get func(context.Context, string) ([]byte, error)) (string, error) {
	if own(app) {
		return "", catalog.ErrTaken
	}
	return s.apps.Air(ctx, log, app, get)
}

// bring takes the manifest of a label in force, and puts its version on the air. One that no label in force is about is refused.
func (s *state) bring(ctx context.Context, raw []byte) (label.Standing, error) {
	log := s.labels.Load()
	m, err := manifest.Parse(raw)
	if err != nil {
		return label.Standing{}, err
	}
	at, known := log.Status(m.ID, s.apps.Now())
	if !known || at.Label == nil || at.Label.Manifest != manifest.Digest(raw) {
		return at, fmt.Errorf("%w: the log has none that is about these bytes", catalog.ErrLabel)
	}
	if !at.Admit {
		return at, fmt.Errorf("%w: the app is %s, or the log has not been seen for too long", catalog.ErrLabel, at.Status)
	}
	_, err = s.airOne(ctx, log, m.ID, func(context.Context, string) ([]byte, error) { return raw, nil })
	return at, err
}

// ready refuses a label that would be given in vain: of a version that this catalogue has and that does not wait for one.
func (s *state) ready(ctx context.Context, b *label.Bundle) error {
	l, err := label.Peek(b.Label)
	if err != nil {
		return err
	}
	v, err := s.apps.Version(ctx, l.App, l.Version)
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		return nil
	case err != nil:
		return err
	case v.Digest != l.Manifest:
		return fmt.Errorf("%w: it is about other bytes than version %s of the catalogue", catalog.ErrLabel, v.Version)
	case v.State == catalog.Tested:
		return s.apps.Startable(ctx, l.App, l.Version)
	case v.State != catalog.Online:
		return fmt.Errorf("%w: version %s is %s: a label is not given in vain", catalog.ErrStep, v.Version, v.State)
	}
	return nil
}
