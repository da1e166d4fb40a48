# METADATA
# title: Shape of a decision
# description: The object that every entry point gives, and who is told of a refusal (rules.md S1 to S3).
package pontlevis.answer

import rego.v2

import data.pontlevis.access.obligations
import data.pontlevis.actor
import data.pontlevis.authentication
import data.pontlevis.delegation
import data.pontlevis.section

# METADATA
# title: Refusal
# description: The decision that a rule of a layer refuses.
refuse(refusal) := {
	"allow": false,
	"rule": refusal.rule,
	"layer": refusal.layer,
	"tell": _told(refusal.rule),
	"obligations": [duty | some duty in (obligations.always | obligations.refused(refusal.rule))],
}

# METADATA
# title: Permission
# description: The decision that a grant permits, with what must be done for it to stand.
permit(grant) := {
	"allow": true,
	"rule": grant.rule,
	"layer": grant.layer,
	"tell": true,
	"obligations": [duty | some duty in ((obligations.always | grant.obligations) | authentication.demanded)],
}

default _told(_) := false

_told(rule) if data.pontlevis.told[rule] == "always"

_told(rule) if {
	data.pontlevis.told[rule] == "type"
	section.whole_type
}

_told(rule) if {
	data.pontlevis.told[rule] == "holder"
	actor.holder
}

_told(rule) if {
	data.pontlevis.told[rule] == "holder"
	delegation.representative
}
