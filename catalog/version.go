package catalog

import (
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/catalog/manifest"
)

// Version is one submitted manifest, and all that became of it.
type Version struct {
	App      string    `json:"app"`
	Version  string    `json:"version"`
	Digest   string    `json:"digest"`
	Manifest []byte    `json:"manifest"` // the bytes that the label is about
	State    string    `json:"state"`
	Since    time.Time `json:"since"`           // in this state
	Label    string    `json:"label,omitempty"` // id of its newest label
	Expires  time.Time `json:"expires,omitzero"`
	Steps    []Taken   `json:"steps"` // oldest first

	Evidence []Criterion `json:"evidence,omitempty"` // of the machine's checks, when it was submitted or tested last
}

// Taken is one step that was taken.
type Taken struct {
	Step   string    `json:"step"`
	From   string    `json:"from"`
	To     string    `json:"to"`
	At     time.Time `json:"at"`
	By     Actor     `json:"by"`
	Reason Text      `json:"reason,omitzero"`
	Label  string    `json:"label,omitempty"`
	Digest string    `json:"digest,omitempty"` // of the manifest, with submit

	// Of a suspension in the log of labels, and of its end: the entry that ordered it, and when it ends by itself.
	Entry int64     `json:"entry,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

// Actor is who takes a step.
type Actor struct {
	Part string `json:"part"`           // publisher, authority, operator, machine
	ID   string `json:"id,omitempty"`   // key of the account
	Name string `json:"name,omitempty"` // as people and the vendor read it
	// Owner is the publisher that somebody of the part publisher acts for: App.Owner.
	Owner string `json:"owner,omitempty"`
}

// Read is the version's manifest.
func (v *Version) Read() (*manifest.Manifest, error) { return manifest.Parse(v.Manifest) }

// Aired are the manifests of those versions that are or were on the air, in the same order. One that cannot be read any more is
// left out.
func Aired(versions []Version) (out []*manifest.Manifest) {
	for k := range versions {
		if m, err := versions[k].Read(); err == nil && versions[k].Label != "" {
			out = append(out, m)
		}
	}
	return out
}

// halt is the entry of the log of labels by which the version was suspended last; 0 of none.
func (v *Version) halt() int64 {
	for _, s := range slices.Backward(v.Steps) {
		if s.Step == "suspend" {
			return s.Entry
		}
	}
	return 0
}

// heeded tells whether a suspension of the log of labels was taken.
func (v *Version) heeded(entry int64) bool {
	return slices.ContainsFunc(v.Steps, func(s Taken) bool { return s.Step == "suspend" && s.Entry == entry })
}

// HaltAt is the entry of the log of labels by which the version was suspended last at a moment; 0 when the log did not.
func (v *Version) HaltAt(at time.Time) (entry int64) {
	for _, s := range v.Steps {
		if s.Step == "suspend" && !s.At.After(at) {
			entry = s.Entry
		}
	}
	return entry
}

// StateAt is the state that the version was in at a moment, as its steps say; a suspension that the log of labels dates ends
// by itself. "" before the first step.
func (v *Version) StateAt(at time.Time) (state string) {
	for _, s := range v.Steps {
		if s.At.After(at) {
			break
		}
		if state = s.To; state == Suspended && !s.Until.IsZero() && !at.Before(s.Until) {
			state = Online
		}
	}
	return state
}

// Asked is when the publisher asked for a later label than the version has; zero when that is not open.
func (v *Version) Asked() (at time.Time) {
	for _, s := range v.Steps {
		switch s.Step {
		case "ask":
			at = s.At
		case "publish", "adopt", "renew":
			at = time.Time{}
		}
	}
	if v.State != Online {
		return time.Time{}
	}
	return at
}

// Submitted is when the version was submitted last.
func (v *Version) Submitted() time.Time {
	at := time.Time{}
	for _, s := range v.Steps {
		if s.Step == "submit" {
			at = s.At
		}
	}
	return at
}
