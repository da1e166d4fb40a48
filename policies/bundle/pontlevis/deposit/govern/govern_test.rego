package pontlevis.deposit.govern_test

import rego.v2

import data.pontlevis.main
import data.pontlevis.world as w

_govern(kind, verb) := {"action": "govern", "resource": {"type": "Consent", "code": []}, "change": {"kind": kind, "verb": verb, "target": "Practitioner/other"}}

_until(instant) := {"change": {"until": instant}}

_on(target) := {"change": {"target": target}}

_tell_holder := {{"type": "notify", "properties": {"about": "governance", "to": ["holder"]}}}

_done(rule, layer) := w.allowed_with(rule, layer, _tell_holder)

_delegation(verb) := {"action": "govern", "resource": {"type": "RelatedPerson", "code": []}, "change": {"kind": "legal-representative", "verb": verb, "target": "RelatedPerson/other"}}

_team(verb) := {"action": "govern", "resource": {"type": "CareTeam", "code": []}, "change": {"kind": "circle", "verb": verb, "target": "Practitioner/doc"}}

_accept := {"action": "govern", "resource": {"type": "RelatedPerson", "code": []}, "patient": {"delegates": []}, "change": {"kind": "carer", "verb": "accept", "target": "RelatedPerson/sofia", "proved": true, "since": "2026-11-20T09:00:00Z"}}

_consulted := {"patient": {"consent": {"explicit": [{"actor": "Practitioner/doc", "kind": "consultation", "since": "2026-11-21T09:00:00Z"}]}}}

_cases := {
	"a change that is not said": [[w.camille, {"action": "govern", "resource": {"type": "Consent"}, "change": {"verb": "give"}}], w.told("D2.unsaid", "person")],
	"a change without a verb": [[w.camille, {"action": "govern", "resource": {"type": "Consent"}, "change": {"kind": "block"}}], w.told("D2.unsaid", "person")],
	"holder blocks": [[w.camille, _govern("block", "give")], w.allowed("L5.governs", "law")],
	"holder unblocks": [[w.camille, _govern("block", "end")], w.allowed("L5.governs", "law")],
	"holder sets the switches": [[w.camille, _govern("switches", "change")], w.allowed("L5.governs", "law")],
	"another patient": [[w.stranger, _govern("block", "give")], w.refused("P9.no-delegation", "person")],
	"holder through an app": [[w.camille, w.app, w.app_consent, {"client": {"label": {"categories": ["governance"]}}}, _govern("app", "give")], w.told("A1.govern", "app")],
	"holder of a closed space": [[w.stranger, {"patient": {"lifecycle": {"state": "closed"}}}, _govern("block", "give")], w.refused("L3.not-open", "law")],
	"representative of a minor": [[w.karim, w.minor, _govern("initial", "give")], _done("P9.represents", "person")],
	"representative of a child grown up": [[w.karim, {"patient": {"delegates": [{"actor": "RelatedPerson/karim", "kind": "legal-representative", "since": "1990-01-01T00:00:00Z"}]}}, _govern("initial", "give")], w.told("P8.majority", "person")],
	"representative names a second one": [[w.karim, w.minor, _delegation("give")], _done("P9.represents", "person")],
	"representative dismisses another": [[w.karim, w.minor, _delegation("end")], w.told("P9.co-representative", "person")],
	"representative leaves": [[w.karim, w.minor, _delegation("end"), _on("RelatedPerson/karim")], _done("P9.represents", "person")],
	"minor dismisses a representative": [[w.camille, w.minor, _delegation("end")], w.told("P8.minor", "person")],
	"adult dismisses a representative": [[w.camille, _delegation("end")], w.allowed("L5.governs", "law")],
	"minor blocks": [[w.camille, w.minor, _govern("block", "give")], w.allowed("L5.governs", "law")],
	"an invitation is accepted": [[w.sofia, _accept], _done("P9.accepts", "person")],
	"an invitation without its code": [[w.sofia, _accept, {"change": {"proved": false}}], w.refused("P9.no-delegation", "person")],
	"an invitation of long ago": [[w.sofia, _accept, {"change": {"since": "2026-10-01T09:00:00Z"}}], w.told("P9.expired", "person")],
	"an invitation taken for another": [[w.sofia, _accept, _on("RelatedPerson/other")], w.refused("P9.no-delegation", "person")],
	"a code and no acceptance": [[w.sofia, _accept, {"change": {"verb": "give"}}], w.refused("P9.no-delegation", "person")],
	"a carer takes another's invitation": [[w.sofia, _accept, {"patient": {"delegates": w.sofia.patient.delegates}, "change": {"proved": false}}], w.told("P9.adds-only", "person")],
	"a representative takes an invitation without its code": [[w.karim, w.minor, _accept, {"patient": {"delegates": w.karim.patient.delegates}, "change": {"proved": false, "target": "RelatedPerson/karim"}}], w.told("P9.expired", "person")],
	"carer and consents": [[w.sofia, _govern("block", "give")], w.told("P9.reserved", "person")],
	"carer and the circle": [[w.sofia, _team("end")], w.told("P9.adds-only", "person")],
	"helper": [[w.helper, _govern("block", "give")], w.told("P9.helper", "person")],
	"professional of the circle records a consultation": [[w.circle, _govern("consultation", "give")], _done("P1.recorded", "person")],
	"professional of the circle records the initial consent": [[w.linked, _govern("initial", "give")], _done("P1.recorded", "person")],
	"professional of the circle records an express consent for the day": [[w.circle, _govern("express", "give"), _until("2026-11-21T20:00:00Z")], _done("P1.recorded", "person")],
	"professional records an express consent without end": [[w.circle, _govern("express", "give")], w.told("P1.lasting", "person")],
	"professional records a consultation for a century": [[w.circle, _govern("consultation", "give"), _until("2126-01-01T00:00:00Z")], w.told("P1.lasting", "person")],
	"professional records a consultation for the day": [[w.circle, _govern("consultation", "give"), _until("2026-11-21T20:00:00Z")], _done("P1.recorded", "person")],
	"professional consulted records for another": [[_consulted, _govern("consultation", "give")], _done("P1.recorded", "person")],
	"treating doctor records": [[w.treating, _govern("consultation", "give")], _done("P1.recorded", "person")],
	"professional without a link records": [[_govern("consultation", "give")], w.told("P1.recorder", "person")],
	"professional ends a consent": [[w.circle, _govern("consultation", "end")], w.told("P1.recorder", "person")],
	"professional consulted ends a consent": [[_consulted, _govern("consultation", "end")], w.told("P1.recorder", "person")],
	"professional records after a withdrawal": [[w.circle, w.withdrawn, _govern("initial", "give")], w.told("P3.again", "person")],
	"holder consents after a withdrawal": [[w.camille, w.withdrawn, _govern("initial", "give")], w.allowed("L5.governs", "law")],
	"blocked professional records": [[w.circle, w.blocked, _govern("consultation", "give")], w.refused("P4.blocked", "person")],
	"administrator blocks": [[w.administrator, _govern("block", "give")], _done("L6.blocks", "law")],
	"administrator unblocks": [[w.administrator, _govern("block", "end")], w.told("P4.unblock", "person")],
	"administrator sets the switches": [[w.administrator, _govern("switches", "change")], w.told("P9.governs", "person")],
	"professional of the circle blocks": [[w.circle, _govern("block", "give")], w.told("P9.governs", "person")],
	"professional of the circle unblocks": [[w.circle, _govern("block", "end")], w.told("P4.unblock", "person")],
	"professional of the circle hides": [[w.circle, _govern("hide", "give")], w.told("P9.governs", "person")],
	"professional consents to an app": [[w.treating, _govern("app", "give")], w.told("P9.governs", "person")],
	"professional leaves the circle": [[w.circle, _team("end")], _done("P2.leaves", "person")],
	"professional ends their link by a consent": [[w.circle, _govern("end-link", "give"), _on("Practitioner/doc")], _done("P2.leaves", "person")],
	"professional ends another's link": [[w.circle, _govern("end-link", "give")], w.told("P9.governs", "person")],
	"professional joins the circle": [[w.circle, _team("give")], w.told("P9.governs", "person")],
	"professional takes back the end of a link": [[w.circle, _govern("end-link", "end"), _on("Practitioner/doc")], w.told("P9.governs", "person")],
	"system": [[w.lab, {"client": {"kind": "portal"}}, _govern("block", "give")], w.told("P9.governs", "person")],
	"system unblocks": [[w.lab, {"client": {"kind": "portal"}}, _govern("block", "end")], w.told("P4.unblock", "person")],
	"in an emergency": [[w.glass, w.linked, _govern("consultation", "give")], w.told("E1.read-only", "person")],
	"scope without a letter": [[w.camille, {"grant": {"scopes": ["patient/*.rs"]}}, _govern("block", "give")], w.told("A1.scope", "app")],
}

test_who_governs[name] if {
	some name, c in _cases
	main.decision == c[1] with input as w.of(c[0])
}

test_a_representative_does_not_see_what_the_minor_keeps if {
	answer := {"allow": false, "rule": "P6.representatives", "layer": "person", "tell": false, "obligations": [w.hidden_trace]}
	main.decision == answer with input as w.of([w.karim, w.minor, _govern("express", "end"), {"resource": {"labels": ["INVISIBLE_REPRESENTANTS_LEGAUX"]}}])
}

test_the_birth_date_counts_for_representatives if {
	world := w.of([w.karim, _govern("block", "give")])
	unborn := object.union(object.remove(world, ["patient"]), {"patient": object.remove(world.patient, ["born"])})
	main.decision == w.told("P8.born", "person") with input as unborn
}
