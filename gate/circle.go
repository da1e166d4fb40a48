package gate

import (
	"context"
	"fmt"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// Circle is what a space says of who may see it, as far as the one who asks may know it: it is made of what they would
// read over FHIR, no more.
type Circle struct {
	Facts *space.Facts
	Parts []*fhir.Resource // what says so, redacted: Patient, Consent, CareTeam, RelatedPerson, Appointment, Encounter

	Ends         []time.Time       // of each of Facts.Circle: when it lets nobody in any more; zero: no end is set
	Switches     map[string]string // emergency switches, with what the policies say where the person did not
	Consultation time.Duration     // how long a consent to a consultation lasts that names no end
	Majority     time.Time         // when a minor comes of age; zero for anybody else
	MaskSystem   string            // of the label that hides a document from professionals
	MaskCode     string
	Settled      bool // whether the one who asks may read the choices of the space

	gate *Gate
}

// Circle reads the circle of the record that a grant is for, decided and logged as a search of it. It errs as [Gate.Do]
// does.
func (g *Gate) Circle(ctx context.Context, grant *Grant) (*Circle, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	i := &record.Interaction{Kind: record.KindSearch, Ref: record.Ref{Type: "CareTeam"}, Parameters: []string{"patient"}}
	h := g.hear(grant)
	h.query = &asking{}
	if err := h.admit(ctx, i); err != nil {
		return nil, err
	}
	asked, err := h.ask(ctx, i, scope{patients: []string{grant.Patient}, named: true})
	if err != nil {
		return nil, err
	}
	choices, err := h.open(ctx, grant.Patient, actionSearch, "Consent")
	if err != nil {
		return nil, err
	}
	h.within = withinSearch
	var shown []*record.Stored
	if len(asked.open) > 0 {
		if shown, err = h.spaceOf(ctx, grant.Patient); err != nil {
			return nil, err
		}
	}
	seen, err := h.seen(i, shown)
	if err != nil {
		return nil, err
	}
	c, err := h.circle(ctx, grant.Patient, shown)
	if err != nil {
		return nil, err
	}
	c.Settled = choices.Allow
	if err := h.append(ctx, h.searched(asked.entries, seen)...); err != nil {
		return nil, err
	}
	return c, nil
}

// spaceOf are the resources that make the facts of a space, those that the grant may read.
func (h *hearing) spaceOf(ctx context.Context, patient string) ([]*record.Stored, error) {
	var shown []*record.Stored
	for stored, err := range h.source.Compartment(ctx, patient, space.Types(), nil) {
		if err != nil {
			return nil, fmt.Errorf("reading the circle of a space: %w", err)
		}
		if stored.Deleted {
			continue
		}
		d, err := h.read(ctx, stored)
		if err != nil {
			return nil, err
		}
		if d.Allow {
			shown = append(shown, stored)
		}
	}
	return shown, nil
}

func (h *hearing) circle(ctx context.Context, patient string, shown []*record.Stored) (*Circle, error) {
	redacted, err := h.redactAll(ctx, shown)
	if err != nil {
		return nil, err
	}
	c := &Circle{Switches: map[string]string{}, gate: h.g}
	for _, stored := range redacted {
		r, err := stored.Resource()
		if err != nil {
			return nil, fmt.Errorf("reading the circle of a space: %w", err)
		}
		c.Parts = append(c.Parts, r)
	}
	lifecycle, err := h.g.Lives.Of(ctx, patient)
	if err != nil {
		return nil, err
	}
	c.Facts = space.Read(lifecycle, patient, c.Parts)
	for _, l := range c.Facts.Circle {
		c.Ends = append(c.Ends, h.g.fades(l))
	}
	for _, code := range []string{space.SwitchSAMU, space.SwitchGlass, space.SwitchMasked} {
		v, _ := h.revision.Data("pontlevis", "settings", "switches", code)
		if c.Switches[code], _ = v.(string); c.Facts.Switches[code] != "" {
			c.Switches[code] = c.Facts.Switches[code]
		}
	}
	for name, into := range map[string]*string{"system": &c.MaskSystem, "code": &c.MaskCode} {
		v, _ := h.revision.Data("pontlevis", "codes", "mask", name)
		*into, _ = v.(string)
	}
	c.Consultation, _ = h.g.setting("h", "consultation_hours")
	c.Majority = h.comesOfAge(c.Facts.Born)
	return c, nil
}

// Opens tells whether the ordinary access of a professional of these identities, or of whoever works for these
// organisations, is enough today, so that no emergency access would be opened (rules.md E4): the policies say it, from what
// the circle shows.
func (c *Circle) Opens(ctx context.Context, identities, organizations []string) (bool, error) {
	who := Actor{Kind: "professional", Identities: identities, Organizations: organizations}
	if len(identities) > 0 {
		who.ID = identities[0]
	}
	now := c.gate.Now()
	h := c.gate.hear(&Grant{
		Actor: who, Client: Client{Kind: "portal", Category: "health"}, Scopes: []string{"patient/*.rs"}, Patient: c.Facts.Patient,
		Purpose: "TREAT", Mode: "normal", Since: now, Until: now.Add(time.Minute),
	})
	in, err := h.newSession(c.Facts, actionOpen, nil)
	if err != nil {
		return false, err
	}
	t, err := h.g.parts.ofType("Patient")
	if err != nil {
		return false, err
	}
	d, err := in.Decide(ctx, t)
	if err != nil {
		return false, fmt.Errorf("deciding: %w", err)
	}
	return d.Rule == enough, nil
}

// enough is the rule by which the policies say that normal access is enough.
const enough = "E4.enough"

// fades is when a link no longer counts: some days after its end, as the policies set them for its evidence.
func (g *Gate) fades(l space.Link) time.Time {
	v, _ := g.Policies.Current().Data("pontlevis", "settings", "fade_days", l.Source)
	days, err := time.ParseDuration(fmt.Sprint(v) + "h")
	if l.Until.IsZero() || err != nil {
		return l.Until
	}
	return l.Until.Add(24 * days)
}

// comesOfAge is the day on which somebody who is a minor today comes of age; zero for anybody else, and where the birth
// date is not known to the day.
func (h *hearing) comesOfAge(born string) time.Time {
	day, err := time.Parse(time.DateOnly, born)
	v, _ := h.revision.Data("pontlevis", "settings", "majority_years")
	var years int
	if _, scan := fmt.Sscan(fmt.Sprint(v), &years); err != nil || scan != nil {
		return time.Time{}
	}
	if day = day.AddDate(years, 0, 0); !day.After(h.now) {
		return time.Time{}
	}
	return day
}
