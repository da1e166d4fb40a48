# METADATA
# title: A copy of what the emergency card opens
# description: |
#   Who may take a copy of the vital set along that opens without network: the holder, and a representative. It holds what the card that
#   goes with it opens to a health professional, and nothing that they do not see themselves; each piece is decided like any read.
package pontlevis.snapshot

import rego.v2

import data.pontlevis.access
import data.pontlevis.access.law
import data.pontlevis.access.person
import data.pontlevis.actor
import data.pontlevis.answer
import data.pontlevis.delegation
import data.pontlevis.moment

# METADATA
# title: Refused unless something permits
# description: Neither the holder nor a representative.
# entrypoint: true
default decision := {"allow": false, "rule": "default", "layer": "default", "tell": false, "obligations": []}

decision := answer.refuse(refusal)

# METADATA
# title: The holder takes a copy along
# description: What their card opens, to be read without network by whoever has the file and its key.
# custom:
#   rule: E7.copy
#   layer: person
#   reason:
#     fr: Le titulaire a fait une copie de ses informations vitales, qui s'ouvre sans réseau.
#     en: The holder made a copy of their vital information that opens without network.
#   remedy:
#     fr: Une copie ne se révoque pas ; elle dit sa date, et cesse de valoir à son terme.
#     en: A copy cannot be revoked; it says its date, and is void from its end on.
#   source: the person's own choice; CSP L1111-13-1
decision := answer.permit({"rule": "E7.copy", "layer": "person", "obligations": _ends}) if {
	actor.holder
	not refusal
}

# METADATA
# title: The representative takes a copy along
# description: Within what they see themselves.
# custom:
#   rule: P9.copy
#   layer: person
#   reason:
#     fr: Le représentant légal a fait une copie des informations vitales, qui s'ouvre sans réseau.
#     en: The legal representative made a copy of the vital information that opens without network.
#   remedy:
#     fr: Une copie ne se révoque pas ; la personne peut demander la fin de cette représentation.
#     en: A copy cannot be revoked; the person can ask for this representation to end.
#   source: rules.md P8, P9
decision := answer.permit({"rule": "P9.copy", "layer": "person", "obligations": _ends}) if {
	delegation.representative
	not refusal
}

# METADATA
# title: The copy is for the holder and the representatives
# description: Carers, helpers, professionals and systems take none along.
# custom:
#   rule: P9.no-copy
#   layer: person
#   reason:
#     fr: Seul le titulaire de l'espace, ou son représentant légal, peut faire une copie de ses informations vitales.
#     en: Only the holder of the space, or a legal representative, may make a copy of the vital information.
#   remedy:
#     fr: Demandez-le au titulaire ; la carte d'urgence, elle, s'ouvre avec un réseau.
#     en: Ask the holder; the emergency card itself opens with a network.
#   source: rules.md P9
standing contains "P9.no-copy" if not input.actor.kind in {"patient", "representative"}

# METADATA
# title: The copy is made on the pages of the space
# description: An app makes none.
# custom:
#   rule: A1.copy
#   layer: app
#   reason:
#     fr: Une application ne fait pas cette copie ; elle se fait depuis les pages de l'espace.
#     en: An app does not make this copy; it is made from the pages of the space.
#   remedy:
#     fr: Ouvrez la page de votre carte d'urgence.
#     en: Open the page of your emergency card.
#   source: rules.md A1, A4
standing contains "A1.copy" if input.client.kind != "portal"

# METADATA
# title: The copy goes with a card
# description: One that the person has not revoked.
# custom:
#   rule: E7.revoked
#   layer: person
#   reason:
#     fr: Cette carte d'urgence est révoquée, ou n'existe pas ; aucune copie n'en est faite.
#     en: This emergency card is revoked, or there is none; no copy is made of it.
#   remedy:
#     fr: Faites une nouvelle carte, puis sa copie.
#     en: Make a new card, then its copy.
#   source: the person's own choice; CSP L1111-13-1
deny contains "E7.revoked" if not _card

# The copy says its end, and how long it is good is a setting.
_ends := {{"type": "ends", "properties": {"days": data.pontlevis.settings.card.copy_days}}}

_card if moment.live(input.patient.card)

# METADATA
# title: The first refusal
# description: What rests on the grant and the client alone, then the person's space, then the card.
refusal := access.standing if access.standing

else := {"rule": rule, "layer": data.pontlevis.layers[substring(rule, 0, 1)]} if rule := min(standing)

else := {"rule": rule, "layer": "law"} if rule := min(law.deny)

else := {"rule": rule, "layer": "person"} if rule := min(person.deny | deny)
