package catalog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/catalog/label"
)

// Drain is how long a version of a plugin may go on after another took its place: the longest call is over after 10 s, and a
// process that comes up at all says hello within 5 s, so there is time to try some eight times before.
const Drain = time.Minute

// Former is the version of a plugin whose place another took, for as long as it may finish what it does. Its label was
// superseded and not withdrawn: it goes on under that label and the one that took its place, both at once.
type Former struct {
	Version string    `json:"version"`
	Digest  string    `json:"digest"` // SHA-256 of the manifest
	Label   string    `json:"label"`  // id of the label
	Since   time.Time `json:"since"`  // when its place was taken

	Exchange   bool      `json:"exchange,omitempty"`
	Purposes   []string  `json:"purposes,omitempty"`
	Categories []string  `json:"categories,omitempty"`
	Directions []string  `json:"directions,omitempty"`
	Only       Only      `json:"only,omitempty"`
	Expires    time.Time `json:"expires,omitzero"`
}

// Until is when it ends, whatever it does.
func (f *Former) Until() time.Time { return f.Since.Add(Drain) }

// formerly is what an entry says of the version that is on the air, once another takes its place; nil where nothing of it runs.
func (a *App) formerly(now time.Time) *Former {
	if !a.Plugin || a.At(now) != Online {
		return nil
	}
	return &Former{
		Version: a.Version, Digest: a.Digest, Label: a.Label, Since: now, Exchange: a.Exchange, Expires: a.Expires,
		Purposes: a.Purposes, Categories: a.Categories, Directions: a.Directions, Only: a.Only,
	}
}

// holdFormer keeps the former version of an entry, which was held itself, to its time, to its own label and to what the
// version on the air may: nothing is read that only one of the two labels covers.
func (c Apps) holdFormer(a *App) {
	f, now := a.Former, c.Now()
	if a.Former = nil; f == nil || a.At(now) != Online || !now.Before(f.Until()) || !f.Expires.IsZero() && !now.Before(f.Expires) {
		return
	}
	if c.Labels != nil && (c.Issued == nil || c.Issued(f.Label, now).Status != label.InForce) {
		return
	}
	held := *f
	held.Exchange = f.Exchange && a.Exchange
	held.Purposes = common(f.Purposes, a.Purposes)
	both := reach{f.Categories, f.Directions, f.Only}.within(a.reach())
	held.Categories, held.Directions, held.Only = both.categories, both.directions, both.only
	a.Former = &held
}

// moves are the steps after which something else of an app may run than before, though the app goes on.
var moves = []string{"publish", "renew", "adopt", "recall"}

// moved tells that what runs has to follow the catalogue.
func (c Apps) moved(ctx context.Context, steps []Step) {
	if c.Moved == nil {
		return
	}
	for _, s := range steps {
		if slices.Contains(moves, s.Step) {
			c.Moved(ctx, s.App)
		}
	}
}

// Startable asks whether the program of a version comes up here, before it goes on the air: a label is not given in vain, and
// what serves goes on. One that is past its connection tests and its label is not asked about. Errors: ErrNotFound, ErrStart
// with the words of the host.
func (c Apps) Startable(ctx context.Context, app, version string) error {
	if c.Starts == nil {
		return nil
	}
	v, err := c.Version(ctx, app, version)
	if err != nil {
		return err
	}
	if v.State != Agreement && v.State != Tested {
		return nil
	}
	if err := c.Starts(ctx, v); err != nil {
		return fmt.Errorf("%w: %w", ErrStart, err)
	}
	return nil
}

// startable asks it of the versions that steps test or publish.
func (c Apps) startable(ctx context.Context, steps []Step) error {
	for _, s := range steps {
		if s.Version == "" || s.Step != "test" && s.Step != "publish" {
			continue
		}
		if err := c.Startable(ctx, s.App, s.Version); err != nil {
			return fmt.Errorf("step %q of %s: %w", s.Step, s.App, err)
		}
	}
	return nil
}
