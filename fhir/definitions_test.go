package fhir

import (
	"regexp"
	"slices"
	"testing"
)

// TestEveryExpressionCompiles compiles each parameter for each of its types, the
// components of composites included.
func TestEveryExpressionCompiles(t *testing.T) {
	t.Parallel()
	count := 0
	for url, s := range parameters().byURL {
		if _, err := parseExpression(s.Expression); err != nil {
			t.Errorf("%s: %v", url, err)
		}
		bases := s.Base
		if slices.Contains(bases, "Resource") {
			bases = Types()
		}
		count++
		for _, base := range bases {
			p := s.Param
			p.Resource, p.Components = base, slices.Clone(s.Components)
			if err := p.compile(); err != nil {
				t.Errorf("%s: %v", url, err)
			} else if len(p.compiled) == 0 {
				t.Errorf("%s says nothing of %s: %s", url, base, s.Expression)
			}
		}
	}
	if count < 1400 { // HL7's 1382 that can be evaluated, IHE's and the French
		t.Errorf("only %d parameters", count)
	}
	t.Logf("%d parameters", count)
}

func TestParamsOfEveryType(t *testing.T) {
	t.Parallel()
	for _, typ := range Types() {
		for _, name := range []string{"_id", "_lastUpdated", "_tag", "_profile", "_security", "_source"} {
			if ParamOf(typ, name) == nil {
				t.Errorf("%s has no %s", typ, name)
			}
		}
		previous := ""
		for _, p := range Params(typ) {
			if p.Name <= previous {
				t.Errorf("%s: %s is not behind %s alone", typ, p.Name, previous)
			}
			previous = p.Name
			if p.Type == "composite" {
				for _, c := range p.Components {
					if c.Name == "" || c.Type == "" || len(c.compiled) == 0 {
						t.Errorf("%s.%s: component %+v is not known", typ, p.Name, c)
					}
				}
			}
			if p.Type == "reference" && len(p.Target) == 0 && p.Name != "_profile" {
				t.Logf("%s.%s has no targets", typ, p.Name)
			}
		}
	}
	for _, name := range []string{"identifier", "patient", "subject", "status", "type", "category", "date", "period", "facility", "setting",
		"format", "security-label", "event", "related", "author", "isArchived"} {
		if ParamOf("DocumentReference", name) == nil {
			t.Errorf("ITI-67 needs DocumentReference.%s", name)
		}
	}
	for _, name := range []string{"designationType", "sourceId", "source", "authorOrg", "code", "identifier", "patient", "isArchived"} {
		if ParamOf("List", name) == nil {
			t.Errorf("ITI-66 needs List.%s", name)
		}
	}
	if ParamOf("Location", "near") != nil || ParamOf("Patient", "_text") != nil || ParamOf("Nothing", "_id") != nil || ParamOf("Patient", "") != nil {
		t.Error("a parameter that cannot be evaluated is offered")
	}
}

func TestTypeFacts(t *testing.T) {
	t.Parallel()
	if n := len(Types()); n != 146 || !IsType("Patient") || IsType("DomainResource") || IsType("HumanName") || IsType("") || IsType("patient") {
		t.Errorf("%d types", n)
	}
	for _, typ := range []string{"Patient", "Observation", "DocumentReference", "List", "Consent", "AuditEvent", "Coverage"} {
		if !InCompartment(typ) || IsDirectory(typ) {
			t.Errorf("%s belongs to a patient", typ)
		}
	}
	for _, typ := range []string{"Practitioner", "Organization", "Medication", "Bundle", "Binary", "Nothing"} {
		if InCompartment(typ) {
			t.Errorf("%s belongs to no patient", typ)
		}
	}
	for typ := range directory {
		if !IsType(typ) || InCompartment(typ) {
			t.Errorf("%s cannot be in the directory", typ)
		}
	}
	if got := PatientParams("Coverage"); got[0] != "beneficiary" || len(got) != 4 {
		t.Errorf("Coverage: %v", got)
	}
	for _, typ := range CompartmentTypes() {
		for _, name := range PatientParams(typ) {
			if p := ParamOf(typ, name); p == nil || p.Type != "reference" {
				t.Errorf("%s.%s of the compartment is no reference parameter", typ, name)
			}
		}
	}
}

// TestAttributeTableNamesRealElements guards the hand-written table against
// misspelled paths.
func TestAttributeTableNamesRealElements(t *testing.T) {
	t.Parallel()
	for typ, w := range compiledRows() {
		if typ == "" {
			continue
		}
		own := rows[typ]
		for _, column := range []struct {
			name  string
			paths [][]string
			own   []string
		}{{"class", w.class, own.class}, {"code", w.code, own.code}, {"author", w.author, own.author}, {"members", w.members, own.members}, {"date", w.date, own.date}} {
			if column.own == nil {
				continue // the defaults are looked for in vain where a type lacks them
			}
			for _, path := range column.paths {
				if !exists(DefinitionOf(typ).Root, path) {
					t.Errorf("%s.%s: no element %v", typ, column.name, path)
				}
			}
		}
	}
}

func exists(e *Element, path []string) bool {
	if e == nil {
		return false
	}
	m, found := e.Member(path[0])
	if !found || len(path) == 1 {
		return found
	}
	return exists(m.Container(), path[1:])
}

func TestElements(t *testing.T) {
	t.Parallel()
	patient := DefinitionOf("Patient")
	if patient.Kind != "resource" || patient.Base != "DomainResource" || patient.Abstract || !DefinitionOf("DomainResource").Abstract {
		t.Errorf("got %+v", patient)
	}
	m, found := patient.Root.Member("deceasedDateTime")
	if !found || m.Type != "dateTime" || !m.Element.Choice || !m.Element.Modifier || m.Element.Many() || m.Container() != nil {
		t.Errorf("got %+v", m)
	}
	if _, found := patient.Root.Member("deceased"); found {
		t.Error("a choice without its type is no member")
	}
	contact, _ := patient.Root.Member("contact")
	name, found := contact.Container().Member("name")
	if !found || name.Container() != DefinitionOf("HumanName").Root || name.Element.Path != "Patient.contact.name" {
		t.Errorf("got %+v", name)
	}
	manager, _ := patient.Root.Member("managingOrganization")
	if got := manager.Element.Types[0]; got.Code != "Reference" || !slices.Equal(got.Targets, []string{"Organization"}) {
		t.Errorf("got %+v", got)
	}
	item, _ := DefinitionOf("Questionnaire").Root.Member("item")
	nested, _ := item.Container().Member("item")
	if nested.Element.Content != "Questionnaire.item" {
		t.Errorf("got %+v", nested.Element)
	}
	if linked, found := nested.Container().Member("linkId"); !found || linked.Element.Min != 1 {
		t.Error("shared content is not followed")
	}
	status, _ := DefinitionOf("Observation").Root.Member("status")
	if status.Element.Min != 1 || status.Element.Max != 1 || !status.Element.Summary {
		t.Errorf("got %+v", status.Element)
	}
	for name, d := range definitions() {
		if d.Pattern != "" {
			if _, err := regexp.Compile(d.Pattern); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, e := range d.Elements {
			if e.Content != "" && d.find(e.Content) == nil {
				t.Errorf("%s shares the content of nothing", e.Path)
			}
			for _, typ := range e.Types {
				if DefinitionOf(typ.Code) == nil {
					t.Errorf("%s is of an unknown type %s", e.Path, typ.Code)
				}
			}
		}
	}
}

func TestSummaryAndMandatoryElements(t *testing.T) {
	t.Parallel()
	summary, must := SummaryElements("Observation"), MandatoryElements("Observation")
	for _, name := range []string{"id", "meta", "status", "code", "valueQuantity", "effectiveDateTime"} {
		if !slices.Contains(summary, name) {
			t.Errorf("%s is missing from the summary", name)
		}
	}
	if slices.Contains(summary, "note") || slices.Contains(summary, "text") || !slices.Equal(must, []string{"code", "status"}) {
		t.Errorf("summary %v, mandatory %v", summary, must)
	}
	if SummaryElements("Nothing") != nil {
		t.Error("an unknown type has a summary")
	}
}
