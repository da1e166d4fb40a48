package record

import (
	"bytes"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// released is the day the CapabilityStatement below last changed in substance; R4 requires a date.
const released = "2026-11-22"

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
	b.WriteString(`},"fhirVersion":"4.0.1","format":["json","application/fhir+json","application/json"],` +
		`"patchFormat":["application/json-patch+json"],"rest":[{"mode":"server","documentation":`)
	b.Write(quote(documentation()))
	b.WriteString(`,"security":`)
	b.Write(security(base))
	b.WriteString(`,"resource":`)
	b.Write(resources())
	b.WriteString(`,"interaction":[{"code":"transaction","documentation":"In one patient's record, all or nothing: deposits ` +
		`(ITI-65), deletions, patches of metadata, and reads of what stands then"},{"code":"batch","documentation":"Each entry ` +
		`as if it had come alone"},{"code":"history-system","documentation":"Of one record: the one the grant is for, or patient=[id]"}]` +
		`,"compartment":["http://hl7.org/fhir/CompartmentDefinition/patient"]}]}`)
	return b.Bytes()
}

// documentation says in words what R4 has no element for: the modifiers and prefixes of each kind of parameter.
func documentation() string {
	modifiers := map[string][]string{}
	prefixes := map[string][]search.Prefix{}
	for _, t := range served() {
		for _, p := range search.ServedOf(t) {
			modifiers[p.Type], prefixes[p.Type] = union(modifiers[p.Type], p.Modifiers), p.Prefixes
		}
	}
	var text strings.Builder
	text.WriteString("Beside the parameters listed, every search understands " + strings.Join(search.Controls(), ", ") +
		" and chains to 3 steps. A parameter that is not listed is refused (handling=strict) or set aside with a warning; an empty one is set aside.")
	for _, kind := range slices.Sorted(maps.Keys(modifiers)) {
		if len(modifiers[kind]) == 0 {
			continue
		}
		text.WriteString(" Modifiers of " + kind + ": " + strings.Join(modifiers[kind], ", "))
		for k, p := range prefixes[kind] {
			if k == 0 {
				text.WriteString("; prefixes:")
			}
			text.WriteString(" " + string(p))
		}
		text.WriteString(".")
	}
	return text.String()
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
var served = sync.OnceValue(func() []string {
	types := fhir.CompartmentTypes()
	for _, t := range fhir.Types() {
		if directoryServed(t) || isDocumentType(t) || t == "Device" || t == "Task" {
			types = append(types, t)
		}
	}
	slices.Sort(types)
	return slices.Compact(types)
})

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
	read := []string{"read", "vread"}
	switch {
	case t == "Binary":
		return read
	case t == "Bundle":
		return append(read, "create")
	}
	read = append(read, "history-instance", "search-type")
	if hasTypeHistory(t) {
		read = append(read, "history-type")
	}
	switch {
	case t == "Patient", t == "AuditEvent", directoryServed(t):
		return read
	case isGoverning(t):
		return append(read, "create", "update")
	}
	return append(read, "create", "patch", "delete")
}

// isGoverning reports whether a type governs the record: it is written by itself, and replaced as a whole.
func isGoverning(t string) bool { return t == "Consent" || t == "CareTeam" || t == "RelatedPerson" }

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
	b.WriteString(`,"conditionalCreate":` + strconv.FormatBool(slices.Contains(offered, "create") && !isDocumentType(t) && !isGoverning(t)))
	deletes := "not-supported"
	if slices.Contains(offered, "delete") {
		deletes = "single"
	}
	b.WriteString(`,"conditionalRead":"full-support","conditionalUpdate":` + strconv.FormatBool(slices.Contains(offered, "update")) +
		`,"conditionalDelete":"` + deletes + `","referencePolicy":["literal","logical"]`)
	if slices.Contains(offered, "search-type") {
		searchCapability(&b, t)
	}
	operationCapability(&b, t)
	b.WriteByte('}')
	return b.Bytes()
}

// operationCapability writes the operations of a type.
func operationCapability(b *bytes.Buffer, t string) {
	first := true
	for _, o := range operations {
		if o.on != t {
			continue
		}
		if first {
			b.WriteString(`,"operation":[`)
		} else {
			b.WriteByte(',')
		}
		first = false
		b.WriteString(`{"name":"` + o.name + `","definition":`)
		b.Write(quote(o.definition))
		b.WriteByte('}')
	}
	if !first {
		b.WriteByte(']')
	}
}

// searchCapability writes searchInclude, searchRevInclude and searchParam of a type.
func searchCapability(b *bytes.Buffer, t string) {
	params := search.ServedOf(t)
	var includes []string
	for _, p := range params {
		if p.Type == "reference" {
			includes = append(includes, t+":"+p.Name)
		}
	}
	texts(b, "searchInclude", includes)
	texts(b, "searchRevInclude", reverse()[t])
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

// texts writes a member that is a list of strings, which FHIR does not allow to be empty.
func texts(b *bytes.Buffer, name string, all []string) {
	for k, s := range all {
		if k == 0 {
			b.WriteString(`,"` + name + `":[`)
		} else {
			b.WriteByte(',')
		}
		b.Write(quote(s))
	}
	if len(all) > 0 {
		b.WriteByte(']')
	}
}

// reverse gives for each type the parameters of the served types that may refer to it.
var reverse = sync.OnceValue(func() map[string][]string {
	out := map[string][]string{}
	for _, from := range served() {
		if isDocumentType(from) {
			continue
		}
		for _, p := range search.ServedOf(from) {
			if p.Type != "reference" {
				continue
			}
			targets := p.Target
			if len(targets) == 0 { // any
				targets = served()
			}
			for _, to := range targets {
				out[to] = append(out[to], from+":"+p.Name)
			}
		}
	}
	return out
})
