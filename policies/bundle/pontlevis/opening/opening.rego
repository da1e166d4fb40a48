# METADATA
# title: Opening an emergency access
# description: |
#   The moments around an emergency access in which nothing is read (rules.md E1 to E5): whose record, whether a glass has to be broken for
#   it, the opening itself (the grant that would be given is judged, and nobody breaks a glass where a link already permits), its end.
package pontlevis.opening

import rego.v2

import data.pontlevis.access
import data.pontlevis.access.emergency
import data.pontlevis.access.establishment
import data.pontlevis.access.law
import data.pontlevis.access.obligations
import data.pontlevis.access.person
import data.pontlevis.answer
import data.pontlevis.app
import data.pontlevis.link

# METADATA
# title: Refused unless something permits
# description: Not an emergency mode.
# entrypoint: true
default decision := {"allow": false, "rule": "default", "layer": "default", "tell": false, "obligations": []}

decision := answer.refuse(access.standing)

decision := answer.refuse(refusal) if not access.standing

# METADATA
# title: The glass may be broken
# description: Break-glass opens at its first stage.
# custom:
#   rule: E1.open
#   layer: person
#   reason:
#     fr: Un accès d'urgence (bris de glace) a été ouvert.
#     en: An emergency access (break-glass) was opened.
#   remedy:
#     fr: Vous en êtes informé ; vous pouvez le contester, et vous opposer à ces accès depuis votre espace.
#     en: You are told of it; you can contest it, and oppose such accesses from your space.
#   source: rules.md E1; CSP L1111-17 I
decision := answer.permit({"rule": "E1.open", "layer": "person", "obligations": obligations.permitted}) if {
	input.grant.mode == "bris_de_glace"
	not access.standing
	not refusal
}

# METADATA
# title: The call centre may look
# description: The regulating doctor's access opens at its first stage.
# custom:
#   rule: E2.open
#   layer: person
#   reason:
#     fr: Un accès d'urgence du médecin régulateur (SAMU) a été ouvert.
#     en: An emergency access of the regulating doctor (emergency call centre) was opened.
#   remedy:
#     fr: Vous en êtes informé ; vous pouvez le contester, et vous opposer à ces accès depuis votre espace.
#     en: You are told of it; you can contest it, and oppose such accesses from your space.
#   source: rules.md E2; CSP L1111-17 I
decision := answer.permit({"rule": "E2.open", "layer": "person", "obligations": obligations.permitted}) if {
	input.grant.mode == "centre_15"
	not access.standing
	not refusal
}

# METADATA
# title: Normal access is enough
# description: Where a link already permits, no glass is broken.
# custom:
#   rule: E4.enough
#   layer: person
#   reason:
#     fr: Votre accès normal suffit ; l'accès d'urgence n'a pas été ouvert.
#     en: Your normal access is enough; the emergency access was not opened.
#   remedy:
#     fr: Lisez le dossier en mode normal.
#     en: Read the record in normal mode.
#   source: rules.md E4
refusal := {"rule": rule, "layer": "law"} if rule := min(law.deny - {"L7.express", "L7.agreement"})

else := {"rule": "P4.blocked", "layer": "person"} if "P4.blocked" in person.deny

else := {"rule": "E4.enough", "layer": "person"} if link.ordinary

else := {"rule": rule, "layer": "person"} if rule := min(emergency.deny)

else := {"rule": rule, "layer": "law"} if rule := min(emergency.extending)

# METADATA
# title: Refused unless something permits
# description: Not an emergency mode.
default question := {"allow": false, "rule": "default", "layer": "default", "tell": false, "obligations": []}

question := answer.refuse(_unfit)

question := answer.refuse(refusal) if not _unfit

# METADATA
# title: The glass would have to be broken
# description: The question before the gesture; a reason is chosen with the gesture itself.
# custom:
#   rule: E1.needed
#   layer: person
#   reason:
#     fr: Un professionnel a demandé si un accès d'urgence serait possible (bris de glace). Rien n'a été ouvert.
#     en: A professional asked whether an emergency access would be possible (break-glass). Nothing was opened.
#   remedy:
#     fr: Vous pouvez vous opposer à ces accès depuis votre espace.
#     en: You can oppose such accesses from your space.
#   source: rules.md E1; CSP L1111-17 I
question := answer.permit({"rule": "E1.needed", "layer": "person", "obligations": _asked}) if {
	input.grant.mode == "bris_de_glace"
	not _unfit
	not refusal
}

# METADATA
# title: The call centre could look
# description: The same question by a regulating doctor.
# custom:
#   rule: E2.needed
#   layer: person
#   reason:
#     fr: Le médecin régulateur (SAMU) a demandé si un accès d'urgence serait possible. Rien n'a été ouvert.
#     en: The regulating doctor (emergency call centre) asked whether an emergency access would be possible. Nothing was opened.
#   remedy:
#     fr: Vous pouvez vous opposer à ces accès depuis votre espace.
#     en: You can oppose such accesses from your space.
#   source: rules.md E2; CSP L1111-17 I
question := answer.permit({"rule": "E2.needed", "layer": "person", "obligations": _asked}) if {
	input.grant.mode == "centre_15"
	not _unfit
	not refusal
}

# METADATA
# title: Refused unless something permits
# description: Not an emergency mode.
default finding := {"allow": false, "rule": "default", "layer": "default", "tell": false, "obligations": []}

finding := answer.refuse(_unfit)

# METADATA
# title: A person may be looked for by name, birth date and sex
# description: In an emergency alone, by whoever could break a glass; the answer is one exact match or nobody.
# custom:
#   rule: E1.find
#   layer: law
#   reason:
#     fr: Un professionnel vous a cherché par vos nom, prénom, date de naissance et sexe, dans une urgence. Rien n'a été ouvert.
#     en: A professional looked for you by your names, birth date and sex, in an emergency. Nothing was opened.
#   remedy:
#     fr: Si cela vous étonne, posez la question à son établissement.
#     en: If this surprises you, ask their establishment about it.
#   source: rules.md E1, E2; CSP L1111-17 I
finding := answer.permit({"rule": "E1.find", "layer": "law", "obligations": set()}) if {
	emergency.mode
	not _unfit
}

# METADATA
# title: Refused unless something permits
# description: Not an emergency mode.
default ending := {"allow": false, "rule": "default", "layer": "default", "tell": false, "obligations": []}

# METADATA
# title: An emergency access ends
# description: By the gesture of the one who opened it, before its time.
# custom:
#   rule: E3.ended
#   layer: law
#   reason:
#     fr: Le professionnel a mis fin à son accès d'urgence.
#     en: The professional ended their emergency access.
#   remedy:
#     fr: Vous pouvez contester cet accès depuis votre espace.
#     en: You can contest this access from your space.
#   source: rules.md E3
ending := answer.permit({"rule": "E3.ended", "layer": "law", "obligations": set()}) if emergency.mode

# METADATA
# title: Refused unless something permits
# description: Not an emergency mode.
default receipt := {"allow": false, "rule": "default", "layer": "default", "tell": false, "obligations": []}

# METADATA
# title: The receipt of an emergency access
# description: Whoever opened it sees what they opened, during it and afterwards.
# custom:
#   rule: E3.receipt
#   layer: law
#   reason:
#     fr: Le professionnel a relu la liste de ce qu'il a ouvert lors de son accès d'urgence.
#     en: The professional looked at the list of what they opened in their emergency access.
#   remedy:
#     fr: Cette liste ne lui montre rien de plus que ce qu'il a déjà vu.
#     en: This list shows them nothing beyond what they have seen already.
#   source: rules.md E3
receipt := answer.permit({"rule": "E3.receipt", "layer": "law", "obligations": set()}) if emergency.mode

# What stands in the way of whoever asks, before there is a reason or a person.
_unfit := {"rule": rule, "layer": "law"} if rule := min((law.standing | emergency.standing) - {"E1.reason", "E3.patient"})

else := {"rule": rule, "layer": "person"} if rule := min(person.standing)

else := {"rule": rule, "layer": "app"} if rule := app.first

# A reason in writing will be asked for with the gesture.
_asked contains {"type": "typed-reason", "properties": {}} if "E5.overdue" in establishment.standing
