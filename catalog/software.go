package catalog

import (
	"context"
	"fmt"
	"slices"

	"github.com/pontlevis/pontlevis/catalog/manifest"
)

// Current returns an entry with the manifest that its clients are held to: of the version on the air, or that was there last;
// before there is one, of the newest that was submitted. ErrNotFound when nothing was, or its publisher withdrew it.
func (c Apps) Current(ctx context.Context, id string) (App, *manifest.Manifest, error) {
	a, err := c.Get(ctx, id)
	if err != nil {
		return App{}, nil, err
	}
	var v *Version
	if a.Version != "" {
		v, err = c.Version(ctx, id, a.Version)
	} else {
		v, err = c.newest(ctx, id)
	}
	if err != nil {
		return App{}, nil, err
	}
	m, err := v.Read()
	if err != nil {
		return App{}, nil, fmt.Errorf("reading the manifest of %s: %w", id, err)
	}
	return a, m, nil
}

func (c Apps) newest(ctx context.Context, id string) (*Version, error) {
	all, err := c.Versions(ctx, id)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(v Version) bool { return v.State == Withdrawn || v.State == Unfavourable })
	if len(all) == 0 {
		return nil, ErrNotFound
	}
	return &all[len(all)-1], nil
}
