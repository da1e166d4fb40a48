# METADATA
# title: The habilitation matrix
# description: |
#   Which profession reads what (rules.md M1 to M5, E6). The matrix is data, each cell with its provenance; an unknown cell refuses.
#   The author and the treating doctor (L6) are not bound by its cells.
package pontlevis.access.matrix

import rego.v2

import data.pontlevis.access.emergency
import data.pontlevis.actor
import data.pontlevis.link
import data.pontlevis.moment
import data.pontlevis.section

# METADATA
# title: No cell of the matrix permits this document
# description: Every type of the document must have no refusing cell, and one must have a permitting cell.
# custom:
#   rule: M1.cell
#   layer: matrix
#   reason:
#     fr: La matrice d'habilitation n'ouvre pas ce type de document à cette profession.
#     en: The habilitation matrix does not open this type of document to this profession.
#   remedy:
#     fr: La personne peut remettre elle-même ce document au professionnel.
#     en: The person can hand this document to the professional themselves.
#   source: rules.md M1, M2; CSP R1111-46; arrêté of 26 October 2023
deny contains "M1.cell" if {
	_bound
	section.name == "documents"
	not section.whole_type
	not _consultable
}

# METADATA
# title: No cell of the matrix permits this section
# description: Vaccinations, health history, entourage, identity, circle.
# custom:
#   rule: M1.section
#   layer: matrix
#   reason:
#     fr: La matrice d'habilitation n'ouvre pas cette partie de l'espace à cette profession.
#     en: The habilitation matrix does not open this part of the space to this profession.
#   remedy:
#     fr: La personne peut montrer elle-même ces informations au professionnel.
#     en: The person can show this information to the professional themselves.
#   source: rules.md M1; CSP R1111-46; arrêté of 26 October 2023
deny contains "M1.section" if {
	_bound
	section.audience.professional == "matrix"
	section.name != "documents"
	not section.whole_type
	not data.pontlevis.matrix.sections[actor.profession.column][section.name]
}

# METADATA
# title: Columns that are off
# description: Social professions and professions by role have columns that do not take effect.
# custom:
#   rule: M3.off
#   layer: matrix
#   reason:
#     fr: L'accès de cette profession n'est pas encore en vigueur.
#     en: Access for this profession is not yet in force.
#   remedy:
#     fr: La personne peut montrer elle-même ces informations ; un professionnel de santé de son cercle peut aussi les consulter.
#     en: The person can show this information themselves; a health professional of their circle can also read it.
#   source: rules.md M3; CSP L1111-17 III; Conseil d'État, 15 October 2025
deny contains "M3.off" if {
	input.actor.kind == "professional"
	not section.whole_type
	not data.pontlevis.settings.columns[actor.profession.family]
	not actor.author
	not _own
}

# METADATA
# title: Parts of the space professionals do not reach
# description: |
#   The agenda and messages of others, the settings of the space, the rest of the profile; and the log, but for what colleagues were let
#   read, which the treating doctor may know.
# custom:
#   rule: M4.section
#   layer: matrix
#   reason:
#     fr: Les professionnels n'accèdent pas à cette partie de l'espace.
#     en: Professionals do not reach this part of the space.
#   remedy:
#     fr: La personne peut enregistrer ces informations comme document pour les partager.
#     en: The person can save this information as a document to share it.
#   source: rules.md M4
# scope: rule
deny contains "M4.section" if {
	actor.caregiver
	not _reachable
}

# METADATA
# title: Strict necessity
# description: Unless the request says its own dates, a search reaches back two years; off in emergencies, and no limit for vaccinations.
# custom:
#   rule: M5.necessity
#   layer: matrix
#   reason:
#     fr: Sans dates précisées, la recherche s'arrête aux documents récents ; celui-ci est plus ancien.
#     en: Without dates of its own, a search stops at recent documents; this one is older.
#   remedy:
#     fr: Refaites la recherche en précisant les dates, si les documents anciens sont nécessaires.
#     en: Search again with dates, if older documents are needed.
#   source: rules.md M5; IGDMP TD3.1
deny contains "M5.necessity" if {
	limited
	input.within
	input.within == "search"
	not _recent
	not _undated
	not _exempt
}

# METADATA
# title: The search is limited to recent documents
# description: A professional in normal mode searches documents without saying dates.
limited if {
	input.actor.kind == "professional"
	section.name == "documents"
	not emergency.mode
	input.query
	input.query.dated == false
}

# METADATA
# title: Bound by the cells
# description: Professionals but the author and the treating doctor; in emergencies too unless the settings lift it.
# scope: document
_bound if {
	input.actor.kind == "professional"
	not link.treating
	not actor.author
	not emergency.mode
}

_bound if {
	input.actor.kind == "professional"
	emergency.mode
	data.pontlevis.settings.emergency.matrix
	not link.treating
	not actor.author
}

# A system is bound too: it reaches what its establishment wrote and nothing else, which its only grant says.
_reachable if section.audience.professional == "matrix"

_reachable if {
	section.whole_type
	not section.audience.professional in {"never", "colleagues"}
}

# What colleagues were let read: the médecin traitant coordinates care and reads all of it (L6). What was refused to them stays
# untold, since it may rest on a block, and so does what the person's side and apps did.
_reachable if {
	section.audience.professional == "colleagues"
	link.treating
	_colleagues
}

_colleagues if input.action == "search"

_colleagues if {
	input.resource.status == "granted"
	some name in input.resource.author
	startswith(name, "Practitioner/")
}

_reachable if {
	section.audience.professional == "kept"
	actor.author
}

_reachable if {
	section.audience.professional == "kept"
	link.treating
}

_reachable if _own

# Conversations, appointments and consents of the professional's own: the grants say which.
_own if {
	section.audience.professional == "party"
	actor.party
}

_own if {
	section.audience.professional == "concerned"
	"M4.concerned" in data.pontlevis.access.grants.grant
}

_consultable if {
	some code in input.resource.code
	data.pontlevis.matrix.consultable[actor.profession.column][code]
	not _refused
}

_refused if {
	some code in input.resource.code
	data.pontlevis.matrix.refused[actor.profession.column][code]
}

_recent if substring(input.resource.date, 0, 10) >= moment.years_ago(data.pontlevis.settings.necessity.years)

_undated if input.resource.date == ""

_exempt if {
	some code in input.resource.code
	code in data.pontlevis.settings.necessity.exempt
}
