package catalog

import (
	"fmt"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/manifest"
)

// covered is the manifest of the version when a label is about its bytes and in force. The label's signatures were checked.
func (v *Version) covered(l *label.Label, now time.Time) (*manifest.Manifest, error) {
	m, err := v.Read()
	if err != nil {
		return nil, err
	}
	switch {
	case l.App != v.App || l.Version != v.Version:
		return nil, fmt.Errorf("%w: it is of %s %s", ErrLabel, l.App, l.Version)
	case l.Manifest != v.Digest:
		return nil, fmt.Errorf("%w: it is about other bytes", ErrLabel)
	case now.Before(l.NotBefore) || !now.Before(l.NotAfter):
		return nil, fmt.Errorf("%w: it does not hold today", ErrLabel)
	}
	if m.Plugin == nil {
		return m, nil
	}
	for _, a := range m.Plugin.Artifacts {
		if l.Binaries[a.OS+"/"+a.Arch] != a.SHA256 {
			return nil, fmt.Errorf("%w: it is not about the binary for %s/%s", ErrLabel, a.OS, a.Arch)
		}
	}
	return m, nil
}

// logged wants a label to be the one that the log has in force, where there is a log; the machine goes by nothing else, and by
// no log that has not been seen for too long.
func (c Apps) logged(l *label.Label, by Actor, now time.Time) error {
	if c.Labels == nil {
		if by.Part == Machine {
			return fmt.Errorf("%w: there is no log of labels here", ErrLabel)
		}
		return nil
	}
	if by.Part == Machine && !c.Labels(l.App, now).Admit {
		return fmt.Errorf("%w: nothing new begins on what the log of labels says", ErrLabel)
	}
	if s := c.Labels(l.App, now); s.Status != Online || s.Label == nil || s.Label.ID != l.ID {
		return fmt.Errorf("%w: the log of labels does not have it in force", ErrLabel)
	}
	return nil
}

// show puts a version on the air with what its manifest and its label both say, and nothing more.
func (a *App) show(m *manifest.Manifest, v *Version, l *label.Label) {
	a.describe(m)
	a.Halt, a.Scopes = 0, m.Scopes()
	a.Status, a.Version, a.Digest, a.Label, a.Expires = Online, v.Version, v.Digest, l.ID, l.NotAfter
	a.Exchange = l.Level == Exchanging && len(m.Data) > 0
	a.Purposes = common(m.Purposes, l.Purposes)
	a.keep(asked(m).within(given(l)))
	a.Reservations = nil
	for _, r := range l.Reservations {
		a.Reservations = append(a.Reservations, Text{FR: r.FR, EN: r.EN})
	}
}

func (a *App) reach() reach { return reach{a.Categories, a.Directions, a.Only} }

func (a *App) keep(r reach) { a.Categories, a.Directions, a.Only = r.categories, r.directions, r.only }

// common are the words of a that b has too.
func common(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(w string) bool { return !slices.Contains(b, w) })
}

// Labelled is an entry of the operator for a manifest: on the air with all that the manifest asks, without a label. It is for
// rehearsals, where nobody real is read.
func Labelled(m *manifest.Manifest, digest string, until time.Time) App {
	var a App
	a.describe(m)
	a.Status, a.Version, a.Digest, a.Expires, a.Exchange = Online, m.Version, digest, until, len(m.Data) > 0
	a.Purposes = slices.Clone(m.Purposes)
	a.keep(asked(m))
	return a
}
