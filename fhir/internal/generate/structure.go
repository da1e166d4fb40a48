package main

import (
	"path"
	"slices"
	"strings"
)

// structure is what is read of a StructureDefinition.
type structure struct {
	Name, Kind, Type, BaseDefinition, Derivation string
	Abstract                                     bool
	Snapshot                                     struct{ Element []element }
}

type element struct {
	Path, Max, ContentReference string
	Min                         int
	IsModifier, IsSummary       bool
	Type                        []struct {
		Code          string
		TargetProfile []string
		Extension     []struct{ URL, ValueUrl, ValueString string }
	}
}

type compartment struct {
	Code     string
	Resource []struct {
		Code  string
		Param []string
	}
}

// kept tells the definitions that resources are made of: no profiles, no
// logical models.
func (s structure) kept() bool {
	return s.Kind != "logical" && s.Derivation != "constraint"
}

// typeTable is types.json: resource types that can be instantiated, and the
// search parameters by which each is in the patient compartment.
type typeTable struct {
	Resources []string            `json:"resources"`
	Patient   map[string][]string `json:"patient"`
}

func types(all []structure, compartments []compartment) typeTable {
	t := typeTable{Patient: map[string][]string{}}
	for _, s := range all {
		if s.kept() && s.Kind == "resource" && !s.Abstract {
			t.Resources = append(t.Resources, s.Type)
		}
	}
	slices.Sort(t.Resources)
	for _, c := range compartments {
		if c.Code != "Patient" {
			continue
		}
		for _, r := range c.Resource {
			if len(r.Param) > 0 && slices.Contains(t.Resources, r.Code) {
				t.Patient[r.Code] = r.Param
			}
		}
	}
	return t
}

// definition is one entry of elements.json.
type definition struct {
	Kind     string `json:"k"`
	Base     string `json:"b,omitempty"`
	Abstract bool   `json:"a,omitempty"`
	Pattern  string `json:"r,omitempty"`
	Elements []row  `json:"e,omitempty"`
}

// row is an element: its path under the type ("contact.name"), its cardinality
// ("0..*"), its types ("Reference(Patient|Group)"), its flags (c choice,
// m modifier, s summary) and the path whose content it shares.
type row struct {
	Path    string   `json:"p"`
	Card    string   `json:"c"`
	Types   []string `json:"t,omitempty"`
	Flags   string   `json:"f,omitempty"`
	Content string   `json:"x,omitempty"`
}

const (
	fhirType = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
	regex    = "http://hl7.org/fhir/StructureDefinition/regex"
	fhirpath = "http://hl7.org/fhirpath/"
)

func elements(all []structure) map[string]definition {
	table := map[string]definition{}
	for _, s := range all {
		if !s.kept() {
			continue
		}
		d := definition{Kind: s.Kind, Abstract: s.Abstract}
		if s.BaseDefinition != "" {
			d.Base = path.Base(s.BaseDefinition)
		}
		for _, e := range s.Snapshot.Element {
			inner, found := strings.CutPrefix(e.Path, s.Type+".")
			switch {
			case !found:
			case s.Kind == "primitive-type":
				if inner == "value" {
					d.Pattern = pattern(e)
				}
			default:
				d.Elements = append(d.Elements, trimmed(s, e, inner))
			}
		}
		table[s.Type] = d
	}
	return table
}

func pattern(e element) string {
	for _, t := range e.Type {
		for _, x := range t.Extension {
			if x.URL == regex {
				return x.ValueString
			}
		}
	}
	return ""
}

func trimmed(s structure, e element, inner string) row {
	r := row{Path: inner, Card: string('0'+rune(e.Min)) + ".." + e.Max}
	if name, choice := strings.CutSuffix(inner, "[x]"); choice {
		r.Path, r.Flags = name, "c"
	}
	if e.IsModifier {
		r.Flags += "m"
	}
	if e.IsSummary {
		r.Flags += "s"
	}
	if e.ContentReference != "" {
		r.Content = strings.TrimPrefix(e.ContentReference, "#"+s.Type+".")
	}
	for _, t := range e.Type {
		code := t.Code
		if strings.HasPrefix(code, fhirpath) {
			code = "string"
			for _, x := range t.Extension {
				if x.URL == fhirType {
					code = x.ValueUrl + x.ValueString
				}
			}
			if s.Kind == "resource" && inner == "id" {
				code = "id" // the definition says string, the page says id
			}
		}
		var targets []string
		for _, p := range t.TargetProfile {
			targets = append(targets, path.Base(p))
		}
		if len(targets) > 0 {
			code += "(" + strings.Join(targets, "|") + ")"
		}
		r.Types = append(r.Types, code)
	}
	return r
}
