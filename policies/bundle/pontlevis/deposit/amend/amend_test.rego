package pontlevis.deposit.amend_test

import rego.v2

import data.pontlevis.main
import data.pontlevis.world as w

_action(action) := {"action": action}

_change(added, removed) := {"action": "relabel", "change": {"labels_added": added, "labels_removed": removed}}

_mask := _change(["MASQUE_PS"], [])

_unmask := _change([], ["MASQUE_PS"])

_announced := {"resource": {"labels": ["N", "INVISIBLE_PATIENT"]}}

_reveal := _change([], ["INVISIBLE_PATIENT"])

_default := {"patient": {"default_masked": true}}

_both := {"resource": {"labels": ["N", "MASQUE_PS", "INVISIBLE_PATIENT"]}}

_swap := _change(["MASQUE_PS"], ["INVISIBLE_PATIENT"])

_at_request := w.allowed_with("P5.at-request", "person", {{"type": "notify", "properties": {"about": "mask", "to": ["holder"]}}})

_inherits(code) := w.allowed_with("D2.replace", "person", {{"type": "label", "properties": {
	"system": data.pontlevis.codes.mask.system,
	"code": code,
}}})

_left := {"resource": {"type": "Appointment", "author": [], "source": "urn:pontlevis:client:rappel-vaccins"}}

_agenda := {"client": {"label": {"categories": ["Appointment"]}}}

_by(app) := {
	"client": {"id": app},
	"patient": {"apps": [{"client": app, "purpose": "PATRQT", "category": "Appointment", "direction": "write", "since": "2026-01-01T00:00:00Z"}]},
}

_own := {"resource": {"author": ["Patient/camille"]}}

_cases := {
	"a change that is not said": [[w.camille, _action("relabel")], w.told("D2.unsaid", "person")],
	"a change that is half said": [[w.camille, {"action": "relabel", "change": {"labels_added": ["MASQUE_PS"]}}], w.told("D2.unsaid", "person")],
	"holder masks": [[w.camille, _mask], w.allowed("D2.change", "person")],
	"holder unmasks": [[w.camille, w.masked, _unmask], w.allowed("D2.change", "person")],
	"representative masks": [[w.karim, w.minor, _mask], w.allowed("D2.change", "person")],
	"carer masks": [[w.sofia, _mask], w.told("P5.relabel", "person")],
	"carer archives": [[w.sofia, {"resource": {"author": ["RelatedPerson/sofia"]}}, _action("archive")], w.told("P9.adds-only", "person")],
	"professional of the circle masks at the person's request": [[w.circle, _mask], _at_request],
	"professional of the circle cannot lift what hides from them": [[w.circle, w.masked, _unmask], w.refused("P5.masked", "person")],
	"treating doctor lifts a mask at the person's request": [[w.treating, w.masked, _unmask], _at_request],
	"author without a link masks after the deposit": [[w.mine, _mask], w.told("P5.relabel", "person")],
	"no link": [[_mask], w.refused("P1.no-link", "person")],
	"blocked": [[w.circle, w.mine, w.blocked, _mask], w.refused("P4.blocked", "person")],
	"app with the holder": [[w.camille, w.app, w.app_consent, _mask], w.allowed("D2.change", "person")],
	"app without consent to write": [[w.camille, w.app, {"patient": {"apps": [w.app_consent.patient.apps[0]]}}, _mask], w.told("A1.consent", "app")],
	"holder lifts an announcement": [[w.camille, _announced, _reveal], w.refused("P6.invisible", "person")],
	"representative lifts an announcement": [[w.karim, w.minor, _announced, _reveal], w.refused("P6.invisible", "person")],
	"professional of the circle announces": [[w.circle, _announced, _reveal], w.allowed("D2.change", "person")],
	"author announces": [[w.mine, _announced, _reveal], w.allowed("D2.change", "person")],
	"holder sets an announcement": [[w.camille, _change(["INVISIBLE_PATIENT"], [])], w.told("P6.lift", "person")],
	"masked and announcement together": [[w.circle, w.mine, _announced, _mask], w.told("P6.together", "person")],
	"mask in the place of an announcement": [[w.circle, _announced, _swap], _at_request],
	"mask in the place of an announcement, by an author without a link": [[w.mine, _announced, _swap], w.told("P5.relabel", "person")],
	"masked by default, announced without the mask": [[w.circle, _announced, _default, _reveal], w.told("P5.default", "person")],
	"masked by default, the author announces without the mask": [[w.mine, _announced, _default, _reveal], w.told("P5.default", "person")],
	"masked by default, the author of the circle announces without the mask": [[w.circle, w.mine, _announced, _default, _reveal], w.told("P5.default", "person")],
	"masked by default, the treating doctor announces without the mask": [[w.treating, _announced, _default, _reveal], w.told("P5.default", "person")],
	"masked by default, both lifted at once": [[w.treating, _both, _default, _change([], ["MASQUE_PS", "INVISIBLE_PATIENT"])], w.told("P5.default", "person")],
	"masked by default, the mask put on and taken off": [
		[w.mine, _announced, _default, _change(["MASQUE_PS"], ["MASQUE_PS", "INVISIBLE_PATIENT"])],
		w.told("P5.relabel", "person"),
	],
	"masked by default, announced with the mask": [[w.circle, _announced, _default, _swap], w.allowed("D2.change", "person")],
	"masked by default, the author announces with the mask": [[w.mine, _announced, _default, _swap], w.allowed("D2.change", "person")],
	"masked by default, masked already": [[w.mine, _both, _default, _reveal], w.allowed("D2.change", "person")],
	"masked by default, no announcement to lift": [[w.mine, _default, _swap], w.told("P5.relabel", "person")],
	"masked by default, the holder lifts an announcement": [[w.camille, _announced, _default, _swap], w.refused("P6.invisible", "person")],
	"masked by default, another label changes": [[w.mine, _announced, _default, _change(["R"], ["N"])], w.allowed("D2.change", "person")],
	"holder hides from representatives": [[w.camille, w.minor, _change(["INVISIBLE_REPRESENTANTS_LEGAUX"], [])], w.told("P8.label", "person")],
	"professional hides from representatives": [[w.circle, w.minor, _change(["INVISIBLE_REPRESENTANTS_LEGAUX"], [])], w.allowed("D2.change", "person")],
	"author hides from representatives": [[w.mine, w.minor, _change(["INVISIBLE_REP_LEGAUX"], [])], w.allowed("D2.change", "person")],
	"holder changes the confidentiality code": [[w.camille, _change(["R"], ["N"])], w.told("D2.label", "person")],
	"author changes the confidentiality code": [[w.mine, _change(["R"], ["N"])], w.allowed("D2.change", "person")],
	"author replaces": [[w.mine, _action("replace")], w.allowed("D2.replace", "person")],
	"author replaces what was masked": [[w.mine, w.masked, _action("replace")], _inherits("MASQUE_PS")],
	"author replaces what is announced": [[w.mine, _announced, _action("replace")], w.allowed("D2.replace", "person")],
	"author announces in the place of a mask": [
		[w.mine, w.masked, {"action": "replace", "change": {"labels_added": ["INVISIBLE_PATIENT"]}}],
		w.told("P6.together", "person"),
	],
	"establishment replaces": [[{"resource": {"author": ["Organization/clinic"]}}, _action("replace")], w.allowed("D2.replace", "person")],
	"another professional replaces": [[w.circle, _action("replace")], w.told("D2.author", "person")],
	"holder replaces what another wrote": [[w.camille, _action("replace")], w.told("D2.author", "person")],
	"holder replaces their own": [[w.camille, _own, _action("replace")], w.allowed("D2.replace", "person")],
	"laboratory replaces its own": [[w.lab, {"resource": {"author": ["Organization/lab"]}}, _action("replace")], w.allowed("D2.replace", "person")],
	"laboratory replaces another's": [[w.lab, _action("replace")], w.refused("default", "default")],
	"blocked author replaces": [[w.mine, w.blocked, _action("replace")], w.refused("P4.blocked", "person")],
	"author changes the status": [[w.mine, _action("status")], w.allowed("D2.change", "person")],
	"holder changes the status": [[w.camille, _action("status")], w.told("D2.author", "person")],
	"author archives": [[w.mine, _action("archive")], w.allowed("D2.change", "person")],
	"holder archives": [[w.camille, _action("archive")], w.allowed("D2.change", "person")],
	"representative archives": [[w.karim, w.minor, _action("archive")], w.allowed("D2.change", "person")],
	"professional of the circle archives": [[w.circle, _action("archive")], w.told("D2.author", "person")],
	"author deletes": [[w.mine, _action("delete")], w.allowed("D3.delete", "person")],
	"holder deletes what they deposited": [[w.camille, _own, _action("delete")], w.allowed("D3.delete", "person")],
	"holder deletes what another deposited": [[w.camille, _action("delete")], w.told("D3.author", "person")],
	"holder deletes what an app left in the agenda": [[w.camille, _left, _action("delete")], w.allowed("D3.delete", "person")],
	"representative deletes what an app left in the agenda": [[w.karim, _left, _action("delete")], w.allowed("D3.delete", "person")],
	"an app deletes what it left itself": [[w.camille, w.app, _agenda, _left, _by("rappel-vaccins"), _action("delete")], w.allowed("D3.delete", "person")],
	"an app deletes what another one left": [[w.camille, w.app, _agenda, _left, _by("glycare"), _action("delete")], w.told("D3.author", "person")],
	"holder deletes an appointment of somebody else's": [[w.camille, _left, {"resource": {"source": ""}}, _action("delete")], w.told("D3.author", "person")],
	"holder deletes what an app wrote elsewhere": [[w.camille, _left, {"resource": {"type": "Observation"}}, _action("delete")], w.told("D3.author", "person")],
	"treating doctor deletes what an app left": [[w.treating, _left, _action("delete")], w.refused("M4.section", "matrix")],
	"treating doctor deletes": [[w.treating, _action("delete")], w.told("D3.author", "person")],
	"carer deletes": [[w.sofia, {"resource": {"author": ["RelatedPerson/sofia"]}}, _action("delete")], w.told("P9.adds-only", "person")],
	"a type outside the matrix": [[w.circle, w.nurse, {"resource": {"code": []}}, _mask], w.refused("M1.cell", "matrix")],
	"in an emergency": [[w.glass, w.second, _mask], w.told("E1.read-only", "person")],
	"in an emergency, the author": [[w.glass, w.mine, _action("delete")], w.told("E1.read-only", "person")],
	"in an emergency that is opposed": [[w.glass, w.second, {"patient": {"switches": {"BTG": "deny"}}}, _mask], w.told("E1.opposed", "person")],
	"scope without the letter": [[w.camille, {"grant": {"scopes": ["patient/*.crds"]}}, _mask], w.told("A1.scope", "app")],
	"scope without the letter to delete": [[w.mine, {"grant": {"scopes": ["patient/*.crus"]}}, _action("delete")], w.told("A1.scope", "app")],
	"a space that is not open": [[w.mine, {"patient": {"lifecycle": {"state": "suspended"}}}, _action("delete")], w.refused("L3.not-open", "law")],
	"the directory": [[w.mine, {"resource": {"type": "Organization"}}, _action("delete")], w.told("D1.directory", "law")],
	"occupational doctor without express consent": [[w.circle, w.occupational, _mask], w.refused("L7.express", "law")],
}

test_who_changes_what_is_there[name] if {
	some name, c in _cases
	main.decision == c[1] with input as w.of(array.concat([{"client": {"label": {"directions": ["read", "write"]}}}], c[0]))
}
