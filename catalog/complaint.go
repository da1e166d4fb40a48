package catalog

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pontlevis/pontlevis/store"
)

// States of a complaint.
const (
	Open     = "open"     // waits for the publisher's answer
	Answered = "answered" // waits for the authority
	Closed   = "closed"
)

// Outcomes of a complaint.
const (
	Upheld    = "upheld"
	Dismissed = "dismissed"
)

// Bounds of complaints.
const (
	MaxComplaint  = 4000 // bytes
	maxOpen       = 20   // that one person has open
	answerWithin  = 15 * days
	verdictWithin = 30 * days
)

// Complaint is what somebody says of an app, and what became of it.
type Complaint struct {
	ID      string    `json:"id"`
	App     string    `json:"app"`
	Version string    `json:"version,omitempty"` // on the air when it was made
	Kind    string    `json:"kind"`              // data, content, behaviour, difference, other
	Text    string    `json:"text"`
	At      time.Time `json:"at"`
	// By is who complains; the publisher never learns it. Part: person, operator, machine, authority.
	By      Actor     `json:"by"`
	State   string    `json:"state"`
	Due     time.Time `json:"due"` // of the answer, then of the verdict
	Answer  string    `json:"answer,omitempty"`
	Replied time.Time `json:"replied,omitzero"`
	Outcome string    `json:"outcome,omitempty"` // upheld, dismissed
	Verdict Text      `json:"verdict,omitzero"`  // why
	Ended   time.Time `json:"ended,omitzero"`
	Judge   Actor     `json:"judge,omitzero"`
}

// Person is the part of somebody who uses an app and complains of it.
const Person = "person"

// ComplaintKinds are what a complaint may be about.
var ComplaintKinds = []string{"data", "content", "behaviour", "difference", "other"}

// Late tells whether whoever is waited for has passed the date.
func (c *Complaint) Late(now time.Time) bool { return c.State != Closed && now.After(c.Due) }

// ForPublisher is the complaint as the publisher may read it: without who made it.
func (c Complaint) ForPublisher() Complaint {
	c.By = Actor{Part: c.By.Part}
	return c
}

func complaintKey(app, id string) []byte { return store.Key("app-complaint", app, id) }

// Complain keeps a complaint of an app. The same words from the same hand while the first complaint is open are that one.
// Errors: ErrNotFound, ErrPart, ErrText, ErrMany.
func (c Apps) Complain(ctx context.Context, by Actor, app, kind, text string) (*Complaint, error) {
	text = strings.TrimSpace(text)
	if by.ID == "" || !slices.Contains([]string{Person, Operator, Machine, Authority}, by.Part) {
		return nil, ErrPart
	}
	if text == "" || len(text) > MaxComplaint || !utf8.ValidString(text) || !slices.Contains(ComplaintKinds, kind) {
		return nil, ErrText
	}
	now := c.Now().UTC()
	made := Complaint{ID: strings.ToLower(rand.Text()), App: app, Kind: kind, Text: text, At: now, By: by, State: Open, Due: now.Add(answerWithin)}
	var out *Complaint
	err := c.DB.Update(ctx, store.Global, func(tx store.Tx) error {
		one := made
		out = &one
		var a App
		if found, err := store.GetJSON(tx, appKey(app), &a); err != nil || !found || a.Version == "" {
			return cmp.Or(err, ErrNotFound)
		}
		one.Version = a.Version
		open := 0
		for key := range tx.Scan(store.Key("app-complaint"), nil) {
			var other Complaint
			if _, err := store.GetJSON(tx, key, &other); err != nil {
				return err
			}
			if other.State == Closed || other.By.ID != by.ID || other.By.Part != by.Part {
				continue
			}
			if other.App == app && other.Kind == kind && other.Text == text {
				out = &other
				return nil
			}
			open++
		}
		if open >= maxOpen && by.Part == Person {
			return ErrMany
		}
		return store.PutJSON(tx, complaintKey(app, one.ID), one)
	})
	if err != nil {
		return nil, fmt.Errorf("keeping a complaint: %w", err)
	}
	return out, nil
}

// Answer keeps what the publisher says to a complaint, once. Errors: ErrNotFound, ErrPart, ErrText, ErrStep.
func (c Apps) Answer(ctx context.Context, by Actor, app, id, text string) (*Complaint, error) {
	text = strings.TrimSpace(text)
	if by.Part != Publisher {
		return nil, ErrPart
	}
	if text == "" || len(text) > MaxComplaint || !utf8.ValidString(text) {
		return nil, ErrText
	}
	return c.complaint(ctx, by, app, id, func(one *Complaint, now time.Time) error {
		if one.State == Answered && one.Answer == text {
			return nil
		}
		if one.State != Open {
			return ErrStep
		}
		one.State, one.Answer, one.Replied, one.Due = Answered, text, now, now.Add(verdictWithin)
		return nil
	})
}

// Close keeps the authority's verdict on a complaint, answered or not; what follows for the app is a step of its own.
// Errors: ErrNotFound, ErrPart, ErrReason, ErrStep.
func (c Apps) Close(ctx context.Context, by Actor, app, id, outcome string, verdict Text) (*Complaint, error) {
	if by.Part != Authority {
		return nil, ErrPart
	}
	if verdict.FR == "" || verdict.EN == "" || max(len(verdict.FR), len(verdict.EN)) > MaxReason {
		return nil, ErrReason
	}
	if outcome != Upheld && outcome != Dismissed {
		return nil, ErrStep
	}
	return c.complaint(ctx, by, app, id, func(one *Complaint, now time.Time) error {
		if one.State == Closed {
			if one.Outcome == outcome && one.Verdict == verdict {
				return nil
			}
			return ErrStep
		}
		one.State, one.Outcome, one.Verdict, one.Ended, one.Judge = Closed, outcome, verdict, now, by
		return nil
	})
}

// complaint changes one complaint.
func (c Apps) complaint(ctx context.Context, by Actor, app, id string, change func(*Complaint, time.Time) error) (*Complaint, error) {
	var out *Complaint
	err := c.DB.Update(ctx, store.Global, func(tx store.Tx) error {
		out = new(Complaint)
		if _, err := c.owned(tx, by, app); err != nil {
			return err
		}
		if found, err := store.GetJSON(tx, complaintKey(app, id), out); err != nil || !found {
			return cmp.Or(err, ErrNotFound)
		}
		if err := change(out, c.Now().UTC()); err != nil {
			return err
		}
		return store.PutJSON(tx, complaintKey(app, id), out)
	})
	if err != nil {
		return nil, fmt.Errorf("changing a complaint: %w", err)
	}
	return out, nil
}

// Complaints are those of an app, or of all apps when it is "", the oldest first.
func (c Apps) Complaints(ctx context.Context, app string) ([]Complaint, error) {
	prefix := store.Key("app-complaint")
	if app != "" {
		prefix = store.Key("app-complaint", app)
	}
	all, err := rows[Complaint](ctx, c.DB, prefix)
	if err != nil {
		return nil, fmt.Errorf("reading complaints: %w", err)
	}
	slices.SortStableFunc(all, func(a, b Complaint) int { return a.At.Compare(b.At) })
	return all, nil
}
