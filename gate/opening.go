package gate

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
)

// actionOpen is the opening of an emergency access, before anything is read (rules.md E1, E2, E4, E5).
const actionOpen = "open_emergency"

// interactionOpen is how the access log calls it.
const interactionOpen = "open-emergency"

// Opening is an emergency access that was opened.
type Opening struct {
	ID      string    // decision id of its entry in the access log
	Patient string    // logical id
	Until   time.Time // no grant of it gives anything from then on
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
	own := *grant
	own.Patient = patient
	h := g.hear(&own)
	defer g.turns.take(patient, false)() // who opens twice at once is counted twice
	since, err := h.lengthen(ctx, patient)
	if err != nil {
		return nil, err
	}
	d, err := h.opening(ctx, patient)
	if err != nil {
		return nil, err
	}
	subject := patient
	if subject == nobody {
		subject = ""
	}
	entry := decided(h.newEntry(&record.Interaction{Kind: record.KindRead}, subject), d)
	entry.Interaction, entry.Action = interactionOpen, "E"
	life, _ := g.EmergencyLife()
	until := since.Add(life)
	if d.Allow { // what whoever is told of it, and whoever reviews it, has to know, and what the next opening goes by
		detail(&entry, sinceDetail, since.Format(time.RFC3339))
		detail(&entry, "until", until.Format(time.RFC3339))
	}
	if d.Allow && grant.TypedReason != "" {
		detail(&entry, "typed_reason", grant.TypedReason)
	}
	if err := h.append(ctx, entry); err != nil {
		return nil, err
	}
	switch {
	case d.Allow:
		return &Opening{ID: entry.ID, Patient: patient, Until: until}, nil
	case d.Tell:
		return nil, told(d, entry.ID)
	}
	return nil, refusal(http.StatusForbidden, "forbidden",
		"L'accès d'urgence n'a pas été ouvert : ce dossier n'existe pas, ou ne s'ouvre pas ainsi.",
		"The emergency access was not opened: there is no such record, or it does not open in this way.")
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

// opening is the decision.
func (h *hearing) opening(ctx context.Context, patient string) (*policies.Decision, error) {
	facts, err := h.factsOf(ctx, patient)
	if err != nil {
		return nil, err
	}
	s, err := h.newSession(facts, actionOpen, nil)
	if err != nil {
		return nil, err
	}
	t, err := h.g.parts.ofType("Patient")
	if err != nil {
		return nil, err
	}
	d, err := s.Decide(ctx, t)
	return h.count(actionOpen, d, err)
}

// EmergencyLife is how long an emergency access lasts, as the policies in force say; false when they do not say it.
func (g *Gate) EmergencyLife() (time.Duration, bool) { return g.setting("m", "emergency", "minutes") }

// setting is a length of time that the settings of the policies in force give as a number of units ("h", "m").
func (g *Gate) setting(unit string, path ...string) (time.Duration, bool) {
	v, _ := g.Policies.Current().Data(append([]string{"pontlevis", "settings"}, path...)...)
	d, err := time.ParseDuration(fmt.Sprint(v) + unit)
	return d, err == nil && d > 0
}

// EmergencyReason gives the words of a coded reason of an emergency mode, as the policies in force list them.
func (g *Gate) EmergencyReason(mode, code string) (words policies.Text, known bool) {
	v, _ := g.Policies.Current().Data("pontlevis", "emergency_codes", "reasons", mode, code)
	texts, known := v.(map[string]any)
	words.FR, _ = texts["fr"].(string)
	words.EN, _ = texts["en"].(string)
	return words, known
}
