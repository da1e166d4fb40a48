package main

import (
	"slices"
	"strings"
)

// parameter is what is read of a SearchParameter and what is written of it.
type parameter struct {
	ResourceType string      `json:"resourceType,omitempty"`
	Code         string      `json:"code"`
	Type         string      `json:"type"`
	Base         []string    `json:"base"`
	Target       []string    `json:"target,omitempty"`
	Expression   string      `json:"expression"`
	URL          string      `json:"url"`
	Component    []component `json:"component,omitempty"`
}

type component struct {
	Definition string `json:"definition"`
	Expression string `json:"expression"`
}

// mhd are the parameters which IHE's MHD defines in its text (creation of
// ITI-67, the other two of ITI-66) and the ANS's CapabilityStatement lists,
// without a SearchParameter resource in either.
var mhd = []parameter{
	{Code: "creation", Type: "date", Base: []string{"DocumentReference"},
		Expression: "DocumentReference.content.attachment.creation",
		URL:        "https://profiles.ihe.net/ITI/MHD/SearchParameter/DocumentReference-Creation"},
	{Code: "designationType", Type: "token", Base: []string{"List"},
		Expression: "List.extension('https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-designationType').value",
		URL:        "https://profiles.ihe.net/ITI/MHD/SearchParameter/List-DesignationType"},
	{Code: "sourceId", Type: "token", Base: []string{"List"},
		Expression: "List.extension('https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-sourceId').value",
		URL:        "https://profiles.ihe.net/ITI/MHD/SearchParameter/List-SourceId"},
}

// usable tells the parameters that can be evaluated: the ten of CodeSystem and
// ValueSet extensions have no base, three of the base resources no expression
// (_text, _content, _query), a special one needs a matching of its own, and one
// is about an extension of example.org, with bases its expression does not name.
func (p parameter) usable() bool {
	return (p.ResourceType == "" || p.ResourceType == "SearchParameter") && p.Type != "special" &&
		len(p.Base) > 0 && p.Expression != "" && !strings.Contains(p.Expression, "http://example.org/")
}

// merge adds the French parameters to the standard's. Where a type already has
// a parameter of that code the standard's stays, since clients of both know it.
func merge(standard, french []parameter) []parameter {
	var all []parameter
	for _, p := range slices.Concat(standard, mhd, french) {
		if !p.usable() {
			continue
		}
		p.ResourceType = ""
		if p.Code == "authorOrg" { // the profile puts the extension on List.source
			p.Expression += " | List.source.extension('https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-authorOrg').value"
		}
		if p.Code == "relationship" && slices.Contains(p.Base, "DocumentReference") {
			p.Component = byMeaning(p.Component)
		}
		p.Base = slices.DeleteFunc(slices.Clone(p.Base), func(base string) bool {
			return slices.ContainsFunc(all, func(q parameter) bool {
				return q.Code == p.Code && slices.Contains(q.Base, base)
			})
		})
		if len(p.Base) > 0 {
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b parameter) int { return strings.Compare(a.Code, b.Code) })
	return all
}

// byMeaning mends the components of DocumentReference's relationship: HL7's R4
// file joins the definition of relatesto (a reference) with the expression code,
// and that of relation (a token) with target. The order of the definitions is
// what queries are written in, so the expressions change places.
func byMeaning(components []component) []component {
	if len(components) != 2 || components[0].Expression != "code" || components[1].Expression != "target" {
		return components // mended at the source
	}
	return []component{
		{Definition: components[0].Definition, Expression: components[1].Expression},
		{Definition: components[1].Definition, Expression: components[0].Expression},
	}
}
