package fhir

import (
	"strings"
	"sync"
	"time"
)

var compiledRows = sync.OnceValue(func() map[string]*compiledRow {
	all := make(map[string]*compiledRow, len(rows)+1)
	all[""] = defaults.compile()
	for name, row := range rows {
		all[name] = row.compile()
	}
	return all
})

func (w row) compile() *compiledRow {
	split := func(own, fallback []string) [][]string {
		if own == nil {
			own = fallback
		}
		paths := make([][]string, len(own))
		for i, path := range own {
			paths[i] = strings.Split(path, ".")
		}
		return paths
	}
	return &compiledRow{class: split(w.class, defaults.class), code: split(w.code, defaults.code),
		author: split(w.author, defaults.author), members: split(w.members, nil), date: split(w.date, defaults.date)}
}

// gather computes the attributes.
func (r *Resource) gather() Attributes {
	w := compiledRows()[r.typ]
	if w == nil {
		w = compiledRows()[""]
	}
	a := Attributes{Type: r.typ, ID: r.id, Labels: r.labels(),
		Class: r.codes(w.class), Code: r.codes(w.code),
		Author: r.agents(w.author), Members: r.agents(w.members), Custodian: r.agents(custodian),
		Status: r.status(), DocStatus: r.node.Get("docStatus").str(),
		Date: r.date(w.date), Source: r.node.At("meta", "source").str(),
		Archived: r.extension(isArchived).Get("valueBoolean").Text() == "true"}
	if patients := r.Patients(); len(patients) > 0 {
		a.Subject = "Patient/" + patients[0]
	}
	if r.typ == "List" {
		r.submission(&a)
	}
	return a
}

var custodian = [][]string{{"custodian"}}

// submission adds what MHD puts into extensions of a SubmissionSet: its class and
// its author organisation, which PDSm's profile has on source and IHE's on the List.
func (r *Resource) submission(a *Attributes) {
	class := set{list: a.Class}
	if kind := r.extension(mhdDesignationType).Get("valueCodeableConcept"); kind != nil {
		addCodes(&class, kind, "")
	}
	authors := agentSet{r: r, set: set{list: a.Author}}
	for _, n := range []*Node{r.node, r.node.Get("source")} {
		authors.of(extensionOf(n, mhdAuthorOrg).Get("valueReference"), 0)
	}
	a.Class, a.Author = class.all(), authors.all()
}

// descend gives every node a path of JSON names leads to.
func descend(n *Node, path []string, do func(*Node)) {
	if len(path) == 0 {
		do(n)
		return
	}
	c := n.Get(path[0])
	if c == nil {
		return
	}
	if c.kind != Array {
		descend(c, path[1:], do)
		return
	}
	for item := c.first(); item != nil; item = item.sibling() {
		descend(item, path[1:], do)
	}
}

func (r *Resource) codes(paths [][]string) []string {
	var found set
	for _, path := range paths {
		descend(r.node, path, func(n *Node) {
			if c := r.containedOf(n); c != nil { // medicationReference to a contained Medication
				n = c.Get("code")
			}
			addCodes(&found, n, categorySystems[r.typ])
		})
	}
	return found.all()
}

// containedOf resolves a Reference to a contained resource, nil otherwise.
func (r *Resource) containedOf(n *Node) *Node {
	id, found := strings.CutPrefix(n.Get("reference").str(), "#")
	if !found || id == "" {
		return nil
	}
	return r.contained(id)
}

// addCodes adds the codings of a CodeableConcept, a Coding or a plain code of
// the given system.
func addCodes(to *set, n *Node, system string) {
	add := func(system, code string) {
		if code != "" {
			to.add(system + "|" + code)
		}
	}
	switch {
	case n.Kind() == String:
		add(system, n.str())
	case n.Get("coding") != nil:
		for coding := range n.Get("coding").Each() {
			add(coding.Get("system").str(), coding.Get("code").str())
		}
	default:
		add(n.Get("system").str(), n.Get("code").str())
	}
}

func (r *Resource) agents(paths [][]string) []string {
	found := agentSet{r: r}
	for _, path := range paths {
		descend(r.node, path, func(n *Node) { found.of(n, 0) })
	}
	return found.all()
}

// maxAgentHops bounds how far contained resources are followed: a role names
// its practitioner and its organisation, which may be part of another.
const maxAgentHops = 3

// agentSet gathers the ways in which References name someone.
type agentSet struct {
	set
	r        *Resource
	expanded set // ids of the contained resources looked at
}

// of adds who a Reference names. A contained PractitionerRole, Practitioner,
// Organization, … has no name of its own: its identifiers and the references it
// makes stand for it.
func (s *agentSet) of(n *Node, hops int) {
	f, ok := s.r.reference(n)
	if !ok {
		return
	}
	if !f.Contained {
		if literal := f.Literal(); literal != "" {
			s.add(literal)
		} else if f.Identifier == "" {
			s.add(f.URL)
		}
		s.add(f.Identifier)
		return
	}
	s.add(identifierOf(n.Get("identifier")))
	c := s.r.containedOf(n)
	if c == nil || hops >= maxAgentHops || !s.expanded.adds(f.ID) {
		return
	}
	for i := range c.Get("identifier").Each() {
		s.add(identifierOf(i))
	}
	for _, name := range []string{"practitioner", "organization", "owner"} {
		s.of(c.Get(name), hops+1)
	}
}

// status is the status of the resource. Conditions and allergies have two
// instead: an entry made in error shows as such, else the clinical one counts.
func (r *Resource) status() string {
	if s := r.node.Get("status").str(); s != "" {
		return s
	}
	const wrong = "entered-in-error"
	clinical := ""
	descend(r.node, []string{"verificationStatus", "coding", "code"}, func(n *Node) {
		if n.str() == wrong {
			clinical = wrong
		}
	})
	descend(r.node, []string{"clinicalStatus", "coding", "code"}, func(n *Node) {
		if clinical == "" {
			clinical = n.str()
		}
	})
	return clinical
}

// date is the first of the paths that holds a FHIR date, with its own zone and
// its own precision from the second on; partial dates are completed in UTC.
func (r *Resource) date(paths [][]string) string {
	found := ""
	for _, path := range paths {
		descend(r.node, path, func(n *Node) {
			if found != "" {
				return
			}
			text := n.str()
			low, _, ok := ParseDate(text)
			if !ok {
				return
			}
			if _, err := time.Parse(time.RFC3339, text); err == nil {
				found = text
			} else {
				found = low.Format(time.RFC3339Nano)
			}
		})
		if found != "" {
			break
		}
	}
	return found
}
