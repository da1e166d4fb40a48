package pro

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web/visit"
)

// RecordPage is the record of one patient.
type RecordPage struct {
	Frame
	Groups   []Group // of documents, by class
	Docs     State
	Sections []Section
	Limited  []oauth.Said // that the gate stopped at recent documents
	All      bool         // documents of any date were asked for
}

// Any tells whether there is a document to show.
func (p RecordPage) Any() bool { return len(p.Groups) > 0 }

// State says how far a section could be read.
type State struct {
	Said   []oauth.Said // why it does not open, where that is told
	Unread bool         // it could not be read
	More   bool         // there is more than is shown
}

// Section is one group of the record.
type Section struct {
	Key string // of its title: pro.section.…
	State
	Items []Item
}

// Empty tells whether everything was read and there is nothing.
func (s Section) Empty() bool { return len(s.Items) == 0 && !s.Unread && len(s.Said) == 0 }

// Group are the documents of one class.
type Group struct {
	Class string // its code where it is one of the eleven, else "other"
	Items []Item
}

// classes are the classes of documents, in the order in which they are shown (TRE_A03).
var classes = []string{"11", "10", "42", "43", "45", "31", "44", "52", "90", "95", "60", "other"}

// reading is what one search gave.
type reading struct {
	found   []*fhir.Resource
	notices []fhir.Issue
	more    bool
	err     error
}

// Bounds of the page: entries of one search, and how long the page waits for one.
const (
	pageEntries = "100"
	patience    = 8 * time.Second
)

// searches are the reads that make the page, by name. Documents come apart, since their dates can be asked for.
var searches = map[string]struct{ resourceType, sort, extra string }{
	"allergies":   {"AllergyIntolerance", "-date", ""},
	"orders":      {"MedicationRequest", "-authoredon", ""},
	"taken":       {"MedicationStatement", "-effective", ""},
	"dispensed":   {"MedicationDispense", "-whenhandedover", ""},
	"problems":    {"Condition", "-recorded-date", ""},
	"vaccines":    {"Immunization", "-date", ""},
	"reports":     {"DiagnosticReport", "-date", ""},
	"observed":    {"Observation", "-date", ""},
	"procedures":  {"Procedure", "-date", ""},
	"encounters":  {"Encounter", "-date", ""},
	"plans":       {"CarePlan", "-date", ""},
	"devices":     {"Device", "", ""},
	"related":     {"RelatedPerson", "", ""},
	"appointment": {"Appointment", "-date", ""},
}

// sections are the groups in the order in which they are shown, each with the reads it takes lines from.
var sections = []struct {
	key  string
	from []string
	keep func(*fhir.Node) bool // nil: all
}{
	{"allergies", []string{"allergies"}, nil},
	{"treatments", []string{"orders", "taken", "dispensed"}, nil},
	{"problems", []string{"problems"}, nil},
	{"directives", []string{"documents"}, isDirective},
	{"entourage", []string{"related"}, nil},
	{"results", []string{"reports", "observed"}, func(n *fhir.Node) bool { return kindOf(n) != "Observation" || isResult(n) }},
	{"measurements", []string{"observed"}, func(n *fhir.Node) bool { return !isResult(n) }},
	{"vaccinations", []string{"vaccines"}, nil},
	{"care", []string{"encounters", "procedures", "plans"}, nil},
	{"devices", []string{"devices"}, nil},
	{"appointments", []string{"appointment"}, nil},
}

// record shows the record, as far as it opens.
func (r *room) record() {
	if !r.opened() {
		return
	}
	page := RecordPage{Frame: r.frame(), All: r.R.URL.Query().Get("documents") == "all"}
	read := r.readAll(page.All)
	documents := read["documents"]
	for _, notice := range documents.notices {
		page.Limited = append(page.Limited, oauth.Said{FR: notice.FR, EN: notice.EN})
	}
	page.Docs, page.Groups = stateOf(documents), r.groups(documents.found)
	for _, s := range sections {
		section := Section{Key: s.key}
		for _, name := range s.from {
			section.add(r, read[name], s.keep)
		}
		slices.SortStableFunc(section.Items, newestFirst)
		page.Sections = append(page.Sections, section)
	}
	r.Show(http.StatusOK, "record", page)
}

// newestFirst orders lines; what says no date comes last.
func newestFirst(a, b Item) int { return b.At.Compare(a.At) }

// readAll asks the gate for every section at once, each in a time of its own.
func (r *room) readAll(all bool) map[string]*reading {
	documents := url.Values{"patient": {r.id}, "status": {"current"}, "_sort": {"-date"}, "_count": {pageEntries}}
	if all {
		documents.Set("date", "ge1900-01-01")
	}
	targets := map[string]string{"documents": "DocumentReference?" + documents.Encode()}
	for name, s := range searches {
		q := url.Values{"patient": {r.id}, "_count": {pageEntries}}
		if s.sort != "" {
			q.Set("_sort", s.sort)
		}
		targets[name] = s.resourceType + "?" + q.Encode()
	}
	out := make(map[string]*reading, len(targets))
	var wait sync.WaitGroup
	for name, target := range targets {
		into := &reading{}
		out[name] = into
		wait.Go(func() { r.read(target, into) })
	}
	wait.Wait()
	return out
}

func (r *room) read(target string, into *reading) {
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	found, err := r.Within(ctx).Search(r.grant, target)
	if err != nil {
		into.err = err
		return
	}
	into.found, into.notices, into.more = found.Matches, found.Notices, found.Next != ""
}

func stateOf(r *reading) State {
	if r.err != nil {
		said := visit.SaidIn(r.err)
		return State{Said: said, Unread: said == nil}
	}
	return State{More: r.more}
}

// add takes lines from one read.
func (s *Section) add(r *room, from *reading, keep func(*fhir.Node) bool) {
	state := stateOf(from)
	s.Said, s.Unread, s.More = append(s.Said, state.Said...), s.Unread || state.Unread, s.More || state.More
	for _, one := range from.found {
		if keep != nil && !keep(one.Node()) {
			continue
		}
		if item, ok := r.item(one); ok {
			s.Items = append(s.Items, item)
		}
	}
}

// groups puts documents, newest first, under their classes.
func (r *room) groups(found []*fhir.Resource) []Group {
	var out []Group
	for _, one := range found {
		class := "other"
		for _, category := range one.Node().Get("category").Items() {
			if code := visit.Code(category); slices.Contains(classes, code) {
				class = code
			}
		}
		k := slices.IndexFunc(out, func(g Group) bool { return g.Class == class })
		if k < 0 {
			out = append(out, Group{Class: class})
			k = len(out) - 1
		}
		item, _ := r.item(one)
		out[k].Items = append(out[k].Items, item)
	}
	slices.SortStableFunc(out, func(a, b Group) int {
		return cmp.Compare(slices.Index(classes, a.Class), slices.Index(classes, b.Class))
	})
	return out
}
