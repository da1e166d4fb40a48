# METADATA
# title: Links and consents
# description: What ties a professional to the person at this instant, from the facts of the space (rules.md P1 to P3, L6, L7).
package pontlevis.link

import rego.v2

import data.pontlevis.actor
import data.pontlevis.moment

# METADATA
# title: Member of the circle
# description: A link that has begun and not ended ties the professional, or the establishment they act for, to the person.
circle if {
	input.actor.kind == "professional"
	some link in input.patient.circle
	link.actor in actor.all
	_current(link)
}

# METADATA
# title: Treating doctor
# description: The médecin traitant declared by the person, in person and not through an establishment.
treating if {
	input.actor.kind == "professional"
	some link in input.patient.circle
	link.role == "treating"
	link.actor in actor.names
	_current(link)
}

# METADATA
# title: A link that is over
# description: |
#   The professional had a link, and it has faded or was ended. One that rests on an appointment or a stay kept from the person's side is not
#   spoken of: who reads the log would learn of it.
past if {
	some link in input.patient.circle
	link.actor in actor.all
	not _unspoken(link)
	link.until
	link.until <= input.now
}

# METADATA
# title: Role in the circle
# description: Roles under which the professional is linked now.
roles contains link.role if {
	some link in input.patient.circle
	link.actor in actor.all
	_current(link)
}

# METADATA
# title: Withdrawn consent
# description: The person has taken back the initial consent.
withdrawn if {
	input.patient.consent.withdrawn
	input.patient.consent.withdrawn.since <= input.now
}

# METADATA
# title: Initial consent
# description: Given, dated and not withdrawn (Conseil d'État, 15 October 2025).
initial if {
	input.patient.consent.initial
	input.patient.consent.initial.since <= input.now
	not withdrawn
}

# METADATA
# title: Administrator
# description: The person named this professional an administrator of their space.
administrator if {
	input.actor.kind == "professional"
	some name in input.patient.administrators
	name in actor.names
}

# METADATA
# title: Explicit consent
# description: Given to this professional, or to the establishment they act for, and valid now.
consulted if {
	input.actor.kind == "professional"
	some consent in input.patient.consent.explicit
	consent.actor in actor.all
	_valid(consent)
}

# METADATA
# title: Express consent
# description: What an occupational or fire-service doctor needs (CSP L1111-17 IV and V).
express if {
	input.actor.kind == "professional"
	some consent in input.patient.consent.explicit
	consent.kind == "express"
	consent.actor in actor.names
	_valid(consent)
}

# METADATA
# title: Emergency card
# description: A health professional holds a card that the person carries and has not revoked.
card if {
	input.actor.kind == "professional"
	actor.profession.family == "health"
	card_stands
}

# METADATA
# title: The card stands
# description: The person has not revoked the card that the actor holds, and gave it since consent was last withdrawn.
card_stands if {
	input.patient.card
	moment.live(input.patient.card)
	_stands(input.patient.card)
}

# METADATA
# title: A card is held
# description: The actor typed or scanned the number of a card, whether it stands or not.
card_held if {
	some name in input.actor.identities
	startswith(name, "urn:pontlevis:card|")
}

# METADATA
# title: Ordinary access
# description: The professional has a way in that needs no emergency.
# scope: document
ordinary if treating

ordinary if {
	circle
	initial
}

ordinary if {
	administrator
	initial
}

ordinary if consulted

# A link that rests on an appointment or a stay outlives it by some days, so that the report can be written and read.
_current(link) if moment.live(link)

_current(link) if {
	link.since <= input.now
	link.until
	link.until > moment.hours_ago(24 * data.pontlevis.settings.fade_days[link.source])
}

_unspoken(link) if "INVISIBLE_PATIENT" in link.labels

_unspoken(link) if {
	some label in link.labels
	data.pontlevis.codes.invisible_to_representatives[label]
}

# A consent given before the withdrawal falls with it; one for a consultation ends by itself.
_valid(consent) if {
	moment.live(consent)
	_stands(consent)
	_lasts(consent)
}

_stands(_) if not withdrawn

_stands(consent) if {
	input.patient.consent.withdrawn
	consent.since >= input.patient.consent.withdrawn.since
}

_lasts(consent) if consent.until

_lasts(consent) if consent.kind == "express"

_lasts(consent) if consent.since > moment.hours_ago(data.pontlevis.settings.consultation_hours)
