package pontlevis.access_test

import rego.v2

import data.pontlevis.access
import data.pontlevis.main
import data.pontlevis.world as w

test_a_token_that_can_do_nothing_learns_nothing_of_a_block if {
	answer := w.told("A1.scope", "app")
	main.decision == answer with input as w.of([w.circle, {"grant": {"scopes": []}}])
	main.decision == answer with input as w.of([w.circle, w.blocked, {"grant": {"scopes": []}}])
	main.decision == answer with input as w.of([{"grant": {"scopes": []}, "patient": {"lifecycle": {"state": "closed"}}}])
}

test_the_law_comes_before_the_person_and_the_person_before_the_matrix_and_the_matrix_before_the_app if {
	all := [w.nurse, w.app, w.linked, w.blocked, {"patient": {"lifecycle": {"state": "closed"}}}]
	main.decision.layer == "law" with input as w.of(all)
	open := array.concat(all, [{"patient": {"lifecycle": {"state": "open"}}}])
	main.decision.layer == "person" with input as w.of(open)
	unblocked := array.concat(open, [w.circle, {"actor": {"profession": ""}, "patient": {"blocked": []}}])
	main.decision.layer == "matrix" with input as w.of(unblocked)
	main.decision.layer == "app" with input as w.of(array.concat(unblocked, [{"actor": {"profession": w.base.actor.profession}}]))
}

test_standing_refusals_come_in_the_order_law_person_establishment_app if {
	all := [w.glass, w.allergy, {"grant": {"scopes": []}, "establishment": {"overdue_cases": 1}}]
	main.decision.layer == "law" with input as w.of(array.concat(all, [{"grant": {"reason": ""}}]))
	main.decision.layer == "establishment" with input as w.of(all)
	main.decision.layer == "app" with input as w.of(array.concat(all, [{"establishment": {"overdue_cases": 0}}]))
	main.decision.layer == "person" with input as w.of([w.helper, {"grant": {"scopes": []}}])
}

test_whoever_has_no_link_searches_among_what_they_wrote if {
	main.decision == w.allowed("S1.matches", "law") with input as w.searching([], "Condition")
	main.decision == w.allowed("S1.matches", "law") with input as w.searching([w.lab, {"client": {"label": {"categories": ["history"]}}}], "Condition")
}

test_people_search_only_where_they_may_read if {
	main.decision == w.allowed("L5.holder", "law") with input as w.searching([w.camille], "Condition")
	main.decision == w.allowed("P9.carer", "person") with input as w.searching([w.sofia], "Condition")
	main.decision == w.refused("P9.no-delegation", "person") with input as w.searching([w.stranger], "Condition")
	main.decision == w.refused("P4.blocked", "person") with input as w.searching([w.circle, w.blocked], "Condition")
	main.decision == w.told("M4.section", "matrix") with input as w.searching([w.circle], "Basic")
}

test_social_professions_are_told_why_they_find_so_little if {
	main.decision == w.allowed_with("P1.circle", "person", {w.notice("M3.off")}) with input as w.searching([w.circle, w.social], "Condition")
}

test_history_is_read_like_the_resource if {
	main.decision == w.allowed("P1.circle", "person") with input as w.of([w.circle, {"action": "history"}])
	main.decision == w.refused("P5.masked", "person") with input as w.of([w.circle, w.masked, {"action": "history"}])
}

test_the_directory_is_open_to_everyone_signed_in if {
	practitioner := {"resource": {"type": "Practitioner"}}
	main.decision == w.allowed("M0.directory", "matrix") with input as object.remove(w.of([practitioner]), ["patient"])
	main.decision == w.allowed("M0.directory", "matrix") with input as w.of([w.stranger, practitioner])
	main.decision == w.allowed("M0.directory", "matrix") with input as w.asking([], "Organization")
	main.decision == w.told("L1.client", "law") with input as w.of([practitioner, {"client": {"category": "insurer"}}])
}

test_asking_rests_on_the_grant_and_the_client_alone if {
	main.decision == w.allowed("L4.ask", "law") with input as w.asking([], "Condition")
	main.decision == w.told("L4.expired", "law") with input as w.asking([{"grant": {"until": "2026-11-21T09:00:00Z"}}], "Condition")
	main.decision == w.allowed("L4.ask", "law") with input as w.asking([w.glass], "Condition")
	main.decision == w.told("E3.patient", "law") with input as w.asking([w.glass, {"grant": {"patient": ""}}], "Condition")
}

test_the_trace_of_a_secret_connection_is_hidden_from_representatives_whatever_is_decided if {
	secret := {"grant": {"secret": true}}
	main.decision == w.allowed_with("P1.circle", "person", {w.hidden_trace}) with input as w.of([w.circle, secret])
	main.decision == object.union(w.refused("P1.no-link", "person"), {"obligations": [w.hidden_trace]}) with input as w.of([secret])
	main.decision == w.allowed_with("L4.ask", "law", {w.hidden_trace}) with input as w.asking([secret], "Condition")
}

test_refuse_when_nothing_opens_and_nothing_refuses if {
	access.decision == w.refused("default", "default") with input as w.of([w.lab])
}
