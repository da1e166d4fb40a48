package pontlevis.main_test

import rego.v2

import data.pontlevis.main
import data.pontlevis.world as w

test_each_action_goes_to_its_concern[action] if {
	some action, rule in {
		"ask": "L4.ask",
		"search": "L5.holder",
		"read": "L5.holder",
		"history": "L5.holder",
		"export": "L5.holder",
		"deposit": "D1.holder",
		"archive": "D2.change",
		"govern": "L5.governs",
	}
	main.decision == object.union(w.allowed(rule, main.decision.layer), {"obligations": main.decision.obligations}) with input as w.of([w.camille, {"action": action, "change": {"kind": "block", "verb": "give"}}])
	main.decision.rule == rule with input as w.of([w.camille, {"action": action, "change": {"kind": "block", "verb": "give"}}])
}

test_refuse_an_action_that_no_concern_knows[action] if {
	some action in ["import", "", "READ"]
	main.decision == w.refused("default", "default") with input as w.of([w.camille, {"action": action}])
}

test_refuse_an_empty_input if {
	main.decision == w.refused("default", "default") with input as {}
}

test_refuse_reading_when_nothing_else_is_known if {
	main.decision.allow == false with input as {"action": "read", "now": "2026-11-21T10:00:00Z"}
	main.decision.allow == false with input as {"action": "deposit", "now": "2026-11-21T10:00:00Z"}
	main.decision.allow == false with input as {"action": "open_emergency", "now": "2026-11-21T10:00:00Z"}
	main.decision.allow == false with input as {"action": "look", "now": "2026-11-21T10:00:00Z"}
}
