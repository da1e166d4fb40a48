# METADATA
# title: Writing
# description: |
#   What may be written (rules.md D1 to D3, and who governs). The layers and their order are those of reading: the grant and the client
#   first, then the law, the person, the matrix for whoever changes what is there, the app's consent.
package pontlevis.deposit

import rego.v2

import data.pontlevis.access
import data.pontlevis.access.emergency
import data.pontlevis.access.grants
import data.pontlevis.access.law
import data.pontlevis.access.matrix
import data.pontlevis.access.person
import data.pontlevis.answer
import data.pontlevis.app
import data.pontlevis.deposit.add
import data.pontlevis.deposit.amend
import data.pontlevis.deposit.govern
import data.pontlevis.section

# METADATA
# title: Refused unless something permits
# description: A write that no rule permits.
# entrypoint: true
default decision := {"allow": false, "rule": "default", "layer": "default", "tell": false, "obligations": []}

decision := answer.refuse(access.standing)

decision := answer.refuse(refusal) if not access.standing

decision := answer.permit({"rule": add.first.rule, "layer": add.first.layer, "obligations": add.obligations}) if {
	input.action == "deposit"
	not access.standing
	not refusal
}

decision := answer.permit({"rule": amend.first.rule, "layer": amend.first.layer, "obligations": amend.obligations}) if {
	_amends
	not access.standing
	not refusal
}

decision := answer.permit({"rule": govern.first.rule, "layer": govern.first.layer, "obligations": govern.obligations}) if {
	input.action == "govern"
	not access.standing
	not refusal
}

# METADATA
# title: The directory is not written here
# description: Its resources belong to nobody's space; the operator keeps them.
# custom:
#   rule: D1.directory
#   layer: law
#   reason:
#     fr: L'annuaire ne se modifie pas ici.
#     en: The directory cannot be changed here.
#   remedy:
#     fr: Adressez-vous à l'exploitant du service.
#     en: Turn to the operator of the service.
#   source: rules.md D1
refusal := {"rule": "D1.directory", "layer": "law"} if section.directory

else := {"rule": rule, "layer": "law"} if rule := min(_law)

else := {"rule": rule, "layer": "person"} if rule := min(_sight)

else := {"rule": rule, "layer": "matrix"} if {
	_amends
	rule := min(matrix.deny)
}

else := {"rule": "default", "layer": "default"} if {
	_amends
	count(grants.grant) == 0
}

else := {"rule": rule, "layer": data.pontlevis.layers[substring(rule, 0, 1)]} if {
	input.action == "deposit"
	rule := min(add.deny)
}

else := {"rule": rule, "layer": data.pontlevis.layers[substring(rule, 0, 1)]} if {
	_amends
	rule := min(amend.deny)
}

else := {"rule": rule, "layer": data.pontlevis.layers[substring(rule, 0, 1)]} if {
	input.action == "govern"
	rule := min(govern.deny)
}

else := {"rule": rule, "layer": "app"} if rule := min(app.deny)

_amends if input.action in {"replace", "relabel", "status", "archive", "delete"}

# Express consent and the resident's agreement are about reading (L7); a deposit and a recorded consent do without.
_law := law.deny if _amends

else := law.deny - {"L7.express", "L7.agreement"}

# What hides a resource hides it from changes too; a delegation that does not stand stands for nothing.
_sight := person.deny | emergency.deny if _amends

else := _standing_sight - {"P9.no-delegation"} if govern.invited

else := _standing_sight

# What keeps somebody from governing is what keeps them from the record; whoever was invited has no delegation yet.
_standing_sight := {rule |
	some rule in person.deny
	rule in {"P6.representatives", "P8.born", "P8.majority", "P9.no-delegation"}
}
