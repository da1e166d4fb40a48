# METADATA
# title: Looking through another's eyes
# description: |
#   Who may see a space as somebody else would get it, now or under a change that is about to be saved: the holder, and a representative
#   within what they see themselves. What is then shown is decided like any read of that somebody.
package pontlevis.look

import rego.v2

import data.pontlevis.access
import data.pontlevis.access.law
import data.pontlevis.access.person
import data.pontlevis.actor
import data.pontlevis.answer
import data.pontlevis.delegation

# METADATA
# title: Refused unless something permits
# description: Neither the holder nor a representative.
# entrypoint: true
default decision := {"allow": false, "rule": "default", "layer": "default", "tell": false, "obligations": []}

decision := answer.refuse(refusal)

# METADATA
# title: The holder looks
# description: The holder sees their own space through the eyes of whom they choose.
# custom:
#   rule: L5.look
#   layer: law
#   reason:
#     fr: Le titulaire regarde son espace tel qu'un autre le verrait.
#     en: The holder looks at their space as somebody else would see it.
#   remedy:
#     fr: Personne d'autre n'a rien vu ; pour changer ce que cette personne verrait, modifiez le partage.
#     en: Nobody else saw anything; to change what that person would see, change the sharing.
#   source: rules.md L5
decision := answer.permit({"rule": "L5.look", "layer": "law", "obligations": set()}) if {
	actor.holder
	not refusal
}

# METADATA
# title: The representative looks
# description: Within what they see themselves.
# custom:
#   rule: P9.look
#   layer: person
#   reason:
#     fr: Le représentant légal regarde l'espace tel qu'un autre le verrait, dans la limite de ce qu'il voit lui-même.
#     en: The legal representative looks at the space as somebody else would see it, within what they see themselves.
#   remedy:
#     fr: Personne d'autre n'a rien vu ; la personne peut demander la fin de cette représentation.
#     en: Nobody else saw anything; the person can ask for this representation to end.
#   source: rules.md P8, P9
decision := answer.permit({"rule": "P9.look", "layer": "person", "obligations": set()}) if {
	delegation.representative
	not refusal
}

# METADATA
# title: Looking is for the holder and the representatives
# description: Carers, helpers, professionals and systems see with their own eyes alone.
# custom:
#   rule: P9.no-look
#   layer: person
#   reason:
#     fr: Seul le titulaire de l'espace, ou son représentant légal, peut le regarder tel qu'un autre le verrait.
#     en: Only the holder of the space, or a legal representative, may look at it as somebody else would see it.
#   remedy:
#     fr: Demandez au titulaire de regarder lui-même.
#     en: Ask the holder to look themselves.
#   source: rules.md P9
standing contains "P9.no-look" if not input.actor.kind in {"patient", "representative"}

# METADATA
# title: Looking is for the pages of the space
# description: An app sees what was agreed with it, never what others see.
# custom:
#   rule: A1.look
#   layer: app
#   reason:
#     fr: Une application ne peut pas regarder l'espace à la place d'un autre ; cela se fait depuis les pages de l'espace.
#     en: An app may not look at the space in somebody else's place; this is done from the pages of the space.
#   remedy:
#     fr: Ouvrez la page de partage de votre espace.
#     en: Open the sharing page of your space.
#   source: rules.md A1, A4
standing contains "A1.look" if input.client.kind != "portal"

# METADATA
# title: Through whose eyes
# description: One of the kinds that are listed.
# custom:
#   rule: L5.eyes
#   layer: law
#   reason:
#     fr: Ce regard n'existe pas.
#     en: There are no such eyes to look through.
#   remedy:
#     fr: Choisissez un professionnel, une profession, une application, le SAMU, le bris de glace, un représentant ou un aidant.
#     en: Choose a professional, a profession, an app, the emergency call centre, break-glass, a representative or a carer.
#   source: rules.md L5
standing contains "L5.eyes" if not data.pontlevis.eyes.kinds[input.eyes]

# METADATA
# title: The first refusal
# description: What rests on the grant and the client alone, then the person's space.
refusal := access.standing if access.standing

else := {"rule": rule, "layer": data.pontlevis.layers[substring(rule, 0, 1)]} if rule := min(standing)

else := {"rule": rule, "layer": "law"} if rule := min(law.deny)

else := {"rule": rule, "layer": "person"} if rule := min(person.deny)
