package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/store"
)

// Errors of the catalogue.
var (
	ErrNotFound = errors.New("no such app in the catalogue")
	ErrStep     = errors.New("the app cannot take this step now")
	ErrPart     = errors.New("this step is not for whoever asks")
	ErrReason   = errors.New("this step needs a reason in French and in English")
	ErrLabel    = errors.New("this step needs a label in force over this manifest")
	ErrVersion  = errors.New("this version was submitted before: another byte is another version, and newer than all before")
	ErrChanged  = errors.New("the draft is another than the one that was checked")
	ErrTaken    = errors.New("this id belongs to another app")
	ErrUnderWay = errors.New("another version of the app is under way")
	ErrMany     = errors.New("there are as many as there may be")
	ErrText     = errors.New("a text is missing, or too long")
	ErrEvidence = errors.New("this step needs the machine's checks, none of which failed")
	ErrStart    = errors.New("the program of this version does not come up here")
	ErrUntried  = errors.New("there was no place, or no time, to try it") // beside ErrStart: that tells nothing of the program
)

// Apps is the catalogue, kept in the store. It is safe for concurrent use.
type Apps struct {
	DB    store.DB
	Now   func() time.Time
	Known *store.Decoded[App] // remembers what was decoded; nil remembers nothing

	// Labels asks the log of labels; it is asked at each request, and must be cheap. nil: there is no log here, as in a
	// rehearsal, and what the entries say is all.
	Labels func(app string, now time.Time) label.Standing

	// Issued asks the log of one label by its id, also of one whose place another took; without it nothing of a version goes on
	// once another took its place.
	Issued func(id string, now time.Time) label.Standing

	// Starts tries whether the program of a version comes up on this node; nil where none runs. It is asked before publish,
	// adopt, and a test that a person takes.
	Starts func(ctx context.Context, v *Version) error

	// Moved is told that something else of an app may run than before, though the app goes on: once this is in force and
	// before the step returns. What runs follows.
	Moved func(ctx context.Context, app string)

	// Reserved tells whether an id belongs to something that is no app of the catalogue; nil: none does.
	Reserved func(ctx context.Context, id string) (bool, error)

	// Stopped is told that an app may not go on, and why, once this is in force and before the step returns: what runs for
	// it ends. An error is the step's, which stays taken: asking again tells it again.
	Stopped func(ctx context.Context, app string, why Taken) error
}

func appKey(id string) []byte { return store.Key("app", id) }

// Get returns an entry with what its label lets it do now, or ErrNotFound. What its slices hold may be shared with other
// callers.
func (c Apps) Get(ctx context.Context, id string) (App, error) {
	known, err := c.Known.Read(ctx, c.DB, store.Global, appKey(id))
	if err == nil && known == nil {
		err = ErrNotFound
	}
	if err != nil {
		return App{}, fmt.Errorf("reading the catalogue: %w", err)
	}
	a := *known
	c.hold(&a)
	c.holdFormer(&a)
	return a, nil
}

// hold keeps an entry to what the log of labels says of it now: either of them is enough to stop it.
func (c Apps) hold(a *App) {
	if c.Labels == nil || a.Kind == KindPortal {
		return
	}
	s := c.Labels(a.ID, c.Now())
	if a.Waits = s.Waits; a.Status == Suspended && a.Halt > 0 && s.Label != nil && s.Label.ID == a.Label {
		a.Status = Online // the suspension is the log's, which knows whether it holds still
	}
	if a.Status != Online {
		return
	}
	if s.Status != Online || s.Label == nil {
		if a.Status = s.Status; a.Status == "" || a.Status == Online {
			a.Status = Unlisted
		}
		return
	}
	if s.Cut.After(a.Cut) { // the log knows of each recall, also of one whose step this node never took
		a.Cut = s.Cut
	}
	if s.Label.ID == a.Label {
		return
	}
	if own := c.issued(a, s.Label); own.Status == label.Revoked || own.Status == label.Suspended {
		if a.Status = own.Status; own.Cut.After(a.Cut) {
			a.Cut = own.Cut
		}
		return
	}
	// A newer label, of this version or of one that is about to take its place: nothing beyond it, until the step is taken.
	a.Exchange = a.Exchange && s.Label.Level == Exchanging
	a.Purposes = common(a.Purposes, s.Label.Purposes)
	a.keep(a.reach().within(given(s.Label)))
}

// issued is what the log says of the label under which an app is on the air, where a newer one is about other bytes.
func (c Apps) issued(a *App, newer *label.Label) label.Standing {
	if c.Issued == nil || newer.Manifest == a.Digest {
		return label.Standing{}
	}
	return c.Issued(a.Label, c.Now())
}

// Put writes an entry of the operator, which is on the air without the steps: the space's own pages, a system of the
// operator's, an app that rehearses. Of one that is there already it leaves everything as it stands, its status above all.
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

// List yields the whole catalogue in the order of ids, each entry as Get gives it.
func (c Apps) List(ctx context.Context) ([]App, error) {
	all, err := rows[App](ctx, c.DB, store.Key("app"))
	if err != nil {
		return nil, fmt.Errorf("listing the catalogue: %w", err)
	}
	for k := range all {
		c.hold(&all[k])
		c.holdFormer(&all[k])
	}
	return all, nil
}

// rows reads all rows whose keys begin with a prefix.
func rows[T any](ctx context.Context, db store.DB, prefix []byte) (all []T, err error) {
	err = db.View(ctx, store.Global, func(tx store.Tx) error {
		all = nil
		for key := range tx.Scan(prefix, nil) {
			var one T
			if _, err := store.GetJSON(tx, key, &one); err != nil {
				return err
			}
			all = append(all, one)
		}
		return nil
	})
	return all, err
}
