package emergency

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/visit"
)

// States of a section, each said in words of its own.
const (
	stateRead     = "read"     // there is something
	stateNone     = "none"     // nothing is recorded
	stateUnread   = "unread"   // it could not be read, or not whole
	stateWithheld = "withheld" // it opens with the next gesture
	stateRefused  = "refused"  // it does not open, and why is said
)

// VitalSet is what keeps somebody alive, as far as it could be read.
type VitalSet struct {
	Who      *Identity // nil when it could not be read
	Sections []Section
}

// Unread tells whether anything of it could not be read.
func (s VitalSet) Unread() bool {
	return s.Who == nil || slices.ContainsFunc(s.Sections, func(one Section) bool { return one.State == stateUnread })
}

// setOf is the vital set out of what was read; opening is where its documents open.
func setOf(opening string, read map[string]*reading, now time.Time) VitalSet {
	set := VitalSet{Sections: sections(opening, read)}
	if who := read["Patient"]; who.err == nil && len(who.found) == 1 {
		set.Who = identityOf(who.found[0].Node(), now)
	}
	return set
}

// VitalPage is the vital set in an emergency access.
type VitalPage struct {
	Clock
	VitalSet
}

// Section is one group of what is shown.
type Section struct {
	Key   string // of its title: emergency.section.…
	State string
	Items []Item
	Said  []oauth.Said // with refused: why
	Part  bool         // with unread: something was read all the same
	More  bool         // there is more than is shown
}

// Item is one line of a section.
type Item struct {
	Text string
	Key  string    // of a text in place of Text
	Note string    // what goes with it: a dose, a reaction, a year, a relation
	Day  time.Time // zero for none
	Mark string    // key of a word that stands out, "" for none: emergency.mark.…
	Href string
	Tel  string
	Of   *fhir.Resource // what it was read from
	Card *CardDocument  // in place of Href: it opens with the card that is held
}

// reading is what one read of the record gave.
type reading struct {
	found []*fhir.Resource
	more  bool
	err   error
}

// reads asks the gate for several targets at once, each in a time of its own, and waits for all of them.
func (p *Part) reads(v *visit.Visit, g *gate.Grant, targets map[string]string) map[string]*reading {
	out := make(map[string]*reading, len(targets))
	var wait sync.WaitGroup
	for name, target := range targets {
		r := &reading{}
		out[name] = r
		wait.Go(func() { p.read(v, g, target, r) })
	}
	wait.Wait()
	return out
}

func (p *Part) read(v *visit.Visit, g *gate.Grant, target string, into *reading) {
	ctx, cancel := context.WithTimeout(v.Context(), p.Patience)
	defer cancel()
	found, err := v.Within(ctx).Search(g, target)
	if err != nil {
		into.err = err
		return
	}
	into.found, into.more = found.Matches, found.Next != ""
}

// VitalTargets are the reads of the vital set of a patient, one search each, by the type that it gives.
func VitalTargets(g *gate.Gate, patient string) map[string]string {
	of := func(resourceType, parameter string, values []string) string {
		q := url.Values{"patient": {patient}, "_count": {"100"}}
		if parameter != "" {
			q.Set(parameter, strings.Join(values, ","))
		}
		return resourceType + "?" + q.Encode()
	}
	return map[string]string{
		"Patient":             "Patient?_id=" + url.QueryEscape(patient),
		"AllergyIntolerance":  of("AllergyIntolerance", "", nil),
		"MedicationRequest":   of("MedicationRequest", "status", g.VitalStatuses("MedicationRequest")),
		"MedicationStatement": of("MedicationStatement", "status", g.VitalStatuses("MedicationStatement")),
		"Condition":           of("Condition", "clinical-status", g.VitalStatuses("Condition")),
		"Observation":         of("Observation", "code", g.VitalCodes("Observation")),
		"Device":              of("Device", "", nil),
		"DocumentReference":   of("DocumentReference", "type", g.VitalCodes("DocumentReference")),
		"RelatedPerson":       of("RelatedPerson", "", nil),
	}
}

// vital shows the vital set.
func (p *Part) vital(v *visit.Visit, e *oauth.Emergency, _ []string) {
	g, err := v.EmergencyGrant(e)
	if err != nil {
		v.Fail(err)
		return
	}
	read := p.reads(v, g, VitalTargets(p.Gate, e.Patient))
	v.ShowWith(http.StatusOK, "vital", VitalPage{p.clock(v, e, "vital"), setOf(e.ID, read, v.Now())}, web.Shown{Script: "clock.js"})
}

// sections puts what was read in the order in which it is needed.
func sections(opening string, read map[string]*reading) []Section {
	documents := func(keep func(kind string) bool) func(*fhir.Node) (Item, bool) {
		return func(n *fhir.Node) (Item, bool) { return documentItem(n, opening), keep(documentKind(n)) }
	}
	return []Section{
		section("allergies", read, from{"AllergyIntolerance", allergyItem}),
		section("treatments", read, from{"MedicationRequest", prescribedItem}, from{"MedicationStatement", takenItem}),
		section("problems", read, from{"Condition", conditionItem}),
		section("blood", read, from{"Observation", bloodItem}),
		section("implants", read, from{"Device", deviceItem}, from{"DocumentReference", documents(func(k string) bool { return k == kindImplant })}),
		section("directives", read, from{"DocumentReference", documents(func(k string) bool { return k == kindDirectives })}),
		section("trusted", read, from{"RelatedPerson", relatedItem(true)}),
		section("contacts", read, from{"RelatedPerson", relatedItem(false)}, from{"Patient", nil}, from{"DocumentReference", documents(func(k string) bool { return k == kindContacts })}),
	}
}

// from is a read that a section takes lines from.
type from struct {
	name string
	item func(*fhir.Node) (Item, bool) // false: not of this section; nil: the contacts of a Patient
}

// section makes a section of what was read. When any of it could not be read it says so, whatever else there is.
func section(key string, read map[string]*reading, parts ...from) Section {
	s := Section{Key: key, State: stateNone}
	failed := false
	for _, part := range parts {
		r := read[part.name]
		if r.err != nil {
			failed = true
			continue
		}
		s.More = s.More || r.more
		for _, found := range r.found {
			if part.item == nil {
				for _, item := range contactItems(found.Node()) {
					item.Of = found
					s.Items = append(s.Items, item)
				}
				continue
			}
			if item, ok := part.item(found.Node()); ok {
				item.Of = found
				s.Items = append(s.Items, item)
			}
		}
	}
	slices.SortStableFunc(s.Items, func(a, b Item) int { return rank(a) - rank(b) })
	switch {
	case failed:
		s.State, s.Part = stateUnread, len(s.Items) > 0
	case len(s.Items) > 0:
		s.State = stateRead
	}
	return s
}

// rank puts what is severe first and what is past last.
func rank(i Item) int {
	switch i.Mark {
	case "high":
		return 0
	case "past":
		return 2
	}
	return 1
}
