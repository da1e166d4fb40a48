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
}} if {
	_emergency_used
	not _drill
}

# METADATA
# title: Tell of a card
# description: The person is told of each use of their emergency card.
permitted contains {"type": "notify", "properties": {"about": "card", "to": ["holder"]}} if emergency.card_open

# METADATA
# title: Open a case
# description: Each emergency opening becomes a case that a reviewer of the establishment closes in time (rules.md E5).
permitted contains {"type": "case", "properties": {
	"due_hours": data.pontlevis.settings.emergency.case_hours,
	"mode": input.grant.mode,
}} if {
	_emergency_used
	not _drill
}

# METADATA
# title: Mark a drill
# description: Emergencies are practised with invented people whom nobody stands behind; nobody is told, and nothing is reviewed.
always contains {"type": "drill", "properties": {}} if {
	emergency.mode
	_drill
}

# METADATA
# title: Show the mode
# description: The access mode stays on the screen (EX_0.2-1050).
permitted contains {"type": "show-mode", "properties": {"mode": input.grant.mode}} if _emergency_used

# METADATA
# title: Normal access is enough
# description: No glass is broken where a link already permits (rules.md E4).
permitted contains {"type": "notice", "properties": data.pontlevis.notices["E4.enough"]} if {
	emergency.mode
	link.ordinary
}

# METADATA
# title: More by a second gesture
# description: The first stage of an emergency may leave out part of what was asked for (rules.md E3, S2).
permitted contains {"type": "notice", "properties": data.pontlevis.notices["E3.stage"]} if {
	_emergency_used
	section.whole_type
	input.grant.stage == 1
	data.pontlevis.emergency_codes.vital.partly[input.resource.type]
}

# METADATA
# title: The search was limited
# description: Strict necessity (rules.md M5).
permitted contains {"type": "notice", "properties": data.pontlevis.notices["M5.necessity"]} if {
	section.whole_type
	matrix.limited
}

# METADATA
# title: The profession's column is off
# description: Social professions and professions by role find only what they wrote (rules.md M3).
permitted contains {"type": "notice", "properties": data.pontlevis.notices["M3.off"]} if {
	input.actor.kind == "professional"
	section.whole_type
	not data.pontlevis.settings.columns[actor.profession.family]
}

_drill if input.patient.drill

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
