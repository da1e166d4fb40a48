package pontlevis.access.grants_test

import rego.v2

import data.pontlevis.main
import data.pontlevis.world as w

_consulted(patch) := {"patient": {"consent": {"explicit": [object.union(
	{
		"actor": "Practitioner/doc",
		"kind": "consultation",
		"since": "2026-11-21T09:00:00Z",
	},
	patch,
)]}}}

_link(patch) := {"patient": {"circle": [object.union(w.linked.patient.circle[0], patch)]}}

_cases := {
	"holder": [[w.camille], w.allowed("L5.holder", "law")],
	"holder, whatever the type": [[w.camille, {"resource": {"type": "Basic"}}], w.allowed("L5.holder", "law")],
	"holder, the log": [[w.camille, {"resource": {"type": "AuditEvent"}}], w.allowed("L5.holder", "law")],
	"member of the circle": [[w.circle], w.allowed("P1.circle", "person")],
	"member by an identifier": [[w.consent, _link({"actor": "https://rpps.esante.gouv.fr|10001"})], w.allowed("P1.circle", "person")],
	"appointment of ten days ago": [[w.consent, _link({"source": "appointment", "until": "2026-11-11T09:00:00Z"})], w.allowed("P1.circle", "person")],
	"stay that ended ten days ago": [[w.consent, _link({"source": "encounter", "until": "2026-11-11T09:00:00Z"})], w.allowed("P1.circle", "person")],
	"member through the establishment": [[w.consent, _link({"actor": "Organization/clinic"})], w.allowed("P1.circle", "person")],
	"another's link": [[w.consent, _link({"actor": "Practitioner/other"})], w.refused("P1.no-link", "person")],
	"link until this instant": [[w.consent, _link({"source": "added", "until": "2026-11-21T10:00:00Z"})], w.refused("P2.ended", "person")],
	"appointment that fades this instant": [[w.consent, _link({"since": "2026-10-01T00:00:00Z", "until": "2026-10-22T10:00:00Z"})], w.refused("P2.ended", "person")],
	"appointment that fades in a second": [[w.consent, _link({"since": "2026-10-01T00:00:00Z", "until": "2026-10-22T10:00:01Z"})], w.allowed("P1.circle", "person")],
	"consent for the consultation": [[_consulted({})], w.allowed("P1.consultation", "person")],
	"consent for the consultation, recorded by another": [[_consulted({"recorder": "Practitioner/other"})], w.allowed("P1.consultation", "person")],
	"consent of twenty-four hours ago": [[_consulted({"since": "2026-11-20T10:00:00Z"})], w.refused("P1.no-link", "person")],
	"consent of a moment later": [[_consulted({"since": "2026-11-20T10:00:01Z"})], w.allowed("P1.consultation", "person")],
	"consent with an end of its own": [[_consulted({"since": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z"})], w.allowed("P1.consultation", "person")],
	"consent that has ended": [[_consulted({"until": "2026-11-21T09:30:00Z"})], w.refused("P1.no-link", "person")],
	"express consent without an end": [[_consulted({"kind": "express", "since": "2025-01-01T00:00:00Z"})], w.allowed("P1.consultation", "person")],
	"consent given after the withdrawal": [[w.withdrawn, _consulted({})], w.allowed("P1.consultation", "person")],
	"consent given before the withdrawal": [[w.withdrawn, _consulted({"kind": "express", "since": "2026-10-01T00:00:00Z"})], w.refused("P1.no-link", "person")],
	"consent for another": [[_consulted({"actor": "Practitioner/other"})], w.refused("P1.no-link", "person")],
	"treating doctor": [[w.treating], w.allowed("L6.treating", "law")],
	"treating doctor to be": [[{"patient": {"circle": [{"actor": "Practitioner/doc", "role": "treating", "source": "declared", "since": "2026-12-01T00:00:00Z"}]}}], w.refused("P1.no-link", "person")],
	"treating is a person": [[{"patient": {"circle": [{"actor": "Organization/clinic", "role": "treating", "source": "declared", "since": "2020-01-01T00:00:00Z"}]}}], w.refused("P1.no-consent", "person")],
	"author": [[w.mine], w.allowed("L6.author", "law")],
	"author by the establishment": [[{"resource": {"author": ["Organization/clinic"]}}], w.allowed("L6.author", "law")],
	"author of a message is no author": [[{"resource": {"type": "Communication", "author": ["Practitioner/doc"]}}], w.refused("P1.no-link", "person")],
	"administrator": [[w.consent, w.administrator], w.allowed("L6.administrator", "law")],
	"administrator without the initial consent": [[w.administrator], w.refused("P1.no-link", "person")],
	"another administrator": [[w.consent, {"patient": {"administrators": ["Practitioner/other"]}}], w.refused("P1.no-link", "person")],
	"a system reads what its establishment wrote": [[w.lab, {"resource": {"author": ["Organization/lab"]}}], w.allowed("L6.author", "law")],
	"a system in the circle does not read": [[w.lab, w.consent, {"patient": {"circle": [{"actor": "Organization/lab", "source": "encounter", "since": "2026-01-01T00:00:00Z"}]}}], w.refused("default", "default")],
}

test_what_opens_a_resource[name] if {
	some name, c in _cases
	main.decision == c[1] with input as w.of(c[0])
}

test_several_grants_name_the_first if {
	main.decision.rule == "L6.author" with input as w.of([w.consent, w.treating, w.mine])
	main.decision.rule == "L6.administrator" with input as w.of([w.circle, w.administrator, w.mine])
}

test_a_patient_is_never_a_caregiver_by_being_named_in_facts if {
	named := {"patient": {
		"circle": [{"actor": "Patient/other", "role": "treating", "source": "added", "since": "2020-01-01T00:00:00Z"}],
		"administrators": ["Patient/other"],
		"consent": {"explicit": [{"actor": "Patient/other", "kind": "express", "since": "2026-11-01T00:00:00Z"}]},
	}}
	main.decision == w.refused("P9.no-delegation", "person") with input as w.of([w.stranger, w.consent, named])
	main.decision == w.refused("P9.no-delegation", "person") with input as w.of([w.stranger, {"resource": {"author": ["Patient/other"], "members": ["Patient/other"]}}])
}
