package gate

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
)

// Gestures of an emergency, as the policies name them. None of them reads anything of a record.
const (
	actionFind     = "find_patient"      // by name, birth date and sex
	actionQuestion = "ask_emergency"     // what an access would need (rules.md E4), before it is opened
	actionOpen     = "open_emergency"    // before anything is read (rules.md E1, E2, E4, E5)
	actionEnd      = "end_emergency"     // before its time
	actionReceipt  = "emergency_receipt" // what was opened
)

// interactionOf is how the access log calls a gesture.
func interactionOf(action string) string { return strings.ReplaceAll(action, "_", "-") }

// Opening is an emergency access that was opened.
type Opening struct {
	ID      string    // decision id of its entry in the access log
	Patient string    // logical id
	Until   time.Time // no grant of it gives anything from then on
	Drill   bool      // it was practised with an invented person
}

// OpenEmergency decides whether an emergency access may be opened: grant is the one that would be given, but for its
// patient, whom whose names as "Patient/id" or as an identifier, "system|value". An opening while the same professional
// has one under way in the same record ends with it, unless grant.Extend asks for more time; how often and why that may be
// is for the policies to say (rules.md E3). The opening and its refusal are both written in the access log before this
// returns. The error is a *Refusal in words for people: a record that is absent is refused like one that does not open in
// this way.
func (g *Gate) OpenEmergency(ctx context.Context, grant *Grant, whose string) (*Opening, error) {
	patient, err := g.named(ctx, whose)
	if err != nil {
		return nil, err
	}
	defer g.turns.take(patient, false)() // who opens twice at once is counted twice
	d, entry, err := g.gesture(ctx, grant, patient, actionOpen)
	switch {
	case err != nil:
		return nil, err
	case d.Allow:
		until, err := time.Parse(time.RFC3339, entry.Details[untilDetail])
		return &Opening{ID: entry.ID, Patient: patient, Until: until, Drill: entry.Details[dutyDrill] != ""}, err
	case d.Tell:
		return nil, told(d, entry.ID)
	}
	return nil, notOpened()
}

func notOpened() *Refusal {
	return refusal(http.StatusForbidden, "forbidden",
		"L'accès d'urgence n'a pas été ouvert : ce dossier n'existe pas, ou ne s'ouvre pas ainsi.",
		"The emergency access was not opened: there is no such record, or it does not open in this way.")
}

// EndEmergency writes in the access log that whoever has the emergency access of grant puts an end to it.
func (g *Gate) EndEmergency(ctx context.Context, grant *Grant) error {
	d, entry, err := g.gesture(ctx, grant, grant.Patient, actionEnd)
	if err == nil && !d.Allow {
		err = told(d, entry.ID)
	}
	return err
}

// gesture decides a gesture about a record ("": about none in particular) and makes its entry of the access log durable.
func (g *Gate) gesture(ctx context.Context, grant *Grant, patient, action string) (*policies.Decision, *audit.Entry, error) {
	own := *grant
	own.Patient = patient
	h := g.hear(&own)
	var since time.Time
	if action == actionOpen || action == actionQuestion {
		var err error
		if since, err = h.lengthen(ctx, patient); err != nil {
			return nil, nil, err
		}
	}
	d, err := h.gesture(ctx, patient, action)
	if err != nil {
		return nil, nil, err
	}
	subject := patient
	if subject == nobody {
		subject = ""
	}
	entry := decided(h.newEntry(&record.Interaction{Kind: record.KindRead}, subject), d)
	entry.Interaction, entry.Action = interactionOf(action), "E"
	if action == actionOpen && d.Allow {
		g.describe(&entry, grant, since)
	}
	return d, &entry, h.append(ctx, entry)
}

const untilDetail = "until" // until when an emergency access lasts, on the entry of its opening

// describe says on the entry of an opening what whoever is told of it, and whoever reviews it, has to know, and what the next
// opening goes by.
func (g *Gate) describe(entry *audit.Entry, grant *Grant, since time.Time) {
	life, _ := g.EmergencyLife()
	detail(entry, sinceDetail, since.Format(time.RFC3339))
	detail(entry, untilDetail, since.Add(life).Format(time.RFC3339))
	if grant.TypedReason != "" {
		detail(entry, "typed_reason", grant.TypedReason)
	}
}

// nobody is the id of no patient: who names one that is not known is answered as for a record that is absent.
const nobody = "-"

// named finds a patient; nobody when there is none, or more than one.
func (g *Gate) named(ctx context.Context, whose string) (string, error) {
	if id, is := strings.CutPrefix(whose, "Patient/"); is {
		return id, nil
	}
	refs, err := g.Records.Lookup(ctx, "Patient", whose)
	if err != nil {
		return "", fmt.Errorf("finding a patient: %w", err)
	}
	if len(refs) != 1 {
		return nobody, nil
	}
	return refs[0].ID, nil
}

// gesture is the decision.
func (h *hearing) gesture(ctx context.Context, patient, action string) (*policies.Decision, error) {
	facts, err := h.factsOf(ctx, patient)
	if err != nil {
		return nil, err
	}
	s, err := h.newSession(facts, action, nil)
	if err != nil {
		return nil, err
	}
	t, err := h.g.parts.ofType("Patient")
	if err != nil {
		return nil, err
	}
	d, err := s.Decide(ctx, t)
	return h.count(action, d, err)
}

// EmergencyLife is how long an emergency access lasts, as the policies in force say; false when they do not say it.
func (g *Gate) EmergencyLife() (time.Duration, bool) { return g.setting("m", "emergency", "minutes") }

// setting is a length of time that the settings of the policies in force give as a number of units ("h", "m").
func (g *Gate) setting(unit string, path ...string) (time.Duration, bool) {
	v, _ := g.Policies.Current().Data(append([]string{"pontlevis", "settings"}, path...)...)
	d, err := time.ParseDuration(fmt.Sprint(v) + unit)
	return d, err == nil && d > 0
}
