package pontlevis.telling_test

import rego.v2

import data.pontlevis.main
import data.pontlevis.world as w

_of(parts, telling) := object.union(
	object.remove(w.of(parts), ["resource"]),
	{"action": "notify", "resource": {"type": "AuditEvent"}, "telling": object.union({"about": "emergency", "by": "Practitioner/opener", "labels": []}, telling)},
)

_readable := w.allowed_with("E5.told", "person", {{"type": "readable", "properties": {}}})

_told := w.allowed("E5.told", "person")

_nothing := w.refused("default", "default")

_lucas := {"patient": {"born": "2011-05-01"}}

_secret := {"labels": ["INVISIBLE_REPRESENTANTS_LEGAUX"]}

_cases := {
	"the holder, of an emergency": [[w.camille], {}, _readable],
	"the holder, of a first access": [[w.camille], {"about": "first-access"}, _readable],
	"the holder, of a link": [[w.camille], {"about": "link"}, _readable],
	"the holder, of a verdict": [[w.camille], {"about": "closed"}, _readable],
	"the holder, of their card": [[w.camille], {"about": "card"}, _readable],
	"the treating doctor, of a card": [[w.treating], {"about": "card"}, _nothing],
	"the holder, of apps": [[w.camille], {"about": "apps"}, w.allowed_with("E5.told", "person", {
		{"type": "readable", "properties": {}},
		{"type": "again", "properties": {"days": 90}},
	})],
	"the holder, of what an app left": [[w.camille], {"about": "left", "by": "rappel-vaccins"}, _readable],
	"a representative, of what an app left": [[w.karim, _lucas], {"about": "left", "by": "rappel-vaccins"}, _readable],
	"the treating doctor, of what an app left": [[w.treating], {"about": "left", "by": "rappel-vaccins"}, _nothing],
	"the holder, of what is not in the table": [[w.camille], {"about": "weather"}, _nothing],
	"the holder, of their own act": [[w.camille], {"by": "Patient/camille"}, _nothing],
	"the holder, of a secret": [[w.camille], _secret, _readable],
	"a representative": [[w.karim, _lucas], {}, _readable],
	"a representative, of a secret": [[w.karim, _lucas], _secret, _nothing],
	"a representative of a protected adult": [[w.karim], {}, _readable],
	"a representative of who came of age": [[w.karim, {"patient": {"born": "2000-05-01"}}], {}, _nothing],
	"a carer, of an emergency": [[w.sofia], {}, _told],
	"a carer, of a secret": [[w.sofia], _secret, _nothing],
	"a carer, of a first access": [[w.sofia], {"about": "first-access"}, _nothing],
	"the treating doctor": [[w.treating], {}, _told],
	"the treating doctor, blocked": [[w.treating, w.blocked], {}, _nothing],
	"the treating doctor, of a first access": [[w.treating], {"about": "first-access"}, _nothing],
	"somebody of the circle": [[w.circle], {}, _nothing],
	"a stranger": [[w.stranger], {}, _nothing],
}

test_who_is_told[name] if {
	some name, c in _cases
	main.decision == c[2] with input as _of(c[0], c[1])
}
