package plugins

import "encoding/json"

// Card is a card of CDS Hooks 2.0, marshalled as the specification has it.
type Card struct {
	UUID              string       `json:"uuid"`
	Summary           string       `json:"summary"`          // fewer than 140 characters, one line
	Detail            string       `json:"detail,omitempty"` // GitHub-flavoured Markdown without images and raw HTML
	Indicator         string       `json:"indicator"`        // info, warning, critical
	Source            Source       `json:"source"`           // from the label, never from the plugin
	Suggestions       []Suggestion `json:"suggestions,omitempty"`
	SelectionBehavior string       `json:"selectionBehavior,omitempty"` // at-most-one, any
	OverrideReasons   []Coding     `json:"overrideReasons,omitempty"`
	Links             []Link       `json:"links,omitempty"`
}

// Source says whose card it is. Topic is the isolation that the plugin ran at.
type Source struct {
	Label string  `json:"label"`
	URL   string  `json:"url,omitempty"`
	Topic *Coding `json:"topic,omitempty"`
}

// Suggestion is a proposal that a person may take up with their own rights.
type Suggestion struct {
	Label         string   `json:"label"`
	UUID          string   `json:"uuid"`
	IsRecommended bool     `json:"isRecommended,omitempty"`
	Actions       []Action `json:"actions,omitempty"`
}

// Action proposes to create or update a resource of the person.
type Action struct {
	Type        string          `json:"type"` // create, update
	Description string          `json:"description"`
	Resource    json.RawMessage `json:"resource"`
}

// Coding is a code of an override reason or a topic.
type Coding struct {
	Code    string `json:"code"`
	System  string `json:"system,omitempty"`
	Display string `json:"display,omitempty"`
}

// Link leads to an address of the manifest.
type Link struct {
	Label string `json:"label"`
	URL   string `json:"url"`
	Type  string `json:"type"` // absolute, smart
}

// Page is a small table of numbers.
type Page struct {
	Title   string   `json:"title"`
	Figures []Figure `json:"figures"`
}

// Figure is one number of a page.
type Figure struct {
	Label string  `json:"label"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"` // UCUM
	At    string  `json:"at,omitempty"`   // FHIR date or instant
}
