package fhir

import (
	"slices"
	"strings"
)

// VisibilitySystem holds the French labels that keep a document from some of its readers (ANS, TRE_A07,
// https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument), in the spelling in which it is written. What each keeps from
// whom is the policies' to say.
const VisibilitySystem = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument"

// Codes of VisibilitySystem, as Resource.Labels gives them however they were spelt.
const (
	Masked       = "MASQUE_PS"                      // from health professionals, but those whom the law lets see it
	Unannounced  = "INVISIBLE_PATIENT"              // from the person, until a professional has told them
	Confidential = "INVISIBLE_REPRESENTANTS_LEGAUX" // from who represents a minor
)

// visibility recognises the systems whose codes stand alone, whatever the
// spelling: the ANS writes TRE_A07-StatutVisibiliteDocument as URL, with a typing
// error ("StatusVisibilite") and as OID; HL7 moved v3-Confidentiality from
// http://hl7.org/fhir/v3/ to http://terminology.hl7.org/CodeSystem/. A system
// taken for one of these can only add a restriction, never lift one.
func visibility(system string) bool {
	if system == "" {
		return true // MASQUE_PS without its system must not be lost
	}
	switch strings.TrimPrefix(strings.ToLower(system), "urn:oid:") {
	case "1.2.250.1.213.1.1.4.13", "1.2.250.1.213.1.1.5.9", "2.16.840.1.113883.5.25",
		"http://terminology.hl7.org/codesystem/v3-confidentiality": // by far the most frequent
		return true
	}
	s := separators.Replace(strings.ToLower(system))
	for _, name := range []string{"trea07", "trea08", "v3confidentiality", "jdvj08", "jdvj58"} {
		if strings.Contains(s, name) {
			return true
		}
	}
	return false
}

var separators = strings.NewReplacer("_", "", "-", "", "/", "")

// aliases are other spellings of the French codes: HL7 v2 fields hold 20 characters.
var aliases = map[string]string{"INVISIBLE_REP_LEGAUX": Confidential}

// Label writes a security label's coding as Attributes.Labels has it; "" for one without a code.
func Label(coding *Node) string {
	system, code := coding.Get("system").str(), strings.TrimSpace(coding.Get("code").str())
	if code == "" {
		return ""
	}
	if !visibility(system) {
		return system + "|" + code
	}
	code = strings.ToUpper(code)
	return orElse(aliases[code], code)
}

// labels gathers meta.security, securityLabel and a Composition's
// confidentiality, sorted, without repeats.
func (r *Resource) labels() []string {
	var found set
	for coding := range r.node.At("meta", "security").Each() {
		found.add(Label(coding))
	}
	for concept := range r.node.Get("securityLabel").Each() {
		for coding := range concept.Get("coding").Each() {
			found.add(Label(coding))
		}
	}
	found.add(r.node.Get("confidentiality").str())
	all := found.all()
	slices.Sort(all)
	return all
}
