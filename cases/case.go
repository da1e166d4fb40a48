package cases

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/pontlevis/pontlevis/audit"
)

// Kinds of case.
const (
	Emergency = "emergency" // an emergency opening, whatever its stages
	Question  = "question"  // a person's question about an access
	App       = "app"       // an app that did what it had not declared: for the authority
)

// MaxText bounds what somebody writes in a case, in bytes.
const MaxText = 4000

// Errors that callers compare with errors.Is. What the policies refuse is a *gate.Refusal.
var (
	// ErrText says that a text is empty, too long, or no text.
	ErrText = errors.New("cases: the text is empty, too long, or holds control characters")
	// ErrNotFound says that there is no such case, or no such access to ask about.
	ErrNotFound = errors.New("cases: no such case")
)

// Case is one emergency opening, one question about an access, or one thing that an app had not declared.
type Case struct {
	ID          string      `json:"id"` // that of the entry of the log that began it
	Kind        string      `json:"kind"`
	Patient     string      `json:"patient"`                // logical id; "" for a case about an app
	Opener      audit.Agent `json:"opener"`                 // who opened the record, or whom the question is about
	Mode        string      `json:"mode,omitempty"`         // of an opening
	Reason      string      `json:"reason,omitempty"`       // coded
	TypedReason string      `json:"typed_reason,omitempty"` // in the opener's own words
	Since       time.Time   `json:"since"`
	Until       time.Time   `json:"until,omitzero"` // when the access ends at the latest
	Ended       time.Time   `json:"ended,omitzero"` // when the opener ended it before
	Due         time.Time   `json:"due"`            // by when it is to be closed
	Stages      []Stage     `json:"stages,omitempty"`
	Grants      []string    `json:"grants,omitempty"` // of the stages
	Labels      []string    `json:"labels,omitempty"` // of the entry: they hide the case from an audience (rules.md P8)
	Drill       bool        `json:"drill,omitempty"`  // an exercise on an invented patient

	About    string      `json:"about,omitempty"` // the entry that a question, or a case about an app, is about
	Question string      `json:"question,omitempty"`
	Asker    audit.Agent `json:"asker,omitzero"`

	Use *Use `json:"use,omitempty"` // of a case about an app

	View    *View    `json:"view,omitempty"`
	Verdict *Verdict `json:"verdict,omitempty"`

	// Pending holds steps by the id of the entry that will say so; they are nothing yet. A draft is a question whose
	// asking is not logged.
	Pending map[string]pending `json:"pending,omitempty"`
	Draft   bool               `json:"draft,omitempty"`
}

// Stage is one gesture of an emergency access (rules.md E3).
type Stage struct {
	Entry       string    `json:"entry"`
	Stage       int       `json:"stage"`
	At          time.Time `json:"at"`
	Reason      string    `json:"reason,omitempty"`
	TypedReason string    `json:"typed_reason,omitempty"`
}

// View is what the person thinks of the access.
type View struct {
	Entry string      `json:"entry"`
	Text  string      `json:"text"`
	By    audit.Agent `json:"by"`
	At    time.Time   `json:"at"`
}

// Verdict closes a case.
type Verdict struct {
	Entry string      `json:"entry"`
	Code  string      `json:"code"`           // of the list of the policies
	Note  string      `json:"note,omitempty"` // of the reviewer; the answer to a question
	By    audit.Agent `json:"by"`
	At    time.Time   `json:"at"`
}

// pending is a step that waits for its entry.
type pending struct {
	View    *View     `json:"view,omitempty"`
	Verdict *Verdict  `json:"verdict,omitempty"`
	At      time.Time `json:"at"`
}

// Closed reports whether the case has its verdict.
func (c *Case) Closed() bool { return c.Verdict != nil }

// Overdue reports whether the case waits for its verdict past its date. A drill never does.
func (c *Case) Overdue(now time.Time) bool { return !c.Closed() && !c.Drill && now.After(c.Due) }

// Live reports whether the access that the case is about is still open.
func (c *Case) Live(now time.Time) bool {
	return c.Kind == Emergency && c.Ended.IsZero() && now.Before(c.Until)
}

// Digest is over what began the case: it is logged then, and tells a case that was changed afterwards.
func (c *Case) Digest() string {
	said := []any{c.ID, c.Kind, c.Patient, c.Opener, c.Mode, c.Reason, c.TypedReason, c.Since.UTC(), c.Due.UTC(), c.Labels, c.Drill, c.About, c.Question, c.Asker}
	if c.Use != nil {
		said = append(said, c.Use)
	}
	return digest(said...)
}

// Digest is over a verdict and the case it closes.
func (v *Verdict) Digest(id string) string { return digest(id, v.Code, v.Note, v.By) }

// Digest is over what the person thinks, and the case it is about.
func (v *View) Digest(id string) string { return digest(id, v.Text, v.By) }

// digest hashes values, each as JSON, in a list: no two lists collide.
func digest(values ...any) string {
	b, err := json.Marshal(values)
	if err != nil { // texts, times and lists of texts alone: cannot fail
		panic("cases: writing what is hashed: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
