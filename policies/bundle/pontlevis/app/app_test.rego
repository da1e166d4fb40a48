package pontlevis.app_test

import rego.v2

import data.pontlevis.app
import data.pontlevis.main
import data.pontlevis.world as w

_label(patch) := {"client": {"label": patch}}

_agreement(patch) := {"patient": {"apps": [object.union(w.app_consent.patient.apps[0], patch)]}}

_scopes(scopes) := {"grant": {"scopes": scopes}}

_narrowed(scopes, within) := {"grant": {"scopes": [], "narrowed": scopes}, "resource": {"within": within}}

_cases := {
	"all four": [[], w.allowed("L5.holder", "law")],
	"suspended": [[_label({"status": "suspended"})], w.told("A3.status", "app")],
	"recalled": [[_label({"status": "recalled"})], w.told("A3.status", "app")],
	"recalled, without the scope": [[_label({"status": "recalled"}), _scopes([])], w.told("A3.status", "app")],
	"recalled, without the category": [[_label({"status": "recalled", "categories": []})], w.told("A3.status", "app")],
	"recalled, without exchange": [[_label({"status": "recalled", "exchange": false})], w.told("A3.status", "app")],
	"never listed": [[_label({"status": "none"})], w.told("A3.status", "app")],
	"label lapsed": [[_label({"expires": "2026-11-21T10:00:00Z"})], w.told("A3.expired", "app")],
	"listed without exchange": [[_label({"exchange": false})], w.told("A1.exchange", "app")],
	"purpose not in the label": [[_label({"purposes": ["TREAT"]})], w.told("A1.label", "app")],
	"category not in the label": [[_label({"categories": ["documents"]})], w.told("A1.label", "app")],
	"direction not in the label": [[_label({"directions": ["write"]})], w.told("A1.label", "app")],
	"category that is only written": [[_label({"only": {"history": "write"}, "categories": ["history"]})], w.told("A1.label", "app")],
	"category that is only read": [[_label({"only": {"history": "read"}, "categories": ["history"]})], w.allowed("L5.holder", "law")],
	"category that is only written, and by its type read": [[_label({"only": {"history": "write"}, "categories": ["history", "Observation"]})], w.allowed("L5.holder", "law")],
	"another category is only written": [[_label({"only": {"documents": "write"}, "categories": ["history", "documents"]})], w.allowed("L5.holder", "law")],
	"category by its section": [[_label({"categories": ["history"]})], w.allowed("L5.holder", "law")],
	"category by its type": [[_label({"categories": ["Observation"]})], w.allowed("L5.holder", "law")],
	"category of a type without section": [[{"resource": {"type": "Basic"}}, _label({"categories": ["strict"]}), _agreement({"category": "Basic"})], w.allowed("L5.holder", "law")],
	"no consent": [[{"patient": {"apps": []}}], w.told("A1.consent", "app")],
	"consent to another app": [[_agreement({"client": "other"})], w.told("A1.consent", "app")],
	"consent for another purpose": [[_agreement({"purpose": "TREAT"})], w.told("A1.consent", "app")],
	"consent to another category": [[_agreement({"category": "documents"})], w.told("A1.consent", "app")],
	"consent to write": [[_agreement({"direction": "write"})], w.told("A1.consent", "app")],
	"consent ended": [[_agreement({"until": "2026-11-01T00:00:00Z"})], w.told("A1.consent", "app")],
	"consent of before majority": [[{"patient": {"born": "2008-06-01"}}], w.told("A2.majority", "app")],
	"consent of a minor": [[w.minor], w.allowed("L5.holder", "law")],
	"no scope": [[_scopes([])], w.told("A1.scope", "app")],
	"scope of another type": [[_scopes(["patient/Condition.rs"])], w.told("A1.scope", "app")],
	"scope of this type": [[_scopes(["openid", "patient/Observation.rs"])], w.allowed("L5.holder", "law")],
	"version 1 scope": [[_scopes(["patient/Observation.read"])], w.allowed("L5.holder", "law")],
	"version 1 scope to write": [[_scopes(["patient/*.write"])], w.told("A1.scope", "app")],
	"scope for everything": [[_scopes(["patient/*.*"])], w.allowed("L5.holder", "law")],
	"scope to search alone": [[_scopes(["patient/*.s"])], w.told("A1.scope", "app")],
	"scope out of order": [[_scopes(["patient/*.sr"])], w.told("A1.scope", "app")],
	"scope with its search among the whole ones": [[_scopes(["patient/Observation.rs?category=vital-signs"])], w.told("A1.scope", "app")],
	"within a narrowed scope": [[_narrowed(["patient/Observation.rs"], ["patient/Observation.rs"])], w.allowed("L5.holder", "law")],
	"outside a narrowed scope": [[_narrowed(["patient/Observation.rs"], [])], w.told("A1.scope", "app")],
	"within one of two narrowed scopes": [[_narrowed(["patient/Observation.r", "patient/Observation.s"], ["patient/Observation.r"])], w.allowed("L5.holder", "law")],
	"within a scope that was not granted": [[_narrowed(["patient/Observation.s"], ["patient/Observation.r"])], w.told("A1.scope", "app")],
	"within a narrowed scope of another letter": [[_narrowed(["patient/Observation.c"], ["patient/Observation.c"])], w.told("A1.scope", "app")],
	"within a narrowed scope of another type": [[_narrowed(["patient/Condition.rs"], ["patient/Condition.rs"])], w.told("A1.scope", "app")],
	"a whole scope beside a narrowed one": [[_narrowed(["patient/Observation.rs"], []), _scopes(["patient/Observation.r"])], w.allowed("L5.holder", "law")],
	"scope in pieces": [[_scopes(["patient/Observation", "rs", "patient/a/b.rs", "patient/Observation.r.s"])], w.told("A1.scope", "app")],
	"scope of a system": [[_scopes(["system/*.rs"])], w.told("A1.scope", "app")],
	"scope of the user": [[_scopes(["user/*.rs"])], w.allowed("L5.holder", "law")],
	"scope of another patient": [[{"grant": {"patient": "lucas"}}], w.told("A1.scope", "app")],
	"scope of no patient": [[{"grant": {"patient": ""}}], w.told("A1.scope", "app")],
	"match of a search with the letter of search": [[_scopes(["patient/*.s"]), {"within": "search", "query": {"dated": false}}], w.allowed("L5.holder", "law")],
}

test_the_four_conditions_of_an_app[name] if {
	some name, c in _cases
	main.decision == c[1] with input as w.of(array.concat([w.camille, w.app, w.app_consent], c[0]))
}

test_a_label_without_end_lasts if {
	world := w.of([w.camille, w.app, w.app_consent])
	client := object.union(object.remove(world.client, ["label"]), {"label": object.remove(world.client.label, ["expires"])})
	main.decision == w.allowed("L5.holder", "law") with input as object.union(object.remove(world, ["client"]), {"client": client})
}

test_an_app_of_a_professional_needs_the_persons_consent_unless_the_setting_says_otherwise if {
	parts := [w.circle, w.app]
	treat := {"patient": {"apps": [object.union(w.app_consent.patient.apps[0], {"purpose": "TREAT"})]}}
	main.decision == w.refused("A1.consent", "app") with input as w.of(parts)
	main.decision == w.allowed("P1.circle", "person") with input as w.of(array.concat(parts, [treat]))
	main.decision == w.allowed("P1.circle", "person") with input as w.of(parts) with data.pontlevis.settings.apps.consent_for_professionals as false
}

test_an_app_reads_no_more_than_the_person_it_acts_for if {
	masked := {"resource": {"labels": ["INVISIBLE_PATIENT"]}}
	main.decision == w.refused("P6.invisible", "person") with input as w.of([w.camille, w.app, w.app_consent, masked])
	main.decision == w.refused("P9.no-delegation", "person") with input as w.of([w.stranger, w.app, w.app_consent])
}

test_the_portal_goes_by_its_scopes if {
	main.decision == w.told("A1.scope", "app") with input as w.of([w.camille, _scopes(["patient/Condition.rs"])])
	main.decision == w.allowed("L5.holder", "law") with input as w.of([w.camille, _scopes(["patient/DocumentReference.rs"])])
}

test_a_system_goes_by_its_own_scopes_and_asks_the_person_nothing if {
	own := {"resource": {"author": ["Organization/lab"]}}
	main.decision == w.allowed("L6.author", "law") with input as w.of([w.lab, own])
	main.decision == w.told("A1.scope", "app") with input as w.of([w.lab, own, _scopes(["user/*.rs"])])
	main.decision == w.told("A1.scope", "app") with input as w.of([w.lab, own, _scopes(["patient/*.rs"])])
	main.decision == w.refused("default", "default") with input as w.of([w.lab])
}

test_searching_and_reading_need_their_own_letters if {
	main.decision == w.allowed("L5.holder", "law") with input as w.searching([w.camille, _scopes(["patient/*.s"])], "Condition")
	main.decision == w.told("A1.scope", "app") with input as w.searching([w.camille, _scopes(["patient/*.r"])], "Condition")
	main.decision == w.allowed("L4.ask", "law") with input as w.asking([w.camille, _scopes(["patient/*.r"])], "Condition")
	main.decision == w.told("A1.scope", "app") with input as w.asking([w.camille, _scopes(["patient/*.s"])], "Condition")
	main.decision == w.told("A1.scope", "app") with input as object.union(w.asking([w.camille, _scopes(["patient/*.r"])], "Condition"), {"query": {"dated": false}})
}

test_a_type_is_asked_for_by_a_narrowed_scope if {
	narrowed := {"grant": {"scopes": [], "narrowed": ["patient/Condition.rs"]}}
	main.decision == w.allowed("L4.ask", "law") with input as w.asking([w.camille, narrowed], "Condition")
	main.decision == w.told("A1.scope", "app") with input as w.asking([w.camille, narrowed], "Observation")
	main.decision == w.allowed("L5.holder", "law") with input as w.searching([w.camille, narrowed], "Condition")
}

test_the_history_of_many_goes_by_the_letter_of_search if {
	many := {"listing": true}
	main.decision == w.allowed("L4.ask", "law") with input as object.union(w.asking([w.camille, _scopes(["patient/*.s"])], "Condition"), many)
	main.decision == w.told("A1.scope", "app") with input as object.union(w.asking([w.camille, _scopes(["patient/*.r"])], "Condition"), many)
	main.decision == w.allowed("L5.holder", "law") with input as object.union(w.of([w.camille, _scopes(["patient/*.s"])]), many)
}

test_bytes_are_asked_for_by_the_scope_of_documents if {
	main.decision == w.allowed("L4.ask", "law") with input as w.asking([w.camille, _scopes(["patient/DocumentReference.r"])], "Binary")
	main.decision == w.told("A1.scope", "app") with input as w.asking([w.camille, _scopes(["patient/Condition.r"])], "Binary")
}

test_the_directory_goes_by_any_context_and_no_category if {
	practitioner := {"resource": {"type": "Practitioner"}}
	main.decision == w.allowed("M0.directory", "matrix") with input as w.of([w.camille, w.app, practitioner, {"grant": {"patient": ""}}])
	main.decision == w.told("A1.scope", "app") with input as w.of([w.camille, w.app, practitioner, _scopes(["patient/Observation.rs"])])
}

test_what_the_app_alone_permits if {
	parts := [w.camille, w.app, {"patient": {"lifecycle": {"state": "closed"}}}]
	app.decision == w.allowed("A1.app", "app") with input as w.of(array.concat(parts, [w.app_consent]))
	app.decision == w.told("A1.consent", "app") with input as w.of(parts)
	app.decision == w.told("A3.status", "app") with input as w.of(array.concat(parts, [w.app_consent, _label({"status": "delisted"})]))
}

test_refuse_a_client_of_no_known_kind if {
	app.decision == w.refused("default", "default") with input as w.of([w.camille, w.app, w.app_consent, {"client": {"kind": "toaster"}}])
}
