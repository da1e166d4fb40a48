# METADATA
# title: The person
# description: What the holder governs (rules.md P1 to P9).
package pontlevis.access.person

import rego.v2

import data.pontlevis.access.emergency
import data.pontlevis.access.grants
import data.pontlevis.actor
import data.pontlevis.delegation
import data.pontlevis.link
import data.pontlevis.section

# METADATA
# title: No link with the person
# description: Outside the circle, a professional needs an explicit consent for the consultation.
# custom:
#   rule: P1.no-link
#   layer: person
#   reason:
#     fr: Ce professionnel ne fait pas partie du cercle de soins et n'a pas reçu d'accord pour cette consultation.
#     en: This professional is not in the circle of care and was given no consent for this consultation.
#   remedy:
#     fr: La personne peut donner son accord pour cette consultation ; un autre professionnel peut l'enregistrer pour elle.
#     en: The person can consent to this consultation; another professional can record it for them.
#   source: rules.md P1; CSP R1111-46, L1111-17 II
deny contains "P1.no-link" if {
	_outside
	not link.circle
	not link.past
}

# METADATA
# title: No initial consent
# description: A link alone opens nothing before the person has agreed once to share with their team.
# custom:
#   rule: P1.no-consent
#   layer: person
#   reason:
#     fr: La personne n'a pas encore donné son consentement initial au partage avec son équipe de soins.
#     en: The person has not yet given the initial consent to share with their care team.
#   remedy:
#     fr: Demandez-lui ce consentement ; il se donne une fois et peut être enregistré en consultation.
#     en: Ask for this consent; it is given once and can be recorded during a consultation.
#   source: rules.md P1; Conseil d'État, 15 October 2025
deny contains "P1.no-consent" if {
	_outside
	link.circle
	not link.withdrawn
}

# METADATA
# title: The link is over
# description: Links fade by date, and the person may end each one.
# custom:
#   rule: P2.ended
#   layer: person
#   reason:
#     fr: Le lien de soin de ce professionnel avec la personne est terminé.
#     en: This professional's care link with the person is over.
#   remedy:
#     fr: Un nouveau rendez-vous, une admission ou un accord de la personne ouvre un nouveau lien.
#     en: A new appointment, an admission or the person's consent opens a new link.
#   source: rules.md P2
deny contains "P2.ended" if {
	_outside
	not link.circle
	link.past
}

# METADATA
# title: Consent withdrawn
# description: Shuts every link of the circle until given again; the author and the treating doctor keep sight.
# custom:
#   rule: P3.withdrawn
#   layer: person
#   reason:
#     fr: La personne a retiré son consentement au partage avec son équipe de soins.
#     en: The person has withdrawn the consent to share with their care team.
#   remedy:
#     fr: La personne peut le donner de nouveau quand elle le souhaite, depuis son espace.
#     en: The person can give it again whenever they wish, from their space.
#   source: rules.md P3; CSP R1111-46
deny contains "P3.withdrawn" if {
	_outside
	link.circle
	link.withdrawn
}

# METADATA
# title: Blocked
# description: A blocked professional does not read, in any mode, with or without a link; a block wins over break-glass.
# custom:
#   rule: P4.blocked
#   layer: person
#   reason:
#     fr: La personne a bloqué ce professionnel ; il ne peut rien lire, même en urgence.
#     en: The person has blocked this professional, who can read nothing, even in an emergency.
#   remedy:
#     fr: La personne peut le débloquer depuis son espace ; il lui faudra ensuite un nouvel accord.
#     en: The person can unblock them from their space; a new consent is needed afterwards.
#   source: rules.md P4; IGDMP NB1
deny contains "P4.blocked" if _blocked

# METADATA
# title: Masked
# description: MASQUE_PS hides from every professional but the author, the treating doctor and the administrator, each by a setting.
# custom:
#   rule: P5.masked
#   layer: person
#   reason:
#     fr: La personne a masqué cet élément aux professionnels.
#     en: The person has masked this item from professionals.
#   remedy:
#     fr: La personne peut lever le masque à tout moment depuis son espace.
#     en: The person can lift the mask at any time from their space.
#   source: rules.md P5; CSP R1111-49
deny contains "P5.masked" if {
	actor.caregiver
	"MASQUE_PS" in input.resource.labels
	not sees_masked
	not emergency.masked_open
}

# METADATA
# title: Masked from social professionals
# description: MASQUE_PSOCIAL hides from professionals who are not health professionals.
# custom:
#   rule: P5.social
#   layer: person
#   reason:
#     fr: Cet élément est masqué aux professionnels du social.
#     en: This item is masked from social professionals.
#   remedy:
#     fr: La personne peut lever le masque à tout moment depuis son espace.
#     en: The person can lift the mask at any time from their space.
#   source: rules.md P5; NOS TRE_A07
deny contains "P5.social" if {
	input.actor.kind == "professional"
	"MASQUE_PSOCIAL" in input.resource.labels
	not actor.profession.family == "health"
	not sees_masked
}

# METADATA
# title: Not yet announced to the person
# description: INVISIBLE_PATIENT hides from the holder and from those who act for them while an announcement is pending.
# custom:
#   rule: P6.invisible
#   layer: person
#   reason:
#     fr: Une annonce est en attente ; un professionnel doit d'abord en parler avec la personne.
#     en: An announcement is pending; a professional must first talk it over with the person.
#   remedy:
#     fr: Le professionnel rend l'élément visible après la consultation d'annonce.
#     en: The professional makes the item visible after the announcement.
#   source: rules.md P6, L5; NOS TRE_A07
deny contains "P6.invisible" if {
	not actor.caregiver
	"INVISIBLE_PATIENT" in input.resource.labels
}

# METADATA
# title: Hidden from legal representatives
# description: |
#   INVISIBLE_REPRESENTANTS_LEGAUX hides from legal representatives, and from the carers of a minor: representatives name those, and could
#   name themselves or a friend. It hides from nobody else.
# custom:
#   rule: P6.representatives
#   layer: person
#   reason:
#     fr: À la demande de la personne mineure, cet élément n'est pas visible de ses représentants légaux.
#     en: At the minor's request, this item is not visible to the legal representatives.
#   remedy:
#     fr: La personne mineure peut en parler avec le professionnel qui a déposé l'élément.
#     en: The minor can talk it over with the professional who deposited the item.
#   source: rules.md P6, P8; CSP R1111-33, R1111-50
deny contains "P6.representatives" if {
	_kept_from
	input.resource.type != "AuditEvent"
	_hidden_from_representatives
}

# METADATA
# title: Masked from third persons
# description: MASQUE_PT hides from relatives who help.
# custom:
#   rule: P6.third
#   layer: person
#   reason:
#     fr: La personne n'a pas souhaité partager cet élément avec ses proches.
#     en: The person did not wish to share this item with relatives.
#   remedy:
#     fr: La personne peut lever ce masque depuis son espace.
#     en: The person can lift this mask from their space.
#   source: rules.md P6; NOS TRE_A07
deny contains "P6.third" if {
	input.actor.kind == "carer"
	"MASQUE_PT" in input.resource.labels
}

# METADATA
# title: Hidden from this professional
# description: The holder may hide one document from one professional or one profession; author, treating doctor and administrator keep sight.
# custom:
#   rule: P7.hidden
#   layer: person
#   reason:
#     fr: La personne a caché ce document à ce professionnel ou à sa profession.
#     en: The person has hidden this document from this professional or this profession.
#   remedy:
#     fr: La personne peut cesser de le cacher depuis son espace.
#     en: The person can stop hiding it from their space.
#   source: rules.md P7
deny contains "P7.hidden" if {
	input.actor.kind == "professional"
	some hidden in input.patient.hidden
	_concerns(hidden)
	input.resource.id
	hidden.document == concat("/", [input.resource.type, input.resource.id])
	not sees_masked
}

# METADATA
# title: The trace of a confidential act
# description: What a minor keeps secret is absent from the log shown to representatives, and present in the log proper.
# custom:
#   rule: P8.trace
#   layer: person
#   reason:
#     fr: Cette trace concerne un acte confidentiel de la personne mineure.
#     en: This trace is about a confidential act of the minor.
#   remedy:
#     fr: La personne mineure seule peut en parler.
#     en: The minor alone can talk about it.
#   source: rules.md P8; NOS JDV_J64
deny contains "P8.trace" if {
	input.actor.kind == "representative"
	input.resource.type == "AuditEvent"
	_hidden_from_representatives
}

# METADATA
# title: Representation ends at majority
# description: A delegation that began before majority gives nothing from that day.
# custom:
#   rule: P8.majority
#   layer: person
#   reason:
#     fr: La personne est majeure ; ses représentants légaux n'ont plus accès à son espace.
#     en: The person is of age; their legal representatives no longer reach their space.
#   remedy:
#     fr: La personne peut vous déclarer comme aidant depuis son espace.
#     en: The person can name you a carer from their space.
#   source: rules.md P8; CSP R1111-27
deny contains "P8.majority" if {
	input.actor.kind == "representative"
	delegation.representation
	delegation.adult
	not delegation.representative
}

# METADATA
# title: No representation without a birth date
# description: Whether the person is of age cannot be told.
# custom:
#   rule: P8.born
#   layer: person
#   reason:
#     fr: La date de naissance de la personne n'est pas connue ; on ne sait pas si elle est mineure.
#     en: The person's birth date is not known; whether they are a minor cannot be told.
#   remedy:
#     fr: Faites compléter la date de naissance de la personne.
#     en: Have the person's birth date completed.
#   source: rules.md P8
deny contains "P8.born" if {
	input.actor.kind == "representative"
	delegation.representation
	not input.patient.born
}

# METADATA
# title: Nobody reads another's space without a delegation
# description: Patients, representatives and carers reach only their own space and those delegated to them now.
# custom:
#   rule: P9.no-delegation
#   layer: person
#   reason:
#     fr: Vous n'avez pas, ou plus, de délégation pour cet espace.
#     en: You have no delegation for this space, or no longer.
#   remedy:
#     fr: Le titulaire peut vous donner une délégation depuis son espace.
#     en: The holder can give you a delegation from their space.
#   source: rules.md P9
deny contains "P9.no-delegation" if {
	not actor.caregiver
	not actor.holder
	not delegation.representation
	not delegation.carer
}

# METADATA
# title: Those who help take no copy along
# description: A carer reads and adds; a copy of the access log is for the holder and for who legally represents them.
# custom:
#   rule: P9.export
#   layer: person
#   reason:
#     fr: Un aidant lit et ajoute ; il n'emporte pas de copie de l'historique des accès.
#     en: A carer reads and adds; they take no copy of the access history along.
#   remedy:
#     fr: La personne peut emporter elle-même cette copie depuis son espace.
#     en: The person can take this copy along themselves from their space.
#   source: rules.md P9
standing contains "P9.export" if {
	input.action == "export"
	input.actor.kind in {"carer", "helper"}
}

# METADATA
# title: A helper reads nothing
# description: A helper does one named thing with the person's one-time code.
# custom:
#   rule: P9.helper
#   layer: person
#   reason:
#     fr: Un aidant ponctuel ne lit rien ; il fait une seule démarche, avec le code de la personne.
#     en: A helper reads nothing; they do one single thing, with the person's code.
#   remedy:
#     fr: Demandez à la personne de faire elle-même cette lecture, ou de vous déclarer comme aidant.
#     en: Ask the person to read it themselves, or to name you a carer.
#   source: rules.md P9
standing contains "P9.helper" if input.actor.kind == "helper"

# METADATA
# title: Reserved to the holder
# description: Sections that those who act for the person do not reach.
# custom:
#   rule: P9.reserved
#   layer: person
#   reason:
#     fr: Cette partie de l'espace est réservée à son titulaire.
#     en: This part of the space is reserved to its holder.
#   remedy:
#     fr: Demandez au titulaire de la consulter lui-même.
#     en: Ask the holder to look at it themselves.
#   source: rules.md P9, M4
standing contains "P9.reserved" if {
	not section.directory
	input.actor.kind in {"representative", "carer"}
	not section.audience[input.actor.kind] == true
}

# METADATA
# title: Sees what is masked
# description: The three separate switches of rules.md L6.
# scope: document
sees_masked if {
	data.pontlevis.settings.masked.author
	actor.author
}

sees_masked if {
	data.pontlevis.settings.masked.treating
	link.treating
}

sees_masked if {
	data.pontlevis.settings.masked.administrator
	link.administrator
}

_blocked if {
	actor.caregiver
	some name in input.patient.blocked
	name in actor.all
}

# A professional in normal mode for whom nothing opens this one resource.
_outside if {
	input.actor.kind == "professional"
	not section.whole_type
	not emergency.mode
	not _blocked
	not link.ordinary
	count(grants.grant) == 0
}

_concerns(hidden) if hidden.actor in actor.all

_concerns(hidden) if hidden.profession == input.actor.profession

_kept_from if input.actor.kind == "representative"

_kept_from if {
	input.actor.kind == "carer"
	not delegation.adult
}

_hidden_from_representatives if {
	some label in input.resource.labels
	data.pontlevis.codes.invisible_to_representatives[label]
}
