package catalog

import (
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
