package pontlevis.snapshot_test

import rego.v2

import data.pontlevis.main
import data.pontlevis.snapshot
import data.pontlevis.world as w

_copy := {"action": "snapshot", "resource": {"type": "Patient"}}

_ends := {{"type": "ends", "properties": {"days": 90}}}

_card := {"patient": {"card": {"since": "2026-11-01T00:00:00Z"}}}

# The resource has its type alone.
_asked(parts) := object.union(object.remove(w.of(parts), ["resource"]), _copy)

test_let_the_holder_take_a_copy_along if {
	main.decision == w.allowed_with("E7.copy", "person", _ends) with input as _asked([w.camille, _card])
}

test_let_the_representative_take_a_copy_along if {
	main.decision == w.allowed_with("P9.copy", "person", _ends) with input as _asked([w.karim, w.minor, _card])
}

test_refuse_everybody_else_who_takes_a_copy[name] if {
	some name, part in {"a carer": w.sofia, "a professional": w.circle, "the treating doctor": w.treating, "break-glass": w.glass}
	main.decision == w.told("P9.no-copy", "person") with input as _asked([part, _card])
}

test_refuse_a_representative_without_a_delegation_in_silence if {
	main.decision == w.refused("P9.no-delegation", "person") with input as _asked([w.karim, _card, {"patient": {"delegates": []}}])
}

test_refuse_another_person_in_silence if {
	main.decision == w.refused("E7.revoked", "person") with input as _asked([w.camille, {"patient": {"id": "lucas"}, "grant": {"patient": "lucas"}}])
}

test_refuse_an_app_that_takes_a_copy if {
	main.decision == w.told("A1.copy", "app") with input as _asked([w.camille, w.app, _card, {"client": {"label": {"categories": ["identity"]}}}])
}

test_refuse_a_copy_without_a_card_that_stands[name] if {
	some name, card in {"none": {}, "revoked": {"patient": {"card": {"since": "2026-11-01T00:00:00Z", "until": "2026-11-02T00:00:00Z"}}}}
	main.decision == w.told("E7.revoked", "person") with input as _asked([w.camille, card])
}

test_refuse_a_copy_of_a_space_that_is_not_open if {
	closed := {"patient": {"lifecycle": {"state": "closed"}}}
	main.decision.rule == "L3.not-open" with input as _asked([w.camille, _card, closed])
	main.decision.allow == false with input as _asked([w.camille, _card, closed])
}

test_refuse_a_copy_without_a_scope if {
	main.decision == w.told("A1.scope", "app") with input as _asked([w.camille, _card, {"grant": {"scopes": ["patient/Consent.cu"]}}])
}

test_refuse_when_nothing_permits_and_nothing_refuses if {
	snapshot.decision == w.refused("default", "default") with input as _asked([]) with snapshot.refusal as false
}
