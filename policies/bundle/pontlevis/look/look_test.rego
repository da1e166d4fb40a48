package pontlevis.look_test

import rego.v2

import data.pontlevis.look
import data.pontlevis.main
import data.pontlevis.world as w

_look := {"action": "look", "resource": {"type": "Patient"}, "eyes": "professional"}

# The resource has its type alone.
_asked(parts) := object.union(object.remove(w.of(parts), ["resource"]), _look)

test_let_the_holder_look_through_all_eyes_that_are_listed[kind] if {
	some kind, _ in data.pontlevis.eyes.kinds
	main.decision == w.allowed("L5.look", "law") with input as object.union(_asked([w.camille]), {"eyes": kind})
}

test_let_the_representative_look_for_whom_they_represent if {
	main.decision == w.allowed("P9.look", "person") with input as _asked([w.karim, w.minor])
}

test_refuse_everybody_else_who_looks[name] if {
	some name, part in {"a carer": w.sofia, "a professional": w.circle, "the treating doctor": w.treating, "break-glass": w.glass}
	main.decision == w.told("P9.no-look", "person") with input as _asked([part])
}

test_refuse_a_representative_without_a_delegation_in_silence if {
	main.decision == w.refused("P9.no-delegation", "person") with input as _asked([w.karim, {"patient": {"delegates": []}}])
}

test_refuse_another_person_in_silence if {
	main.decision == w.refused("P9.no-delegation", "person") with input as _asked([w.camille, {"patient": {"id": "lucas"}, "grant": {"patient": "lucas"}}])
}

test_refuse_an_app_that_looks if {
	main.decision == w.told("A1.look", "app") with input as _asked([w.camille, w.app, {"client": {"label": {"categories": ["identity"]}}}])
}

test_refuse_eyes_that_are_not_listed[eyes] if {
	some eyes in ["patient", "helper", ""]
	main.decision == w.told("L5.eyes", "law") with input as object.union(_asked([w.camille]), {"eyes": eyes})
}

test_refuse_to_look_at_a_space_that_is_not_open if {
	closed := {"patient": {"lifecycle": {"state": "closed"}}}
	main.decision.rule == "L3.not-open" with input as _asked([w.camille, closed])
	main.decision.allow == false with input as _asked([w.camille, closed])
}

test_refuse_to_look_without_a_scope if {
	main.decision == w.told("A1.scope", "app") with input as _asked([w.camille, {"grant": {"scopes": ["patient/Consent.cu"]}}])
}

test_refuse_when_nothing_permits_and_nothing_refuses if {
	look.decision == w.refused("default", "default") with input as _asked([]) with look.refusal as false
}
