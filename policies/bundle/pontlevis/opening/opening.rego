# METADATA
# title: Opening an emergency access
# description: |
#   The moment before the first read (rules.md E1, E2, E4, E5): the grant that would be given is judged, and nobody breaks a glass where a
#   link already permits.
package pontlevis.opening

import rego.v2

import data.pontlevis.access
import data.pontlevis.access.emergency
import data.pontlevis.access.law
import data.pontlevis.access.obligations
import data.pontlevis.access.person
import data.pontlevis.answer
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
