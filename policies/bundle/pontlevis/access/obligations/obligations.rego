# METADATA
# title: Obligations
# description: What must be done for a decision to stand. `always` goes with every decision, `refused` with one refusal, `permitted` with a permission.
package pontlevis.access.obligations

import rego.v2

import data.pontlevis.access.emergency
import data.pontlevis.access.matrix
import data.pontlevis.actor
import data.pontlevis.delegation
import data.pontlevis.link
import data.pontlevis.section

# METADATA
# title: Hide the trace from representatives
# description: The trace of a confidential act, and of a connexion secrète (rules.md P8).
always contains {"type": "trace", "properties": {"labels": ["INVISIBLE_REPRESENTANTS_LEGAUX"]}} if _confidential

# METADATA
# title: Show the state of a space that is not open
# description: The holder sees the state and its dates, nothing else (rules.md L3).
default refused(_) := set()

refused(rule) := {{"type": "lifecycle", "properties": input.patient.lifecycle}} if {
	rule == "L3.not-open"
	_holders_side
}

# METADATA
# title: Tell at once
# description: After an emergency access the person, who acts for them, and the treating doctor are told (rules.md E5; CSP R1111-48).
permitted contains {"type": "notify", "properties": {
	"about": "emergency",
	"mode": input.grant.mode,
	"to": ["holder", "representatives", "carers", "treating"],
}} if _emergency_used

# METADATA
# title: Open a case
# description: Each emergency opening becomes a case that a reviewer of the establishment closes in time (rules.md E5).
permitted contains {"type": "case", "properties": {
	"due_hours": data.pontlevis.settings.emergency.case_hours,
	"mode": input.grant.mode,
}} if _emergency_used

# METADATA
# title: Show the mode
# description: The access mode stays on the screen (EX_0.2-1050).
permitted contains {"type": "show-mode", "properties": {"mode": input.grant.mode}} if _emergency_used

# METADATA
# title: Normal access is enough
# description: No glass is broken where a link already permits (rules.md E4).
permitted contains {"type": "notice", "properties": {
	"code": "normal-access-enough",
	"fr": "Votre lien avec cette personne suffit : aucun accès d'urgence n'a été utilisé.",
	"en": "Your link with this person is enough: no emergency access was used.",
}} if {
	emergency.mode
	link.ordinary
}

# METADATA
# title: More by a second gesture
# description: The first stage of an emergency may leave out part of what was asked for (rules.md E3, S2).
permitted contains {"type": "notice", "properties": {
	"code": "E3.stage",
	"fr": "Cette étape n'ouvre que les informations vitales ; un second geste ouvre le reste de ce que votre profession peut lire.",
	"en": "This stage opens vital information only; a second gesture opens the rest of what your profession may read.",
}} if {
	_emergency_used
	section.whole_type
	input.grant.stage == 1
	data.pontlevis.emergency_codes.vital.partly[input.resource.type]
}

# METADATA
# title: The search was limited
# description: Strict necessity (rules.md M5).
permitted contains {"type": "notice", "properties": {
	"code": "M5.necessity",
	"fr": $"Cette recherche s'arrête aux {data.pontlevis.settings.necessity.years} dernières années ; précisez des dates pour aller au-delà.",
	"en": $"This search stops at the last {data.pontlevis.settings.necessity.years} years; give dates to go further back.",
}} if {
	matrix.limited
	section.whole_type
}

# METADATA
# title: The profession's column is off
# description: Social professions and professions by role find only what they wrote (rules.md M3).
permitted contains {"type": "notice", "properties": {
	"code": "M3.off",
	"fr": "L'accès de votre profession n'est pas encore en vigueur ; seuls vos propres documents apparaissent.",
	"en": "Access for your profession is not yet in force; only your own documents appear.",
}} if {
	input.actor.kind == "professional"
	section.whole_type
	not data.pontlevis.settings.columns[actor.profession.family]
}

_emergency_used if {
	emergency.mode
	input.actor.kind == "professional"
	not link.ordinary
	not actor.author
}

_confidential if input.grant.secret

_confidential if {
	some label in input.resource.labels
	data.pontlevis.codes.invisible_to_representatives[label]
}

_holders_side if actor.holder

_holders_side if delegation.representative
