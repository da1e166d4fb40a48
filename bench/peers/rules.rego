package peers

import rego.v2

grant contains "holder" if {
	input.subject.kind == "patient"
	input.subject.id == input.patient.id
}

grant contains "representative" if input.subject.id in input.patient.representatives

grant contains "author" if input.subject.id == input.resource.author

grant contains "team" if {
	input.subject.id in input.patient.team
	input.resource.type in data.matrix[input.subject.profession]
}

grant contains "treating" if input.subject.id in input.patient.treating

grant contains "break-glass" if {
	input.mode == "break_glass"
	input.subject.aal >= 2
}

grant contains "centre-15" if {
	input.mode == "centre_15"
	input.subject.profession == "doctor"
}

deny contains "closed" if input.patient.closed

deny contains "no-consent" if {
	input.subject.kind == "professional"
	input.mode == "normal"
	not input.patient.consent
}

deny contains "blocked" if input.subject.id in input.patient.blocked

deny contains "masked" if {
	"masked" in input.resource.labels
	input.subject.kind == "professional"
	input.subject.id != input.resource.author
}

deny contains "unannounced" if {
	"unannounced" in input.resource.labels
	input.subject.kind == "patient"
}

deny contains "minor-secret" if {
	"minor_secret" in input.resource.labels
	input.subject.kind == "representative"
}

deny contains "sensitive" if {
	"sensitive" in input.resource.labels
	not input.subject.profession in data.cleared
}

deny contains "withdrawn" if input.resource.status == "entered-in-error"

deny contains "unknown-type" if not input.resource.type in data.types

deny contains "weak" if {
	input.subject.kind == "professional"
	input.subject.aal < 2
}

deny contains "purpose" if {
	input.subject.kind == "professional"
	not input.purpose in {"TREAT", "ETREAT"}
}

default allow := false

allow if {
	count(grant) > 0
	count(deny) == 0
}

decision := {"allow": allow, "granted": grant, "denied": deny}
