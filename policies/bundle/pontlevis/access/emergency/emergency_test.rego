package pontlevis.access.emergency_test

import rego.v2

import data.pontlevis.main
import data.pontlevis.world as w

_emergency(rule, mode) := w.allowed_with(rule, "person", w.emergency_duties(mode))

_document(type) := {"resource": {"code": [concat("|", ["http://loinc.org", type])]}}

_tre(code) := {"resource": {"code": [concat("|", ["https://mos.esante.gouv.fr/NOS/TRE_A05-TypeDocComplementaire/FHIR/TRE-A05-TypeDocComplementaire", code])]}}

_of_status(type, status) := {"resource": {"type": type, "status": status}}

_deny(switch) := {"patient": {"switches": {switch: "deny"}}}

_reveal := {"patient": {"switches": {"MASKED": "permit"}}}

_vital := {
	"allergy": w.allergy,
	"identity": {"resource": {"type": "Patient"}},
	"trusted person": {"resource": {"type": "RelatedPerson"}},
	"implant": {"resource": {"type": "Device"}},
	"implant card": _document("101881-1"),
	"advance directives": _tre("EXPPAT_3"),
	"active treatment": _of_status("MedicationRequest", "active"),
	"treatment as stated": _of_status("MedicationStatement", "active"),
	"active problem": _of_status("Condition", "active"),
	"blood group": {"resource": {"type": "Observation", "code": ["http://loinc.org|882-1"]}},
}

test_the_first_stage_opens_the_vital_set[name] if {
	some name, piece in _vital
	main.decision == _emergency("E1.vital", "bris_de_glace") with input as w.of([w.glass, piece])
	main.decision == _emergency("E2.vital", "centre_15") with input as w.of([w.call, piece])
}

_rest := {
	"report": {},
	"past treatment": _of_status("MedicationRequest", "completed"),
	"resolved problem": _of_status("Condition", "resolved"),
	"measure": {"resource": {"type": "Observation", "code": ["http://loinc.org|8480-6"]}},
	"immunization": {"resource": {"type": "Immunization"}},
}

test_the_rest_waits_for_the_second_stage[name] if {
	some name, piece in _rest
	main.decision == w.refused("E3.stage", "person") with input as w.of([w.glass, piece])
	main.decision == _emergency("E1.record", "bris_de_glace") with input as w.of([w.glass, piece, w.second])
	main.decision == _emergency("E2.record", "centre_15") with input as w.of([w.call, piece, w.second])
}

test_nothing_opens_before_the_first_stage if {
	main.decision == w.refused("default", "default") with input as w.of([w.glass, w.allergy, {"grant": {"stage": 0}}])
}

test_masked_items_open_at_the_third_stage_if_the_person_permits if {
	main.decision == w.refused("P5.masked", "person") with input as w.of([w.glass, w.masked, w.third])
	main.decision == w.refused("P5.masked", "person") with input as w.of([w.glass, w.masked, w.second, _reveal])
	main.decision == w.refused("P5.masked", "person") with input as w.of([w.glass, w.allergy, w.masked, _reveal])
	main.decision == _emergency("E1.masked", "bris_de_glace") with input as w.of([w.glass, w.masked, w.third, _reveal])
	main.decision == _emergency("E2.masked", "centre_15") with input as w.of([w.call, w.masked, w.third, _reveal])
}

test_masked_switch_counts_only_with_the_switch_of_the_mode if {
	main.decision == w.told("E1.opposed", "person") with input as w.of([w.glass, w.masked, w.third, _reveal, _deny("BTG")])
}

test_what_refuses_an_emergency[name] if {
	some name, c in {
		"not a health professional": [[w.glass, w.social], w.told("E1.profession", "law")],
		"not a professional": [[w.camille, w.glass], w.told("E1.profession", "law")],
		"no reason": [[w.glass, {"grant": {"reason": ""}}], w.told("E1.reason", "law")],
		"reason of the other mode": [[w.glass, {"grant": {"reason": "call"}}], w.told("E1.reason", "law")],
		"call centre without reason": [[w.call, {"grant": {"reason": ""}}], w.told("E1.reason", "law")],
		"not regulating": [[w.call, {"actor": {"claims": {"regulation": false}}}], w.told("E2.regulation", "law")],
		"regulating nurse": [[w.call, w.nurse], w.told("E2.regulation", "law")],
		"regulating social worker": [[w.call, w.social], w.told("E2.regulation", "law")],
		"regulating patient": [[w.camille, w.call, {"grant": {"purpose": "ETREAT"}}], w.told("E2.regulation", "law")],
		"no patient in the grant": [[w.glass, {"grant": {"patient": ""}}], w.told("E3.patient", "law")],
		"another patient": [[w.glass, {"grant": {"patient": "lucas"}}], w.told("E3.patient", "law")],
		"sixty minutes on": [[w.glass, {"grant": {"since": "2026-11-21T09:00:00Z"}}], w.told("E3.expired", "law")],
		"call centre, sixty minutes on": [[w.call, {"grant": {"since": "2026-11-21T08:59:59Z"}}], w.told("E3.expired", "law")],
		"third stage without words": [[w.glass, {"grant": {"stage": 3}}], w.told("E3.typed-reason", "law")],
		"stage beyond the third without words": [[w.glass, _reveal, {"grant": {"stage": 4}}], w.told("E3.typed-reason", "law")],
		"third stage with blanks for words": [[w.glass, _reveal, {"grant": {"stage": 3, "typed_reason": " \n"}}], w.told("E3.typed-reason", "law")],
		"opposed": [[w.glass, w.allergy, _deny("BTG")], w.told("E1.opposed", "person")],
		"opposed to the call centre": [[w.call, w.allergy, _deny("ETREAT")], w.told("E2.opposed", "person")],
		"a switch that says neither": [[w.glass, w.allergy, {"patient": {"switches": {"BTG": "maybe"}}}], w.told("E1.opposed", "person")],
	}
	main.decision == c[1] with input as w.of(c[0])
}

test_the_other_switch_does_not_count if {
	main.decision == _emergency("E1.vital", "bris_de_glace") with input as w.of([w.glass, w.allergy, _deny("ETREAT")])
	main.decision == _emergency("E2.vital", "centre_15") with input as w.of([w.call, w.allergy, _deny("BTG")])
}

test_fifty_nine_minutes_on_it_is_still_open if {
	main.decision == _emergency("E1.vital", "bris_de_glace") with input as w.of([w.glass, w.allergy, {"grant": {"since": "2026-11-21T09:00:01Z"}}])
}

test_whoever_has_a_link_needs_no_emergency[name] if {
	some name, c in {
		"circle": [w.circle, "P1.circle", "person"],
		"treating": [w.treating, "L6.treating", "law"],
		"consulted": [{"patient": {"consent": {"explicit": [{"actor": "Practitioner/doc", "kind": "consultation", "since": "2026-11-21T09:00:00Z"}]}}}, "P1.consultation", "person"],
		"administrator": [object.union(w.consent, w.administrator), "L6.administrator", "law"],
	}
	main.decision == w.allowed_with(c[1], c[2], {w.notice("E4.enough")}) with input as w.of([w.glass, c[0], _deny("BTG")])
	main.decision == w.allowed_with(c[1], c[2], {w.notice("E4.enough")}) with input as w.of([w.call, c[0], _deny("ETREAT")])
}

test_the_author_reads_what_they_wrote_whatever_the_stage_and_the_switches if {
	main.decision == w.allowed("L6.author", "law") with input as w.of([w.glass, w.mine, _deny("BTG")])
	main.decision == w.allowed("L6.author", "law") with input as w.of([w.call, w.mine, _deny("ETREAT")])
}

test_a_search_of_the_first_stage_says_that_more_needs_a_second_gesture if {
	duties := w.emergency_duties("bris_de_glace") | {w.notice("E3.stage")}
	main.decision == w.allowed_with("E1.vital", "person", duties) with input as w.searching([w.glass], "Observation")
	main.decision == _emergency("E1.vital", "bris_de_glace") with input as w.searching([w.glass], "AllergyIntolerance")
	main.decision == w.told("E3.stage", "person") with input as w.searching([w.glass], "Immunization")
	main.decision == _emergency("E1.vital", "bris_de_glace") with input as w.searching([w.glass, w.second], "Observation")
	main.decision == _emergency("E1.record", "bris_de_glace") with input as w.searching([w.glass, w.second], "Immunization")
}

test_every_reason_is_said_in_both_languages[name] if {
	some mode, reasons in data.pontlevis.emergency_codes.reasons
	some code, reason in reasons
	name := concat("/", [mode, code])
	reason.fr != ""
	reason.en != ""
}

_card(patch) := {"patient": {"card": object.union({"since": "2026-11-01T00:00:00Z"}, patch)}}

test_the_card_opens_the_vital_set_to_a_health_professional[name] if {
	some name, piece in _vital
	main.decision == w.allowed_with("E7.card", "person", w.card_duties) with input as w.of([_card({}), piece])
}

test_the_card_opens_nothing_else[name] if {
	some name, piece in _rest
	main.decision == w.refused("P1.no-link", "person") with input as w.of([_card({}), piece])
}

_void := {
	"over": [_card({"until": "2026-11-21T09:00:00Z"})],
	"to come": [_card({"since": "2026-12-01T00:00:00Z"})],
	"given before the withdrawal of consent": [_card({"since": "2020-01-02T00:00:00Z"}), w.withdrawn],
}

test_a_card_that_does_not_stand_opens_nothing[name] if {
	some name, patches in _void
	not main.decision.allow with input as w.of(array.concat(patches, [w.allergy]))
}

_held := {"actor": {"identities": ["Practitioner/doc", "urn:pontlevis:card|ABCDEFGHJKMNPQRS"]}}

test_a_card_that_does_not_stand_opens_nothing_to_whoever_has_a_link[name] if {
	some name, patches in object.union(_void, {"revoked": []})
	main.decision == w.refused("E7.over", "person") with input as w.of(array.concat([w.circle, _held, w.allergy], patches))
}

test_a_card_that_stands_takes_no_way_in_from_anybody if {
	main.decision.rule == "P1.circle" with input as w.of([w.circle, _held, _card({}), w.allergy])
	main.decision == w.allowed_with("E7.card", "person", w.card_duties) with input as w.of([_held, _card({}), w.allergy])
}

test_a_card_is_for_health_professionals if {
	not main.decision.allow with input as w.of([_card({}), w.allergy, {"actor": {"kind": "carer"}}])
	not main.decision.allow with input as w.of([_card({}), w.allergy, {"actor": {"profession": "urn:oid:1.2.250.1.213.1.6.1.4|41"}}])
}

test_a_mask_and_a_block_win_over_the_card if {
	main.decision == w.refused("P5.masked", "person") with input as w.of([_card({}), w.allergy, w.masked])
	main.decision == w.refused("P4.blocked", "person") with input as w.of([_card({}), w.allergy, {"patient": {"blocked": ["Practitioner/doc"]}}])
}

test_who_has_a_way_in_needs_no_card if {
	main.decision.rule == "P1.circle" with input as w.of([w.circle, _card({}), w.allergy])
}
