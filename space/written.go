package space

import (
	"strings"
	"time"
)

// Choice is a choice of a person about their space, about to be written as a Consent.
type Choice struct {
	Kind      string    // one of the kinds of Consent
	Patient   string    // logical id of the person
	By        string    // reference of whoever writes it down
	At        time.Time // when it was made
	Provision map[string]any
}

// Consent is the choice as the FHIR R4 resource that docs/fhir.md describes and Read reads. It can be marshalled to JSON;
// whoever writes it may add to it.
func (c Choice) Consent() map[string]any {
	return map[string]any{
		"resourceType": "Consent", "status": "active", "dateTime": c.At.UTC().Format(time.RFC3339),
		"scope":      Concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
		"category":   []any{Concept(KindSystem, c.Kind)},
		"patient":    map[string]any{"reference": "Patient/" + c.Patient},
		"performer":  []any{map[string]any{"reference": c.By}},
		"policyRule": Concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTIN"),
		"provision":  c.Provision,
	}
}

// Concept is a CodeableConcept of one code.
func Concept(system, code string) map[string]any {
	return map[string]any{"coding": []any{map[string]any{"system": system, "code": code}}}
}

// Concepts are one CodeableConcept for each code.
func Concepts(system string, codes []string) []any {
	out := make([]any, len(codes))
	for i, code := range codes {
		out[i] = Concept(system, code)
	}
	return out
}

// Reference names somebody in a resource: by reference, or by identifier where who is "system|value"; with their name where it
// is known.
func Reference(who, name string) map[string]any {
	out := map[string]any{"reference": who}
	if system, value, is := strings.Cut(who, "|"); is {
		out = map[string]any{"identifier": map[string]any{"system": system, "value": value}}
	}
	if name != "" {
		out["display"] = name
	}
	return out
}

// ActorIn is whom a provision is about, named as Reference names them.
func ActorIn(who, name string) map[string]any {
	return map[string]any{"role": Concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"), "reference": Reference(who, name)}
}
