# METADATA
# title: Changes
# description: |
#   Who may replace, relabel, archive or delete what is there (rules.md D2, D3, P5, P6, P8, P9). The resource is the one that stands now.
#   Whoever may not read it is refused as if it were absent.
package pontlevis.deposit.amend

import rego.v2

import data.pontlevis.access.emergency
import data.pontlevis.actor
import data.pontlevis.delegation
import data.pontlevis.deposit.labels
import data.pontlevis.link

# METADATA
# title: A carer reads and adds, no more
# description: A carer may not share, mask, change or delete.
# custom:
#   rule: P9.adds-only
#   layer: person
#   reason:
#     fr: Un aidant lit et ajoute ; il ne partage, ne masque, ne modifie et n'efface rien.
#     en: A carer reads and adds; they share, mask, change and delete nothing.
#   remedy:
#     fr: Demandez à la personne de faire ce changement elle-même.
#     en: Ask the person to make this change themselves.
#   source: rules.md P9
deny contains "P9.adds-only" if {
	input.actor.kind == "carer"
	delegation.carer
}

# METADATA
# title: Emergency modes are read only
# description: Nothing is changed in an emergency.
# custom:
#   rule: E1.read-only
#   layer: person
#   reason:
#     fr: Un accès d'urgence ne permet que la lecture, et le dépôt du compte rendu d'urgence.
#     en: An emergency access allows reading only, and depositing the emergency report.
#   remedy:
#     fr: Déposez le compte rendu de l'urgence, ou reconnectez-vous en mode normal.
#     en: Deposit the report of the emergency, or sign in again in normal mode.
#   source: rules.md E1, E2
deny contains "E1.read-only" if emergency.mode

# METADATA
# title: Only the author replaces, or changes the status
# description: The content of a document never changes; a replacement is a new version by the same author. The person's side may archive.
# custom:
#   rule: D2.author
#   layer: person
#   reason:
#     fr: Seul l'auteur d'un document, ou son établissement, peut le remplacer ou en changer le statut.
#     en: Only the author of a document, or their establishment, can replace it or change its status.
#   remedy:
#     fr: Demandez à l'auteur de déposer une nouvelle version.
#     en: Ask the author to deposit a new version.
#   source: rules.md D2; PDSm; IGDMP TD2.1
deny contains "D2.author" if {
	input.action in {"replace", "status", "archive"}
	not actor.author
	not _archives
}

# METADATA
# title: Only the author deletes
# description: |
#   Logically; the holder deletes what they deposited themselves, being its author, and what an app left in the agenda for them.
# custom:
#   rule: D3.author
#   layer: person
#   reason:
#     fr: Seul l'auteur d'un document peut le supprimer.
#     en: Only the author of a document can delete it.
#   remedy:
#     fr: Vous pouvez le masquer, ou demander sa suppression à l'auteur.
#     en: You can mask it, or ask its author to delete it.
#   source: rules.md D3; IGDMP TD3.3c
deny contains "D3.author" if {
	input.action == "delete"
	not actor.author
	not _left
}

# An appointment names no author. One that an app signed (A5) was deposited for the person: nobody else's app may (P2.evidence).
_left if {
	_persons_side
	input.resource.type == "Appointment"
	startswith(input.resource.source, "urn:pontlevis:client:")
	_own_hand
}

# On our own pages the person removes what any app left; an app, what it left itself.
_own_hand if input.client.kind == "portal"

_own_hand if input.resource.source == concat("", ["urn:pontlevis:client:", input.client.id])

# METADATA
# title: Who sets and lifts a mask
# description: The person's side at any time, a professional with a link at the person's request.
# custom:
#   rule: P5.relabel
#   layer: person
#   reason:
#     fr: Le masque se pose et se lève par la personne, ou par un professionnel de son cercle à sa demande.
#     en: A mask is set and lifted by the person, or by a professional of their circle at their request.
#   remedy:
#     fr: La personne peut le faire depuis son espace.
#     en: The person can do it from their space.
#   source: rules.md P5; CSP R1111-49; IGDMP TD3.3a
deny contains "P5.relabel" if {
	input.action == "relabel"
	"MASQUE_PS" in labels.changed
	not _persons_side
	not link.ordinary
	not _default_mask
}

# METADATA
# title: The mask that an announcement put off
# description: |
#   Where the holder masks new documents by default, one that arrived under an announcement has no mask yet (P6 refuses both together), so
#   whoever lifts the announcement puts the mask on. Whoever may unmask does so in a change of its own, which is told to the person.
# custom:
#   rule: P5.default
#   layer: person
#   reason:
#     fr: La personne masque par défaut ses nouveaux documents ; lever l'attente d'annonce ne doit pas montrer celui-ci à tous.
#     en: The person masks new documents by default; lifting the announcement must not show this one to everybody.
#   remedy:
#     fr: Retirez INVISIBLE_PATIENT et ajoutez MASQUE_PS dans le même changement.
#     en: Remove INVISIBLE_PATIENT and add MASQUE_PS in the same change.
#   source: rules.md P5, P6
deny contains "P5.default" if {
	input.action == "relabel"
	input.patient.default_masked
	"INVISIBLE_PATIENT" in input.change.labels_removed
	not "MASQUE_PS" in labels.after
}

# METADATA
# title: Who lifts or sets an announcement
# description: A professional with a link, or the author; never the person, nor those who act for them.
# custom:
#   rule: P6.lift
#   layer: person
#   reason:
#     fr: Seul un professionnel peut rendre ce document visible à la personne, ou l'en cacher en attendant une annonce.
#     en: Only a professional can make this document visible to the person, or hide it while an announcement is pending.
#   remedy:
#     fr: Parlez-en avec le professionnel qui suit la personne.
#     en: Talk it over with the professional who follows the person.
#   source: rules.md P6, L5; IGDMP TD3.3b
deny contains "P6.lift" if {
	input.action == "relabel"
	"INVISIBLE_PATIENT" in labels.changed
	not _professional_hand
}

# METADATA
# title: Who hides from legal representatives
# description: A professional with a link, or the author, at the minor's request.
# custom:
#   rule: P8.label
#   layer: person
#   reason:
#     fr: Seul un professionnel peut, à la demande de la personne mineure, changer ce que voient ses représentants.
#     en: Only a professional can, at the minor's request, change what the representatives see.
#   remedy:
#     fr: La personne mineure peut le demander au professionnel qui la suit.
#     en: The minor can ask the professional who follows them.
#   source: rules.md P8; CSP R1111-50; IGDMP TD3.3b
deny contains "P8.label" if {
	input.action == "relabel"
	some label in labels.changed
	data.pontlevis.codes.invisible_to_representatives[label]
	not _professional_hand
}

# METADATA
# title: Other labels are the author's
# description: The confidentiality code and any label without a rule of its own.
# custom:
#   rule: D2.label
#   layer: person
#   reason:
#     fr: Seul l'auteur peut changer cette étiquette de confidentialité.
#     en: Only the author can change this confidentiality label.
#   remedy:
#     fr: Demandez à l'auteur du document.
#     en: Ask the author of the document.
#   source: rules.md D2; NOS JDV_J58
deny contains "D2.label" if {
	input.action == "relabel"
	some label in labels.changed
	not data.pontlevis.codes.labels_with_rules[label]
	not actor.author
}

# METADATA
# title: Masked and invisible together
# description: MASQUE_PS with INVISIBLE_PATIENT would leave a document that almost nobody sees; a setting allows it.
# custom:
#   rule: P6.together
#   layer: person
#   reason:
#     fr: Un document ne peut pas être à la fois masqué aux professionnels et invisible pour la personne.
#     en: A document cannot be both masked from professionals and invisible to the person.
#   remedy:
#     fr: Choisissez l'une des deux restrictions.
#     en: Choose one of the two restrictions.
#   source: rules.md P6; EX_2.1-1050
deny contains "P6.together" if {
	input.action in {"relabel", "replace"}
	labels.together
}

# METADATA
# title: What is not said is not decided
# description: A change comes with what it changes.
# custom:
#   rule: D2.unsaid
#   layer: person
#   reason:
#     fr: Ce changement n'est pas assez décrit pour décider ; dans le doute, il est refusé.
#     en: This change is not described well enough to decide; in doubt, it is refused.
#   remedy:
#     fr: Prévenez l'exploitant du service.
#     en: Tell the operator of the service.
#   source: rules.md D2, S1
deny contains "D2.unsaid" if {
	input.action == "relabel"
	not _said
}

# METADATA
# title: The change is permitted
# description: The actor may read the resource and no rule of this package refuses.
# custom:
#   rule: D2.change
#   layer: person
#   reason:
#     fr: Ce changement de statut, de confidentialité ou d'archivage est permis à cette personne.
#     en: This change of status, confidentiality or archive is permitted to this person.
#   remedy:
#     fr: Vous pouvez changer la confidentialité d'un document à tout moment depuis votre espace.
#     en: You can change the confidentiality of a document at any time from your space.
#   source: rules.md D2, P5; PDSm
grant contains "D2.change" if {
	input.action in {"relabel", "status", "archive"}
	not _asked
}

# METADATA
# title: A mask at the person's request
# description: Set or lifted by a professional with a link; the log keeps it under this rule, so that the person can tell it from their own.
# custom:
#   rule: P5.at-request
#   layer: person
#   reason:
#     fr: Un professionnel a changé le masque de ce document à votre demande.
#     en: A professional changed the mask of this document at your request.
#   remedy:
#     fr: Si vous ne l'avez pas demandé, remettez le masque depuis votre espace et signalez-le.
#     en: If you did not ask for it, put the mask back from your space and report it.
#   source: rules.md P5; CSP R1111-49; IGDMP TD3.3a
grant contains "P5.at-request" if _asked

# METADATA
# title: The replacement is permitted
# description: By the author or their establishment.
# custom:
#   rule: D2.replace
#   layer: person
#   reason:
#     fr: L'auteur remplace son document par une nouvelle version.
#     en: The author replaces their document by a new version.
#   remedy:
#     fr: L'ancienne version reste liée à la nouvelle.
#     en: The old version stays related to the new one.
#   source: rules.md D2; IGDMP TD2.1
grant contains "D2.replace" if input.action == "replace"

# METADATA
# title: The deletion is permitted
# description: By the author; nothing is erased, the document is marked as entered in error.
# custom:
#   rule: D3.delete
#   layer: person
#   reason:
#     fr: L'auteur supprime son document.
#     en: The author deletes their document.
#   remedy:
#     fr: Demandez à l'auteur de le déposer de nouveau si c'était une erreur.
#     en: Ask the author to deposit it again if it was a mistake.
#   source: rules.md D3; IGDMP TD3.3c
grant contains "D3.delete" if input.action == "delete"

# METADATA
# title: Order of grants
# description: The one that a decision names.
first := {"rule": rule, "layer": "person"} if rule := min(grant)

# METADATA
# title: Told to the person
# description: A mask that a professional changed is told to the person at once.
obligations contains {"type": "notify", "properties": {"about": "mask", "to": ["holder"]}} if _asked

# METADATA
# title: What hid the old version hides the new one
# description: |
#   A mask is lifted by those who may, never by a replacement. An announcement is left to its author, who is a professional and may lift it.
obligations contains {"type": "label", "properties": {"system": data.pontlevis.codes.mask.system, "code": label}} if {
	input.action == "replace"
	some label in input.resource.labels
	data.pontlevis.codes.inherited_labels[label]
}

# A professional's hand on a mask.
_asked if {
	input.action == "relabel"
	actor.caregiver
	"MASQUE_PS" in labels.changed
	not _default_mask
}

# The mask that the holder asked for in advance takes the place of an announcement; who may lift one is P6.lift.
_default_mask if {
	input.action == "relabel"
	input.patient.default_masked
	"INVISIBLE_PATIENT" in input.resource.labels
	"INVISIBLE_PATIENT" in input.change.labels_removed
	"MASQUE_PS" in input.change.labels_added
	not "MASQUE_PS" in input.change.labels_removed
}

_archives if {
	input.action == "archive"
	_persons_side
}

_persons_side if actor.holder

_persons_side if delegation.representative

_professional_hand if {
	actor.caregiver
	actor.author
}

_professional_hand if link.ordinary

_said if {
	input.change.labels_added
	input.change.labels_removed
}
