package sdk

import (
	"encoding/json"

	"github.com/pontlevis/pontlevis/plugins/wire"
)

// Indicators of a card, from the least urgent (CDS Hooks 2.0, "indicator").
const (
	Info     = "info"
	Warning  = "warning"
	Critical = "critical"
)

// Answer is what a plugin has to say. The host checks all of it, and shows nothing of an answer that breaks a rule.
type Answer struct {
	Cards     []Card
	Page      *Page
	Withdrawn [][]Coding // see Withdraw
}

// Withdraw says that the reason of something has ended that the plugin proposed for the agenda: the entry that a schedule left of
// it is taken back, while it is as it was left. The thing is told as the proposed Appointment told it, by all codes of its
// serviceType and reasonCode. It may be proposed anew when it has a reason again. What was not read, or is not there, is no
// reason to call: say it only of what the record tells.
func (a *Answer) Withdraw(codes ...Coding) { a.Withdrawn = append(a.Withdrawn, codes) }

// Cards is an answer of cards alone.
func Cards(all ...Card) *Answer { return &Answer{Cards: all} }

// Card is a card of CDS Hooks 2.0. Its source is put there by the host, from the label.
type Card struct {
	Summary           string // one sentence, fewer than 140 characters
	Detail            string // Markdown without images and raw HTML; links are among those of the manifest
	Indicator         string // Info, Warning or Critical
	Suggestions       []Suggestion
	SelectionBehavior string // "at-most-one" or "any", with suggestions
	OverrideReasons   []Coding
	Links             []Link // among those of the manifest, exactly
}

// Suggestion is a proposal that the person may take up.
type Suggestion struct {
	Label       string
	Recommended bool
	Actions     []Action
}

// Action proposes to create or update a resource about Patient/~, of a type that the label lets the plugin write.
type Action struct {
	Type        string // "create" or "update"
	Description string
	Resource    any // it marshals to a FHIR resource: a map, a struct, a [Resource]'s JSON
}

// Coding is a code of an override reason, or of a thing.
type Coding struct{ Code, System, Display string }

// Link leads to an address of the manifest. Type is "absolute", or "smart" for the SMART half of the same app.
type Link struct{ Label, URL, Type string }

// Page is a small table of numbers.
type Page struct {
	Title   string
	Figures []Figure
}

// Figure is one number: its unit in UCUM, its date as FHIR writes it.
type Figure struct {
	Label    string
	Value    float64
	Unit, At string
}

func (a *Answer) wire() *wire.Answer {
	out := &wire.Answer{}
	if a == nil {
		return out
	}
	for _, c := range a.Cards {
		out.Cards = append(out.Cards, c.wire())
	}
	if a.Page != nil {
		out.Page = &wire.Page{Title: a.Page.Title}
		for _, f := range a.Page.Figures {
			out.Page.Figures = append(out.Page.Figures, &wire.Figure{Label: f.Label, Value: f.Value, Unit: f.Unit, At: f.At})
		}
	}
	for _, thing := range a.Withdrawn {
		one := &wire.Thing{}
		for _, c := range thing {
			one.Codes = append(one.Codes, &wire.Coding{Code: c.Code, System: c.System})
		}
		out.Withdrawn = append(out.Withdrawn, one)
	}
	return out
}

func (c Card) wire() *wire.Card {
	out := &wire.Card{Summary: c.Summary, Detail: c.Detail, Indicator: c.Indicator, SelectionBehavior: c.SelectionBehavior}
	for _, s := range c.Suggestions {
		one := &wire.Suggestion{Label: s.Label, IsRecommended: s.Recommended}
		for _, a := range s.Actions {
			raw, err := json.Marshal(a.Resource)
			if err != nil {
				raw = nil // the host refuses an action without a resource, and says so
			}
			one.Actions = append(one.Actions, &wire.Action{Type: a.Type, Description: a.Description, Resource: raw})
		}
		out.Suggestions = append(out.Suggestions, one)
	}
	for _, r := range c.OverrideReasons {
		out.OverrideReasons = append(out.OverrideReasons, &wire.Coding{Code: r.Code, System: r.System, Display: r.Display})
	}
	for _, l := range c.Links {
		out.Links = append(out.Links, &wire.Link{Label: l.Label, Url: l.URL, Type: l.Type})
	}
	return out
}
