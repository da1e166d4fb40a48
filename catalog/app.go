package catalog

import (
	"time"

	"github.com/pontlevis/pontlevis/catalog/manifest"
)

// Levels of a label.
const (
	Listed     = "listed"     // shown; exchanges no data
	Exchanging = "exchanging" // reads or writes what the label covers
)

// Text is one text in both languages of the service.
type Text = manifest.Text

// KindPortal is the kind of the space's own pages, which are the person's and need no label.
const KindPortal = "portal"

// App is one entry of the catalogue as a request sees it: who publishes it, and what its label lets it reach. It speaks of
// the version that is on the air, or was last; before there is one, of the draft.
type App struct {
	ID        string `json:"id"` // the OAuth client id, and the software_id of those that register
	Name      Text   `json:"name"`
	Publisher string `json:"publisher"`       // legal name
	Purpose   Text   `json:"purpose"`         // what it is for, in a sentence
	Kind      string `json:"kind"`            // portal, smart, backend, plugin
	Category  string `json:"category"`        // what its publisher is: health, insurer, employer …
	Owner     string `json:"owner,omitempty"` // the publisher's id; "" for an entry of the operator

	// Since is when the id became the owner's, where another had drafted something under it; zero where nobody had.
	Since time.Time `json:"since,omitzero"`

	Status     string    `json:"status,omitempty"`
	Exchange   bool      `json:"exchange,omitempty"`   // the label covers exchange of data, not the listing alone
	Purposes   []string  `json:"purposes,omitempty"`   // HL7 v3-PurposeOfUse codes
	Categories []string  `json:"categories,omitempty"` // data categories
	Directions []string  `json:"directions,omitempty"` // read, write
	Only       Only      `json:"only,omitempty"`       // of the categories, those that go one way alone
	Expires    time.Time `json:"expires,omitzero"`
	Scopes     []string  `json:"scopes,omitempty"` // SMART scopes that the needs of the manifest come to

	Version      string `json:"version,omitempty"`
	Digest       string `json:"digest,omitempty"` // SHA-256 of the manifest
	Label        string `json:"label,omitempty"`  // id of the label
	Reservations []Text `json:"reservations,omitempty"`
	Plugin       bool   `json:"plugin,omitempty"` // it has a part that runs inside

	// Halt is the entry of the log of labels that suspended the app, and that says when this ends; 0 when the log did not.
	Halt int64 `json:"halt,omitempty"`

	// Waits tells that nothing new begins for the app while what runs goes on: a sign-in, a registration, a process. The log
	// of labels has not been seen for too long. It is never stored.
	Waits bool `json:"-"`

	// Former is the version of a plugin whose place this one took a moment ago; nil without one.
	Former *Former `json:"former,omitempty"`

	// Cut ends every grant that was given before: a recall, a delisting. A label that comes back brings back none of them.
	Cut time.Time `json:"cut,omitzero"`
}

// At is the status at an instant: a label that has run out is expired, whatever was stored.
func (a *App) At(now time.Time) string {
	switch {
	case a.Status == "":
		return Unlisted
	case a.Status == Online && !a.Expires.IsZero() && !now.Before(a.Expires):
		return Expired
	}
	return a.Status
}

// describe takes from a manifest what people are told.
func (a *App) describe(m *manifest.Manifest) {
	a.ID, a.Name, a.Purpose = m.ID, m.Name, m.Summary
	a.Publisher, a.Category = m.Publisher.LegalName, m.Publisher.Category
	a.Kind, a.Plugin = kindOf(m), m.Is(manifest.KindPlugin)
}

// kindOf is the kind of the app's OAuth client.
func kindOf(m *manifest.Manifest) string {
	for _, kind := range []string{manifest.KindSMART, manifest.KindBackend} {
		if m.Is(kind) {
			return kind
		}
	}
	return manifest.KindPlugin
}
