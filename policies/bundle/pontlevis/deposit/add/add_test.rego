package pontlevis.deposit.add_test

import rego.v2

import data.pontlevis.main
import data.pontlevis.world as w

_deposit := {"action": "deposit"}

_labels(labels) := {"resource": {"labels": labels}}

_type(type) := {"resource": {"type": type}}

_report := {"resource": {"code": ["http://loinc.org|15507-7"]}}

_measure := [w.camille, w.app, w.app_consent]

_signed(source) := {"resource": {"source": source}}

_labelled(category) := {"client": {"label": {"categories": [category]}}}

_of_lab := {"resource": {"author": ["Organization/lab"], "members": ["Organization/lab"]}}

_cases := {
	"holder": [[w.camille], w.allowed("D1.holder", "person")],
	"representative": [[w.karim, w.minor], w.allowed("D1.representative", "person")],
	"representative of a child grown up": [[w.karim, {"patient": {"delegates": [{"actor": "RelatedPerson/karim", "kind": "legal-representative", "since": "1990-01-01T00:00:00Z"}]}}], w.told("P8.majority", "person")],
	"carer": [[w.sofia], w.allowed("D1.carer", "person")],
	"another patient": [[w.stranger], w.refused("P9.no-delegation", "person")],
	"helper": [[w.helper], w.told("P9.helper", "person")],
	"member of the circle": [[w.circle], w.allowed("D1.circle", "person")],
	"member of the circle without consent to read": [[w.linked], w.allowed("D1.circle", "person")],
	"member of the circle after withdrawal": [[w.circle, w.withdrawn], w.allowed("D1.circle", "person")],
	"professional consulted": [[{"patient": {"consent": {"explicit": [{"actor": "Practitioner/doc", "kind": "consultation", "since": "2026-11-21T09:00:00Z"}]}}}], w.allowed("D1.consultation", "person")],
	"occupational doctor of the circle": [[w.circle, w.occupational], w.allowed("D1.circle", "person")],
	"blocked, without a link": [[w.blocked], w.told("D1.no-link", "person")],
	"blocked, whose link is over": [[{"patient": {"circle": [{"actor": "Practitioner/doc", "source": "added", "since": "2020-01-01T00:00:00Z", "until": "2021-01-01T00:00:00Z"}]}}, w.blocked], w.allowed("D1.blocked", "person")],
	"blocked, with a link": [[w.circle, w.blocked], w.allowed("D1.blocked", "person")],
	"no link": [[], w.told("D1.no-link", "person")],
	"social worker of the circle": [[w.circle, w.social], w.allowed("D1.circle", "person")],
	"laboratory": [[w.lab], w.allowed("D1.system", "person")],
	"laboratory that signs for another": [[w.lab, _signed("urn:pontlevis:client:other")], w.told("A5.source", "app")],
	"laboratory without the scope to create": [[w.lab, {"grant": {"scopes": ["system/*.rs"]}}], w.told("A1.scope", "app")],
	"laboratory whose label is suspended": [[w.lab, {"client": {"label": {"status": "suspended"}}}], w.told("A3.status", "app")],
	"a system through the portal": [[w.lab, {"client": {"kind": "portal"}}], w.told("D1.no-link", "person")],
	"refused depositor": [[w.circle, {"patient": {"refused_depositors": ["Practitioner/doc"]}}], w.told("D1.refused", "person")],
	"refused laboratory": [[w.lab, {"patient": {"refused_depositors": ["Organization/lab"]}}], w.told("D1.refused", "person")],
	"another depositor is refused": [[w.circle, {"patient": {"refused_depositors": ["Practitioner/other"]}}], w.allowed("D1.circle", "person")],
	"a space that is not open": [[w.circle, {"patient": {"lifecycle": {"state": "closed"}}}], w.refused("L3.not-open", "law")],
	"an insurer": [[w.camille, {"client": {"category": "insurer"}}], w.told("L1.client", "law")],
	"another host": [[w.circle, {"resource": {"host": "other"}}], w.refused("L8.host", "law")],
	"a type outside the matrix": [[w.circle, w.nurse, {"resource": {"code": []}}], w.allowed("D1.circle", "person")],
	"the log": [[w.camille, _type("AuditEvent")], w.told("D1.type", "person")],
	"a consent": [[w.camille, _type("Consent")], w.told("D1.type", "person")],
	"the directory": [[w.circle, _type("Practitioner")], w.told("D1.directory", "law")],
	"an encounter by a professional": [[w.circle, _type("Encounter")], w.told("P2.evidence", "person")],
	"an encounter by a system": [[w.lab, _type("Encounter"), _labelled("history")], w.told("P2.evidence", "person")],
	"an encounter by a system that names itself": [[w.lab, _type("Encounter"), _labelled("history"), _of_lab], w.told("P2.evidence", "person")],
	"an appointment by a system": [[w.lab, _type("Appointment"), _labelled("agenda")], w.told("P2.evidence", "person")],
	"an episode of care by a system": [[w.lab, _type("EpisodeOfCare"), _labelled("history")], w.told("P2.evidence", "person")],
	"a condition by a system": [[w.lab, _type("Condition"), _labelled("history")], w.allowed("D1.system", "person")],
	"an encounter by a representative": [[w.karim, w.minor, _type("Encounter")], w.allowed("D1.representative", "person")],
	"an appointment by a carer": [[w.sofia, _type("Appointment")], w.told("P2.evidence", "person")],
	"an appointment by the holder": [[w.camille, _type("Appointment")], w.allowed("D1.holder", "person")],
	"a condition by a professional": [[w.circle, _type("Condition")], w.allowed("D1.circle", "person")],
	"masked": [[w.circle, _labels(["N", "MASQUE_PS"])], w.allowed("D1.circle", "person")],
	"announcement pending": [[w.circle, _labels(["N", "INVISIBLE_PATIENT"])], w.allowed("D1.circle", "person")],
	"masked and announcement pending": [[w.circle, _labels(["MASQUE_PS", "INVISIBLE_PATIENT"])], w.told("P6.together", "person")],
	"announcement by the holder": [[w.camille, _labels(["INVISIBLE_PATIENT"])], w.told("P6.announcement", "person")],
	"announcement by a laboratory": [[w.lab, _labels(["INVISIBLE_PATIENT"])], w.allowed("D1.system", "person")],
	"masked by default": [[w.circle, {"patient": {"default_masked": true}}], w.allowed_with("D1.circle", "person", {{"type": "label", "properties": data.pontlevis.codes.mask}})],
	"masked by default, masked already": [[w.circle, w.masked, {"patient": {"default_masked": true}}], w.allowed("D1.circle", "person")],
	"masked by default, announcement pending": [[w.circle, _labels(["INVISIBLE_PATIENT"]), {"patient": {"default_masked": true}}], w.allowed("D1.circle", "person")],
	"masked by default, by the holder": [[w.camille, {"patient": {"default_masked": true}}], w.allowed("D1.holder", "person")],
	"measure nobody signed": [_measure, w.allowed("D1.holder", "person")],
	"measure signed by the app": [array.concat(_measure, [_signed("urn:pontlevis:client:glycare")]), w.allowed("D1.holder", "person")],
	"measure signed with its identifier": [array.concat(_measure, [_signed("glycare")]), w.allowed("D1.holder", "person")],
	"measure signed with a part": [array.concat(_measure, [_signed("urn:pontlevis:client:glycare#sensor")]), w.allowed("D1.holder", "person")],
	"measure signed by another": [array.concat(_measure, [_signed("urn:pontlevis:client:glycare2")]), w.told("A5.source", "app")],
	"measure without consent to write": [[w.camille, w.app, {"patient": {"apps": [w.app_consent.patient.apps[0]]}}], w.told("A1.consent", "app")],
	"report of the emergency": [[w.glass, _report], w.allowed("E1.report", "person")],
	"another document in an emergency": [[w.glass, w.circle], w.told("E1.read-only", "person")],
	"result with the code of a report in an emergency": [[w.glass, _report, {"resource": {"type": "Observation"}}], w.told("E1.read-only", "person")],
	"report at the call centre": [[w.call, _report], w.told("E1.read-only", "person")],
	"report where the person opposes": [[w.glass, _report, {"patient": {"switches": {"BTG": "deny"}}}], w.told("E1.read-only", "person")],
	"report by whoever is no health professional": [[w.glass, _report, w.social], w.told("E1.profession", "law")],
}

test_what_may_be_deposited[name] if {
	some name, c in _cases
	main.decision == c[1] with input as w.of(array.concat([_deposit], c[0]))
}

test_masked_and_invisible_together_by_the_setting if {
	parts := [_deposit, w.circle, _labels(["MASQUE_PS", "INVISIBLE_PATIENT"])]
	main.decision.rule == "D1.circle" with input as w.of(parts) with data.pontlevis.settings.labels_together as true
	masking := [_deposit, w.circle, _labels(["INVISIBLE_PATIENT"]), {"patient": {"default_masked": true}}]
	main.decision == w.allowed_with("D1.circle", "person", {{"type": "label", "properties": data.pontlevis.codes.mask}}) with input as w.of(masking)
		with data.pontlevis.settings.labels_together as true
}

test_under_a_secret_connection_only_what_representatives_do_not_see if {
	secret := {"grant": {"secret": true}}
	refused := object.union(w.told("P8.secret-deposit", "person"), {"obligations": [w.hidden_trace]})
	main.decision == refused with input as w.of([_deposit, w.circle, w.minor, secret])
	main.decision == w.allowed_with("D1.circle", "person", {w.hidden_trace}) with input as w.of([_deposit, w.circle, w.minor, secret, _labels(["INVISIBLE_REPRESENTANTS_LEGAUX"])])
	main.decision == w.allowed_with("D1.circle", "person", {w.hidden_trace}) with input as w.of([_deposit, w.circle, w.minor, _labels(["INVISIBLE_REPRESENTANTS_LEGAUX"])])
}
