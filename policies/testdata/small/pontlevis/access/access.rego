# METADATA
# title: Reading
package pontlevis.access

import rego.v2

now_ns := time.parse_rfc3339_ns(input.now)

# METADATA
# title: Blocked
# custom:
#   rule: P4
#   layer: person
#   reason: {fr: "Vous avez été bloqué.", en: "You have been blocked."}
#   remedy: {fr: "Aucune.", en: "None."}
#   source: "CSP R1111-49"
deny contains "P4" if input.actor.id in input.patient.blocked

# METADATA
# title: Masked
# custom:
#   rule: P5
#   layer: person
#   reason: {fr: "Ce document est masqué.", en: "This document is masked."}
#   remedy: {fr: "Demandez au patient.", en: "Ask the patient."}
#   source: "CSP R1111-49"
deny contains "P5" if {
	"MASQUE_PS" in input.resource.labels
	not author
}

# METADATA
# title: Outside the matrix
# custom:
#   rule: M1
#   layer: matrix
#   reason: {fr: "Votre profession ne lit pas ce type.", en: "Your profession does not read this type."}
#   remedy: {fr: "Demandez à un médecin.", en: "Ask a doctor."}
#   source: matrix
deny contains "M1" if not in_matrix

in_matrix if {
	some class in input.resource.class
	class in data.pontlevis.matrix.cells[input.actor.profession]
}

author if input.actor.id in input.resource.author

# METADATA
# title: Member of the circle
# custom:
#   rule: P1
#   layer: person
#   reason: {fr: "Vous êtes dans le cercle de soins.", en: "You are in the circle of care."}
#   remedy: {fr: "Aucun.", en: "None."}
#   source: "CSP L1111-17"
grant contains "P1" if {
	input.patient.consent.since
	some link in input.patient.circle
	link.actor == input.actor.id
	now_ns < time.parse_rfc3339_ns(link.until)
}

decision := {"allow": false, "rule": min_rule(deny), "layer": "person", "tell": false, "obligations": []} if count(deny) > 0

decision := {"allow": true, "rule": "P1", "layer": "person", "tell": true, "obligations": obligations} if {
	count(deny) == 0
	"P1" in grant
}

obligations contains {"type": "trace", "properties": {"status": input.resource.status}} if input.resource.status != "current"

min_rule(rules) := [rule | some rule in ["P4", "P5", "M1"]; rule in rules][0]
