package label

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Apps are the apps that have or had a label, in order.
func (l *Log) Apps() []string { return slices.Sorted(maps.Keys(l.now.Load().apps)) }

// manifest is what a label of the log is about, by its digest; ErrNotFound for every other, and for one that is not here. What
// stopped it from being read is another error: nobody is told that it is not here when nobody knows.
func (l *Log) manifest(ctx context.Context, digest string) ([]byte, error) {
	if l.o.Manifest == nil {
		return nil, ErrNotFound
	}
	for _, s := range l.now.Load().labels {
		if s.Manifest != digest {
			continue
		}
		raw, err := l.o.Manifest(ctx, s.App, s.Version)
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			return nil, fmt.Errorf("reading the manifest of %s %s: %w", s.App, s.Version, err)
		case DigestOf(raw) == digest:
			return raw, nil
		}
	}
	return nil, ErrNotFound
}

// exportManifests writes those that are here, in the order of their digests.
func (l *Log) exportManifests(ctx context.Context, write func(path string, body []byte) error) error {
	digests := map[string]bool{}
	for _, s := range l.now.Load().labels {
		digests[s.Manifest] = true
	}
	for _, digest := range slices.Sorted(maps.Keys(digests)) {
		raw, err := l.manifest(ctx, digest)
		if errors.Is(err, ErrNotFound) {
			continue // it is followed without
		}
		if err != nil {
			return err
		}
		if err := write("manifest/"+digest, raw); err != nil {
			return err
		}
	}
	return nil
}
