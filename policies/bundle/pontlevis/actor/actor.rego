# METADATA
# title: The actor
# description: Who acts, under which names a resource or a fact may know them, and in which capacity.
package pontlevis.actor

import rego.v2

# METADATA
# title: Names of the actor
# description: References and identifiers that mean the person who acts, and nobody else.
names := {input.actor.id} | {n | some n in input.actor.identities}

# METADATA
# title: Names of the actor and of the organisation they act for
# description: A link, a block or an authorship may name the establishment of the work situation chosen.
all := names | {n | some n in input.actor.organizations}

# METADATA
# title: Profession
# description: Column of the habilitation matrix and family of the profession; undefined when the code is not known.
profession := data.pontlevis.professions[input.actor.profession]

# METADATA
# title: Caregiver
# description: A professional, or a system that acts for an establishment.
# scope: document
caregiver if input.actor.kind == "professional"

caregiver if input.actor.kind == "system"

# METADATA
# title: Holder
# description: The person whose space it is.
holder if {
	input.actor.kind == "patient"
	input.patient
	input.actor.id == concat("/", ["Patient", input.patient.id])
}

# METADATA
# title: Author
# description: The actor, or the establishment they act for, deposited or wrote the resource.
author if {
	some name in input.resource.author
	name in all
}

# METADATA
# title: Party
# description: The actor takes part in the appointment or conversation.
party if {
	some name in input.resource.members
	name in all
}
