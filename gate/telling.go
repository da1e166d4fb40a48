package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

const (
	actionNotify = "notify"
	dutyReadable = "readable" // whoever is told may read the entry in the log themselves (rules.md P6, P8)
	dutyAgain    = "again"    // it is told again after so many days
)

// Telling is something that happened to a space, of which people may be told.
type Telling struct {
	Patient string   // logical id
	About   string   // emergency, card, first-access, link, closed, answered, apps
	By      string   // who did it: Actor.ID
	Entry   string   // the entry of the access log that says so
	Labels  []string // of that entry
}

// Recipient is somebody who is told.
type Recipient struct {
	Reference string // of the person, as they sign in: "Patient/camille", "Practitioner/dr-roux"
	Kind      string // patient, representative, carer, professional
	Name      string
	Email     string        // "" when none is known
	Language  string        // fr or en
	Again     time.Duration // when it is told again; 0: never
}

// Recipients are the people whom the policies want told of something, with how they are reached: the e-mail address and
// the language of their Patient, RelatedPerson or Practitioner. It tells nothing of the record, and is for whoever sends
// notices alone.
func (g *Gate) Recipients(ctx context.Context, t Telling) ([]Recipient, error) {
	facts, err := g.facts(ctx, t.Patient)
	if err != nil {
		return nil, err
	}
	var out []Recipient
	for _, c := range g.candidates(facts) {
		r, told, err := g.recipient(ctx, facts, t, c)
		if err != nil {
			return nil, err
		}
		known := slices.ContainsFunc(out, func(o Recipient) bool { return o.Reference == r.Reference })
		if told && !known {
			out = append(out, r)
		}
	}
	return out, nil
}

// candidate is somebody whom the policies are asked about.
type candidate struct {
	actor Actor
	said  string // the resource that tells how they are reached
}

// candidates are the holder, who acts for them, and the professionals of the circle.
func (g *Gate) candidates(f *space.Facts) []candidate {
	holder := "Patient/" + f.Patient
	all := []candidate{{Actor{Kind: "patient", ID: holder, Identities: []string{holder}}, holder}}
	for _, d := range f.Delegates {
		all = append(all, candidate{Actor{Kind: delegateKinds[d.Kind], ID: d.Actor, Identities: []string{d.Actor, d.Named}}, d.Named})
	}
	for _, l := range f.Circle {
		for _, name := range l.Actor {
			if strings.HasPrefix(name, "Practitioner/") {
				all = append(all, candidate{Actor{Kind: "professional", ID: name, Identities: l.Actor}, name})
				break
			}
		}
	}
	return all
}

// recipient asks the policies whether somebody is told.
func (g *Gate) recipient(ctx context.Context, facts *space.Facts, t Telling, c candidate) (r Recipient, told bool, err error) {
	now := g.Now()
	h := g.hear(&Grant{
		ID: "notices", Actor: c.actor, Patient: t.Patient, Purpose: "PATRQT", Mode: "normal", Scopes: []string{"patient/*.rs"},
		Client: Client{ID: "notices", Kind: "portal", Category: "health", Label: Label{Status: "online"}},
		Since:  now, Until: now.Add(time.Minute),
	})
	labels := list(t.Labels)
	d, err := h.about(ctx, facts, actionNotify, "telling", map[string]any{"about": t.About, "by": t.By, "labels": labels}, labels)
	if err != nil || !d.Allow {
		return r, false, err
	}
	r = Recipient{Reference: c.actor.ID, Kind: c.actor.Kind}
	for _, o := range d.Obligations {
		switch o.Type {
		case dutyReadable:
			if readable, err := h.readable(ctx, t.Entry); err != nil || !readable {
				return r, false, err
			}
		case dutyAgain:
			days, _ := number(o.Properties["days"])
			r.Again = time.Duration(days) * 24 * time.Hour
		}
	}
	return r, true, g.reach(ctx, &r, c)
}

// readable reports whether the grant may read an entry of the log; "" is none in particular.
func (h *hearing) readable(ctx context.Context, entry string) (bool, error) {
	if entry == "" {
		return true, nil
	}
	stored, err := h.source.Read(ctx, record.Ref{Type: auditEvent, ID: entry})
	if errors.Is(err, record.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	d, err := h.read(ctx, stored)
	return err == nil && d.Allow, err
}

// reach finds name, address and language: in the resource that tells of somebody, and then in the person's own.
func (g *Gate) reach(ctx context.Context, r *Recipient, c candidate) error {
	r.Language = "fr"
	for _, at := range slices.Compact([]string{c.said, c.actor.ID}) {
		ref, ok := record.ParseRef(at)
		if !ok {
			continue
		}
		stored, err := g.Records.Read(ctx, ref)
		if errors.Is(err, record.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("finding how somebody is reached: %w", err)
		}
		res, err := stored.Resource()
		if err != nil {
			return err
		}
		n := res.Node()
		if r.Name == "" {
			r.Name = fhir.NameOf(n)
		}
		if r.Email == "" {
			r.Email = emailOf(n, g.Now())
		}
		if spoken := languageOf(n); spoken != "" {
			r.Language = spoken
		}
	}
	return nil
}

// emailOf is the e-mail address in use of the best rank (FHIR R4 datatypes.html#ContactPoint).
func emailOf(n *fhir.Node, now time.Time) string {
	best, rank := "", "~"
	for _, t := range n.Get("telecom").Items() {
		ended := t.Get("period").Get("end").Text()
		if t.Get("system").Text() != "email" || t.Get("use").Text() == "old" || ended != "" && ended < now.UTC().Format(time.RFC3339) {
			continue
		}
		if of := t.Get("rank").Text(); best == "" || of != "" && of < rank {
			best = strings.TrimPrefix(t.Get("value").Text(), "mailto:")
			if rank = of; of == "" {
				rank = "~"
			}
		}
	}
	return best
}

// languageOf is the language a person prefers, of those that notices are written in; "" when they say none of them.
func languageOf(n *fhir.Node) string {
	for _, spoken := range n.Get("communication").Items() {
		language := spoken.Get("language")
		if language == nil {
			language = spoken // of a Practitioner
		}
		for _, coding := range language.Get("coding").Items() {
			code, _, _ := strings.Cut(strings.ToLower(coding.Get("code").Text()), "-")
			if (code == "en" || code == "fr") && (spoken.Get("preferred").Text() != "false") {
				return code
			}
		}
	}
	return ""
}

// Called is what a professional or an organisation of the directory is called, "" when they are not known. name is a
// reference or an identifier "system|value". The directory belongs to no record.
func (g *Gate) Called(ctx context.Context, name string) string {
	ref, ok := record.ParseRef(name)
	for _, kind := range []string{"Practitioner", "Organization"} {
		if ok {
			break
		}
		if refs, err := g.Records.Lookup(ctx, kind, name); err == nil && len(refs) == 1 {
			ref, ok = refs[0], true
		}
	}
	if !ok || ref.Type != "Practitioner" && ref.Type != "Organization" {
		return ""
	}
	stored, err := g.Records.Read(ctx, ref)
	if err != nil || stored.Patient != "" {
		return ""
	}
	r, err := stored.Resource()
	if err != nil {
		return ""
	}
	if ref.Type == "Organization" {
		return r.Node().Get("name").Text()
	}
	return fhir.NameOf(r.Node())
}

// Place is what an organisation of the directory is called, "" when it is not known.
func (g *Gate) Place(ctx context.Context, organization string) string {
	if t, _, is := strings.Cut(organization, "/"); is && t != "Organization" && !strings.Contains(organization, "|") {
		return ""
	}
	return g.Called(ctx, organization)
}
