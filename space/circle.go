package space

import (
	"github.com/pontlevis/pontlevis/fhir"
)

// Treating is the role of the médecin traitant, the doctor declared to the health insurance (CSS L162-5-3).
const Treating = "treating"

// Evidence of a link.
const (
	Declared   = "declared"
	Appointed  = "appointment"
	Admitted   = "encounter"
	Prescribed = "prescription"
	Added      = "added"
)

// readCareTeam takes each participant of an active CareTeam for a link.
func (f *Facts) readCareTeam(r *fhir.Resource) {
	n := r.Node()
	if n.Get("status").Text() != "active" {
		return
	}
	team := period(n.Get("period"))
	for _, p := range n.Get("participant").Items() {
		actors := everyIdentity(p.Get("member"))
		link := Link{Actor: actors, Source: source(p), Period: period(p.Get("period"))}
		for _, role := range p.Get("role").Items() {
			if code := coded(role, RoleSystem); code != "" {
				link.Role = code
			}
		}
		if link.Since.IsZero() {
			link.Since = team.Since
		}
		if link.Until.IsZero() {
			link.Until = team.Until
		}
		if len(actors) > 0 && !link.Since.IsZero() {
			f.Circle = append(f.Circle, link)
		}
	}
}

func source(participant *fhir.Node) string {
	for _, e := range participant.Get("extension").Items() {
		if e.Get("url").Text() == SourceExtension {
			return e.Get("valueCode").Text()
		}
	}
	return Added
}

// readAppointment links the practitioners who have accepted an appointment, from the day it was made to its end. How
// long the link then fades is a setting of the policies.
func (f *Facts) readAppointment(r *fhir.Resource) {
	n := r.Node()
	switch n.Get("status").Text() {
	case "booked", "arrived", "checked-in", "fulfilled":
	default:
		return
	}
	p := Period{Since: instant(n.Get("created").Text()), Until: end(n.Get("end").Text())}
	if p.Since.IsZero() {
		p.Since = instant(n.Get("start").Text())
	}
	if p.Until.IsZero() {
		p.Until = end(n.Get("start").Text())
	}
	if p.Since.IsZero() || p.Until.IsZero() {
		return
	}
	for _, who := range n.Get("participant").Items() {
		actors := everyIdentity(who.Get("actor"))
		if who.Get("status").Text() == "accepted" && isCaregiver(who.Get("actor")) && len(actors) > 0 {
			f.Circle = append(f.Circle, Link{Actor: actors, Source: Appointed, Period: p, Labels: r.Attributes().Labels})
		}
	}
}

// readEncounter links the organisation that provides an encounter, and who takes part in it, while it lasts.
func (f *Facts) readEncounter(r *fhir.Resource) {
	n := r.Node()
	p := period(n.Get("period"))
	switch n.Get("status").Text() {
	case "arrived", "triaged", "in-progress", "onleave":
	case "finished":
		if p.Until.IsZero() {
			return
		}
	default:
		return
	}
	if p.Since.IsZero() {
		return
	}
	if actors := everyIdentity(n.Get("serviceProvider")); len(actors) > 0 {
		f.Circle = append(f.Circle, Link{Actor: actors, Source: Admitted, Period: p, Labels: r.Attributes().Labels})
	}
	for _, who := range n.Get("participant").Items() {
		actors := everyIdentity(who.Get("individual"))
		if isCaregiver(who.Get("individual")) && len(actors) > 0 {
			f.Circle = append(f.Circle, Link{Actor: actors, Source: Admitted, Period: p, Labels: r.Attributes().Labels})
		}
	}
}

// isCaregiver keeps patients and relatives, who also take part in appointments, out of the circle.
func isCaregiver(reference *fhir.Node) bool {
	kind := reference.Get("type").Text()
	if literal := reference.Get("reference").Text(); literal != "" {
		kind = ""
		for i := range literal {
			if literal[i] == '/' {
				kind = literal[:i]
				break
			}
		}
	}
	switch kind {
	case "Practitioner", "PractitionerRole", "Organization", "HealthcareService":
		return true
	}
	return false
}

// Joined names whom a version of a resource lets into the record that the version before (nil: none) did not: members of
// the circle, and who got an explicit consent. Each is named once, by the first of their identities.
func Joined(patient string, before, after *fhir.Resource) []string {
	was := map[string]bool{}
	for _, name := range letsIn(patient, before) {
		was[name] = true
	}
	var out []string
	for _, name := range letsIn(patient, after) {
		if !was[name] {
			was[name] = true
			out = append(out, name)
		}
	}
	return out
}

func letsIn(patient string, r *fhir.Resource) []string {
	if r == nil {
		return nil
	}
	f := Read(Lifecycle{}, patient, []*fhir.Resource{r})
	var out []string
	for _, l := range f.Circle {
		out = append(out, l.Actor[0])
	}
	for _, e := range f.Explicit {
		out = append(out, e.Actors...)
	}
	return out
}
