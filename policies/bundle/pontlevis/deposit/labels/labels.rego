# METADATA
# title: Labels of a document
# description: Labels are a set; order means nothing (rules.md P6).
package pontlevis.deposit.labels

import rego.v2

# METADATA
# title: Labels after the change
# description: Those of the resource, without those removed, with those added.
after := ({l | some l in input.resource.labels} - {l | some l in input.change.labels_removed}) | {l | some l in input.change.labels_added}

# METADATA
# title: Changed labels
# description: Added or removed.
changed := {l | some l in input.change.labels_removed} | {l | some l in input.change.labels_added}

# METADATA
# title: Masked and invisible together
# description: Unless a setting allows it.
together if {
	"MASQUE_PS" in after
	"INVISIBLE_PATIENT" in after
	not data.pontlevis.settings.labels_together
}

# METADATA
# title: The mask cannot be added
# description: An announcement is pending and a setting forbids both together.
with_mask if {
	"INVISIBLE_PATIENT" in after
	not data.pontlevis.settings.labels_together
}

# METADATA
# title: Secret
# description: Invisible to legal representatives.
secret if {
	some label in after
	data.pontlevis.codes.invisible_to_representatives[label]
}
