# METADATA
# title: The law
# description: |
#   What no one may waive (rules.md L1 to L8). `standing` refuses what rests on the grant and the client alone; `deny` also looks at the
#   person's space or at the resource.
package pontlevis.access.law

import rego.v2

import data.pontlevis.actor
import data.pontlevis.link
import data.pontlevis.section

# METADATA
# title: Insurers, banks and employers read nothing
# description: Not even with the person's consent.
# custom:
#   rule: L1.client
#   layer: law
#   reason:
#     fr: La loi interdit l'accès aux assureurs, complémentaires, banques et employeurs, même avec l'accord de la personne.
#     en: The law forbids access to insurers, complementary cover, banks and employers, even with the person's consent.
#   remedy:
#     fr: N'utilisez pas cette application pour des données de santé ; personne ne peut autoriser cet accès.
#     en: Do not use this application for health data; nobody can authorise this access.
#   source: rules.md L1; CSP L1111-18, L1111-13-1
standing contains "L1.client" if data.pontlevis.codes.banned_clients[input.client.category]

# METADATA
# title: An app reads for care only
# description: Prevention, diagnosis, care, social or medico-social follow-up; never research or any other purpose.
# custom:
#   rule: L2.purpose
#   layer: law
#   reason:
#     fr: Une application ne peut accéder aux données que pour la prévention, le diagnostic, le soin ou le suivi social.
#     en: An application may reach data only for prevention, diagnosis, care or social follow-up.
#   remedy:
#     fr: Demandez un accès pour l'une de ces finalités ; aucune autre n'est possible, pas même la recherche.
#     en: Ask for access for one of these purposes; no other is possible, not even research.
#   source: rules.md L2; CSP L1111-13-1 III
standing contains "L2.purpose" if {
	input.client.kind != "portal"
	not data.pontlevis.codes.purposes[input.grant.purpose].app
	not _emergency_purpose
}

# METADATA
# title: A grant ends
# description: A grant whose end is past, or not known, gives nothing.
# custom:
#   rule: L4.expired
#   layer: law
#   reason:
#     fr: L'autorisation de cet accès a expiré.
#     en: The grant of this access has expired.
#   remedy:
#     fr: Reconnectez-vous pour demander un nouvel accès.
#     en: Sign in again to ask for a new access.
#   source: rules.md L4, T3; RFC 6749 §4.2.2
standing contains "L4.expired" if not input.now < input.grant.until

# METADATA
# title: The access mode is one of the three
# description: normal, bris_de_glace or centre_15, as the grant says.
# custom:
#   rule: L4.mode
#   layer: law
#   reason:
#     fr: Le mode d'accès de cette autorisation n'existe pas.
#     en: The access mode of this grant does not exist.
#   remedy:
#     fr: Demandez un accès en mode normal, bris de glace ou centre 15.
#     en: Ask for access in normal, break-glass or call-centre mode.
#   source: rules.md L4; NOS TRE_R248
standing contains "L4.mode" if not input.grant.mode in {"normal", "bris_de_glace", "centre_15"}

# METADATA
# title: The purpose fits the access mode
# description: Purposes of use are a closed list, each with the modes it is for.
# custom:
#   rule: L4.purpose
#   layer: law
#   reason:
#     fr: La finalité de cette autorisation n'est pas admise dans ce mode d'accès.
#     en: The purpose of this grant is not admitted in this access mode.
#   remedy:
#     fr: Demandez un nouvel accès avec la finalité qui correspond à ce que vous faites ; elle ne se change pas en cours de route.
#     en: Ask for a new access with the purpose that fits what you do; it cannot be changed on the way.
#   source: rules.md L4; HL7 v3-PurposeOfUse
standing contains "L4.purpose" if not input.grant.mode in data.pontlevis.codes.purposes[input.grant.purpose].modes

# METADATA
# title: A space that is not open gives nothing
# description: Before opening, opposed, closed, archived, suspended, being erased or erased, or when nobody ever announced it.
# custom:
#   rule: L3.not-open
#   layer: law
#   reason:
#     fr: Cet espace de santé n'est pas ouvert ; rien ne peut y être lu ni déposé.
#     en: This health space is not open; nothing can be read from it or deposited in it.
#   remedy:
#     fr: Son titulaire peut l'activer, ou le rouvrir tant qu'il est archivé, depuis la page de son espace ou au 3422.
#     en: Its holder can activate it, or reopen it while it is archived, from the page of the space or by calling 3422.
#   source: rules.md L3; CSP R1111-28, R1111-36
deny contains "L3.not-open" if not input.patient.lifecycle.state == "open"

# METADATA
# title: Occupational and fire-service doctors need express consent
# description: A link or a presumed consent is not enough; the author keeps sight of what they wrote.
# custom:
#   rule: L7.express
#   layer: law
#   reason:
#     fr: Un médecin du travail ou des pompiers ne consulte qu'avec le consentement exprès de la personne.
#     en: An occupational or fire-service doctor reads only with the person's express consent.
#   remedy:
#     fr: La personne peut donner ce consentement exprès, et masquer ce qu'elle veut, depuis son espace.
#     en: The person can give this express consent, and mask what they wish, from their space.
#   source: rules.md L7; CSP L1111-17 IV-V
deny contains "L7.express" if {
	input.actor.kind == "professional"
	_express_needed
	not _emergency
	not link.express
	not actor.author
}

# METADATA
# title: The coordinating doctor of a care home needs the resident's agreement
# description: Any explicit consent of the resident, or of who protects them, will do.
# custom:
#   rule: L7.agreement
#   layer: law
#   reason:
#     fr: Le médecin coordonnateur d'un EHPAD ne consulte qu'avec l'accord du résident.
#     en: The coordinating doctor of a care home reads only with the resident's agreement.
#   remedy:
#     fr: Recueillez l'accord du résident, ou de la personne qui le protège, et enregistrez-le.
#     en: Obtain the agreement of the resident, or of the person who protects them, and record it.
#   source: rules.md L7; CSP L1111-16
deny contains "L7.agreement" if {
	input.actor.kind == "professional"
	some role in link.roles
	data.pontlevis.codes.agreement_roles[role]
	not _emergency
	not link.consulted
	not link.treating
	not actor.author
}

# METADATA
# title: Each host keeps its own data
# description: A resource that comes from, or goes to, a host that may not hold its section is refused.
# custom:
#   rule: L8.host
#   layer: law
#   reason:
#     fr: Cette donnée n'appartient pas à l'hébergeur interrogé ; les deux hébergements ne sont jamais mélangés.
#     en: This data does not belong to the host that was asked; the two hosts are never mixed.
#   remedy:
#     fr: L'exploitant du service doit corriger la source de cette donnée.
#     en: The operator of the service must correct the source of this data.
#   source: rules.md L8; CSP L1111-8
deny contains "L8.host" if {
	input.resource.host
	not _held
}

# METADATA
# title: What is not described is not judged
# description: A decision about one resource needs the attributes that the masks and the matrix rest on.
# custom:
#   rule: L8.undescribed
#   layer: law
#   reason:
#     fr: Cette donnée n'est pas assez décrite pour décider ; dans le doute, l'accès est refusé.
#     en: This data is not described well enough to decide; in doubt, access is refused.
#   remedy:
#     fr: Prévenez l'exploitant du service.
#     en: Tell the operator of the service.
#   source: rules.md S1, M1
deny contains "L8.undescribed" if {
	not section.whole_type
	not section.described
}

# A host holds sections, and single types beside: measures of apps are kept apart from the health history.
_held if data.pontlevis.hosts[input.resource.host][section.name]

_held if data.pontlevis.hosts[input.resource.host][input.resource.type]

# In an emergency any health professional may act (CSP L1111-17 I).
_emergency if input.grant.mode in {"bris_de_glace", "centre_15"}

_emergency_purpose if {
	_emergency
	input.grant.mode in data.pontlevis.codes.purposes[input.grant.purpose].modes
}

_express_needed if data.pontlevis.codes.express_specialities[input.actor.speciality]

_express_needed if {
	some role in link.roles
	data.pontlevis.codes.express_roles[role]
}
