package pontlevis.access.law_test

import rego.v2

import data.pontlevis.main
import data.pontlevis.world as w

_insurer(category) := {"client": {"category": category}}

test_refuse_clients_whom_the_law_shuts_out[category] if {
	some category in ["insurer", "complementary-cover", "bank", "employer", "mutual"]
	main.decision == w.told("L1.client", "law") with input as w.of([w.camille, _insurer(category)])
}

test_allow_a_client_of_another_category if {
	main.decision == w.allowed("L5.holder", "law") with input as w.of([w.camille, _insurer("health")])
}

_research := {"grant": {"purpose": "HOPERAT"}, "client": {"label": {"purposes": ["HOPERAT"]}}}

test_refuse_an_app_for_another_purpose_than_care if {
	main.decision == w.told("L2.purpose", "law") with input as w.of([w.camille, w.app, w.app_consent, _research])
	main.decision == w.told("L4.purpose", "law") with input as w.of([w.camille, {"grant": {"purpose": "HRESCH"}}])
}

test_allow_an_app_of_a_professional_in_an_emergency_by_its_own_rules if {
	main.decision == w.told("A1.label", "app") with input as w.of([w.app, w.glass])
}

test_refuse_whatever_follows_the_end_of_the_grant[until] if {
	some until in ["2026-11-21T10:00:00Z", "2026-11-21T09:59:59Z", ""]
	main.decision == w.told("L4.expired", "law") with input as w.of([w.camille, {"grant": {"until": until}}])
}

test_refuse_a_grant_without_end if {
	world := w.of([w.camille])
	without := object.union(object.remove(world, ["grant"]), {"grant": object.remove(world.grant, ["until"])})
	main.decision == w.told("L4.expired", "law") with input as without
}

test_refuse_an_access_mode_that_does_not_exist if {
	main.decision == w.told("L4.mode", "law") with input as w.of([w.camille, {"grant": {"mode": "admin"}}])
}

test_refuse_a_purpose_that_does_not_fit_the_mode[name] if {
	some name, parts in {
		"emergency purpose in normal mode": [w.circle, {"grant": {"purpose": "ETREAT"}}],
		"patient's request behind broken glass": [w.glass, {"grant": {"purpose": "PATRQT"}}],
		"break-glass purpose at the call centre": [w.call, {"grant": {"purpose": "BTG"}}],
		"unknown purpose": [w.circle, {"grant": {"purpose": "CURIOSITY"}}],
	}
	main.decision == w.told("L4.purpose", "law") with input as w.of(parts)
}

test_refuse_a_space_that_is_not_open_in_silence[state] if {
	some state in ["announced", "opposed", "closed", "archived", "suspended", "erasing", "erased", ""]
	main.decision == w.refused("L3.not-open", "law") with input as w.of([w.circle, w.treating, w.mine, {"patient": {"lifecycle": {"state": state}}}])
}

_closed := {"patient": {"lifecycle": {"state": "closed", "since": "2026-10-01T00:00:00Z", "until": "2036-10-01T00:00:00Z"}}}

_state_shown := {
	"allow": false, "rule": "L3.not-open", "layer": "law", "tell": true,
	"obligations": [{"type": "lifecycle", "properties": _closed.patient.lifecycle}],
}

test_tell_the_holder_and_the_representative_the_state_of_a_closed_space if {
	main.decision == _state_shown with input as w.of([w.camille, _closed])
	main.decision == _state_shown with input as w.of([w.karim, w.minor, _closed])
}

test_tell_nobody_else_the_state_of_a_closed_space if {
	main.decision == w.refused("L3.not-open", "law") with input as w.of([w.stranger, _closed])
	main.decision == w.refused("L3.not-open", "law") with input as w.of([w.sofia, _closed])
}

test_refuse_a_record_whose_person_is_not_known if {
	main.decision == w.refused("L3.not-open", "law") with input as object.remove(w.of([w.nurse]), ["patient"])
}

_explicit(kind) := {"patient": {"consent": {"explicit": [{
	"actor": "Practitioner/doc",
	"kind": kind,
	"since": "2026-11-21T09:00:00Z",
}]}}}

_role(role) := {"patient": {"circle": [{"actor": "Practitioner/doc", "role": role, "source": "added", "since": "2026-11-01T00:00:00Z"}]}}

test_refuse_occupational_and_fire_service_doctors_without_express_consent[name] if {
	some name, parts in {
		"occupational by speciality": [w.circle, w.occupational],
		"occupational by role": [w.consent, _role("occupational")],
		"fire service by role": [w.consent, _role("fire-service")],
		"consent for a consultation is not express": [w.circle, w.occupational, _explicit("consultation")],
	}
	main.decision == w.refused("L7.express", "law") with input as w.of(parts)
}

test_allow_an_occupational_doctor_with_express_consent_or_as_author_or_in_an_emergency if {
	main.decision == w.allowed("P1.consultation", "person") with input as w.of([w.occupational, _explicit("express")])
	main.decision == w.allowed("L6.author", "law") with input as w.of([w.occupational, w.mine])
	main.decision.rule == "E1.vital" with input as w.of([w.occupational, w.glass, w.allergy])
}

test_refuse_a_coordinating_doctor_without_the_residents_agreement if {
	main.decision == w.refused("L7.agreement", "law") with input as w.of([w.consent, _role("coordinator")])
}

test_allow_a_coordinating_doctor_with_agreement_or_as_author_or_treating_or_in_an_emergency if {
	main.decision == w.allowed("P1.circle", "person") with input as w.of([w.consent, _role("coordinator"), _explicit("consultation")])
	main.decision == w.allowed("L6.author", "law") with input as w.of([w.consent, _role("coordinator"), w.mine])
	main.decision.rule == "P1.circle" with input as w.of([w.consent, _role("coordinator"), w.glass])
	both := {"patient": {"circle": array.concat(_role("coordinator").patient.circle, w.treating.patient.circle)}}
	main.decision == w.allowed("L6.treating", "law") with input as w.of([both])
}

test_allow_a_doctor_of_child_protection_like_any_member_of_the_circle if {
	main.decision == w.allowed("P1.circle", "person") with input as w.of([w.consent, _role("pmi")])
}

test_refuse_data_of_another_host if {
	main.decision == w.refused("L8.host", "law") with input as w.of([w.circle, {"resource": {"host": "other"}}])
	main.decision == w.refused("L8.host", "law") with input as w.of([w.circle, {"resource": {"host": "elsewhere"}}])
}

test_allow_data_of_its_own_host if {
	main.decision == w.allowed("L5.holder", "law") with input as w.of([w.camille, {"resource": {"type": "Communication", "host": "other"}}])
	main.decision == w.allowed("L5.holder", "law") with input as w.of([w.camille, {"resource": {"type": "Observation", "host": "other"}}])
	main.decision == w.refused("L8.host", "law") with input as w.of([w.camille, {"resource": {"type": "Communication", "host": "dmp"}}])
}

test_refuse_a_resource_that_is_not_described[attribute] if {
	some attribute in ["id", "labels", "code", "author", "members"]
	world := w.of([w.circle])
	without := object.union(object.remove(world, ["resource"]), {"resource": object.remove(world.resource, [attribute])})
	main.decision == w.refused("L8.undescribed", "law") with input as without
}
