package pontlevis.deposit_test

import rego.v2

import data.pontlevis.deposit
import data.pontlevis.world as w

test_refuse_what_is_no_write if {
	deposit.decision == w.refused("default", "default") with input as w.of([w.camille])
}

test_the_order_of_layers_when_changing_what_is_there if {
	all := [w.nurse, w.app, w.circle, w.blocked, {"action": "archive", "patient": {"lifecycle": {"state": "closed"}}, "actor": {"profession": ""}}]
	deposit.decision.layer == "law" with input as w.of(all)
	open := array.concat(all, [{"patient": {"lifecycle": {"state": "open"}}}])
	deposit.decision.rule == "P4.blocked" with input as w.of(open)
	unblocked := array.concat(open, [{"patient": {"blocked": []}}])
	deposit.decision.layer == "matrix" with input as w.of(unblocked)
	reader := array.concat(unblocked, [{"actor": {"profession": w.base.actor.profession}}])
	deposit.decision.rule == "D2.author" with input as w.of(reader)
	deposit.decision.layer == "app" with input as w.of(array.concat(reader, [w.mine]))
}
