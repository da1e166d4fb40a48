package fhir

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
)

// The tables made by internal/generate.
var (
	//go:embed definitions/types.json.gz
	typesTable []byte
	//go:embed definitions/elements.json.gz
	elementsTable []byte
	//go:embed definitions/parameters.json.gz
	parametersTable []byte
)

// table unpacks an embedded table. A fault in one is a fault of the build, which
// no caller could handle.
func table(packed []byte) *Node {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(fmt.Errorf("unpacking embedded definitions: %w", err))
	}
	text, err := io.ReadAll(z)
	if err != nil {
		panic(fmt.Errorf("unpacking embedded definitions: %w", err))
	}
	n, err := Parse(text, Limits{})
	if err != nil {
		panic(fmt.Errorf("reading embedded definitions: %w", err))
	}
	return n
}

func texts(n *Node) []string {
	var all []string
	for c := range n.Each() {
		all = append(all, c.Text())
	}
	return all
}

// typeFacts is what is known of the resource types.
type typeFacts struct {
	names   []string
	known   map[string]bool
	patient map[string][]string
}

var facts = sync.OnceValue(func() typeFacts {
	t := table(typesTable)
	f := typeFacts{names: texts(t.Get("resources")), known: map[string]bool{}, patient: map[string][]string{}}
	for _, name := range f.names {
		f.known[name] = true
	}
	for name, params := range t.Get("patient").Fields() {
		f.patient[name] = ownerFirst(texts(params))
	}
	return f
})

// ownerFirst puts the parameters that name whom the resource is about before
// those that name who else took part: the first patient found owns it.
func ownerFirst(params []string) []string {
	rank := func(p string) int {
		if aboutPatient(p) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(params, func(a, b string) int { return rank(a) - rank(b) })
	return params
}

// IsType tells whether a name is an R4 resource type that can be instantiated.
func IsType(name string) bool { return facts().known[name] }

// Types are the R4 resource types, sorted.
func Types() []string { return slices.Clone(facts().names) }

// InCompartment tells whether resources of the type can belong to a patient:
// HL7's patient CompartmentDefinition lists the type, or it is Patient.
func InCompartment(resourceType string) bool {
	return resourceType == "Patient" || facts().patient[resourceType] != nil
}

// PatientParams are the search parameters by which a resource of the type is in
// a patient's compartment; those that tell whom it is about come first. Nil for
// types outside the compartment.
func PatientParams(resourceType string) []string {
	return slices.Clone(facts().patient[resourceType])
}

// CompartmentTypes are the types for which InCompartment holds, sorted.
func CompartmentTypes() []string {
	return slices.Sorted(maps.Keys(facts().patient))
}

// directory are the types that describe the health system and its products,
// shared by all patients.
var directory = map[string]bool{
	"Practitioner": true, "PractitionerRole": true, "Organization": true, "OrganizationAffiliation": true,
	"Location": true, "HealthcareService": true, "Endpoint": true, "InsurancePlan": true,
	"Medication": true, "MedicationKnowledge": true, "Substance": true, "DeviceDefinition": true,
	"CodeSystem": true, "ValueSet": true, "ConceptMap": true, "NamingSystem": true, "Questionnaire": true,
	"StructureDefinition": true, "SearchParameter": true, "OperationDefinition": true,
	"CompartmentDefinition": true, "CapabilityStatement": true, "ImplementationGuide": true,
}

// IsDirectory tells whether resources of the type belong to no patient and may
// be in the directory: people and places of care, medicines, definitions. A
// type may be neither in the directory nor in the compartment.
func IsDirectory(resourceType string) bool { return directory[resourceType] }

// capital returns a type name as choice elements end in it: "dateTime" gives "DateTime".
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
