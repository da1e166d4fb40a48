package sharing

import (
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/space"
)

// States of somebody in the circle.
const (
	stateOpen    = "open"    // they may read today
	stateFading  = "fading"  // they may read for some days yet: what links them is over
	stateBlocked = "blocked" // the person blocked them
	stateShut    = "shut"    // something links them, and does not let them in
	stateLater   = "later"   // their link has not begun
	stateLinked  = "linked"  // a link of theirs has begun; whether it lets them in is not the visitor's to know
)

// Member is somebody whom the space speaks of, with all that it says of them.
type Member struct {
	*Known
	State    string
	Until    time.Time // when a State of open or fading ends by itself; zero: no end is set
	Links    []Link
	Consents []Consent // given to them by name
	Blocks   []Consent
	Parts    []Consent // that make them an administrator
	Refusals []Consent // of what they deposit
	Hides    []Consent // one document each
	Treating bool      // the médecin traitant
}

// Link is one link of the circle.
type Link struct {
	Source, Role string
	Since, Until time.Time
	Ends         time.Time // when it lets nobody in any more; zero: no end is set
	Live         bool
	name         string // by which it is ended
}

// Consent is one choice of the space that stands.
type Consent struct {
	ID, Kind     string
	Since, Until time.Time
	Version      string
	resource     *fhir.Resource
	facts        *space.Facts // what it says alone
}

// circle is what the gate tells of a space, with names.
type circle struct {
	*gate.Circle
	names   *names
	choices []Consent // that stand
	members []*Member
}

// readCircle reads who may see the space today and why.
func (r *room) readCircle() (*circle, error) {
	told, err := r.pages.desk.Gate.Circle(r.Context(), r.grant)
	if err != nil {
		return nil, err
	}
	c := &circle{Circle: told, names: r.names()}
	r.knows = told.Settled
	for _, part := range told.Parts {
		if part.Type() == "Consent" && part.Node().Get("status").Text() == "active" {
			c.choices = append(c.choices, choiceOf(part))
		}
	}
	if err := c.names.learn(c.identities()); err != nil {
		return nil, err
	}
	c.gather()
	for _, m := range c.members {
		if err := r.weigh(c, m); err != nil {
			return nil, err
		}
	}
	c.order()
	return c, nil
}

func choiceOf(part *fhir.Resource) Consent {
	c := Consent{ID: part.ID(), Kind: space.ConsentKind(part), Version: part.Version(), resource: part}
	c.facts = space.Read(space.Lifecycle{}, "", []*fhir.Resource{part})
	c.Since, _, _ = fhir.ParseDate(part.Node().Get("dateTime").Text())
	_, c.Until, _ = fhir.ParseDate(part.Node().At("provision", "period", "end").Text())
	return c
}

// actors are the identities whom a choice is about, one list for each of them.
func (c *Consent) actors() [][]string {
	var out [][]string
	switch f := c.facts; c.Kind {
	case space.Block, space.RefuseDepositor:
		for _, id := range slices.Concat(f.Blocked, f.Refused) {
			out = append(out, []string{id})
		}
	case space.Consultation, space.Express:
		for _, e := range f.Explicit {
			out = append(out, e.Actors)
		}
	case space.Administrator:
		for _, a := range f.Administrator {
			out = append(out, a.Actors)
		}
	case space.Hide:
		for _, h := range f.Hidden {
			if h.Actor != "" {
				out = append(out, []string{h.Actor})
			}
		}
	}
	return out
}

func (c *circle) identities() []string {
	var out []string
	for _, l := range c.Facts.Circle {
		out = append(out, l.Actor...)
	}
	for k := range c.choices {
		for _, ids := range c.choices[k].actors() {
			out = append(out, ids...)
		}
	}
	return out
}

// gather makes one member of everything that is said of somebody under any of their names.
func (c *circle) gather() {
	for k, l := range c.Facts.Circle {
		m := c.member(l.Actor...)
		m.Links = append(m.Links, Link{Source: l.Source, Role: l.Role, Since: l.Since, Until: l.Until, Ends: c.Ends[k], name: l.Actor[0]})
		m.Treating = m.Treating || l.Role == space.Treating
	}
	for _, choice := range c.choices {
		for _, ids := range choice.actors() {
			m := c.member(ids...)
			list := m.listOf(choice.Kind)
			if !slices.ContainsFunc(*list, func(o Consent) bool { return o.ID == choice.ID }) {
				*list = append(*list, choice)
			}
		}
	}
}

func (m *Member) listOf(kind string) *[]Consent {
	switch kind {
	case space.Block:
		return &m.Blocks
	case space.Administrator:
		return &m.Parts
	case space.RefuseDepositor:
		return &m.Refusals
	case space.Hide:
		return &m.Hides
	}
	return &m.Consents
}

func (c *circle) member(identities ...string) *Member {
	known := c.names.of(identities...)
	for _, m := range c.members {
		if m.Known == known {
			return m
		}
	}
	m := &Member{Known: known}
	c.members = append(c.members, m)
	return m
}

// find gives the member that goes by an identity; somebody of whom the space says nothing is a member without links.
func (r *room) find(c *circle, identity string) (*Member, error) {
	if err := c.names.learn([]string{identity}); err != nil {
		return nil, err
	}
	if c.names.by[identity] == nil {
		return nil, nil
	}
	m := c.member(identity)
	return m, r.weigh(c, m)
}

// weigh asks the gate whether somebody gets in today, and says until when, as far as the space says it.
func (r *room) weigh(c *circle, m *Member) error {
	identities, places := m.Identities, []string(nil)
	if m.Place {
		identities, places = nil, m.Identities
	}
	opens, err := c.Opens(r.Context(), identities, places)
	if err != nil {
		return err
	}
	now := r.Now()
	var ends []time.Time
	over, later := true, false
	for k := range m.Links {
		l := &m.Links[k]
		l.Live = !now.Before(l.Since) && (l.Ends.IsZero() || now.Before(l.Ends))
		later = later || now.Before(l.Since)
		if l.Live {
			ends = append(ends, l.Ends)
			over = over && !l.Until.IsZero() && !now.Before(l.Until)
		}
	}
	for _, consent := range m.Consents {
		if end := c.endOf(consent); end.IsZero() || now.Before(end) {
			ends, over = append(ends, end), false
		}
	}
	switch {
	case !c.Settled && len(ends) > 0:
		m.State, opens = stateLinked, false
	case len(m.Blocks) > 0:
		m.State = stateBlocked
	case opens && len(m.Parts) == 0 && over && len(ends) > 0:
		m.State = stateFading
	case opens:
		m.State = stateOpen
	case later && len(ends) == 0:
		m.State = stateLater
	default:
		m.State = stateShut
	}
	if opens && len(m.Parts) == 0 {
		m.Until = latest(ends)
	}
	return nil
}

// endOf is when a consent to somebody ends by itself.
func (c *circle) endOf(consent Consent) time.Time {
	for _, e := range consent.facts.Explicit {
		if e.Until.IsZero() && e.Kind == space.Consultation {
			return e.Since.Add(c.Consultation)
		}
		return e.Until
	}
	return consent.Until
}

// latest is the last of some ends, none (zero) being later than all.
func latest(ends []time.Time) time.Time {
	var last time.Time
	for _, end := range ends {
		if end.IsZero() {
			return end
		}
		if end.After(last) {
			last = end
		}
	}
	return last
}

// order puts who gets in first, the médecin traitant before all, then by name.
func (c *circle) order() {
	slices.SortStableFunc(c.members, func(a, b *Member) int {
		if by := rank(a) - rank(b); by != 0 {
			return by
		}
		return strings.Compare(fhir.Folded(a.Name), fhir.Folded(b.Name))
	})
}

func rank(m *Member) int {
	switch {
	case m.Treating && m.State == stateOpen:
		return 0
	case m.State == stateBlocked:
		return 5
	}
	if k := slices.Index([]string{stateOpen, stateFading, stateLinked}, m.State); k >= 0 {
		return 1 + k
	}
	return 4
}

// inside are those who get in today; outside those who do not, blocked or not let in by what links them.
func (c *circle) inside() []*Member {
	return slices.DeleteFunc(slices.Clone(c.members), func(m *Member) bool {
		return m.State != stateOpen && m.State != stateFading && m.State != stateLinked
	})
}

func (c *circle) outside(states ...string) []*Member {
	return slices.DeleteFunc(slices.Clone(c.members), func(m *Member) bool {
		said := len(m.Links)+len(m.Blocks)+len(m.Consents)+len(m.Parts)+len(m.Refusals) > 0 // a hidden document alone is told with the document
		return !slices.Contains(states, m.State) || !said
	})
}
