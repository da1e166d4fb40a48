package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// Errors of the catalogue.
var (
	ErrNotFound = errors.New("no such app in the catalogue")
	ErrMove     = errors.New("the app cannot change so")
)

// Apps is the catalogue, kept in the store.
type Apps struct {
	DB    store.DB
	Now   func() time.Time
	Known *store.Decoded[App] // remembers what was decoded; nil remembers nothing
}

func appKey(id string) []byte { return store.Key("app", id) }

// Get returns an entry, or ErrNotFound. What its slices hold may be shared with other callers.
func (c Apps) Get(ctx context.Context, id string) (a App, err error) {
	known, err := c.Known.Read(ctx, c.DB, store.Global, appKey(id))
	if err == nil && known == nil {
		err = ErrNotFound
	}
	if err != nil {
		return App{}, fmt.Errorf("reading the catalogue: %w", err)
	}
	return *known, nil
}

// Put writes an entry that is not there yet; of one that is, it leaves everything as it stands, its status above all.
func (c Apps) Put(ctx context.Context, a App) error {
	if a.ID == "" || a.Name.FR == "" || a.Name.EN == "" {
		return errors.New("an app of the catalogue needs an id and a name in French and English")
	}
	err := c.DB.Update(ctx, store.Global, func(tx store.Tx) error {
		if tx.Get(appKey(a.ID)) != nil {
			return nil
		}
		return store.PutJSON(tx, appKey(a.ID), a)
	})
	if err != nil {
		return fmt.Errorf("writing the catalogue: %w", err)
	}
	return nil
}

// Move changes the status of an app; it is in force when Move returns. Illegal steps are ErrMove.
func (c Apps) Move(ctx context.Context, id, to, by, reason string) error {
	err := c.DB.Update(ctx, store.Global, func(tx store.Tx) error {
		var a App
		found, err := store.GetJSON(tx, appKey(id), &a)
		switch {
		case err != nil:
			return err
		case !found:
			return ErrNotFound
		case !mayMove(a.Status, to):
			return fmt.Errorf("%w: from %s to %s", ErrMove, a.Status, to)
		}
		a.Moves = append(a.Moves, Move{From: a.Status, To: to, At: c.Now().UTC(), By: by, Reason: reason})
		a.Status = to
		return store.PutJSON(tx, appKey(id), a)
	})
	if err != nil {
		return fmt.Errorf("changing the status of an app: %w", err)
	}
	return nil
}

// List yields the whole catalogue in the order of ids.
func (c Apps) List(ctx context.Context) (all []App, err error) {
	err = c.DB.View(ctx, store.Global, func(tx store.Tx) error {
		for key := range tx.Scan(store.KeyPrefix("app"), nil) {
			var a App
			if _, err := store.GetJSON(tx, key, &a); err != nil {
				return err
			}
			all = append(all, a)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing the catalogue: %w", err)
	}
	return all, nil
}
