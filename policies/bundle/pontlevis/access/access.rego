# METADATA
# title: Access
# description: |
#   Whether a resource may be read, a type searched in a record, or a type asked for at all. Refusals first, layer by layer: law, person,
#   establishment, matrix, app; a permission needs a grant and no refusal.
#   A refusal that rests on the grant and the client alone is named before any that looks at the person's space, whatever its layer:
#   else somebody with a token that can do nothing would learn from the change of answer that they are blocked.
#   Within a layer the decision names the first rule in alphabetical order.
package pontlevis.access

import rego.v2

import data.pontlevis.access.emergency
import data.pontlevis.access.establishment
import data.pontlevis.access.grants
import data.pontlevis.access.law
import data.pontlevis.access.matrix
import data.pontlevis.access.obligations
import data.pontlevis.access.person
import data.pontlevis.answer
import data.pontlevis.app
import data.pontlevis.section

# METADATA
# title: Refused unless something permits
# description: No grant opens this resource to this actor.
# entrypoint: true
# custom:
#   rule: default
#   layer: default
#   reason:
#     fr: Rien n'ouvre cet accès.
#     en: Nothing opens this access.
#   remedy:
#     fr: La personne peut donner son accord depuis son espace.
#     en: The person can give their consent from their space.
#   source: rules.md P1, S1
default decision := {"allow": false, "rule": "default", "layer": "default", "tell": false, "obligations": []}

decision := answer.refuse(standing)

decision := answer.refuse(refusal) if {
	not standing
	not _bare
}

decision := answer.permit({"rule": grants.first.rule, "layer": grants.first.layer, "obligations": obligations.permitted}) if {
	not standing
	not _bare
	not refusal
}

# METADATA
# title: A search of one's own
# description: Nothing opens the record to this professional; each match is decided on its own, so that authors find what they wrote.
# custom:
#   rule: S1.matches
#   layer: law
#   reason:
#     fr: Ce professionnel n'a pas accès à cet espace ; seul ce qu'il a lui-même déposé peut apparaître.
#     en: This professional has no access to this space; only what they deposited themselves may appear.
#   remedy:
#     fr: La personne peut donner son accord depuis son espace.
#     en: The person can give their consent from their space.
#   source: rules.md S1, L6
decision := answer.permit({"rule": "S1.matches", "layer": "law", "obligations": obligations.permitted}) if {
	section.whole_type
	input.actor.kind in {"professional", "system"}
	not standing
	not _bare
	not refusal
	not grants.first
}

# METADATA
# title: The directory is open
# description: Professionals, organisations and other resources of nobody's space, to any authenticated person or app with a scope.
# custom:
#   rule: M0.directory
#   layer: matrix
#   reason:
#     fr: L'annuaire est ouvert à toute personne connectée.
#     en: The directory is open to anyone signed in.
#   remedy:
#     fr: Pour corriger une entrée de l'annuaire, adressez-vous à l'exploitant du service.
#     en: To correct an entry of the directory, turn to the operator of the service.
#   source: rules.md M4; FHIR R4 Practitioner, Organization
decision := answer.permit({"rule": "M0.directory", "layer": "matrix", "obligations": set()}) if {
	section.directory
	not standing
}

# METADATA
# title: The grant may ask
# description: Whether a type may be asked for at all, whoever's record it is.
# custom:
#   rule: L4.ask
#   layer: law
#   reason:
#     fr: Cette autorisation permet de poser la question ; chaque donnée est ensuite jugée une à une.
#     en: This grant permits the question; each piece of data is then decided one by one.
#   remedy:
#     fr: Déconnectez l'application si vous ne voulez plus qu'elle demande.
#     en: Disconnect the app if you no longer want it to ask.
#   source: rules.md L4, S1
decision := answer.permit({"rule": "L4.ask", "layer": "law", "obligations": set()}) if {
	input.action == "ask"
	not section.directory
	not standing
}

# METADATA
# title: Refusal by the grant and the client alone
# description: The first rule that refuses whoever's space it is.
standing := {"rule": rule, "layer": "law"} if rule := min(law.standing | emergency.standing)

else := {"rule": rule, "layer": "person"} if rule := min(person.standing)

else := {"rule": rule, "layer": "establishment"} if rule := min(establishment.standing)

else := {"rule": rule, "layer": "app"} if rule := app.first

# METADATA
# title: Refusal by the person's space or the resource
# description: The first rule that refuses, by layer.
refusal := {"rule": rule, "layer": "law"} if rule := min(law.deny)

else := {"rule": rule, "layer": "person"} if rule := min(person.deny | emergency.deny)

else := {"rule": rule, "layer": "matrix"} if rule := min(matrix.deny)

else := {"rule": rule, "layer": "app"} if rule := min(app.deny)

# Questions in which no person's space takes part.
_bare if section.directory

_bare if input.action == "ask"
