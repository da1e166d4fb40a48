# METADATA
# title: The review of emergency accesses
# description: |
#   Who may see, judge and close a case, speak to it, or ask about an access (rules.md E5). A case is not the record: whoever reviews it sees
#   the facts of the access, and nothing of what it opened but its kind.
package pontlevis.review

import rego.v2

import data.pontlevis.actor
import data.pontlevis.answer
import data.pontlevis.delegation

# METADATA
# title: Refused unless something permits
# description: No such case, for whoever has no part in it.
# entrypoint: true
default decision := {"allow": false, "rule": "default", "layer": "default", "tell": false, "obligations": []}

decision := answer.refuse({"rule": refusal, "layer": "person"}) if {
	_part
	refusal
}

# METADATA
# title: A part of its own
# description: The register is for the establishment's reviewers and for the authority.
# custom:
#   rule: E5.reviewers
#   layer: person
#   reason:
#     fr: L'examen des accès d'urgence est réservé aux examinateurs désignés et à l'autorité.
#     en: The review of emergency accesses is for the appointed reviewers and for the authority.
#   remedy:
#     fr: Demandez à votre établissement de vous désigner.
#     en: Ask your establishment to appoint you.
#   source: rules.md E5
decision := answer.refuse({"rule": "E5.reviewers", "layer": "person"}) if {
	not _part
	input.review.step in {"queue", "overdue", "figures"}
}

# METADATA
# title: The establishment reviews
# description: A reviewer of the establishment sees its cases and closes them with a verdict.
# custom:
#   rule: E5.review
#   layer: person
#   reason:
#     fr: L'établissement examine un accès à votre dossier.
#     en: The establishment reviews an access to your record.
#   remedy:
#     fr: Vous pouvez donner votre avis sur cet accès depuis votre espace, tant que son examen est ouvert.
#     en: You can say what you think of this access from your space, while its review is open.
#   source: rules.md E5
decision := answer.permit({"rule": "E5.review", "layer": "person", "obligations": set()}) if {
	_reviewer
	input.review.step in {"queue", "see", "close"}
	not refusal
}

# METADATA
# title: The authority looks on
# description: What no establishment closed in time, what belongs to no establishment, and the figures.
# custom:
#   rule: E5.authority
#   layer: person
#   reason:
#     fr: L'autorité examine un accès à votre dossier que l'établissement n'a pas examiné à temps.
#     en: The authority looks at an access to your record that the establishment did not review in time.
#   remedy:
#     fr: Vous pouvez donner votre avis sur cet accès depuis votre espace, tant que son examen est ouvert.
#     en: You can say what you think of this access from your space, while its review is open.
#   source: rules.md E5
decision := answer.permit({"rule": "E5.authority", "layer": "person", "obligations": set()}) if {
	not _reviewer
	_authority
	not refusal
}

# METADATA
# title: The person has their say
# description: The holder, or who legally represents them, sees the cases of the space, says what they think of one, and asks about an access.
# custom:
#   rule: E5.person
#   layer: person
#   reason:
#     fr: La personne, ou qui la représente, suit l'examen des accès à son dossier.
#     en: The person, or who represents them, follows the review of accesses to their record.
#   remedy:
#     fr: Rien à faire ; l'historique de l'espace garde cette consultation.
#     en: Nothing to do; the history of the space keeps this visit.
#   source: rules.md E5; CSP R1111-48
decision := answer.permit({"rule": "E5.person", "layer": "person", "obligations": _owed}) if {
	not _reviewer
	not _authority
	_persons_side
	input.review.step in {"own", "say", "ask"}
	not refusal
}

# METADATA
# title: Nobody reviews their own access
# description: Whoever opened an access, or whom a question is about, neither sees nor closes its case as a reviewer.
# custom:
#   rule: E5.opener
#   layer: person
#   reason:
#     fr: Cet accès est le vôtre ; une autre personne doit l'examiner.
#     en: This access is your own; somebody else must review it.
#   remedy:
#     fr: Laissez ce dossier à un autre examinateur de l'établissement.
#     en: Leave this case to another reviewer of the establishment.
#   source: rules.md E5
refusal := "E5.opener" if {
	input.review.step in {"queue", "see", "close"}
	_own_access
}

# METADATA
# title: Nobody reviews what they asked themselves
# description: Whoever put a question, or whose own record a case is about, is no reviewer of it.
# custom:
#   rule: E5.asker
#   layer: person
#   reason:
#     fr: Cette question est la vôtre, ou porte sur votre propre dossier ; une autre personne doit y répondre.
#     en: This question is your own, or about your own record; somebody else must answer it.
#   remedy:
#     fr: Suivez-la depuis votre espace, et laissez-la à un autre examinateur de l'établissement.
#     en: Follow it from your space, and leave it to another reviewer of the establishment.
#   source: rules.md E5
else := "E5.asker" if {
	input.review.step in {"queue", "see", "close"}
	_own_question
}

# METADATA
# title: So many questions at a time
# description: Somebody whose questions about a space wait for as many answers as the settings allow asks no further one.
# custom:
#   rule: E5.many
#   layer: person
#   reason:
#     fr: Beaucoup de vos questions sur cet espace attendent déjà une réponse.
#     en: Many of your questions about this space already wait for an answer.
#   remedy:
#     fr: Attendez une réponse avant de poser une autre question ; chaque établissement doit répondre dans un délai fixé.
#     en: Wait for an answer before you ask another question; each establishment has to answer by a set date.
#   source: rules.md E5
else := "E5.many" if {
	input.review
	input.review.step == "ask"
	input.review.waiting >= data.pontlevis.settings.review.questions
}

# METADATA
# title: A closed case stays closed
# description: Neither a second verdict nor a later word changes what was concluded.
# custom:
#   rule: E5.closed
#   layer: person
#   reason:
#     fr: L'examen de cet accès est déjà clos.
#     en: The review of this access is already closed.
#   remedy:
#     fr: Pour y revenir, adressez-vous à l'établissement ou à l'autorité.
#     en: To come back to it, turn to the establishment or to the authority.
#   source: rules.md E5
else := "E5.closed" if {
	input.review.step in {"close", "say"}
	input.review.case.closed
}

# METADATA
# title: The verdict is one of the list
# description: Verdicts are data, by kind of case.
# custom:
#   rule: E5.verdict
#   layer: person
#   reason:
#     fr: Cette conclusion n'est pas dans la liste.
#     en: This verdict is not in the list.
#   remedy:
#     fr: Choisissez une des conclusions proposées.
#     en: Choose one of the verdicts offered.
#   source: rules.md E5
else := "E5.verdict" if {
	input.review
	input.review.step == "close"
	not data.pontlevis.review_codes.verdicts[input.review.case.kind][input.review.verdict]
}

# The establishment owes an answer to a question, by a date.
_owed contains {"type": "case", "properties": {"due_hours": data.pontlevis.settings.review.question_hours}} if {
	input.review
	input.review.step == "ask"
}

# Whoever the case concerns in some part may learn why a step of it is refused.
_part if _reviewer

_part if _authority

_part if {
	_persons_side
	input.review.step in {"own", "say", "ask"}
}

# On our own pages alone, in the establishment that the case belongs to.
_reviewer if {
	input.client.kind == "portal"
	"reviewer" in input.actor.claims.roles
	_of_establishment
}

_of_establishment if {
	input.review
	input.review.step == "queue"
	not input.review.case
}

_of_establishment if input.review.case.organization in input.actor.organizations

_authority if {
	input.client.kind == "portal"
	"authority" in input.actor.claims.roles
	_for_authority
}

_for_authority if {
	input.review
	input.review.step in {"overdue", "figures"}
	not input.review.case
}

_for_authority if {
	input.review.step in {"overdue", "see"}
	input.review.case.overdue
}

_for_authority if {
	input.review.step in {"overdue", "see", "close"}
	input.review.case.organization == ""
}

# What apps did without declaring it is the label authority's too.
_authority if {
	input.client.kind == "portal"
	"label" in input.actor.claims.roles
	_for_label
}

_for_label if {
	input.review
	input.review.step == "overdue"
	not input.review.case
}

_for_label if {
	input.review.step in {"overdue", "see", "close"}
	input.review.case.kind == "app"
}

_persons_side if {
	input.client.kind == "portal"
	actor.holder
}

_persons_side if {
	input.client.kind == "portal"
	delegation.representative
	not _hidden
}

# What a minor keeps secret is absent for representatives (rules.md P8).
_hidden if {
	some label in input.review.case.labels
	data.pontlevis.codes.invisible_to_representatives[label]
}

_own_access if input.review.case.opener in actor.names

_own_question if input.review.case.asker in actor.names

_own_question if {
	input.review
	input.review.self != ""
	input.review.self in {input.review.case.asker, input.review.case.patient}
}
