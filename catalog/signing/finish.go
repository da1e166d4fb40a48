package signing

import (
	"context"
	"errors"
	"fmt"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/store"
)

// Publish keeps what a publisher signed of a version: key is its public key, envelope what label.DraftPublication made and it
// signed. Errors: label.ErrPublisher when it is not so.
func (d Desk) Publish(ctx context.Context, app, version, key string, envelope []byte) error {
	v, err := d.Apps.Version(ctx, app, version)
	if err != nil {
		return err
	}
	if err := label.CheckPublication(envelope, key, app, version, v.Manifest); err != nil {
		return err
	}
	err = d.DB.Update(ctx, store.Global, func(tx store.Tx) error {
		return store.PutJSON(tx, publicationKey(app, version), Publication{key, envelope, d.Apps.Now().UTC()})
	})
	if err != nil {
		return fmt.Errorf("keeping what a publisher signed: %w", err)
	}
	return nil
}

// Published is what the publisher signed of a version, brought to the desk or logged beside its label, or ErrPublication.
func (d Desk) Published(ctx context.Context, app, version string) (*Publication, error) {
	p := new(Publication)
	err := d.DB.View(ctx, store.Global, func(tx store.Tx) error {
		found, err := store.GetJSON(tx, publicationKey(app, version), p)
		if err == nil && !found {
			err = ErrPublication
		}
		return err
	})
	if errors.Is(err, ErrPublication) {
		return d.logged(ctx, app, version)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// logged is what the publisher signed of a version whose label was logged elsewhere than at this desk.
func (d Desk) logged(ctx context.Context, app, version string) (*Publication, error) {
	given, err := d.Log.Given(ctx, app, version)
	switch {
	case errors.Is(err, label.ErrNotFound):
		return nil, ErrPublication
	case err != nil:
		return nil, err
	}
	return &Publication{given.Label.Publisher.Key, given.Bundle.Publication, given.At}, nil
}

// Finish carries an act out: it is in the log of labels, and in force, when Finish returns; a label that was given puts its
// version on the air. Errors: ErrPart, ErrNotFound, ErrFew, what the log and the catalogue say.
func (d Desk) Finish(ctx context.Context, by catalog.Actor, id string) error {
	if by.Part != catalog.Authority || by.ID == "" {
		return ErrPart
	}
	a, err := d.Get(ctx, id)
	switch {
	case err != nil:
		return err
	case !a.Enough():
		return ErrFew
	case a.Kind == label.Issue:
		err = d.issue(ctx, by, a)
	default:
		_, err = d.Log.Order(ctx, a.Envelope)
	}
	if err == nil || errors.Is(err, label.ErrTwice) {
		err = d.Apps.Heed(ctx, d.Log, a.App)
	}
	if err != nil {
		return fmt.Errorf("carrying a decision out: %w", err)
	}
	return d.forget(ctx, id)
}

// issue logs a label and puts its version on the air. The version must be ready for it before: a label is not given in vain.
func (d Desk) issue(ctx context.Context, by catalog.Actor, a *Act) error {
	v, err := d.Apps.Version(ctx, a.App, a.Version)
	if err != nil {
		return err
	}
	step := map[string]string{catalog.Tested: "publish", catalog.Online: "renew"}[v.State]
	if step == "" {
		return fmt.Errorf("%w: it is %s", catalog.ErrStep, v.State)
	}
	if err := d.free(ctx, a.App); err != nil {
		return err
	}
	published, err := d.Published(ctx, a.App, a.Version)
	if err != nil {
		return err
	}
	given, err := label.Peek(a.Envelope)
	if err != nil {
		return err
	}
	if given.Manifest != v.Digest { // it was returned meanwhile, and came back with others
		return fmt.Errorf("%w: it is about other bytes", catalog.ErrLabel)
	}
	if step == "publish" {
		if err := d.Apps.Startable(ctx, a.App, a.Version); err != nil {
			return err
		}
	}
	_, err = d.Log.Issue(ctx, label.Bundle{Label: a.Envelope, Publication: published.Envelope})
	if err != nil && !errors.Is(err, label.ErrTwice) {
		return err
	}
	_, err = d.Apps.Take(ctx, catalog.Step{App: a.App, Version: a.Version, Step: step, By: by, Label: given})
	return err
}

// free refuses a label while the app is suspended: it would be a way round.
func (d Desk) free(ctx context.Context, app string) error {
	if before, had := d.Log.Status(app, d.Apps.Now()); had && before.Cause == label.Denied {
		return nil // the operator's list stops it here, whatever its label says
	}
	entry, err := d.Apps.Get(ctx, app)
	if err == nil && entry.Status == catalog.Suspended {
		return fmt.Errorf("%w: %s", label.ErrSuspended, app)
	}
	return err
}
