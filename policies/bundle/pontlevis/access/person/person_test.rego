package pontlevis.access.person_test

import rego.v2

import data.pontlevis.main
import data.pontlevis.world as w

_ended := {"patient": {"circle": [{"actor": "Practitioner/doc", "source": "appointment", "since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}]}}

_coming := {"patient": {"circle": [{"actor": "Practitioner/doc", "source": "appointment", "since": "2026-11-22T00:00:00Z"}]}}

_psocial := {"resource": {"labels": ["MASQUE_PSOCIAL", "N"]}}

_pt := {"resource": {"labels": ["MASQUE_PT", "N"]}}

_invisible := {"resource": {"labels": ["INVISIBLE_PATIENT", "N"]}}

_secret(label) := {"resource": {"labels": ["N", label]}}

_hide(how) := {"patient": {"hidden": [object.union({"document": "DocumentReference/d1"}, how)]}}

_log := {"resource": {"type": "AuditEvent", "code": []}}

_cases := {
	"no link": [[w.consent], w.refused("P1.no-link", "person")],
	"link to come": [[w.consent, _coming], w.refused("P1.no-link", "person")],
	"no link, consent withdrawn": [[w.consent, w.withdrawn], w.refused("P1.no-link", "person")],
	"link without consent": [[w.linked], w.refused("P1.no-consent", "person")],
	"consent to come": [[w.linked, {"patient": {"consent": {"initial": {"since": "2026-12-01T00:00:00Z"}}}}], w.refused("P1.no-consent", "person")],
	"link over": [[w.consent, _ended], w.refused("P2.ended", "person")],
	"link over that rested on a confidential stay": [[w.consent, {"patient": {"circle": [{"actor": "Practitioner/doc", "source": "encounter", "labels": ["INVISIBLE_REPRESENTANTS_LEGAUX"], "since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}]}}], w.refused("P1.no-link", "person")],
	"link over that rested on an announced stay": [[w.consent, {"patient": {"circle": [{"actor": "Practitioner/doc", "source": "encounter", "labels": ["INVISIBLE_PATIENT"], "since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}]}}], w.refused("P1.no-link", "person")],
	"link over that rested on an ordinary stay": [[w.consent, {"patient": {"circle": [{"actor": "Practitioner/doc", "source": "encounter", "labels": ["N"], "since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}]}}], w.refused("P2.ended", "person")],
	"link that rests on a confidential stay": [[w.consent, {"patient": {"circle": [{"actor": "Practitioner/doc", "source": "encounter", "labels": ["INVISIBLE_REPRESENTANTS_LEGAUX"], "since": "2026-01-01T00:00:00Z"}]}}], w.allowed("P1.circle", "person")],
	"link added by hand that ended ten days ago": [[w.consent, {"patient": {"circle": [{"actor": "Practitioner/doc", "source": "added", "since": "2026-01-01T00:00:00Z", "until": "2026-11-11T09:00:00Z"}]}}], w.refused("P2.ended", "person")],
	"consent withdrawn": [[w.circle, w.withdrawn], w.refused("P3.withdrawn", "person")],
	"consent withdrawn and forgotten": [[w.linked, w.withdrawn], w.refused("P3.withdrawn", "person")],
	"administrator after withdrawal": [[w.consent, w.administrator, w.withdrawn], w.refused("P1.no-link", "person")],
	"withdrawal to come": [[w.circle, {"patient": {"consent": {"withdrawn": {"since": "2026-12-01T00:00:00Z"}}}}], w.allowed("P1.circle", "person")],
	"author after withdrawal": [[w.circle, w.withdrawn, w.mine], w.allowed("L6.author", "law")],
	"treating doctor after withdrawal": [[w.treating, w.consent, w.withdrawn], w.allowed("L6.treating", "law")],
	"blocked": [[w.circle, w.blocked], w.refused("P4.blocked", "person")],
	"blocked without a link": [[w.blocked], w.refused("P4.blocked", "person")],
	"blocked author": [[w.blocked, w.mine], w.refused("P4.blocked", "person")],
	"blocked treating doctor": [[w.treating, w.blocked], w.refused("P4.blocked", "person")],
	"blocked behind broken glass": [[w.glass, w.blocked, w.allergy], w.refused("P4.blocked", "person")],
	"blocked at the call centre": [[w.call, w.blocked, w.allergy], w.refused("P4.blocked", "person")],
	"blocked establishment": [[w.circle, {"patient": {"blocked": ["Organization/clinic"]}}], w.refused("P4.blocked", "person")],
	"blocked laboratory": [[w.lab, {"resource": {"author": ["Organization/lab"]}, "patient": {"blocked": ["Organization/lab"]}}], w.refused("P4.blocked", "person")],
	"another is blocked": [[w.circle, {"patient": {"blocked": ["Practitioner/other"]}}], w.allowed("P1.circle", "person")],
	"masked": [[w.circle, w.masked], w.refused("P5.masked", "person")],
	"masked, its order of labels": [[w.circle, {"resource": {"labels": ["MASQUE_PS", "N"]}}], w.refused("P5.masked", "person")],
	"masked, the author": [[w.masked, w.mine], w.allowed("L6.author", "law")],
	"masked, the treating doctor": [[w.treating, w.masked], w.allowed("L6.treating", "law")],
	"masked, the administrator": [[w.consent, w.administrator, w.masked], w.allowed("L6.administrator", "law")],
	"masked, the holder": [[w.camille, w.masked], w.allowed("L5.holder", "law")],
	"masked, the carer": [[w.sofia, w.masked], w.allowed("P9.carer", "person")],
	"masked from social professionals": [[w.circle, w.social, _psocial], w.refused("P5.social", "person")],
	"masked from social professionals, the author": [[w.social, _psocial, w.mine], w.allowed("L6.author", "law")],
	"masked from social professionals, a doctor": [[w.circle, _psocial], w.allowed("P1.circle", "person")],
	"announcement pending, the holder": [[w.camille, _invisible], w.refused("P6.invisible", "person")],
	"announcement pending, the representative": [[w.karim, w.minor, _invisible], w.refused("P6.invisible", "person")],
	"announcement pending, the carer": [[w.sofia, _invisible], w.refused("P6.invisible", "person")],
	"announcement pending, the doctor": [[w.circle, _invisible], w.allowed("P1.circle", "person")],
	"hidden from third persons, the carer": [[w.sofia, _pt], w.refused("P6.third", "person")],
	"hidden from third persons, the holder": [[w.camille, _pt], w.allowed("L5.holder", "law")],
	"hidden from this professional": [[w.circle, _hide({"actor": "Practitioner/doc"})], w.refused("P7.hidden", "person")],
	"hidden from this profession": [[w.circle, w.nurse, _hide({"profession": w.nurse.actor.profession})], w.refused("P7.hidden", "person")],
	"hidden from another profession": [[w.circle, _hide({"profession": w.nurse.actor.profession})], w.allowed("P1.circle", "person")],
	"another document is hidden": [[w.circle, {"patient": {"hidden": [{"document": "DocumentReference/d2", "actor": "Practitioner/doc"}]}}], w.allowed("P1.circle", "person")],
	"hidden from the author": [[w.mine, _hide({"actor": "Practitioner/doc"})], w.allowed("L6.author", "law")],
	"hidden from the treating doctor": [[w.treating, _hide({"actor": "Practitioner/doc"})], w.allowed("L6.treating", "law")],
	"representative of a child grown up": [[w.karim, {"patient": {"delegates": [{"actor": "RelatedPerson/karim", "kind": "legal-representative", "since": "1990-01-01T00:00:00Z"}]}}], w.told("P8.majority", "person")],
	"representative on the birthday": [[w.karim, {"patient": {"born": "2008-11-21"}}], w.told("P8.majority", "person")],
	"representative on the eve of the birthday": [[w.karim, {"patient": {"born": "2008-11-22"}}], w.allowed("P9.representative", "person")],
	"representative of a minor": [[w.karim, w.minor], w.allowed("P9.representative", "person")],
	"representative of a protected adult": [
		[w.karim, {"patient": {"delegates": [{"actor": "RelatedPerson/karim", "kind": "legal-representative", "since": "2020-01-01T00:00:00Z"}]}}],
		w.allowed("P9.representative", "person"),
	],
	"another patient": [[w.stranger], w.refused("P9.no-delegation", "person")],
	"representative without delegation": [[w.karim, w.minor, {"patient": {"delegates": []}}], w.refused("P9.no-delegation", "person")],
	"carer with a delegation that is over": [
		[w.sofia, {"patient": {"delegates": [{"actor": "RelatedPerson/sofia", "kind": "carer", "since": "2026-01-01T00:00:00Z", "until": "2026-11-21T10:00:00Z"}]}}],
		w.refused("P9.no-delegation", "person"),
	],
	"carer by another's delegation": [
		[w.sofia, {"patient": {"delegates": [{"actor": "RelatedPerson/else", "kind": "carer", "since": "2026-01-01T00:00:00Z"}]}}],
		w.refused("P9.no-delegation", "person"),
	],
	"carer as representative": [[w.karim, w.minor, {"patient": {"delegates": [{"actor": "RelatedPerson/karim", "kind": "carer", "since": "2026-01-01T00:00:00Z"}]}}], w.refused("P9.no-delegation", "person")],
	"carer": [[w.sofia], w.allowed("P9.carer", "person")],
	"helper": [[w.helper], w.told("P9.helper", "person")],
	"helper in the directory": [[w.helper, {"resource": {"type": "Practitioner"}}], w.told("P9.helper", "person")],
	"carer and the consents": [[w.sofia, {"resource": {"type": "Consent"}}], w.told("P9.reserved", "person")],
	"carer and the log": [[w.sofia, _log], w.told("P9.reserved", "person")],
	"carer and a copy of the log": [[w.sofia, _log, {"action": "export"}], w.told("P9.export", "person")],
	"helper and a copy of the log": [[w.helper, _log, {"action": "export"}], w.told("P9.export", "person")],
	"representative and a copy of the log": [[w.karim, w.minor, _log, {"action": "export"}], w.allowed("P9.representative", "person")],
	"holder and a copy of the log": [[w.camille, _log, {"action": "export"}], w.allowed("L5.holder", "law")],
	"doctor and a copy of the log": [[w.circle, _log, {"action": "export"}], w.told("M4.section", "matrix")],
	"representative and a type without section": [[w.karim, w.minor, {"resource": {"type": "Basic"}}], w.told("P9.reserved", "person")],
	"representative and the log": [[w.karim, w.minor, _log], w.allowed("P9.representative", "person")],
	"carer in the directory": [[w.sofia, {"resource": {"type": "Practitioner"}}], w.allowed("M0.directory", "matrix")],
}

test_what_the_person_governs[name] if {
	some name, c in _cases
	main.decision == c[1] with input as w.of(c[0])
}

test_refuse_a_representative_when_the_birth_date_is_unknown if {
	world := w.of([w.karim])
	unborn := object.union(object.remove(world, ["patient"]), {"patient": object.remove(world.patient, ["born"])})
	main.decision == w.told("P8.born", "person") with input as unborn
}

_hidden(rule) := {"allow": false, "rule": rule, "layer": "person", "tell": false, "obligations": [w.hidden_trace]}

test_hide_confidential_acts_and_their_traces_from_representatives[label] if {
	some label in ["INVISIBLE_REPRESENTANTS_LEGAUX", "INVISIBLE_REP_LEGAUX"]
	main.decision == _hidden("P6.representatives") with input as w.of([w.karim, w.minor, _secret(label)])
	main.decision == _hidden("P8.trace") with input as w.of([w.karim, w.minor, _log, _secret(label)])
}

_seen(rule, layer) := w.allowed_with(rule, layer, {w.hidden_trace})

test_show_confidential_acts_to_the_minor_and_to_the_circle if {
	main.decision == _seen("L5.holder", "law") with input as w.of([w.camille, w.minor, _secret("INVISIBLE_REPRESENTANTS_LEGAUX")])
	main.decision == _seen("P1.circle", "person") with input as w.of([w.circle, w.minor, _secret("INVISIBLE_REPRESENTANTS_LEGAUX")])
}

test_hide_confidential_acts_from_the_carers_that_representatives_name if {
	main.decision == _hidden("P6.representatives") with input as w.of([w.sofia, w.minor, _secret("INVISIBLE_REPRESENTANTS_LEGAUX")])
	main.decision == _seen("P9.carer", "person") with input as w.of([w.sofia, _secret("INVISIBLE_REPRESENTANTS_LEGAUX")])
}

test_each_switch_of_masked_documents_counts_alone if {
	off := {"author": false, "treating": false, "administrator": false}
	main.decision.rule == "P5.masked" with input as w.of([w.masked, w.mine]) with data.pontlevis.settings.masked as off
	main.decision.rule == "P5.masked" with input as w.of([w.masked, w.treating]) with data.pontlevis.settings.masked as off
	main.decision.rule == "P5.masked" with input as w.of([w.masked, w.consent, w.administrator]) with data.pontlevis.settings.masked as off
}
