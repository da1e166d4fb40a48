package pontlevis.access_test

import data.pontlevis.main

import rego.v2

base := {
	"actor": {"id": "Practitioner/a", "kind": "professional", "profession": "doctor"},
	"action": "read",
	"now": "2026-01-02T00:00:00Z",
	"patient": {"id": "p", "consent": {"since": "2026-01-01T00:00:00Z"}, "blocked": [], "circle": [{"actor": "Practitioner/a", "until": "2026-02-01T00:00:00Z"}]},
	"resource": {"type": "DocumentReference", "id": "d", "class": ["letter"], "labels": [], "author": [], "status": "current"},
}

test_allow_circle if {
	d := main.decision with input as base
	d.allow
	d.rule == "P1"
}

test_deny_blocked if {
	d := main.decision with input as base with input.patient.blocked as ["Practitioner/a"]
	d == {"allow": false, "rule": "P4", "layer": "person", "tell": false, "obligations": []}
}

test_deny_masked if {
	d := main.decision with input as base with input.resource.labels as ["MASQUE_PS"]
	d.rule == "P5"
}

test_allow_masked_author if {
	d := main.decision with input as base with input.resource.labels as ["MASQUE_PS"] with input.resource.author as ["Practitioner/a"]
	d.allow
}

test_deny_matrix if {
	d := main.decision with input as base with input.actor.profession as "nurse"
	d.rule == "M1"
}

test_deny_no_link if {
	d := main.decision with input as base with input.patient.circle as []
	d == {"allow": false, "rule": "D0", "layer": "default", "tell": false}
}

test_deny_other_action if {
	d := main.decision with input as base with input.action as "write"
	d.rule == "D0"
}
