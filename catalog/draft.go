package catalog

import (
	"context"
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/store"
)

// maxApps bounds the entries of one publisher.
const maxApps = 50

// Sketch is a manifest that its publisher is writing. It may be anything: what is to mend in it manifest.Lint says.
type Sketch struct {
	App      string    `json:"app"`
	Manifest []byte    `json:"manifest"`
	At       time.Time `json:"at"`
	By       Actor     `json:"by"`
}

func draftKey(app string) []byte { return store.Key("app-draft", app) }

var appID = regexp.MustCompile(`^[a-z][a-z0-9-]{2,39}$`)

// Save keeps what a publisher writes of an app, and makes the entry when there is none: the id is then that publisher's.
// Errors: ErrPart, ErrTaken, ErrMany, ErrText (no id, or bytes that are no text of at most manifest.MaxSize).
func (c Apps) Save(ctx context.Context, by Actor, app string, raw []byte) error {
	if by.Part != Publisher || by.Owner == "" {
		return ErrPart
	}
	if !appID.MatchString(app) || len(raw) > manifest.MaxSize || !utf8.Valid(raw) {
		return ErrText
	}
	if c.Reserved != nil {
		reserved, err := c.Reserved(ctx, app)
		if err != nil {
			return fmt.Errorf("saving a draft: %w", err)
		}
		if reserved {
			if _, err := c.Get(ctx, app); err != nil { // of an app of the catalogue the client is its own
				return ErrTaken
			}
		}
	}
	err := c.DB.Update(ctx, store.Global, func(tx store.Tx) error {
		if err := c.own(tx, by, app, raw); err != nil {
			return err
		}
		return store.PutJSON(tx, draftKey(app), Sketch{App: app, Manifest: raw, At: c.Now().UTC(), By: by})
	})
	if err != nil {
		return fmt.Errorf("saving a draft: %w", err)
	}
	return nil
}

// own makes the entry of a new id, and describes one that never was on the air as its draft does.
func (c Apps) own(tx store.Tx, by Actor, app string, raw []byte) error {
	var a App
	found, err := store.GetJSON(tx, appKey(app), &a)
	switch {
	case err != nil:
		return err
	case found && a.Owner != by.Owner:
		return ErrTaken
	case a.Version != "":
		return nil
	}
	if !found {
		n := 0
		for key := range tx.Scan(store.Key("app"), nil) {
			var other App
			if _, err := store.GetJSON(tx, key, &other); err != nil {
				return err
			}
			if other.Owner == by.Owner {
				n++
			}
		}
		if n >= maxApps {
			return ErrMany
		}
	}
	if m, err := manifest.Parse(raw); err == nil && m.ID == app {
		a.describe(m)
	}
	if a.ID, a.Owner = app, by.Owner; a.Name.FR == "" {
		a.Name = Text{FR: app, EN: app}
	}
	return store.PutJSON(tx, appKey(app), a)
}

// Draft returns what a publisher is writing of an app, or ErrNotFound.
func (c Apps) Draft(ctx context.Context, app string) (*Sketch, error) {
	var d Sketch
	err := c.DB.View(ctx, store.Global, func(tx store.Tx) error {
		found, err := store.GetJSON(tx, draftKey(app), &d)
		if err == nil && !found {
			err = ErrNotFound
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading a draft: %w", err)
	}
	return &d, nil
}

// Drop forgets a draft; the id stays its publisher's.
func (c Apps) Drop(ctx context.Context, by Actor, app string) error {
	err := c.DB.Update(ctx, store.Global, func(tx store.Tx) error {
		if _, err := c.owned(tx, by, app); err != nil {
			return err
		}
		return tx.Delete(draftKey(app))
	})
	if err != nil {
		return fmt.Errorf("dropping a draft: %w", err)
	}
	return nil
}

// owned reads an entry for a step of its publisher; another's is not there.
func (c Apps) owned(tx store.Tx, by Actor, app string) (*App, error) {
	var a App
	found, err := store.GetJSON(tx, appKey(app), &a)
	if err != nil {
		return nil, err
	}
	if !found || by.Part == Publisher && (by.Owner == "" || a.Owner != by.Owner) {
		return nil, ErrNotFound
	}
	return &a, nil
}
