package fhir

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Definition is an R4 resource type or data type.
type Definition struct {
	// Name is the type, such as "Patient", "HumanName" or "dateTime".
	Name string
	// Kind is "resource", "complex-type" or "primitive-type".
	Kind string
	// Base is the type it specialises, such as "DomainResource"; empty for Element
	// and Resource.
	Base string
	// Abstract types cannot be instantiated.
	Abstract bool
	// Pattern is the regular expression of a primitive type, to be matched
	// against the whole text; empty if HL7 gives none.
	Pattern string
	// Root has the elements of the type as its members; nil for primitive types.
	Root *Element
	// Elements are all elements below the root, in HL7's order.
	Elements []*Element
}

// Element is one element of a Definition.
type Element struct {
	// Path is its place, such as "Patient.contact.name", without [x].
	Path string
	// Name is the last step of Path.
	Name string
	// Min is 0 or 1; Max is -1 for any number (then JSON has an array).
	Min, Max int
	// Types are what it may hold; empty when Content is set.
	Types []TypeRef
	// Choice tells that its JSON name ends in the type: value[x].
	Choice bool
	// Modifier and Summary are HL7's isModifier and isSummary.
	Modifier, Summary bool
	// Content is the path of the element whose members it shares, such as
	// "Questionnaire.item".
	Content string

	children []*Element
	members  map[string]Member
	of       *Definition
}

// TypeRef is a type an element may hold and, for Reference and canonical, the
// types it may point to (empty: any).
type TypeRef struct {
	Code    string
	Targets []string
}

// Member is a JSON member an object may have: the element and the type that
// its name chooses (that of the element where there is no choice; empty where
// Content gives the members).
type Member struct {
	Element *Element
	Type    string
}

// Many tells that JSON has an array for the element.
func (e *Element) Many() bool { return e.Max != 1 }

// Children are the elements one level below, in HL7's order; those of the
// element that Content names, where it does.
func (e *Element) Children() []*Element {
	if e.Content != "" {
		if target := e.of.find(e.Content); target != nil {
			return target.children
		}
	}
	return e.children
}

// Member finds the element that a JSON member name stands for, "valueQuantity"
// as well as "status". The companion of a primitive ("_birthDate") is not
// listed: cut the underscore off first.
func (e *Element) Member(name string) (Member, bool) {
	if e.Content != "" {
		if target := e.of.find(e.Content); target != nil {
			e = target
		}
	}
	m, found := e.members[name]
	return m, found
}

// Container is the element whose members the object under this member has: its
// own for a backbone element, the root of the type's definition for a data
// type. It is nil for primitive types and for Resource, whose members depend on
// its resourceType.
func (m Member) Container() *Element {
	if m.Element.Content != "" || len(m.Element.children) > 0 {
		return m.Element
	}
	d := DefinitionOf(m.Type)
	if d == nil || m.Type == "Resource" {
		return nil
	}
	return d.Root
}

func (d *Definition) find(path string) *Element {
	for _, e := range d.Elements {
		if e.Path == path {
			return e
		}
	}
	return nil
}

// DefinitionOf returns the definition of a resource type or data type, nil for
// names that R4 does not define.
func DefinitionOf(name string) *Definition { return definitions()[name] }

var definitions = sync.OnceValue(func() map[string]*Definition {
	all := map[string]*Definition{}
	for name, n := range table(elementsTable).Fields() {
		all[name] = definition(name, n)
	}
	return all
})

func definition(name string, n *Node) *Definition {
	d := &Definition{Name: name, Kind: n.Get("k").Text(), Base: n.Get("b").Text(),
		Abstract: n.Get("a").Text() == "true", Pattern: n.Get("r").Text()}
	if d.Kind == "primitive-type" {
		return d
	}
	d.Root = &Element{Path: name, Name: name, Max: 1, of: d}
	parents := map[string]*Element{name: d.Root}
	for row := range n.Get("e").Each() {
		e := elementOf(d, row)
		parent := parents[e.Path[:len(e.Path)-len(e.Name)-1]]
		parents[e.Path] = e
		d.Elements = append(d.Elements, e)
		parent.add(e)
	}
	return d
}

func elementOf(d *Definition, row *Node) *Element {
	e := &Element{Path: d.Name + "." + row.Get("p").Text(), of: d}
	e.Name = e.Path[strings.LastIndexByte(e.Path, '.')+1:]
	low, high, _ := strings.Cut(row.Get("c").Text(), "..")
	e.Min, _ = strconv.Atoi(low)
	if e.Max = -1; high != "*" {
		e.Max, _ = strconv.Atoi(high)
	}
	flags := row.Get("f").Text()
	e.Choice = strings.Contains(flags, "c")
	e.Modifier = strings.Contains(flags, "m")
	e.Summary = strings.Contains(flags, "s")
	if x := row.Get("x").Text(); x != "" {
		e.Content = d.Name + "." + x
	}
	for t := range row.Get("t").Each() {
		code, targets, _ := strings.Cut(strings.TrimSuffix(t.Text(), ")"), "(")
		ref := TypeRef{Code: code}
		if targets != "" {
			ref.Targets = strings.Split(targets, "|")
		}
		e.Types = append(e.Types, ref)
	}
	return e
}

// add makes e a child and lists its JSON names.
func (e *Element) add(child *Element) {
	e.children = append(e.children, child)
	if e.members == nil {
		e.members = map[string]Member{}
	}
	if !child.Choice {
		m := Member{Element: child}
		if len(child.Types) > 0 {
			m.Type = child.Types[0].Code
		}
		e.members[child.Name] = m
		return
	}
	for _, t := range child.Types {
		e.members[child.Name+capital(t.Code)] = Member{Element: child, Type: t.Code}
	}
}

// SummaryElements are the JSON names of a resource type's top-level elements
// that _summary=true keeps: those of HL7's summary and the mandatory ones
// (http://hl7.org/fhir/R4/search.html#summary), resourceType apart.
func SummaryElements(resourceType string) []string {
	return topLevel(resourceType, func(e *Element) bool { return e.Summary || e.Min > 0 })
}

// MandatoryElements are the JSON names of the top-level elements that must be
// present, which _elements keeps as well; for a choice all its names.
func MandatoryElements(resourceType string) []string {
	return topLevel(resourceType, func(e *Element) bool { return e.Min > 0 })
}

func topLevel(resourceType string, keep func(*Element) bool) []string {
	d := DefinitionOf(resourceType)
	if d == nil || d.Root == nil {
		return nil
	}
	var names []string
	for name, m := range d.Root.members {
		if keep(m.Element) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
