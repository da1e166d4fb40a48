# METADATA
# title: Who is told
# description: |
#   Whether the actor is told of something that happened to the space: an emergency, a first access, a new link, a case closed, a question
#   answered (rules.md E5; CSP R1111-48). Who is told of what is data: `told_of`.
package pontlevis.telling

import rego.v2

import data.pontlevis.actor
import data.pontlevis.delegation
import data.pontlevis.link

# METADATA
# title: Not told unless something says so
# description: Nobody else.
# entrypoint: true
default decision := {"allow": false, "rule": "default", "layer": "default", "tell": false, "obligations": []}

# METADATA
# title: Told of it
# description: In one of the capacities that are told. Whoever may read the log is told of what they would find there, and of nothing else.
# custom:
#   rule: E5.told
#   layer: person
#   reason:
#     fr: La personne, ou quelqu'un de son entourage, est informée de ce qui touche son dossier.
#     en: The person, or somebody close to them, is told of what concerns their record.
#   remedy:
#     fr: Les moyens d'être joint se changent dans le profil de chacun.
#     en: How each of them is reached is changed in their own profile.
#   source: rules.md E5; CSP R1111-48
decision := {"allow": true, "rule": "E5.told", "layer": "person", "tell": true, "obligations": [duty | some duty in _duties]} if {
	some capacity in _capacities
	data.pontlevis.told_of[input.telling.about][capacity]
	not _own_act
}

_capacities contains "holder" if actor.holder

_capacities contains "representative" if {
	delegation.representative
	not _hidden
}

_capacities contains "carer" if {
	delegation.carer
	not _hidden
}

_capacities contains "treating" if {
	link.treating
	not _blocked
}

# The log is read by the holder and by representatives: what it keeps from them, no notice tells (rules.md P6, P8).
_duties contains {"type": "readable", "properties": {}} if actor.holder

_duties contains {"type": "readable", "properties": {}} if delegation.representative

# What apps read is summed up now and then.
_duties contains {"type": "again", "properties": {"days": data.pontlevis.settings.notices.apps_days}} if {
	input.telling
	input.telling.about == "apps"
}

_blocked if {
	some name in input.patient.blocked
	name in actor.all
}

_own_act if input.telling.by in actor.names

_hidden if {
	some label in input.telling.labels
	data.pontlevis.codes.invisible_to_representatives[label]
}
