package pontlevis.opening_test

import rego.v2

import data.pontlevis.main
import data.pontlevis.opening
import data.pontlevis.world as w

_open := {"action": "open_emergency", "resource": {"type": "Patient"}}

# The resource has its type alone.
_asked(parts) := object.union(object.remove(w.of(parts), ["resource"]), _open)

_cases := {
	"break-glass": [[w.glass], w.allowed_with("E1.open", "person", w.emergency_duties("bris_de_glace"))],
	"call centre": [[w.call], w.allowed_with("E2.open", "person", w.emergency_duties("centre_15"))],
	"without scopes": [[w.glass, {"grant": {"scopes": []}}], w.allowed_with("E1.open", "person", w.emergency_duties("bris_de_glace"))],
	"normal mode": [[], w.refused("default", "default")],
	"a link is enough": [[w.glass, w.circle], w.told("E4.enough", "person")],
	"a link without consent is not": [[w.glass, w.linked], w.allowed_with("E1.open", "person", w.emergency_duties("bris_de_glace"))],
	"the treating doctor": [[w.call, w.treating], w.told("E4.enough", "person")],
	"blocked": [[w.glass, w.blocked], w.refused("P4.blocked", "person")],
	"blocked, with a link": [[w.glass, w.circle, w.blocked], w.refused("P4.blocked", "person")],
	"opposed": [[w.glass, {"patient": {"switches": {"BTG": "deny"}}}], w.told("E1.opposed", "person")],
	"opposed to the call centre": [[w.call, {"patient": {"switches": {"ETREAT": "deny"}}}], w.told("E2.opposed", "person")],
	"no reason": [[w.glass, {"grant": {"reason": ""}}], w.told("E1.reason", "law")],
	"overdue cases": [[w.glass, {"establishment": {"overdue_cases": 1}}], w.told("E5.overdue", "establishment")],
	"a space that is not open": [[w.glass, {"patient": {"lifecycle": {"state": "closed"}}}], w.refused("L3.not-open", "law")],
	"occupational doctor": [[w.glass, w.occupational], w.allowed_with("E1.open", "person", w.emergency_duties("bris_de_glace"))],
}

_before(openings) := {"openings": openings}

_hour_ago := {"since": "2026-11-21T09:00:00Z", "reason": "unconscious"}

_two_hours_ago := {"since": "2026-11-21T08:00:00Z", "reason": "unconscious"}

_other := {"grant": {"reason": "vital-risk"}}

_opens := w.allowed_with("E1.open", "person", w.emergency_duties("bris_de_glace"))

test_an_emergency_is_extended_once_with_a_new_reason[name] if {
	some name, c in {
		"nothing before": [[w.glass, _before([])], _opens],
		"the same reason": [[w.glass, _before([_hour_ago])], w.told("E3.new-reason", "law")],
		"another reason": [[w.glass, _other, _before([_hour_ago])], _opens],
		"a reason in writing": [[w.glass, {"grant": {"typed_reason": "Still unconscious."}}, _before([_hour_ago])], _opens],
		"blanks in writing": [[w.glass, {"grant": {"typed_reason": " \n"}}, _before([_hour_ago])], w.told("E3.new-reason", "law")],
		"a second time": [[w.glass, _other, _before([_hour_ago, _two_hours_ago])], w.told("E3.extended", "law")],
		"a second time, the same reason": [[w.glass, _before([_hour_ago, _two_hours_ago])], w.told("E3.extended", "law")],
		"twice in one stretch": [[w.glass, _other, _before([_hour_ago, object.union(_hour_ago, {"reason": "x"})])], _opens],
		"another emergency": [[w.glass, _before([object.union(_hour_ago, {"since": "2026-11-21T06:00:00Z"})])], _opens],
		"nearly another emergency": [[w.glass, _before([object.union(_hour_ago, {"since": "2026-11-21T06:00:01Z"})])], w.told("E3.new-reason", "law")],
		"a link is enough": [[w.glass, w.circle, _before([_hour_ago, _two_hours_ago])], w.told("E4.enough", "person")],
		"the call centre": [[w.call, _before([_hour_ago, _two_hours_ago])], w.told("E3.extended", "law")],
	}
	main.decision == c[1] with input as _asked(c[0])
}

test_settings_say_how_often if {
	asked := _asked([w.glass, _other, _before([_hour_ago, _two_hours_ago])])
	main.decision == _opens with input as asked with data.pontlevis.settings.emergency.extensions as 2
	main.decision == w.told("E3.extended", "law") with input as asked with data.pontlevis.settings.emergency as {"minutes": 60, "case_hours": 72, "matrix": true}
	never := _asked([w.glass, _other, _before([_hour_ago])])
	main.decision == w.told("E3.extended", "law") with input as never with data.pontlevis.settings.emergency.extensions as 0
}

test_opening_an_emergency_access[name] if {
	some name, c in _cases
	main.decision == c[1] with input as _asked(c[0])
}

test_refuse_what_is_no_emergency if {
	opening.decision == w.refused("default", "default") with input as _asked([])
}

_of(action, parts) := object.union(object.remove(w.of(parts), ["resource"]), {"action": action, "resource": {"type": "Patient"}})

_unfound := {"grant": {"patient": "", "reason": ""}}

_no_reason := {"grant": {"reason": ""}}

_overdue := {"establishment": {"overdue_cases": 1}}

_drill := {"patient": {"drill": true}}

_typed := {{"type": "typed-reason", "properties": {}}}

_marked := {{"type": "drill", "properties": {}}}

_questions := {
	"break-glass": [[w.glass, _no_reason], w.allowed("E1.needed", "person")],
	"call centre": [[w.call, _no_reason], w.allowed("E2.needed", "person")],
	"overdue cases": [[w.glass, _no_reason, _overdue], w.allowed_with("E1.needed", "person", _typed)],
	"a drill": [[w.glass, _no_reason, _drill], w.allowed_with("E1.needed", "person", _marked)],
	"normal mode": [[], w.refused("default", "default")],
	"a link is enough": [[w.glass, _no_reason, w.circle], w.told("E4.enough", "person")],
	"a link is enough, overdue cases or not": [[w.glass, _no_reason, w.circle, _overdue], w.told("E4.enough", "person")],
	"blocked": [[w.glass, _no_reason, w.blocked], w.refused("P4.blocked", "person")],
	"opposed": [[w.glass, _no_reason, {"patient": {"switches": {"BTG": "deny"}}}], w.told("E1.opposed", "person")],
	"opposed to the call centre": [[w.call, _no_reason, {"patient": {"switches": {"ETREAT": "deny"}}}], w.told("E2.opposed", "person")],
	"a space that is not open": [[w.glass, _no_reason, {"patient": {"lifecycle": {"state": "closed"}}}], w.refused("L3.not-open", "law")],
	"no health professional": [[w.glass, _no_reason, w.social], w.told("E1.profession", "law")],
	"no regulating doctor": [[w.call, _no_reason, {"actor": {"claims": {"regulation": false}}}], w.told("E2.regulation", "law")],
	"the grant is over": [[w.glass, _no_reason, {"grant": {"until": "2026-11-21T09:59:00Z"}}], w.told("L4.expired", "law")],
	"an app without label": [[w.glass, _no_reason, {"client": {"kind": "smart"}}], w.told("A3.status", "app")],
	"a helper": [[w.call, _no_reason, w.helper], w.told("E2.regulation", "law")],
}

test_asking_what_an_emergency_access_would_need[name] if {
	some name, c in _questions
	main.decision == c[1] with input as _of("ask_emergency", c[0])
}

_finds := {
	"break-glass": [[w.glass, _unfound], w.allowed("E1.find", "law")],
	"call centre": [[w.call, _unfound], w.allowed("E1.find", "law")],
	"overdue cases": [[w.glass, _unfound, _overdue], w.allowed("E1.find", "law")],
	"normal mode": [[_unfound], w.refused("default", "default")],
	"no health professional": [[w.glass, _unfound, w.social], w.told("E1.profession", "law")],
	"no professional": [[w.glass, _unfound, w.camille], w.told("E1.profession", "law")],
	"no regulating doctor": [[w.call, _unfound, {"actor": {"claims": {"regulation": false}}}], w.told("E2.regulation", "law")],
	"an app without label": [[w.glass, _unfound, {"client": {"kind": "smart"}}], w.told("A3.status", "app")],
}

test_looking_for_a_person[name] if {
	some name, c in _finds
	main.decision == c[1] with input as object.remove(_of("find_patient", c[0]), ["patient"])
}

test_a_drill_is_marked_and_nobody_is_told if {
	duties := _marked | {duty | some duty in w.emergency_duties("bris_de_glace"); not duty.type in {"notify", "case"}}
	main.decision == w.allowed_with("E1.open", "person", duties) with input as _asked([w.glass, _drill])
	main.decision == w.allowed_with("E1.vital", "person", duties) with input as w.of([w.glass, w.allergy, _drill])
	main.decision == w.allowed("P1.circle", "person") with input as w.of([w.circle, w.allergy, _drill])
}

test_an_emergency_access_ends_and_shows_what_it_opened if {
	main.decision == w.allowed("E3.ended", "law") with input as _of("end_emergency", [w.glass])
	main.decision == w.allowed("E3.receipt", "law") with input as _of("emergency_receipt", [w.call, {"grant": {"until": "2026-11-21T09:59:00Z"}}])
	main.decision == w.refused("default", "default") with input as _of("end_emergency", [])
	main.decision == w.refused("default", "default") with input as _of("emergency_receipt", [])
}

test_an_app_that_only_reads_may_open_an_emergency_access if {
	reader := {"client": {"kind": "smart", "label": {"status": "online", "exchange": true, "purposes": ["TREAT"], "directions": ["read"], "categories": ["demographics"]}}}
	main.decision == w.allowed_with("E1.open", "person", w.emergency_duties("bris_de_glace")) with input as _asked([w.glass, {"grant": {"purpose": "TREAT"}}, reader])
	main.decision == w.told("A1.label", "app") with input as _asked([w.glass, {"grant": {"purpose": "TREAT"}}, reader, {"client": {"label": {"directions": ["write"]}}}])
}
