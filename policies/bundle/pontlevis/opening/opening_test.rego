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

test_opening_an_emergency_access[name] if {
	some name, c in _cases
	main.decision == c[1] with input as _asked(c[0])
}

test_refuse_what_is_no_emergency if {
	opening.decision == w.refused("default", "default") with input as _asked([])
}
