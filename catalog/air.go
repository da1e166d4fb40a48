package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/store"
)

// airing is the machine that does what the log of labels says.
var airing = Actor{Part: Machine, ID: "labels", Name: "pontlevis label"}

// Air puts on the air what the log of labels has in force for an app: a version that waits for its label here, the renewal of
// one that is on the air, or a version that another authority evaluated, whose manifest get brings by its SHA-256. done is the
// step, "" where there is nothing to do. Errors: ErrLabel, ErrStep, ErrStart, ErrTaken, what get says.
func (c Apps) Air(ctx context.Context, log Log, app string, get func(ctx context.Context, digest string) ([]byte, error)) (done string, err error) {
	at, known := log.Status(app, c.Now())
	if !known || !at.Admit {
		return "", nil
	}
	l := at.Label
	v, err := c.Version(ctx, app, l.Version)
	switch {
	case errors.Is(err, ErrNotFound):
		raw, err := get(ctx, l.Manifest)
		if err != nil {
			return "", fmt.Errorf("bringing the manifest of %s %s: %w", app, l.Version, err)
		}
		return "adopt", c.Adopt(ctx, raw, l)
	case err != nil:
		return "", err
	case v.Digest != l.Manifest:
		return "", fmt.Errorf("putting %s %s on the air: %w: the version that is here has other bytes", app, l.Version, ErrLabel)
	case v.State == Tested:
		done = "publish"
	case v.State == Online && v.Label != l.ID && l.NotAfter.After(v.Expires):
		done = "renew"
	default:
		return "", nil
	}
	_, err = c.Take(ctx, Step{App: app, Version: l.Version, Step: done, By: airing, Label: l})
	return done, err
}

// Adopt takes a version that another authority evaluated into the catalogue, and on the air: raw is the manifest that the label
// is about, which the log of labels has in force. The id is the labelled publisher's, whatever somebody drafted here under it.
// Errors: ErrLabel, ErrStep, ErrStart, ErrTaken for an id that is the operator's, *manifest.Invalid.
func (c Apps) Adopt(ctx context.Context, raw []byte, l *label.Label) error {
	rule := ruleOf("adopt")
	if manifest.Digest(raw) != l.Manifest {
		return fmt.Errorf("adopting %s %s: %w: it is about other bytes", l.App, l.Version, ErrLabel)
	}
	fresh := &Version{App: l.App, Version: l.Version, Digest: l.Manifest, Manifest: raw, State: Draft}
	if m, err := fresh.Read(); err != nil {
		return fmt.Errorf("adopting %s %s: %w", l.App, l.Version, err)
	} else if m.ID != l.App || m.Version != l.Version {
		return fmt.Errorf("adopting %s %s: %w: the manifest is of %s %s", l.App, l.Version, ErrLabel, m.ID, m.Version)
	}
	if c.Starts != nil {
		if err := c.Starts(ctx, fresh); err != nil {
			return fmt.Errorf("adopting %s %s: %w: %w", l.App, l.Version, ErrStart, err)
		}
	}
	s := Step{App: l.App, Version: l.Version, Step: rule.Step, By: airing, Label: l}
	err := c.DB.Update(ctx, store.Global, func(tx store.Tx) error {
		v := *fresh
		a, err := c.adopted(tx, &v, l)
		if err != nil {
			return err
		}
		if err := c.effect(tx, a, &v, rule, &s); err != nil {
			return err
		}
		return store.PutJSON(tx, versionKey(v.App, v.Version), v)
	})
	if err != nil {
		return fmt.Errorf("adopting %s %s: %w", l.App, l.Version, err)
	}
	c.moved(ctx, []Step{s})
	return nil
}

// adopted is the entry of an app that is taken over from another authority's catalogue.
func (c Apps) adopted(tx store.Tx, v *Version, l *label.Label) (*App, error) {
	if tx.Get(versionKey(v.App, v.Version)) != nil {
		return nil, fmt.Errorf("%w: the version is here already", ErrStep)
	}
	a := new(App)
	found, err := store.GetJSON(tx, appKey(v.App), a)
	if err != nil {
		return nil, err
	}
	if found && a.Owner == "" {
		return nil, ErrTaken
	}
	a.ID = v.App
	if a.Owner == l.Publisher.ID || a.Version != "" { // who has it on the air keeps it: the log holds their key to be the same
		return a, nil
	}
	if a.Owner = l.Publisher.ID; found {
		a.Since = c.Now().UTC()
	}
	return a, tx.Delete(draftKey(v.App))
}

// Bytes are the manifest of a version, as it is published beside the log of labels; label.ErrNotFound of one that is not here.
func (c Apps) Bytes(ctx context.Context, app, version string) ([]byte, error) {
	v, err := c.Version(ctx, app, version)
	if errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("the manifest of %s %s is not here: %w", app, version, label.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return v.Manifest, nil
}
