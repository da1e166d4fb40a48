package gate

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

const actionReview = "review"

// Reviewed is what the policies may know of a case of the register, or of the access that a question is about.
type Reviewed struct {
	ID           string
	Kind         string   // emergency, question
	Opener       string   // who opened the record, or whom the question is about: Actor.ID
	Organization string   // where they acted, "" when nowhere
	Labels       []string // of the opening's entry
	Asker        string   // of a question: who asked it, Actor.ID
	Patient      string   // logical id of whose record it is
	Overdue      bool
	Closed       bool
}

// Review is one step in the register of cases (rules.md E5).
type Review struct {
	Step    string     // queue, see, close; overdue, figures; own, say, ask
	Patient string     // logical id of whose case it is; "" for the lists of an establishment or of the authority
	Case    *Reviewed  // nil for a list
	List    []Reviewed // for a list: what might be on it
	Verdict string     // with close
	Entry   string     // with ask: the entry that is asked about, which the grant has to be able to read
	Waiting int        // with ask: how many other questions of the same asker about the space wait for an answer
	Details map[string]string

	// Prepare, if set, keeps what the step will do, under the id of the entry that is about to be logged. The step takes
	// effect once it is logged: a process that dies in between finds both again.
	Prepare func(entry string) error
}

// Reviewing is a step that was permitted and logged.
type Reviewing struct {
	Entry audit.Entry
	Shown []bool // for a list: which of Review.List the grant may see
	Name  string // of the patient, with see
}

// Review decides a step in the register of cases, and logs it, permitted or refused, before it returns. The error is a
// *Refusal when the answer is no: in words where the policies tell why, else the one for what is not there.
func (g *Gate) Review(ctx context.Context, grant *Grant, r Review) (*Reviewing, error) {
	h := g.hear(grant)
	facts, err := h.factsOf(ctx, r.Patient)
	if err != nil {
		return nil, err
	}
	readable, err := h.readable(ctx, r.Entry)
	if err != nil {
		return nil, err
	}
	if !readable { // what may not be known of is decided on, and logged, like what is not there
		r.Case = &Reviewed{Kind: r.Case.Kind}
	}
	d, err := h.reviews(ctx, facts, r, r.Case)
	if err == nil && d.Allow && !readable {
		d = shut(d)
	}
	if err != nil {
		return nil, err
	}
	entry := decided(h.newEntry(&record.Interaction{Kind: record.KindRead}, r.Patient), d)
	entry.Interaction, entry.Action = "review-"+r.Step, "E"
	for name, value := range r.Details {
		detail(&entry, name, value)
	}
	if r.Case != nil && r.Case.ID != "" {
		detail(&entry, "case", r.Case.ID)
	}
	if !d.Allow {
		return nil, h.turnedAway(ctx, entry, d)
	}
	return h.reviewed(ctx, facts, r, entry)
}

// turnedAway logs a refusal, and gives its words.
func (h *hearing) turnedAway(ctx context.Context, entry audit.Entry, d *policies.Decision) error {
	if err := h.append(ctx, entry); err != nil {
		return err
	}
	if d.Tell {
		return told(d, entry.ID)
	}
	return nothingHere()
}

// reviewed prepares a permitted step, logs it, and says what may be seen.
func (h *hearing) reviewed(ctx context.Context, facts *space.Facts, r Review, entry audit.Entry) (*Reviewing, error) {
	out := &Reviewing{Entry: entry, Shown: make([]bool, len(r.List))}
	for k := range r.List {
		d, err := h.reviews(ctx, facts, r, &r.List[k])
		if err != nil {
			return nil, err
		}
		out.Shown[k] = d.Allow
	}
	if r.Prepare != nil {
		if err := r.Prepare(entry.ID); err != nil {
			return nil, err
		}
	}
	if err := h.append(ctx, entry); err != nil {
		return nil, err
	}
	if r.Step != "see" || r.Patient == "" {
		return out, nil
	}
	var err error
	out.Name, err = h.g.nameOf(ctx, r.Patient)
	return out, err
}

// reviews is the decision on one case, or on a list as such.
func (h *hearing) reviews(ctx context.Context, facts *space.Facts, r Review, of *Reviewed) (*policies.Decision, error) {
	said := map[string]any{"step": r.Step, "self": "", "waiting": r.Waiting}
	if r.Verdict != "" {
		said["verdict"] = r.Verdict
	}
	if own := h.grant.Actor.Space; own != "" {
		said["self"] = "Patient/" + own
	}
	labels := []any{}
	if of != nil {
		labels = list(of.Labels)
		patient := ""
		if of.Patient != "" {
			patient = "Patient/" + of.Patient
		}
		said["case"] = map[string]any{
			"kind": of.Kind, "opener": of.Opener, "organization": of.Organization, "asker": of.Asker, "patient": patient,
			"overdue": of.Overdue, "closed": of.Closed, "labels": labels,
		}
	}
	return h.about(ctx, facts, actionReview, "review", said, labels)
}

// about is a decision whose question is a member of the input of its own.
func (h *hearing) about(ctx context.Context, facts *space.Facts, action, member string, said map[string]any, labels []any) (*policies.Decision, error) {
	in, err := h.input(facts, action, nil)
	if err != nil {
		return nil, err
	}
	in[member] = said
	s, err := h.revision.Session(in)
	if err != nil {
		return nil, fmt.Errorf("preparing a decision: %w", err)
	}
	defer s.Close()
	d, err := s.Decide(ctx, map[string]any{"type": auditEvent, "labels": labels})
	return h.count(action, d, err)
}

// Verdicts are the verdicts that close a case of a kind, by code, as the policies in force list them.
func (g *Gate) Verdicts(kind string) map[string]policies.Text {
	v, _ := g.Policies.Current().Data("pontlevis", "review_codes", "verdicts", kind)
	all, _ := v.(map[string]any)
	out := make(map[string]policies.Text, len(all))
	for code, one := range all {
		words, _ := one.(map[string]any)
		var t policies.Text
		t.FR, _ = words["fr"].(string)
		t.EN, _ = words["en"].(string)
		out[code] = t
	}
	return out
}

// Awaits decides, as Review does for a list, whether a grant has a part in it, and which of the cases that might be on it it
// would be shown. Nothing is shown, so that nothing is logged: it is for whoever counts what waits for somebody.
func (g *Gate) Awaits(ctx context.Context, grant *Grant, r Review) (part bool, shown []bool, err error) {
	h := g.hear(grant)
	d, err := h.reviews(ctx, nil, r, nil)
	shown = make([]bool, len(r.List))
	if err != nil || !d.Allow {
		return false, shown, err
	}
	for k := range r.List {
		if d, err = h.reviews(ctx, nil, r, &r.List[k]); err != nil {
			return false, nil, err
		}
		shown[k] = d.Allow
	}
	return true, shown, nil
}

// Reminding is at which hour of the day those who review are told of what waits, and how long before its date of what; on is
// false where the policies in force want nobody told.
func (g *Gate) Reminding() (hour int, before time.Duration, on bool) {
	v, _ := g.Policies.Current().Data("pontlevis", "settings", "review", "digest_hour")
	hour, err := strconv.Atoi(fmt.Sprint(v))
	before, _ = g.setting("h", "review", "remind_hours")
	return hour, before, err == nil && 0 <= hour && hour < 24
}

// Reached is how a professional is reached by mail: what the Practitioner of any of their identities says.
func (g *Gate) Reached(ctx context.Context, who Actor) (Recipient, error) {
	r := Recipient{Reference: who.ID, Kind: who.Kind, Name: who.Name}
	for _, name := range append([]string{who.ID}, who.Identities...) {
		if ref, ok := record.ParseRef(name); ok {
			if ref.Type != "Practitioner" {
				continue
			}
		} else if refs, err := g.Records.Lookup(ctx, "Practitioner", name); err != nil {
			return r, fmt.Errorf("finding how somebody is reached: %w", err)
		} else if len(refs) == 1 {
			name = refs[0].String()
		}
		if err := g.reach(ctx, &r, candidate{who, name}); err != nil || r.Email != "" {
			return r, err
		}
	}
	return r, nil
}
