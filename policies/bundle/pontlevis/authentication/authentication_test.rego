package pontlevis.authentication_test

import rego.v2

import data.pontlevis.authentication

_fresh := {"type": "authenticate", "properties": {"max_age": 900}}

_strong := {"type": "authenticate", "properties": {"acr": ["eidas2"]}}

_table := {"govern": {"administrator": {"max_age": 900}}, "delete": {"DocumentReference": {"acr": ["eidas2"]}}}

_cases := {
	"a lasting choice": [{"action": "govern", "change": {"kind": "administrator"}, "resource": {"type": "Consent"}}, {_fresh}],
	"another choice": [{"action": "govern", "change": {"kind": "block"}, "resource": {"type": "Consent"}}, set()],
	"a type": [{"action": "delete", "resource": {"type": "DocumentReference"}}, {_strong}],
	"another type": [{"action": "delete", "resource": {"type": "Observation"}}, set()],
	"another action": [{"action": "read", "resource": {"type": "DocumentReference"}}, set()],
}

test_demanded[name] if {
	some name, c in _cases
	authentication.demanded == c[1] with input as object.union(c[0], {"actor": {"kind": "patient"}}) with data.pontlevis.step_up as _table
}

test_a_system_does_not_sign_in if {
	count(authentication.demanded) == 0 with input as {"action": "delete", "actor": {"kind": "system"}, "resource": {"type": "DocumentReference"}} with data.pontlevis.step_up as _table
}
