package main

import (
	"slices"
	"strings"
)

// Kind is what was found.
type Kind string

const (
	Allergic  Kind = "allergic"  // a treatment is what somebody is allergic to, or of its family
	Related   Kind = "related"   // a treatment is of a neighbouring family
	Twice     Kind = "twice"     // the same substance twice
	SameClass Kind = "sameclass" // two drugs of one family or therapeutic class
)

// Finding is one thing to look at.
type Finding struct {
	Kind    Kind
	Drug    Drug
	Other   Drug    // Twice, SameClass
	Allergy Allergy // Allergic, Related
	Class   *Class  // nil where the code alone said so
	// Perhaps tells that it may be nothing: a prescription and what is taken may be one treatment, a name is no code.
	Perhaps bool
}

// allergy tells a finding about an allergy from one about a duplicate.
func (f Finding) allergy() bool { return f.Kind == Allergic || f.Kind == Related }

// severe reports whether a finding is to be seen at once.
func (f Finding) severe() bool { return f.Kind == Allergic && !f.Perhaps }

// check compares each treatment with each allergy and with the other treatments. With drafts, only what concerns a draft
// is told: the rest was there before.
func (t *Table) check(r *Record) (out []Finding) {
	drafting := slices.ContainsFunc(r.Drugs, func(d Drug) bool { return d.Draft })
	for k, d := range r.Drugs {
		for _, a := range r.Allergies {
			if f, found := t.against(d, a); found && (!drafting || d.Draft) {
				out = append(out, f)
			}
		}
		for _, other := range r.Drugs[:k] {
			if f, found := twice(d, other); found && (!drafting || d.Draft || other.Draft) {
				out = append(out, f)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Finding) int { return rank(a) - rank(b) })
	return out
}

func rank(f Finding) int {
	n := slices.Index([]Kind{Allergic, Related, Twice, SameClass}, f.Kind) * 2
	if f.Perhaps {
		n++
	}
	return n
}

// against compares one treatment with one allergy.
func (t *Table) against(d Drug, a Allergy) (f Finding, found bool) {
	f = Finding{Kind: Allergic, Drug: d, Allergy: a, Perhaps: a.Named}
	for _, code := range a.Codes {
		if slices.ContainsFunc(d.Codes, func(c string) bool { return strings.HasPrefix(c, code) && len(code) >= 5 }) {
			return f, true
		}
	}
	for _, class := range a.Classes {
		if slices.Contains(d.Family, class) {
			f.Class = class
			return f, true
		}
	}
	for _, class := range a.Classes {
		for _, id := range class.Related {
			if near := t.class(id); slices.Contains(d.Family, near) {
				f.Kind, f.Class = Related, near
				return f, true
			}
		}
	}
	return f, false
}

// substance is the length of an ATC code that names one substance, class that of one chemical subgroup.
const (
	substance = 7
	subgroup  = 5
)

// twice compares two treatments.
func twice(d, other Drug) (f Finding, found bool) {
	f = Finding{Drug: d, Other: other}
	same := func(length int) bool {
		return slices.ContainsFunc(d.Codes, func(a string) bool {
			return len(a) >= length && slices.ContainsFunc(other.Codes, func(b string) bool { return len(b) >= length && a[:length] == b[:length] })
		})
	}
	if same(substance) {
		// A prescription and a statement of what is taken are often the same treatment, and a renewal the same prescription.
		f.Kind, f.Perhaps = Twice, !d.Draft && !other.Draft
		return f, true
	}
	f.Kind = SameClass
	for _, c := range d.Family {
		if c.Duplicate && slices.Contains(other.Family, c) {
			f.Class = c
			return f, true
		}
	}
	return f, same(subgroup)
}
