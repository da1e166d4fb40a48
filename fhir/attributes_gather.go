package fhir

import (
	"slices"
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
	if kind := r.extension(mhdDesignationType).Get("valueCodeableConcept"); kind != nil {
		a.Class = appendCodes(a.Class, kind, "")
	}
	for _, n := range []*Node{r.node, r.node.Get("source")} {
		if org := extensionOf(n, mhdAuthorOrg).Get("valueReference"); org != nil {
			a.Author = r.appendAgent(a.Author, org, 0)
		}
	}
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
	found := []string{}
	for _, path := range paths {
		descend(r.node, path, func(n *Node) {
			if c := r.containedOf(n); c != nil { // medicationReference to a contained Medication
				n = c.Get("code")
			}
			found = appendCodes(found, n, categorySystems[r.typ])
		})
	}
	return found
}

// containedOf resolves a Reference to a contained resource, nil otherwise.
func (r *Resource) containedOf(n *Node) *Node {
	id, found := strings.CutPrefix(n.Get("reference").str(), "#")
	if !found || id == "" {
		return nil
	}
	return r.contained(id)
}

// appendCodes adds the codings of a CodeableConcept, a Coding or a plain code
// of the given system.
func appendCodes(to []string, n *Node, system string) []string {
	add := func(system, code string) {
		if code == "" {
			return
		}
		if s := system + "|" + code; !slices.Contains(to, s) {
			to = append(to, s)
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
	return to
}

func (r *Resource) agents(paths [][]string) []string {
	found := []string{}
	for _, path := range paths {
		descend(r.node, path, func(n *Node) { found = r.appendAgent(found, n, 0) })
	}
	return found
}

// maxAgentHops bounds how far contained resources are followed: a role names
// its practitioner and its organisation, which may be part of another.
const maxAgentHops = 3

// appendAgent adds the ways in which a Reference names someone. A contained
// PractitionerRole, Practitioner, Organization, … has no name of its own: its
// identifiers and the references it makes stand for it.
func (r *Resource) appendAgent(to []string, n *Node, hops int) []string {
	f, ok := r.reference(n)
	if !ok {
		return to
	}
	add := func(name string) {
		if name != "" && !slices.Contains(to, name) {
			to = append(to, name)
		}
	}
	if !f.Contained {
		if literal := f.Literal(); literal != "" {
			add(literal)
		} else if f.Identifier == "" {
			add(f.URL)
		}
		add(f.Identifier)
		return to
	}
	add(identifierOf(n.Get("identifier")))
	c := r.containedOf(n)
	if c == nil || hops >= maxAgentHops {
		return to
	}
	for i := range c.Get("identifier").Each() {
		add(identifierOf(i))
	}
	for _, name := range []string{"practitioner", "organization", "owner"} {
		to = r.appendAgent(to, c.Get(name), hops+1)
	}
	return to
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
