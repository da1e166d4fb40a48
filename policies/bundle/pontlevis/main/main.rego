# METADATA
# title: The entry point
# description: Routes a decision by its action. Every answer is {allow, rule, layer, tell, obligations}; whatever is not understood is refused.
# schemas:
#   - input: schema.input
package pontlevis.main

import rego.v2

import data.pontlevis.access
import data.pontlevis.deposit
import data.pontlevis.look
import data.pontlevis.opening
import data.pontlevis.review
import data.pontlevis.snapshot
import data.pontlevis.telling

# METADATA
# title: Refused unless a concern permits
# description: An action that no concern knows.
# entrypoint: true
default decision := {"allow": false, "rule": "default", "layer": "default", "tell": false, "obligations": []}

decision := access.decision if input.action in {"ask", "search", "read", "history", "export"}

decision := look.decision if input.action == "look"

decision := snapshot.decision if input.action == "snapshot"

decision := opening.decision if input.action == "open_emergency"

decision := opening.question if input.action == "ask_emergency"

decision := opening.finding if input.action == "find_patient"

decision := opening.ending if input.action == "end_emergency"

decision := opening.receipt if input.action == "emergency_receipt"

decision := deposit.decision if input.action in {"deposit", "replace", "relabel", "status", "archive", "delete", "govern"}

decision := review.decision if input.action == "review"

decision := telling.decision if input.action == "notify"
