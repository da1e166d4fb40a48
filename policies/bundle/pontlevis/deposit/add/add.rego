# METADATA
# title: Deposit
# description: |
#   What may be added to a record (rules.md D1, A5, E1, P5, P6, P8). Depositing is a separate right: it needs no right to read.
package pontlevis.deposit.add

import rego.v2

import data.pontlevis.access.emergency
import data.pontlevis.actor
import data.pontlevis.delegation
import data.pontlevis.deposit.labels
import data.pontlevis.link
import data.pontlevis.section

# METADATA
# title: A refused depositor
# description: The person may refuse a depositor for a legitimate reason.
# custom:
#   rule: D1.refused
#   layer: person
#   reason:
#     fr: La personne a refusé, pour un motif légitime, que vous déposiez dans son espace.
#     en: The person has refused, for a legitimate reason, that you deposit in their space.
#   remedy:
#     fr: Remettez-lui le document autrement ; elle seule peut revenir sur ce refus.
#     en: Hand them the document another way; they alone can take the refusal back.
#   source: rules.md D1; CSP R1111-47
deny contains "D1.refused" if {
	some name in input.patient.refused_depositors
	name in actor.all
}

# METADATA
# title: What may be deposited
# description: Documents, vaccinations, health history, entourage, agenda and messages; never the log, consents or the circle.
# custom:
#   rule: D1.type
#   layer: person
#   reason:
#     fr: Ce type de donnée ne se dépose pas.
#     en: This type of data cannot be deposited.
#   remedy:
#     fr: Déposez un document ; les choix de la personne se changent depuis son espace.
#     en: Deposit a document; the person's choices are changed from their space.
#   source: rules.md D1, D2
deny contains "D1.type" if not section.audience.deposit

# METADATA
# title: Evidence of a link comes from elsewhere
# description: |
#   An encounter or an appointment opens a link for whomever it names, so neither a professional nor a system writes one: what is judged
#   of it says neither which organisation provides it nor for whom its practitioners work. The person and a representative do.
# custom:
#   rule: P2.evidence
#   layer: person
#   reason:
#     fr: Un rendez-vous ou une venue crée un lien de soin ; ni un professionnel ni un logiciel ne le crée lui-même.
#     en: An appointment or an encounter creates a care link; neither a professional nor a system creates it.
#   remedy:
#     fr: La personne ou son représentant peut l'enregistrer ; l'exploitant du service peut charger ceux d'un établissement.
#     en: The person or their representative can record it; the operator of the service can load those of an establishment.
#   source: rules.md P2
deny contains "P2.evidence" if {
	not input.actor.kind in {"patient", "representative"}
	data.pontlevis.codes.evidence[input.resource.type]
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
deny contains "P6.together" if labels.together

# METADATA
# title: An announcement is a professional's
# description: Only a professional, or a system of an establishment, deposits what the person may not yet see.
# custom:
#   rule: P6.announcement
#   layer: person
#   reason:
#     fr: Seul un professionnel peut rendre un document invisible à la personne en attendant une annonce.
#     en: Only a professional can make a document invisible to the person while an announcement is pending.
#   remedy:
#     fr: Déposez le document sans cette restriction.
#     en: Deposit the document without this restriction.
#   source: rules.md P6; HL7V2 §INVISIBLE_PATIENT
deny contains "P6.announcement" if {
	not actor.caregiver
	"INVISIBLE_PATIENT" in input.resource.labels
}

# METADATA
# title: Secret connection
# description: Under a connexion secrète only what is invisible to representatives may be deposited.
# custom:
#   rule: P8.secret-deposit
#   layer: person
#   reason:
#     fr: En connexion secrète, seul un document invisible aux représentants légaux peut être déposé.
#     en: In a secret connection, only a document invisible to legal representatives can be deposited.
#   remedy:
#     fr: Rendez le document invisible aux représentants légaux, ou déposez-le hors connexion secrète.
#     en: Make the document invisible to legal representatives, or deposit it outside the secret connection.
#   source: rules.md P8; EX_2.1-1050
deny contains "P8.secret-deposit" if {
	input.grant.secret
	not labels.secret
}

# METADATA
# title: An app signs what it writes
# description: A source that names somebody else is refused; the gate fills in an empty one when it stores.
# custom:
#   rule: A5.source
#   layer: app
#   reason:
#     fr: Une application ne peut écrire qu'en son propre nom.
#     en: An app can write only in its own name.
#   remedy:
#     fr: Indiquez dans meta.source l'identifiant de l'application, ou rien.
#     en: Put the app's identifier in meta.source, or nothing.
#   source: rules.md A5; MESAPI
deny contains "A5.source" if {
	input.client.kind != "portal"
	not _signed
}

# METADATA
# title: No right to deposit
# description: Neither the person's side, nor a professional of the circle, nor an authorised system.
# custom:
#   rule: D1.no-link
#   layer: person
#   reason:
#     fr: Vous ne pouvez pas déposer dans cet espace, ou il n'existe pas.
#     en: You cannot deposit in this space, or it does not exist.
#   remedy:
#     fr: Un rendez-vous, une admission ou l'accord de la personne permet le dépôt.
#     en: An appointment, an admission or the person's consent allows a deposit.
#   source: rules.md D1
deny contains "D1.no-link" if {
	count(grant) == 0
	not emergency.mode
}

# METADATA
# title: Emergency modes are read only
# description: Nothing is changed in an emergency, save the report of the emergency under break-glass.
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
deny contains "E1.read-only" if {
	emergency.mode
	not "E1.report" in grant
}

# METADATA
# title: The holder deposits
# description: In their own space.
# custom:
#   rule: D1.holder
#   layer: person
#   reason:
#     fr: La personne dépose dans son propre espace.
#     en: The person deposits in their own space.
#   remedy:
#     fr: Si ce n'était pas vous, changez vos moyens de connexion.
#     en: If it was not you, change your credentials.
#   source: rules.md D1, L5
grant contains "D1.holder" if actor.holder

# METADATA
# title: A representative deposits
# description: For the person they represent.
# custom:
#   rule: D1.representative
#   layer: person
#   reason:
#     fr: Un représentant légal dépose pour la personne.
#     en: A legal representative deposits for the person.
#   remedy:
#     fr: Vous pouvez en parler avec lui, ou appeler le 3422.
#     en: You can talk it over with them, or call 3422.
#   source: rules.md P9
grant contains "D1.representative" if delegation.representative

# METADATA
# title: A carer adds
# description: Reading and adding are all a carer does.
# custom:
#   rule: D1.carer
#   layer: person
#   reason:
#     fr: Votre aidant a ajouté cet élément.
#     en: Your carer added this item.
#   remedy:
#     fr: Vous pouvez mettre fin à sa délégation depuis votre espace.
#     en: You can end their delegation from your space.
#   source: rules.md P9
grant contains "D1.carer" if delegation.carer

# METADATA
# title: A professional of the circle deposits
# description: Whether or not they may read.
# custom:
#   rule: D1.circle
#   layer: person
#   reason:
#     fr: Ce professionnel de votre cercle de soins alimente votre espace.
#     en: This professional of your circle of care feeds your space.
#   remedy:
#     fr: Vous pouvez vous y opposer pour un motif légitime, depuis votre espace.
#     en: You can object for a legitimate reason, from your space.
#   source: rules.md D1; IGDMP NB2
grant contains "D1.circle" if link.circle

# METADATA
# title: A professional consulted deposits
# description: With an explicit consent for the consultation.
# custom:
#   rule: D1.consultation
#   layer: person
#   reason:
#     fr: Ce professionnel que vous avez consulté alimente votre espace.
#     en: This professional whom you consulted feeds your space.
#   remedy:
#     fr: Vous pouvez vous y opposer pour un motif légitime, depuis votre espace.
#     en: You can object for a legitimate reason, from your space.
#   source: rules.md D1, P1
grant contains "D1.consultation" if link.consulted

# METADATA
# title: A blocked professional may still deposit
# description: |
#   A block is about reading. It opens nothing either: a stranger who was blocked deposits as little as any stranger, and so cannot
#   learn of the block.
# custom:
#   rule: D1.blocked
#   layer: person
#   reason:
#     fr: Ce professionnel est bloqué en lecture, mais peut encore déposer.
#     en: This professional is blocked from reading, but may still deposit.
#   remedy:
#     fr: Vous pouvez refuser ses dépôts pour un motif légitime, depuis votre espace.
#     en: You can refuse their deposits for a legitimate reason, from your space.
#   source: rules.md P4, D1; IGDMP NB2
grant contains "D1.blocked" if {
	input.actor.kind == "professional"
	some name in input.patient.blocked
	name in actor.all
	_linked
}

_linked if link.circle

_linked if link.past

# METADATA
# title: An authorised system deposits
# description: A laboratory or an establishment, under its label and its scopes.
# custom:
#   rule: D1.system
#   layer: person
#   reason:
#     fr: Le système d'un laboratoire ou d'un établissement autorisé alimente votre espace.
#     en: The system of an authorised laboratory or establishment feeds your space.
#   remedy:
#     fr: Vous pouvez vous y opposer pour un motif légitime, depuis votre espace.
#     en: You can object for a legitimate reason, from your space.
#   source: rules.md D1; CSP R1111-47
grant contains "D1.system" if {
	input.actor.kind == "system"
	input.client.kind == "backend"
}

# METADATA
# title: The report of the emergency
# description: Whoever broke the glass leaves what they did, as a document; a result or a condition with the code of a report is none.
# custom:
#   rule: E1.report
#   layer: person
#   reason:
#     fr: Le professionnel qui est intervenu en urgence a déposé son compte rendu.
#     en: The professional who acted in the emergency deposited their report.
#   remedy:
#     fr: Vous pouvez le masquer depuis votre espace.
#     en: You can mask it from your space.
#   source: rules.md E1; CSP L1111-17 I
grant contains "E1.report" if {
	input.grant.mode == "bris_de_glace"
	section.name in {"documents", "lists"}
	not emergency.opposed
	some code in input.resource.code
	data.pontlevis.emergency_codes.reports[code]
}

# METADATA
# title: Order of grants
# description: The one that a decision names.
first := {"rule": rule, "layer": "person"} if rule := min(grant)

# METADATA
# title: The holder masks new documents by default
# description: Every document that arrives gets the mask, unless an announcement is pending and both together are not allowed (P5, P6).
obligations contains {"type": "label", "properties": data.pontlevis.codes.mask} if {
	input.patient.default_masked
	actor.caregiver
	not "MASQUE_PS" in input.resource.labels
	not labels.with_mask
}

_signature := concat(":", ["urn:pontlevis:client", input.client.id])

# What comes unsigned is signed by the gate when it is stored.
_signed if input.resource.source == ""

_signed if input.resource.source == input.client.id

_signed if input.resource.source == _signature

_signed if startswith(input.resource.source, concat("", [_signature, "#"]))
