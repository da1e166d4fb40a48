# METADATA
# title: One entry point
package pontlevis.main

import data.pontlevis.access

import rego.v2

default decision := {"allow": false, "rule": "D0", "layer": "default", "tell": false}

# METADATA
# title: Nothing permits
# custom:
#   rule: D0
#   layer: default
#   reason: {fr: "Aucune règle ne permet cet accès.", en: "No rule permits this access."}
#   remedy: {fr: "Demandez au patient.", en: "Ask the patient."}
#   source: rules.md
decision := access.decision if input.action == "read"
