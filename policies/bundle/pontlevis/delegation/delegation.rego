# METADATA
# title: Delegations
# description: Those who act for the person in their own name, with dated delegations (rules.md P8, P9).
package pontlevis.delegation

import rego.v2

import data.pontlevis.moment

# METADATA
# title: Minor
# description: The person is under age at this instant; undefined when the birth date is not known.
minor if {
	input.patient.born
	input.patient.born > moment.years_ago(data.pontlevis.settings.majority_years)
}

# METADATA
# title: Of age
# description: The person is of age at this instant; undefined when the birth date is not known.
adult if {
	input.patient.born
	input.patient.born <= moment.years_ago(data.pontlevis.settings.majority_years)
}

# METADATA
# title: A delegation of legal representation
# description: Live, whatever the age of the person.
representation if {
	some delegate in _live
	delegate.kind == "legal-representative"
}

# METADATA
# title: Legal representative
# description: Of a minor, or of a protected adult when the delegation began at or after majority (CSP R1111-27, R1111-28).
# scope: document
representative if {
	input.actor.kind == "representative"
	representation
	minor
}

representative if {
	input.actor.kind == "representative"
	adult
	some delegate in _live
	delegate.kind == "legal-representative"
	since_majority(delegate.since)
}

# METADATA
# title: Carer
# description: A relative who helps, with a live delegation.
carer if {
	input.actor.kind == "carer"
	some delegate in _live
	delegate.kind == "carer"
}

# METADATA
# title: Since majority
# description: The instant is the person's majority or later.
since_majority(instant) if {
	input.patient.born
	input.patient.born <= moment.years_before(instant, data.pontlevis.settings.majority_years)
}

_live contains delegate if {
	some delegate in input.patient.delegates
	delegate.actor in ({input.actor.id} | {n | some n in input.actor.identities})
	moment.live(delegate)
}
