package rehearsal

import (
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
)

// Findings are what an app did in its rehearsal, since it was opened.
type Findings struct {
	Grants  int `json:"grants,omitempty"`  // authorizations that invented people gave
	Tokens  int `json:"tokens,omitempty"`  // access tokens
	Bound   int `json:"bound,omitempty"`   // of them, bound to a key or a certificate of the app (RFC 9449, RFC 8705)
	Refused int `json:"refused,omitempty"` // times that somebody said no
	Reads   int `json:"reads,omitempty"`   // accesses that were granted
	Denied  int `json:"denied,omitempty"`  // accesses that were refused

	Again int `json:"again,omitempty"` // times that the app asked again whoever had just said no, within AgainWithin

	Types map[string]int `json:"types,omitempty"` // granted entries by FHIR type

	RefusedAt time.Time `json:"refused_at,omitzero"`  // when somebody last said no
	MaskedAt  time.Time `json:"masked_at,omitzero"`   // when a document was hidden
	LeftAt    time.Time `json:"left_at,omitzero"`     // when somebody disconnected
	ReadAfter int       `json:"read_after,omitempty"` // accesses granted in the record of who left, afterwards: none
	UsedAfter int       `json:"used_after,omitempty"` // times that the app showed a token that had been ended

	Proofs   int       `json:"proofs,omitempty"` // proofs of possession that were refused
	LastRead time.Time `json:"last_read,omitzero"`

	// Cues are the accesses that the app had in the records of those who are to do something.
	Cues struct {
		Masks  int `json:"masks,omitempty"`
		Leaves int `json:"leaves,omitempty"`
	} `json:"cues,omitzero"`
}

// AgainWithin is how soon after a refusal another request to the same person counts as not having taken no for an answer.
const AgainWithin = time.Minute

// leaveAfter is how many accesses the app has had in a record when its person disconnects it.
const leaveAfter = 3

// Event is something that happened around signing in.
type Event struct {
	Kind   string // grant, token, refused, ended_used, proof_refused
	Client string
	Login  string // of the person, "" when nobody is known
	Bound  string // dpop, mtls, "" for nothing; with the kind token
	At     time.Time
}

// note takes an event into the findings.
func (f *Findings) note(e Event) {
	switch e.Kind {
	case "grant":
		f.Grants++
	case "token":
		f.Tokens++
		if e.Bound != "" {
			f.Bound++
		}
	case "refused":
		if !f.RefusedAt.IsZero() && e.At.Sub(f.RefusedAt) < AgainWithin {
			f.Again++
		}
		f.Refused, f.RefusedAt = f.Refused+1, e.At.UTC()
	case "ended_used":
		f.UsedAfter++
	case "proof_refused":
		f.Proofs++
	}
}

// access takes an entry of the access log into the findings; left is the record of whoever disconnects.
func (f *Findings) access(e *audit.Entry, left string) {
	if e.Outcome != audit.Granted {
		f.Denied++
		return
	}
	f.Reads, f.LastRead = f.Reads+1, e.At
	if e.Patient == left && !f.LeftAt.IsZero() && e.At.After(f.LeftAt) {
		f.ReadAfter++
	}
	if f.Types == nil {
		f.Types = map[string]int{}
	}
	for _, ref := range e.Resources {
		kind, _, _ := strings.Cut(ref, "/")
		f.Types[kind]++
	}
}
