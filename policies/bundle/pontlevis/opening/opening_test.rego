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
