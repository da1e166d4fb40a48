# METADATA
# title: How the person signed in
# description: Operations that demand a fresher or a stronger sign-in than the one of the grant (RFC 9470). The table of them is data.
package pontlevis.authentication

import rego.v2

# METADATA
# title: Sign in again
# description: |
#   What the table demands of this action on this kind of choice, or on this type of resource. `max_age` is in seconds, `acr` the contexts of
#   which one is needed. A system does not sign in.
demanded contains {"type": "authenticate", "properties": demand} if {
	input.actor.kind != "system"
	demand := data.pontlevis.step_up[input.action][input.change.kind]
}

demanded contains {"type": "authenticate", "properties": demand} if {
	input.actor.kind != "system"
	demand := data.pontlevis.step_up[input.action][input.resource.type]
}
