package label

import (
	"context"
	"maps"
	"slices"
)

// Apps are the apps that have or had a label, in order.
func (l *Log) Apps() []string { return slices.Sorted(maps.Keys(l.now.Load().apps)) }

// manifest is what a label of the log is about, by its digest; ErrNotFound for every other, and for one that is not here.
func (l *Log) manifest(ctx context.Context, digest string) ([]byte, error) {
	if l.o.Manifest == nil {
		return nil, ErrNotFound
	}
	for _, s := range l.now.Load().labels {
		if s.Manifest != digest {
			continue
		}
		raw, err := l.o.Manifest(ctx, s.App, s.Version)
		if err == nil && DigestOf(raw) == digest {
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
		if err != nil {
			continue // it is followed without
		}
		if err := write("manifest/"+digest, raw); err != nil {
			return err
		}
	}
	return nil
}
