package record

import (
	"bytes"
	"net/url"
	"slices"
	"sync"

	"github.com/pontlevis/pontlevis/fhir"
)

// released is the day the CapabilityStatement below last changed in substance; R4 requires a date.
const released = "2026-11-21"

// Capabilities writes the CapabilityStatement of the endpoint at base (FHIR R4 capabilitystatement.html), generated
// from the types and search parameters that are registered. It is the same bytes for the same base.
//
// The OAuth addresses are those of SMART App Launch 1 (extension oauth-uris), at the origin of base under /oauth2.
func Capabilities(base string) []byte {
	var b bytes.Buffer
	b.WriteString(`{"resourceType":"CapabilityStatement","url":`)
	b.Write(quote(base + "/metadata"))
	b.WriteString(`,"name":"Pontlevis","title":"pontlevis","status":"active","date":"` + released + `","kind":"instance",` +
		`"description":"A policy gate in front of health records: each resource of an answer was decided upon for who asked, ` +
		`and what may not be shown is not there.","software":{"name":"pontlevis"},"implementation":{"description":` +
		`"FHIR R4 endpoint of a health record","url":`)
	b.Write(quote(base))
	b.WriteString(`},"fhirVersion":"4.0.1","format":["json","application/fhir+json"],"patchFormat":["application/json-patch+json"],` +
		`"rest":[{"mode":"server","documentation":"Any _include and _revinclude of the reference parameters listed, chains ` +
		`to 3 steps and _has are understood. A parameter that is not listed is refused (handling=strict) or set aside with a ` +
		`warning.","security":`)
	b.Write(security(base))
	b.WriteString(`,"resource":`)
	b.Write(resources())
	b.WriteString(`,"interaction":[{"code":"transaction","documentation":"Deposits: ITI-65 and whatever else creates in one patient's record"}]` +
		`,"compartment":["http://hl7.org/fhir/CompartmentDefinition/patient"]}]}`)
	return b.Bytes()
}

// security says how to get a token (SMART App Launch, conformance).
func security(base string) []byte {
	origin := ""
	if u, err := url.Parse(base); err == nil && u.Host != "" {
		origin = u.Scheme + "://" + u.Host
	}
	var b bytes.Buffer
	b.WriteString(`{"extension":[{"url":"http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris","extension":[`)
	for k, name := range []string{"authorize", "token", "introspect", "revoke", "register"} {
		if k > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"url":"` + name + `","valueUri":`)
		b.Write(quote(origin + "/oauth2/" + name))
		b.WriteByte('}')
	}
	b.WriteString(`]}],"cors":true,"service":[{"coding":[{"system":` +
		`"http://terminology.hl7.org/CodeSystem/restful-security-service","code":"SMART-on-FHIR"}],"text":"OAuth2 with SMART scopes"}]}`)
	return b.Bytes()
}

// served lists the types of the endpoint: what a record or the directory holds.
func served() []string {
	types := fhir.CompartmentTypes()
	for _, t := range fhir.Types() {
		if directoryServed(t) || isDocumentType(t) || t == "Device" || t == "Task" {
			types = append(types, t)
		}
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// directoryServed reports whether a type is of the people, places and products of care, rather than a definition of
// how records are written.
func directoryServed(t string) bool {
	switch t {
	case "Practitioner", "PractitionerRole", "Organization", "OrganizationAffiliation", "Location", "HealthcareService",
		"Endpoint", "Medication", "Substance":
		return fhir.IsDirectory(t)
	}
	return false
}

// interactions are the interactions offered on a type.
func interactions(t string) []string {
	switch {
	case t == "Binary":
		return []string{"read", "vread"}
	case t == "Bundle":
		return []string{"read", "vread", "create"}
	case t == "AuditEvent":
		return []string{"read", "search-type"}
	case t == "Patient":
		return []string{"read", "vread", "update", "history-instance", "search-type"}
	case slices.Contains([]string{"Consent", "CareTeam", "RelatedPerson"}, t):
		return []string{"read", "vread", "update", "history-instance", "create", "search-type"}
	case directoryServed(t):
		return []string{"read", "vread", "history-instance", "search-type"}
	}
	return []string{"read", "vread", "patch", "delete", "history-instance", "create", "search-type"}
}

// resources writes rest.resource, which is the same for every base.
var resources = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	for k, t := range served() {
		if k == 0 {
			b.WriteByte('[')
		} else {
			b.WriteByte(',')
		}
		b.Write(resourceCapability(t))
	}
	b.WriteByte(']')
	return b.Bytes()
})

func resourceCapability(t string) []byte {
	var b bytes.Buffer
	b.WriteString(`{"type":"` + t + `","profile":"http://hl7.org/fhir/StructureDefinition/` + t + `","interaction":[`)
	offered := interactions(t)
	for k, code := range offered {
		if k > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"code":"` + code + `"}`)
	}
	b.WriteString(`],"versioning":"versioned","readHistory":true,"updateCreate":false`)
	if slices.Contains(offered, "create") {
		b.WriteString(`,"conditionalCreate":true`)
	}
	b.WriteString(`,"conditionalUpdate":false,"conditionalDelete":"not-supported","referencePolicy":["literal","logical"]`)
	if slices.Contains(offered, "search-type") {
		searchCapability(&b, t)
	}
	if t == "Patient" {
		b.WriteString(`,"operation":[{"name":"everything","definition":"http://hl7.org/fhir/OperationDefinition/Patient-everything"}]`)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// searchCapability writes searchInclude and searchParam of a type.
func searchCapability(b *bytes.Buffer, t string) {
	params := slices.DeleteFunc(slices.Clone(fhir.Params(t)), func(p *fhir.Param) bool { return !searchable(p) })
	first := true
	for _, p := range params {
		if p.Type != "reference" {
			continue
		}
		if first {
			b.WriteString(`,"searchInclude":[`)
		} else {
			b.WriteByte(',')
		}
		first = false
		b.Write(quote(t + ":" + p.Name))
	}
	if !first {
		b.WriteByte(']')
	}
	for k, p := range params {
		if k == 0 {
			b.WriteString(`,"searchParam":[`)
		} else {
			b.WriteByte(',')
		}
		b.WriteString(`{"name":`)
		b.Write(quote(p.Name))
		if p.URL != "" {
			b.WriteString(`,"definition":`)
			b.Write(quote(p.URL))
		}
		b.WriteString(`,"type":"` + p.Type + `"}`)
	}
	if len(params) > 0 {
		b.WriteByte(']')
	}
}

// searchable reports whether a registered parameter is one that searches understand; the others are refused by name.
func searchable(p *fhir.Param) bool {
	return p.Type != "special" && !slices.Contains([]string{"_text", "_content", "_list", "_query", "_filter", "near"}, p.Name)
}
