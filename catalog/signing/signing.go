package signing

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/store"
)

// Errors that callers compare with errors.Is.
var (
	ErrNotFound    = errors.New("nothing of this name waits for signatures")
	ErrPart        = errors.New("this is for the label authority")
	ErrWaits       = errors.New("another decision about this app waits for signatures")
	ErrPublication = errors.New("the publisher has not signed this version")
	ErrFew         = errors.New("too few have signed")
)

// Act is one decision that waits for signatures.
type Act struct {
	ID       string        `json:"id"`
	Kind     string        `json:"kind"` // label.Issue, label.Suspend, label.Revoke, label.Reinstate
	App      string        `json:"app"`
	Version  string        `json:"version"`
	Envelope []byte        `json:"envelope"` // with the signatures so far
	Needs    int           `json:"needs"`    // signatures
	By       catalog.Actor `json:"by"`
	At       time.Time     `json:"at"`
	Signed   []Signature   `json:"signed,omitempty"`
}

// Signature is one that has come.
type Signature struct {
	Key    string    `json:"key"` // public
	Holder string    `json:"holder"`
	At     time.Time `json:"at"`
}

// Enough tells whether the act may be finished.
func (a Act) Enough() bool { return len(a.Signed) >= a.Needs }

// Publication is what a publisher signed: that these bytes are that version of its app.
type Publication struct {
	Key      string    `json:"key"` // public, as label.PublicText writes it
	Envelope []byte    `json:"envelope"`
	At       time.Time `json:"at"`
}

// Desk keeps what waits. Every field is required; it is safe for concurrent use.
type Desk struct {
	DB   store.DB
	Apps catalog.Apps
	Log  *label.Log
}

func actKey(id string) []byte                   { return store.Key("signing", id) }
func publicationKey(app, version string) []byte { return store.Key("publication", app, version) }

// Terms are what a label is to say, beyond what the manifest and the log say already.
type Terms struct {
	Level        string // label.Listed, label.Exchanging
	Months       int    // how long it holds
	Reservations []label.Text
	Review       string // reference of the evaluation
}

// Issue proposes the label of a version: over its bytes and its binaries, for what its manifest asks. A publisher that has no
// SIREN goes by its id in the catalogue. Errors: ErrPart, ErrWaits,
// ErrPublication, what catalog and label say.
func (d Desk) Issue(ctx context.Context, by catalog.Actor, app, version string, t Terms) (*Act, error) {
	v, err := d.Apps.Version(ctx, app, version)
	if err != nil {
		return nil, err
	}
	if err := d.free(ctx, app); err != nil {
		return nil, err
	}
	published, err := d.Published(ctx, app, version)
	if err != nil {
		return nil, err
	}
	m, err := v.Read()
	if err != nil {
		return nil, err
	}
	entry, err := d.Apps.Get(ctx, app)
	if err != nil {
		return nil, err
	}
	now := d.Apps.Now().UTC().Truncate(time.Second)
	p := label.Predicate{
		ID: "label-" + app + "-" + strings.ToLower(rand.Text()[:8]), Authority: d.Log.Trust().Authority, App: app, Version: version, Level: t.Level,
		Publisher: label.Publisher{ID: cmp.Or(m.Publisher.SIREN, entry.Owner), Key: published.Key}, Purposes: m.Purposes, Categories: m.Categories(), Directions: m.Directions(),
		Reservations: t.Reservations, Review: t.Review, NotBefore: now, NotAfter: now.AddDate(0, t.Months, 0), Sequence: 1,
	}
	if m.Plugin != nil {
		p.Isolation = m.Plugin.Isolation
	}
	if before, had := d.Log.Status(app, now); had {
		p.Sequence = before.Label.Sequence + 1
		if d.Log.Issued(before.Label.ID, now).Status == label.InForce { // whatever the operator denies
			p.Replaces = before.Label.ID
		}
	}
	envelope, err := label.Draft(p, v.Manifest, Binaries(m))
	if err != nil {
		return nil, err
	}
	return d.propose(ctx, by, Act{Kind: label.Issue, App: app, Version: version, Envelope: envelope, Needs: d.Log.Trust().Threshold})
}

// Binaries are the digests of a manifest's binaries by platform, as a label names them.
func Binaries(m *manifest.Manifest) map[string]string {
	out := map[string]string{}
	if m.Plugin != nil {
		for _, one := range m.Plugin.Artifacts {
			out[one.OS+"/"+one.Arch] = one.SHA256
		}
	}
	return out
}

// Order proposes a suspension, a recall, or the end of a suspension, of the label that an app has. until is of a suspension
// alone. Errors: ErrPart, ErrWaits, what label says.
func (d Desk) Order(ctx context.Context, by catalog.Actor, app, kind, reason string, words label.Text, until time.Time) (*Act, error) {
	now := d.Apps.Now().UTC().Truncate(time.Second)
	at, had := d.Log.Status(app, now)
	if !had || at.Label == nil {
		return nil, catalog.ErrNotFound
	}
	envelope, err := label.Order{
		ID: kind + "-" + app + "-" + strings.ToLower(rand.Text()[:8]), Kind: kind, Authority: d.Log.Trust().Authority,
		App: app, Label: at.Label.ID, Reason: reason, Words: &words, From: now, Until: until,
	}.Draft()
	if err != nil {
		return nil, err
	}
	needs := d.Log.Trust().Threshold
	if kind == label.Suspend {
		needs = 1
	}
	return d.propose(ctx, by, Act{Kind: kind, App: app, Version: at.Label.Version, Envelope: envelope, Needs: needs})
}

// propose keeps an act. One thing at a time waits for an app, except that a suspension or a recall waits for nothing.
func (d Desk) propose(ctx context.Context, by catalog.Actor, a Act) (*Act, error) {
	if by.Part != catalog.Authority || by.ID == "" {
		return nil, ErrPart
	}
	a.ID, a.By, a.At = strings.ToLower(rand.Text()), by, d.Apps.Now().UTC()
	err := d.DB.Update(ctx, store.Global, func(tx store.Tx) error {
		for _, other := range acts(tx) {
			if other.App == a.App && other.Kind == a.Kind {
				return ErrWaits
			}
		}
		return store.PutJSON(tx, actKey(a.ID), a)
	})
	if err != nil {
		return nil, fmt.Errorf("proposing a decision: %w", err)
	}
	return &a, nil
}

// acts reads all that waits; a row that does not decode waits for nobody.
func acts(tx store.Tx) (out []Act) {
	for key := range tx.Scan(store.Key("signing"), nil) {
		var a Act
		if _, err := store.GetJSON(tx, key, &a); err == nil {
			out = append(out, a)
		}
	}
	return out
}

// All is what waits, the oldest first.
func (d Desk) All(ctx context.Context) (out []Act, err error) {
	err = d.DB.View(ctx, store.Global, func(tx store.Tx) error {
		out = acts(tx)
		return nil
	})
	slices.SortStableFunc(out, func(a, b Act) int { return a.At.Compare(b.At) })
	return out, err
}

// Get is one act, or ErrNotFound.
func (d Desk) Get(ctx context.Context, id string) (*Act, error) {
	a := new(Act)
	err := d.DB.View(ctx, store.Global, func(tx store.Tx) error {
		found, err := store.GetJSON(tx, actKey(id), a)
		if err == nil && !found {
			err = ErrNotFound
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading a decision: %w", err)
	}
	return a, nil
}

// Sign takes a copy of an act's envelope that somebody signed, and keeps the signatures of the authority in it. Errors:
// ErrPart, ErrNotFound, what label.Merge says.
func (d Desk) Sign(ctx context.Context, by catalog.Actor, id string, signed []byte) (*Act, error) {
	if by.Part != catalog.Authority || by.ID == "" {
		return nil, ErrPart
	}
	a := new(Act)
	now := d.Apps.Now().UTC()
	err := d.DB.Update(ctx, store.Global, func(tx store.Tx) error {
		*a = Act{}
		if found, err := store.GetJSON(tx, actKey(id), a); err != nil || !found {
			return cmp.Or(err, ErrNotFound)
		}
		merged, keys, err := label.Merge(a.Envelope, signed, d.Log.Trust(), now)
		if err != nil {
			return err
		}
		a.Envelope = merged
		for _, k := range keys {
			if !slices.ContainsFunc(a.Signed, func(s Signature) bool { return s.Key == k.Public }) {
				a.Signed = append(a.Signed, Signature{k.Public, k.Holder, now})
			}
		}
		return store.PutJSON(tx, actKey(id), *a)
	})
	if err != nil {
		return nil, fmt.Errorf("signing a decision: %w", err)
	}
	return a, nil
}

// Drop gives an act up before it was finished.
func (d Desk) Drop(ctx context.Context, by catalog.Actor, id string) error {
	if by.Part != catalog.Authority || by.ID == "" {
		return ErrPart
	}
	return d.forget(ctx, id)
}

func (d Desk) forget(ctx context.Context, id string) error {
	err := d.DB.Update(ctx, store.Global, func(tx store.Tx) error { return tx.Delete(actKey(id)) })
	if err != nil {
		return fmt.Errorf("forgetting a decision: %w", err)
	}
	return nil
}
