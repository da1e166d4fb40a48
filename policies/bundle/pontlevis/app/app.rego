# METADATA
# title: Apps
# description: |
#   An app acts only if it is listed and online, its label covers the exchange, the person consented to it for this purpose, category and
#   direction, and the scope covers the request: all four, at each request (rules.md A1 to A5). The portal goes by its scopes.
package pontlevis.app

import rego.v2

import data.pontlevis.actor
import data.pontlevis.answer
import data.pontlevis.delegation
import data.pontlevis.moment
import data.pontlevis.section

# METADATA
# title: Listed and online
# description: Suspended, delisted, recalled, expired or never listed apps do nothing from the next request.
# custom:
#   rule: A3.status
#   layer: app
#   reason:
#     fr: Cette application n'est pas, ou n'est plus, en ligne au catalogue.
#     en: This app is not, or no longer, online in the catalogue.
#   remedy:
#     fr: Vous pouvez la déconnecter depuis votre espace ; son éditeur doit régulariser sa situation.
#     en: You can disconnect it from your space; its publisher must put its situation in order.
#   source: rules.md A1, A3; CSP R1111-38
standing contains "A3.status" if {
	_listed_kind
	not input.client.label.status == "online"
}

# METADATA
# title: The label has not lapsed
# description: A label holds until its date.
# custom:
#   rule: A3.expired
#   layer: app
#   reason:
#     fr: Le label de cette application a expiré.
#     en: The label of this app has expired.
#   remedy:
#     fr: Son éditeur doit le renouveler ; vous pouvez la déconnecter depuis votre espace.
#     en: Its publisher must renew it; you can disconnect it from your space.
#   source: rules.md A3; CSP R1111-38
standing contains "A3.expired" if {
	_listed_kind
	_lapses
	not input.now < input.client.label.expires
}

# METADATA
# title: The label covers exchange
# description: A listing without exchange gives no data.
# custom:
#   rule: A1.exchange
#   layer: app
#   reason:
#     fr: Cette application est référencée sans échange de données.
#     en: This app is listed without exchange of data.
#   remedy:
#     fr: Son éditeur peut demander un référencement avec échange.
#     en: Its publisher can ask for a listing with exchange.
#   source: rules.md A1; CSP R1111-38, R1111-39
standing contains "A1.exchange" if {
	_listed_kind
	not input.client.label.exchange == true
}

# METADATA
# title: The label covers the purpose, the category and the direction
# description: An app sees only the categories of its agreement (A5).
# custom:
#   rule: A1.label
#   layer: app
#   reason:
#     fr: Le label de cette application ne couvre pas cette finalité, cette catégorie de données ou ce sens d'échange.
#     en: The label of this app does not cover this purpose, this category of data or this direction.
#   remedy:
#     fr: Son éditeur doit faire étendre sa convention avant de demander ces données.
#     en: Its publisher must have its agreement extended before asking for this data.
#   source: rules.md A1, A5; CSP R1111-38
standing contains "A1.label" if {
	_listed_kind
	not section.directory
	not _labelled
}

# METADATA
# title: The scope covers the request
# description: SMART scopes, v2 and v1, for every client. A scope that is not understood grants nothing; one that a search narrows grants what is within it.
# custom:
#   rule: A1.scope
#   layer: app
#   reason:
#     fr: L'autorisation donnée à cette application ne couvre pas cette demande.
#     en: The authorisation given to this app does not cover this request.
#   remedy:
#     fr: Reconnectez l'application en lui donnant l'accès à ce type de données.
#     en: Connect the app again and give it access to this type of data.
#   source: rules.md A1; SMART App Launch 2.2 scopes
standing contains "A1.scope" if {
	not section.gesture
	not _scoped
}

# METADATA
# title: Order of refusals by the app alone
# description: An app that is no longer online is told that, before what its label or its scopes lack.
# scope: document
first := min(_offline)

first := min(standing) if count(_offline) == 0

_offline := standing & {"A3.status", "A3.expired"}

# METADATA
# title: The person consented to the app
# description: For this purpose, this category and this direction, and not ended since.
# custom:
#   rule: A1.consent
#   layer: app
#   reason:
#     fr: La personne n'a pas consenti à ce que cette application accède à cette catégorie de données pour cette finalité.
#     en: The person has not consented to this app reaching this category of data for this purpose.
#   remedy:
#     fr: La personne peut donner ce consentement, finalité par finalité, depuis la page de ses applications.
#     en: The person can give this consent, purpose by purpose, from the page of their apps.
#   source: rules.md A1, A2; CSP L1111-13-1 III
deny contains "A1.consent" if {
	_consent_needed
	count(_consents) == 0
}

# METADATA
# title: Apps are approved again at majority
# description: A consent given before the person came of age no longer holds.
# custom:
#   rule: A2.majority
#   layer: app
#   reason:
#     fr: Le consentement à cette application date d'avant la majorité de la personne.
#     en: The consent to this app dates from before the person came of age.
#   remedy:
#     fr: La personne, désormais majeure, peut l'approuver de nouveau depuis la page de ses applications.
#     en: The person, now of age, can approve it again from the page of their apps.
#   source: rules.md A2, P8
deny contains "A2.majority" if {
	_consent_needed
	count(_consents) > 0
	not _approved
}

# METADATA
# title: What the label, the scope and the consent permit, whoever acts
# description: For the pages of the catalogue; the other layers are not asked.
# entrypoint: true
default decision := {"allow": false, "rule": "default", "layer": "default", "tell": false, "obligations": []}

decision := answer.refuse({"rule": rule, "layer": "app"}) if rule := first

decision := answer.refuse({"rule": rule, "layer": "app"}) if {
	count(standing) == 0
	rule := min(deny)
}

# METADATA
# title: Nothing about the app refuses
# description: Its label, its scopes and the person's consent cover the request.
# custom:
#   rule: A1.app
#   layer: app
#   reason:
#     fr: Le label, l'autorisation et votre consentement couvrent cette demande de l'application.
#     en: The label, the authorisation and your consent cover this request of the app.
#   remedy:
#     fr: Vous pouvez déconnecter l'application depuis votre espace.
#     en: You can disconnect the app from your space.
#   source: rules.md A1
decision := answer.permit({"rule": "A1.app", "layer": "app", "obligations": set()}) if {
	input.client.kind in {"portal", "smart", "backend", "plugin"}
	count(standing) == 0
	count(deny) == 0
}

# METADATA
# title: Direction of the exchange
# description: read or write.
# scope: document
default direction := "write"

direction := "read" if input.action in {"ask", "search", "read", "history", "export", "look", "snapshot"}

direction := "read" if section.gesture

# METADATA
# title: Categories of the resource
# description: The names under which labels and consents may speak of its type.
categories := {section.name, input.resource.type} | {name | some name in data.pontlevis.categories[input.resource.type]}

# The portal is the space itself and has no label.
_listed_kind if input.client.kind != "portal"

_lapses if input.client.label.expires

_labelled if {
	input.grant.purpose in input.client.label.purposes
	direction in input.client.label.directions
	some category in input.client.label.categories
	category in categories
	not _goes_the_other_way(category)
}

_goes_the_other_way(category) if input.client.label.only[category] != direction

# A system of an establishment deposits and reads its own under its label; the person is not asked, and may refuse it (rules.md D1).
_consent_needed if {
	input.client.kind != "portal"
	not actor.caregiver
}

_consent_needed if {
	input.client.kind != "portal"
	input.actor.kind == "professional"
	data.pontlevis.settings.apps.consent_for_professionals
}

_consents contains consent if {
	some consent in input.patient.apps
	consent.client == input.client.id
	consent.purpose == input.grant.purpose
	consent.category in categories
	consent.direction == direction
	moment.live(consent)
}

_approved if delegation.minor

_approved if {
	some consent in _consents
	delegation.since_majority(consent.since)
}

_needs contains letter if some letter in data.pontlevis.needs[input.action]

_needs contains "r" if {
	input.action in {"ask", "search"}
	not input.query
	not input.listing
}

# SMART counts the history of a type or of a record among searches (R123).
_needs contains "s" if input.listing

_needs contains "s" if {
	input.action in {"ask", "search"}
	input.query
}

_needs contains "s" if input.within == "search"

_scoped if {
	some scope in input.grant.scopes
	_permits(scope)
}

_scoped if {
	some scope in input.grant.narrowed
	_permits(scope)
	_within(scope)
}

# What a search narrows counts for the resources within it, which the gate finds out. Whether a type may be asked for is asked before there is one.
_within(_) if input.action in {"ask", "search"}

_within(scope) if scope in input.resource.within

_permits(scope) if {
	[context, rest] := split(scope, "/")
	[type, letters] := split(rest, ".")
	_in_context(context)
	_of_type(type)
	some letter in _needs
	data.pontlevis.permissions[letters][letter]
}

_in_context("patient") if section.directory

_in_context("patient") if {
	input.grant.patient != ""
	not input.patient
}

_in_context("patient") if {
	input.grant.patient != ""
	input.grant.patient == input.patient.id
}

_in_context("user") if input.actor.kind != "system"

_in_context("system") if input.actor.kind == "system"

_of_type("*")

_of_type(type) if type == input.resource.type

# Bytes are decided by the document that vouches for them; asking for them goes by either scope.
_of_type("DocumentReference") if section.name == "bytes"
