package catalog

import (
	"slices"
	"time"
)

// Statuses of an app. The first is the only one under which an app acts (rules.md A1, A3).
const (
	Online    = "online"    // listed, and on the air
	Suspended = "suspended" // stopped by the authority for a time
	Delisted  = "delisted"  // left the catalogue
	Recalled  = "recalled"  // its label is withdrawn
	Expired   = "expired"   // its label has run out; never stored, see App.At
	Unlisted  = "none"      // no entry
)

// Text is one text in both languages of the service.
type Text struct {
	FR string `json:"fr"`
	EN string `json:"en"`
}

// App is one entry of the catalogue: who publishes it, and what its label lets it reach.
type App struct {
	ID        string `json:"id"` // the OAuth client id
	Name      Text   `json:"name"`
	Publisher string `json:"publisher"`
	Purpose   Text   `json:"purpose"`  // what it is for, in a sentence
	Kind      string `json:"kind"`     // portal, smart, backend, plugin
	Category  string `json:"category"` // what its publisher is: health, insurer, employer …

	Status     string    `json:"status"`
	Exchange   bool      `json:"exchange"`   // the label covers exchange of data, not the listing alone
	Purposes   []string  `json:"purposes"`   // HL7 v3-PurposeOfUse codes
	Categories []string  `json:"categories"` // data categories
	Directions []string  `json:"directions"` // read, write
	Expires    time.Time `json:"expires,omitzero"`
	Moves      []Move    `json:"moves,omitempty"` // oldest first
}

// Move is one change of status: by whom, when and why.
type Move struct {
	From   string    `json:"from"`
	To     string    `json:"to"`
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
}

// At is the status at an instant: a label that has run out is expired, whatever was stored.
func (a App) At(now time.Time) string {
	switch {
	case a.Status == "":
		return Unlisted
	case a.Status == Online && !a.Expires.IsZero() && !now.Before(a.Expires):
		return Expired
	}
	return a.Status
}

// next are the moves that exist. A recalled label never comes back: a new one is a new decision of the authority.
var next = map[string][]string{
	Online:    {Suspended, Delisted, Recalled},
	Suspended: {Online, Delisted, Recalled},
	Delisted:  {Online},
}

// mayMove reports whether an app may go from one status to another.
func mayMove(from, to string) bool { return slices.Contains(next[from], to) }
