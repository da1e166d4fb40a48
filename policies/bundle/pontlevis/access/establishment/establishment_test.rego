package pontlevis.access.establishment_test

import rego.v2

import data.pontlevis.main
import data.pontlevis.world as w

_overdue := {"establishment": {"overdue_cases": 2}}

_words := {"grant": {"typed_reason": "Found unconscious in the street."}}

test_refuse_an_emergency_from_an_establishment_with_overdue_cases_until_it_says_why if {
	main.decision == w.told("E5.overdue", "establishment") with input as w.of([w.glass, w.allergy, _overdue])
	main.decision == w.told("E5.overdue", "establishment") with input as w.of([w.call, w.allergy, _overdue])
	main.decision.rule == "E1.vital" with input as w.of([w.glass, w.allergy, _overdue, _words])
}

test_refuse_when_the_number_of_overdue_cases_is_not_known if {
	unknown := object.union(object.remove(w.of([w.glass, w.allergy]), ["establishment"]), {"establishment": {}})
	main.decision == w.told("E5.overdue", "establishment") with input as unknown
}

test_allow_ordinary_reads_whatever_the_establishment_owes if {
	main.decision == w.allowed("P1.circle", "person") with input as w.of([w.circle, _overdue])
}

test_refuse_before_looking_at_the_person if {
	main.decision == w.told("E5.overdue", "establishment") with input as w.of([w.glass, w.allergy, _overdue, w.blocked])
}
