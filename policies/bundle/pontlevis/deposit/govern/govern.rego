# METADATA
# title: Governance
# description: |
#   Who may change the choices of the space: consents, blocks, hides, masks by default, switches, the circle, delegations, apps
#   (rules.md P1 to P4, P7 to P10, L6, A2). `input.change` says the kind, the verb (give, end, change) and whom it concerns.
package pontlevis.deposit.govern

import rego.v2

import data.pontlevis.access.emergency
import data.pontlevis.actor
import data.pontlevis.delegation
import data.pontlevis.link
import data.pontlevis.moment

# METADATA
# title: Apps do not govern
# description: The choices of the space are made in the space.
# custom:
#   rule: A1.govern
#   layer: app
#   reason:
#     fr: Une application ne peut pas changer les choix de la personne.
#     en: An app cannot change the person's choices.
#   remedy:
#     fr: Faites ce changement depuis votre espace.
#     en: Make this change from your space.
#   source: rules.md A1, P9
deny contains "A1.govern" if input.client.kind != "portal"

# METADATA
# title: Emergency modes are read only
# description: No choice is changed in an emergency.
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
# title: A blocked professional records nothing
# description: Neither for themselves nor for others.
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
deny contains "P4.blocked" if {
	actor.caregiver
	some name in input.patient.blocked
	name in actor.all
}

# METADATA
# title: A professional does not unblock
# description: Only the person takes a block back, and unblocking is not consent.
# custom:
#   rule: P4.unblock
#   layer: person
#   reason:
#     fr: Seule la personne peut lever un blocage.
#     en: Only the person can lift a block.
#   remedy:
#     fr: Demandez-lui de le faire depuis son espace.
#     en: Ask them to do it from their space.
#   source: rules.md P4
deny contains "P4.unblock" if {
	actor.caregiver
	input.change.kind
	input.change.verb
	input.change.kind == "block"
	input.change.verb != "give"
}

# METADATA
# title: Who records a consent given by word of mouth
# description: A professional of the circle, or one consulted now, and only to give it.
# custom:
#   rule: P1.recorder
#   layer: person
#   reason:
#     fr: Seul un professionnel qui suit déjà la personne peut enregistrer le consentement qu'elle donne de vive voix.
#     en: Only a professional who already follows the person can record the consent they give by word of mouth.
#   remedy:
#     fr: La personne peut donner ce consentement depuis son espace.
#     en: The person can give this consent from their space.
#   source: rules.md P1; CSP L1111-17 II
deny contains "P1.recorder" if {
	input.actor.kind == "professional"
	data.pontlevis.codes.recorded_consents[input.change.kind]
	not _recorder
}

# METADATA
# title: A recorded consent is for one consultation
# description: Only the person gives one that lasts; else a professional could keep the door open for themselves.
# custom:
#   rule: P1.lasting
#   layer: person
#   reason:
#     fr: Un consentement recueilli de vive voix vaut pour une consultation, pas davantage.
#     en: A consent given by word of mouth is for one consultation, no longer.
#   remedy:
#     fr: Donnez-lui une fin proche ; la personne peut donner un accord plus long depuis son espace.
#     en: Give it an end that is near; the person can give a longer one from their space.
#   source: rules.md P1; CSP L1111-17 II
deny contains "P1.lasting" if {
	input.actor.kind == "professional"
	input.change.kind in {"consultation", "express"}
	not _brief
}

# METADATA
# title: A withdrawn consent is given again by the person
# description: No professional gives it in their place.
# custom:
#   rule: P3.again
#   layer: person
#   reason:
#     fr: La personne a retiré son consentement ; elle seule peut le donner de nouveau.
#     en: The person has withdrawn their consent; they alone can give it again.
#   remedy:
#     fr: Demandez-lui de le faire depuis son espace.
#     en: Ask them to do it from their space.
#   source: rules.md P3
deny contains "P3.again" if {
	input.actor.kind == "professional"
	input.change.kind
	input.change.kind == "initial"
	link.withdrawn
}

# METADATA
# title: Legal representation is not the minor's to change
# description: It comes from the law and is certified by the health insurance.
# custom:
#   rule: P8.minor
#   layer: person
#   reason:
#     fr: La représentation légale vient de la loi ; une personne mineure ne peut pas y mettre fin.
#     en: Legal representation comes from the law; a minor cannot end it.
#   remedy:
#     fr: Pour un acte confidentiel, demandez au professionnel de le cacher à vos représentants.
#     en: For a confidential act, ask the professional to hide it from your representatives.
#   source: rules.md P8, P9; CSP R1111-27
deny contains "P8.minor" if {
	actor.holder
	delegation.minor
	input.change.kind
	input.change.kind == "legal-representative"
}

# METADATA
# title: Representatives do not dismiss each other
# description: A representative may add a second one and end their own delegation.
# custom:
#   rule: P9.co-representative
#   layer: person
#   reason:
#     fr: Un représentant légal ne peut pas mettre fin à la délégation d'un autre.
#     en: A legal representative cannot end another's delegation.
#   remedy:
#     fr: Adressez-vous à l'Assurance maladie, qui certifie cette qualité.
#     en: Turn to the health insurance, which certifies this quality.
#   source: rules.md P9
deny contains "P9.co-representative" if {
	input.actor.kind == "representative"
	input.change.kind
	input.change.verb
	input.change.kind == "legal-representative"
	input.change.verb != "give"
	not input.change.target in actor.names
}

# METADATA
# title: A carer reads and adds, no more
# description: A carer may not manage sharing.
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
deny contains "D2.unsaid" if not _said

# METADATA
# title: An invitation that is not taken
# description: It is good for some days, for whoever shows its code, in their own name.
# custom:
#   rule: P9.expired
#   layer: person
#   reason:
#     fr: Cette invitation n'est plus valable, ou son code n'est pas le bon.
#     en: This invitation is no longer valid, or its code is not the right one.
#   remedy:
#     fr: Demandez à la personne de vous inviter de nouveau.
#     en: Ask the person to invite you again.
#   source: rules.md P9
deny contains "P9.expired" if {
	input.change.verb
	input.change.verb == "accept"
	not accepts
}

# METADATA
# title: The person decides
# description: Nothing lets this actor change this choice.
# custom:
#   rule: P9.governs
#   layer: person
#   reason:
#     fr: Ce choix appartient à la personne.
#     en: This choice belongs to the person.
#   remedy:
#     fr: La personne peut le faire depuis son espace.
#     en: The person can make it from their space.
#   source: rules.md P9, L6
deny contains "P9.governs" if count(grant) == 0

# METADATA
# title: The holder governs
# description: Everything in their own space.
# custom:
#   rule: L5.governs
#   layer: law
#   reason:
#     fr: La personne règle les accès à son propre espace.
#     en: The person settles the access to their own space.
#   remedy:
#     fr: Si ce n'était pas vous, changez vos moyens de connexion et prévenez le 3422.
#     en: If it was not you, change your credentials and call 3422.
#   source: rules.md L5; CSP L1111-13-1
grant contains "L5.governs" if actor.holder

# METADATA
# title: An administrator blocks
# description: A professional named administrator may block another professional.
# custom:
#   rule: L6.blocks
#   layer: law
#   reason:
#     fr: Un administrateur de votre espace a bloqué un professionnel.
#     en: An administrator of your space has blocked a professional.
#   remedy:
#     fr: Vous pouvez lever ce blocage depuis votre espace.
#     en: You can lift this block from your space.
#   source: rules.md L6
grant contains "L6.blocks" if {
	link.administrator
	input.change.kind == "block"
	input.change.verb == "give"
}

# METADATA
# title: A professional records a consent
# description: Given by word of mouth, for themselves or for another.
# custom:
#   rule: P1.recorded
#   layer: person
#   reason:
#     fr: Un professionnel a enregistré le consentement que vous avez donné de vive voix.
#     en: A professional recorded the consent you gave by word of mouth.
#   remedy:
#     fr: Si vous ne l'avez pas donné, retirez-le depuis votre espace.
#     en: If you did not give it, withdraw it from your space.
#   source: rules.md P1; CSP L1111-17 II
grant contains "P1.recorded" if {
	_recorder
	data.pontlevis.codes.recorded_consents[input.change.kind]
}

# METADATA
# title: A professional leaves
# description: A professional may end their own link.
# custom:
#   rule: P2.leaves
#   layer: person
#   reason:
#     fr: Ce professionnel a mis fin à son lien de soin.
#     en: This professional ended their care link.
#   remedy:
#     fr: Vous pouvez le rétablir depuis votre espace.
#     en: You can restore it from your space.
#   source: rules.md P2
grant contains "P2.leaves" if {
	input.actor.kind == "professional"
	input.change.kind in {"circle", "end-link"}
	_ending
	input.change.target in actor.names
}

# METADATA
# title: A representative governs
# description: For the person they represent.
# custom:
#   rule: P9.represents
#   layer: person
#   reason:
#     fr: Un représentant légal a réglé cet accès pour la personne.
#     en: A legal representative settled this access for the person.
#   remedy:
#     fr: Vous pouvez en parler avec lui, ou appeler le 3422.
#     en: You can talk it over with them, or call 3422.
#   source: rules.md P9; CSP R1111-27, R1111-28
grant contains "P9.represents" if delegation.representative

# METADATA
# title: An invitation is accepted
# description: Somebody whom the person invited takes the delegation, in their own name.
# custom:
#   rule: P9.accepts
#   layer: person
#   reason:
#     fr: La personne que vous avez invitée a accepté de vous aider.
#     en: The person you invited has agreed to help you.
#   remedy:
#     fr: Vous pouvez mettre fin à cette aide depuis votre espace.
#     en: You can end this help from your space.
#   source: rules.md P9
grant contains "P9.accepts" if accepts

# METADATA
# title: Acceptance
# description: The invitation is still good.
accepts if {
	input.change.since
	invited
	input.change.since > moment.hours_ago(24 * data.pontlevis.settings.invitation_days)
}

# METADATA
# title: Invited
# description: The code of an invitation was shown, by whoever is to act.
invited if {
	input.change.verb
	input.change.proved
	input.change.verb == "accept"
	input.change.proved == true
	input.change.target in actor.names
}

# METADATA
# title: Order of grants
# description: The one that a decision names.
first := {"rule": rule, "layer": data.pontlevis.layers[substring(rule, 0, 1)]} if rule := min(grant)

# METADATA
# title: Told to the person
# description: A choice recorded by somebody else is told to the person at once.
obligations contains {"type": "notify", "properties": {"about": "governance", "to": ["holder"]}} if not actor.holder

# The link itself is enough: the initial consent may be what is being recorded.
_recorder if {
	link.circle
	input.change.verb == "give"
}

_recorder if {
	link.consulted
	input.change.verb == "give"
}

_brief if {
	input.change.kind == "consultation"
	not input.change.until
}

_brief if input.change.until <= moment.hours_ahead(data.pontlevis.settings.consultation_hours)

# The end of a link is a consent of its own that is given, or a change of the care team.
_ending if {
	input.change.kind == "end-link"
	input.change.verb == "give"
}

_ending if {
	input.change.kind == "circle"
	input.change.verb == "end"
}

_said if {
	input.change.kind
	input.change.verb
}
