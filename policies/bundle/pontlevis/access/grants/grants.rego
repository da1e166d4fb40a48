# METADATA
# title: Grants
# description: |
#   What opens a record, or a type within it, to an actor. A permission needs one of these and no refusal; when several hold, the decision
#   names the first in alphabetical order, which is the order of the lines of rules.md.
package pontlevis.access.grants

import rego.v2

import data.pontlevis.access.emergency
import data.pontlevis.actor
import data.pontlevis.delegation
import data.pontlevis.link
import data.pontlevis.section

# METADATA
# title: The holder reads their own space
# description: Everything but what is invisible to them.
# custom:
#   rule: L5.holder
#   layer: law
#   reason:
#     fr: La personne lit son propre espace.
#     en: The person reads their own space.
#   remedy:
#     fr: Si ce n'était pas vous, changez vos moyens de connexion et prévenez le 3422.
#     en: If it was not you, change your credentials and call 3422.
#   source: rules.md L5; CSP L1111-19
grant contains "L5.holder" if actor.holder

# METADATA
# title: An administrator reads
# description: A professional the person named, within the initial consent; masked documents included.
# custom:
#   rule: L6.administrator
#   layer: law
#   reason:
#     fr: Ce professionnel est administrateur de l'espace, désigné par la personne.
#     en: This professional is an administrator of the space, named by the person.
#   remedy:
#     fr: Vous pouvez lui retirer ce rôle depuis votre espace.
#     en: You can take this role back from your space.
#   source: rules.md L6
grant contains "L6.administrator" if {
	link.administrator
	link.initial
	section.audience.professional == "matrix"
}

# METADATA
# title: The author keeps sight
# description: The professional, or the establishment, that deposited a document keeps sight of it, whatever the masks.
# custom:
#   rule: L6.author
#   layer: law
#   reason:
#     fr: Ce professionnel, ou son établissement, est l'auteur de ce document.
#     en: This professional, or their establishment, is the author of this document.
#   remedy:
#     fr: La loi laisse à l'auteur l'accès à ce qu'il a déposé ; vous pouvez le bloquer depuis votre espace.
#     en: The law leaves authors access to what they deposited; you can block them from your space.
#   source: rules.md L6; CSP R1111-49
grant contains "L6.author" if {
	actor.caregiver
	section.audience.author
	actor.author
}

# METADATA
# title: The treating doctor reads everything
# description: Masked documents included, and after a withdrawal of consent.
# custom:
#   rule: L6.treating
#   layer: law
#   reason:
#     fr: Ce médecin est votre médecin traitant ; la loi lui donne accès à tout le dossier.
#     en: This doctor is your médecin traitant; the law gives them access to the whole record.
#   remedy:
#     fr: Vous pouvez changer de médecin traitant auprès de l'Assurance maladie, ou le bloquer depuis votre espace.
#     en: You can change your médecin traitant with the health insurance, or block them from your space.
#   source: rules.md L6; CSP L1111-16
grant contains "L6.treating" if {
	link.treating
	section.audience.treating
}

# METADATA
# title: A party to a conversation or an appointment
# description: Professionals see the messages and appointments they take part in, and no others.
# custom:
#   rule: M4.party
#   layer: matrix
#   reason:
#     fr: Ce professionnel participe à cette conversation ou à ce rendez-vous.
#     en: This professional takes part in this conversation or appointment.
#   remedy:
#     fr: Vous pouvez clore la conversation ou annuler le rendez-vous.
#     en: You can close the conversation or cancel the appointment.
#   source: rules.md M4
grant contains "M4.party" if {
	input.actor.kind == "professional"
	section.audience.professional == "party"
	actor.party
}

# METADATA
# title: A consent that concerns the professional
# description: Given to them or recorded by them; never a block, a hide or a mask, which stay silent.
# custom:
#   rule: M4.concerned
#   layer: matrix
#   reason:
#     fr: Ce consentement concerne ce professionnel.
#     en: This consent concerns this professional.
#   remedy:
#     fr: Vous pouvez y mettre fin depuis votre espace.
#     en: You can end it from your space.
#   source: rules.md M4, P1
grant contains "M4.concerned" if {
	input.actor.kind == "professional"
	section.audience.professional == "concerned"
	_concerned
}

# METADATA
# title: A member of the circle reads
# description: One initial consent is presumed for the whole team while care lasts.
# custom:
#   rule: P1.circle
#   layer: person
#   reason:
#     fr: Ce professionnel fait partie de votre cercle de soins et vous avez consenti au partage.
#     en: This professional is in your circle of care and you have consented to share.
#   remedy:
#     fr: Vous pouvez mettre fin à ce lien, bloquer ce professionnel ou retirer votre consentement depuis votre espace.
#     en: You can end this link, block this professional or withdraw your consent from your space.
#   source: rules.md P1, P2; CSP L1110-4, L1110-12; Conseil d'État, 15 October 2025
grant contains "P1.circle" if {
	link.circle
	link.initial
	section.audience.professional == "matrix"
}

# METADATA
# title: A consent for this consultation
# description: Given to this professional or establishment, valid now.
# custom:
#   rule: P1.consultation
#   layer: person
#   reason:
#     fr: Vous avez donné votre accord à ce professionnel pour cette consultation.
#     en: You gave this professional your consent for this consultation.
#   remedy:
#     fr: Vous pouvez mettre fin à cet accord depuis votre espace.
#     en: You can end this consent from your space.
#   source: rules.md P1; CSP L1111-17 II
grant contains "P1.consultation" if {
	link.consulted
	section.audience.professional == "matrix"
}

# METADATA
# title: A carer reads
# description: In their own name, within a dated delegation.
# custom:
#   rule: P9.carer
#   layer: person
#   reason:
#     fr: Cette personne est votre aidant, avec une délégation en cours.
#     en: This person is your carer, with a delegation in force.
#   remedy:
#     fr: Vous pouvez mettre fin à cette délégation depuis votre espace.
#     en: You can end this delegation from your space.
#   source: rules.md P9
grant contains "P9.carer" if delegation.carer

# METADATA
# title: A legal representative reads
# description: In their own name, for a minor or a protected adult.
# custom:
#   rule: P9.representative
#   layer: person
#   reason:
#     fr: Cette personne est représentant légal, avec une délégation en cours.
#     en: This person is a legal representative, with a delegation in force.
#   remedy:
#     fr: Pour un acte confidentiel, demandez au professionnel de ne pas le rendre visible de vos représentants.
#     en: For a confidential act, ask the professional not to make it visible to your representatives.
#   source: rules.md P9; CSP R1111-27, R1111-28
grant contains "P9.representative" if delegation.representative

# METADATA
# title: Break-glass, first stage
# description: The vital set.
# custom:
#   rule: E1.vital
#   layer: person
#   reason:
#     fr: Accès d'urgence (bris de glace) aux informations vitales.
#     en: Emergency access (break-glass) to vital information.
#   remedy:
#     fr: Vous en êtes informé ; vous pouvez le contester, et vous opposer à ces accès depuis votre espace.
#     en: You are told of it; you can contest it, and oppose such accesses from your space.
#   source: rules.md E1, E3; CSP L1111-17 I
grant contains "E1.vital" if {
	input.grant.mode == "bris_de_glace"
	emergency.vital_open
}

# METADATA
# title: Break-glass, second stage
# description: The rest of what the matrix permits.
# custom:
#   rule: E1.record
#   layer: person
#   reason:
#     fr: Accès d'urgence (bris de glace) au reste du dossier.
#     en: Emergency access (break-glass) to the rest of the record.
#   remedy:
#     fr: Vous en êtes informé ; vous pouvez le contester, et vous opposer à ces accès depuis votre espace.
#     en: You are told of it; you can contest it, and oppose such accesses from your space.
#   source: rules.md E1, E3; CSP L1111-17 I
grant contains "E1.record" if {
	input.grant.mode == "bris_de_glace"
	emergency.record_open
}

# METADATA
# title: Break-glass, third stage
# description: Masked documents, with their own reason, when the person permits it.
# custom:
#   rule: E1.masked
#   layer: person
#   reason:
#     fr: Accès d'urgence (bris de glace) à un document masqué, que la personne a permis.
#     en: Emergency access (break-glass) to a masked document, which the person has permitted.
#   remedy:
#     fr: Vous pouvez refuser l'ouverture des documents masqués en urgence depuis votre espace.
#     en: You can refuse the opening of masked documents in an emergency from your space.
#   source: rules.md E3, P10; CSP L1111-17 I
grant contains "E1.masked" if {
	input.grant.mode == "bris_de_glace"
	emergency.masked_item
}

# METADATA
# title: Emergency call centre, first stage
# description: The vital set.
# custom:
#   rule: E2.vital
#   layer: person
#   reason:
#     fr: Accès du médecin régulateur (SAMU) aux informations vitales.
#     en: Access of the regulating doctor (emergency call centre) to vital information.
#   remedy:
#     fr: Vous en êtes informé ; vous pouvez le contester, et vous opposer à ces accès depuis votre espace.
#     en: You are told of it; you can contest it, and oppose such accesses from your space.
#   source: rules.md E2, E3; CSP L1111-17 I
grant contains "E2.vital" if {
	input.grant.mode == "centre_15"
	emergency.vital_open
}

# METADATA
# title: Emergency call centre, second stage
# description: The rest of what the matrix permits.
# custom:
#   rule: E2.record
#   layer: person
#   reason:
#     fr: Accès du médecin régulateur (SAMU) au reste du dossier.
#     en: Access of the regulating doctor (emergency call centre) to the rest of the record.
#   remedy:
#     fr: Vous en êtes informé ; vous pouvez le contester, et vous opposer à ces accès depuis votre espace.
#     en: You are told of it; you can contest it, and oppose such accesses from your space.
#   source: rules.md E2, E3; CSP L1111-17 I
grant contains "E2.record" if {
	input.grant.mode == "centre_15"
	emergency.record_open
}

# METADATA
# title: Emergency call centre, third stage
# description: Masked documents, with their own reason, when the person permits it.
# custom:
#   rule: E2.masked
#   layer: person
#   reason:
#     fr: Accès du médecin régulateur (SAMU) à un document masqué, que la personne a permis.
#     en: Access of the regulating doctor (emergency call centre) to a masked document, which the person has permitted.
#   remedy:
#     fr: Vous pouvez refuser l'ouverture des documents masqués en urgence depuis votre espace.
#     en: You can refuse the opening of masked documents in an emergency from your space.
#   source: rules.md E3, P10; CSP L1111-17 I
grant contains "E2.masked" if {
	input.grant.mode == "centre_15"
	emergency.masked_item
}

# METADATA
# title: The emergency card
# description: The person carries a card that opens the vital set to the health professional who holds it.
# custom:
#   rule: E7.card
#   layer: person
#   reason:
#     fr: Ce professionnel de santé tenait votre carte d'urgence, qui ouvre vos informations vitales.
#     en: This health professional held your emergency card, which opens your vital information.
#   remedy:
#     fr: Vous pouvez révoquer cette carte depuis votre espace ; elle n'ouvre alors plus rien.
#     en: You can revoke this card from your space; it then opens nothing.
#   source: the person's own choice, kept as a Consent; CSP L1111-13-1
grant contains "E7.card" if emergency.card_open

# METADATA
# title: Order of grants
# description: The one that a decision names.
first := {"rule": rule, "layer": data.pontlevis.layers[substring(rule, 0, 1)]} if rule := min(grant)

_concerned if {
	_kind
	actor.author
}

_concerned if {
	_kind
	actor.party
}

_kind if {
	some category in input.resource.class
	data.pontlevis.codes.concerning_consents[category]
}
