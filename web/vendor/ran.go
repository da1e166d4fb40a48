package vendor

import (
	"context"
	"sync"

	"github.com/pontlevis/pontlevis/catalog/criteria"
	"github.com/pontlevis/pontlevis/catalog/manifest"
)

// ran looks at a plugin's binaries once, and gives the same answers from then on: a page that is looked at starts nothing.
type ran struct {
	binaries criteria.Binaries
	manifest string // digest

	mu     sync.Mutex
	looked map[string]criteria.Looked
	came   *criteria.Ran
	failed error // why it could not be run
}

// Look implements criteria.Binaries.
func (r *ran) Look(app string, a manifest.Artifact) (criteria.Looked, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.looked[a.SHA256]; ok {
		return known, nil
	}
	got, err := r.binaries.Look(app, a)
	if err == nil {
		if r.looked == nil {
			r.looked = map[string]criteria.Looked{}
		}
		r.looked[a.SHA256] = got
	}
	return got, err
}

// Run implements criteria.Binaries.
func (r *ran) Run(ctx context.Context, m *manifest.Manifest) (criteria.Ran, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.came == nil {
		got, err := r.binaries.Run(ctx, m)
		r.came, r.failed = &got, err
	}
	return *r.came, r.failed
}
