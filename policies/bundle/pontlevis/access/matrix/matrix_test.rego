package pontlevis.access.matrix_test

import rego.v2

import data.pontlevis.main
import data.pontlevis.world as w

_tre_system := "https://mos.esante.gouv.fr/NOS/TRE_A05-TypeDocComplementaire/FHIR/TRE-A05-TypeDocComplementaire"

_profession(code) := {"actor": {"profession": concat("|", ["urn:oid:1.2.250.1.71.1.2.7", code])}}

_codes(codes) := {"resource": {"code": codes}}

_type(type) := {"resource": {"type": type}}

_accessed(outcome, who) := {"resource": {"type": "AuditEvent", "code": [], "status": outcome, "author": [who]}}

_ok := w.allowed("P1.circle", "person")

_cell := w.refused("M1.cell", "matrix")

_cases := {
	"doctor, consultation report": [[], _ok],
	"doctor, advance directives": [[_codes([concat("|", [_tre_system, "EXPPAT_3"])])], _ok],
	"doctor, residence certificate": [[_codes([concat("|", [_tre_system, "ATTEST-RESID"])])], _cell],
	"doctor, residence certificate by its OID": [[_codes(["urn:oid:1.2.250.1.213.1.1.4.12|ATTEST-RESID"])], _cell],
	"doctor, residence certificate with another type beside": [[_codes([concat("|", [_tre_system, "ATTEST-RESID"]), "http://loinc.org|51851-4"])], _cell],
	"doctor, a type outside the matrix": [[_codes(["http://loinc.org|34117-2"])], _cell],
	"doctor, a known code of another system": [[_codes(["urn:elsewhere|11488-4"])], _cell],
	"doctor, no type": [[_codes([])], _cell],
	"doctor, an unknown type beside a known one": [[_codes(["http://loinc.org|34117-2", "http://loinc.org|11488-4"])], _ok],
	"nurse, psychiatric summary": [[w.nurse, _codes(["http://loinc.org|68599-0"])], _cell],
	"nurse, medication review": [[w.nurse, _codes(["http://loinc.org|56445-0"])], _ok],
	"nurse, health history": [[w.nurse, _type("Condition")], _ok],
	"dentist, advance directives": [[_profession("40"), _codes([concat("|", [_tre_system, "EXPPAT_3"])])], _cell],
	"dentist, consultation report": [[_profession("40")], _ok],
	"pharmacist, prescription": [[_profession("21"), _codes(["http://loinc.org|57833-6"])], _ok],
	"pharmacist, psychological assessment": [[_profession("21"), _codes(["http://loinc.org|83901-9"])], _cell],
	"podiatrist, a cell nobody knows": [[_profession("80")], _cell],
	"podiatrist, health history": [[_profession("80"), _type("Condition")], w.refused("M1.section", "matrix")],
	"hearing-aid fitter, vaccinations": [[_profession("26"), _type("Immunization")], w.refused("M1.section", "matrix")],
	"unknown profession": [[_profession("999")], w.refused("M1.cell", "matrix")],
	"unknown profession, health history": [[_profession("999"), _type("Condition")], w.refused("M1.section", "matrix")],
	"profession by the FHIR address": [[{"actor": {"profession": "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante|10"}}], _ok],
	"profession as Pro Santé Connect says it": [[{"actor": {"profession": "urn:oid:1.2.250.1.213.1.1.5.5|10"}}], _ok],
	"agenda of the person": [[_type("Appointment")], w.refused("M4.section", "matrix")],
	"messages of the person": [[_type("Communication")], w.refused("M4.section", "matrix")],
	"log": [[_type("AuditEvent")], w.refused("M4.section", "matrix")],
	"a type without section": [[_type("Basic")], w.refused("M4.section", "matrix")],
	"folders": [[_type("List")], w.refused("M4.section", "matrix")],
	"consents of the person": [[_type("Consent")], w.refused("M4.section", "matrix")],
	"bytes nobody vouches for": [[_type("Binary")], w.refused("M4.section", "matrix")],
	"own appointment": [[_type("Appointment"), {"resource": {"members": ["Practitioner/doc"]}}], w.allowed("M4.party", "matrix")],
	"own conversation": [[_type("Communication"), {"resource": {"members": ["Organization/clinic"]}}], w.allowed("M4.party", "matrix")],
	"consent for them": [[_type("Consent"), {"resource": {"class": ["urn:pontlevis:consent|consultation"], "members": ["Practitioner/doc"]}}], w.allowed("M4.concerned", "matrix")],
	"consent they recorded": [[_type("Consent"), w.mine, {"resource": {"class": ["urn:pontlevis:consent|express"]}}], w.allowed("M4.concerned", "matrix")],
	"a block on them stays silent": [[_type("Consent"), {"resource": {"class": ["urn:pontlevis:consent|block"], "members": ["Practitioner/doc"]}}], w.refused("M4.section", "matrix")],
	"own folder": [[_type("List"), w.mine], w.allowed("L6.author", "law")],
	"folders, the treating doctor": [[w.treating, _type("List")], w.allowed("L6.treating", "law")],
	"agenda, the treating doctor": [[w.treating, _type("Appointment")], w.refused("M4.section", "matrix")],
	"what a colleague was let read, the treating doctor": [[w.treating, _accessed("granted", "Practitioner/other")], w.allowed("L6.treating", "law")],
	"what a colleague was let read, a member of the circle": [[_accessed("granted", "Practitioner/other")], w.refused("M4.section", "matrix")],
	"what was refused to a colleague, the treating doctor": [[w.treating, _accessed("refused", "Practitioner/other")], w.refused("M4.section", "matrix")],
	"what the person did, the treating doctor": [[w.treating, _accessed("granted", "Patient/camille")], w.refused("M4.section", "matrix")],
	"a type outside the matrix, the treating doctor": [[w.treating, _codes(["http://loinc.org|34117-2"])], w.allowed("L6.treating", "law")],
	"a type outside the matrix, the author": [[_codes(["http://loinc.org|34117-2"]), w.mine], w.allowed("L6.author", "law")],
}

test_the_matrix_within_the_circle[name] if {
	some name, c in _cases
	main.decision == c[1] with input as w.of(array.concat([w.circle], c[0]))
}

test_a_party_needs_no_link if {
	main.decision == w.allowed("M4.party", "matrix") with input as w.of([_type("Appointment"), {"resource": {"members": ["Practitioner/doc"]}}])
}

test_social_professions_are_off_until_the_setting_turns_them_on if {
	letter := _codes(["http://loinc.org|28653-4"])
	main.decision == w.refused("M3.off", "matrix") with input as w.of([w.circle, w.social, letter])
	main.decision == w.refused("M1.cell", "matrix") with input as w.of([w.circle, w.social])
	main.decision == w.allowed("L6.author", "law") with input as w.of([w.circle, w.social, letter, w.mine])
	main.decision == w.allowed("M4.party", "matrix") with input as w.of([w.social, _type("Appointment"), {"resource": {"members": ["Practitioner/doc"]}}])
	main.decision == _ok with input as w.of([w.circle, w.social, letter]) with data.pontlevis.settings.columns.social as true
}

test_the_matrix_stays_in_emergencies_unless_the_setting_lifts_it if {
	letter := _codes(["http://loinc.org|68599-0"])
	parts := [w.glass, w.second, w.nurse, letter]
	main.decision == _cell with input as w.of(parts)
	main.decision.rule == "E1.record" with input as w.of(parts) with data.pontlevis.settings.emergency.matrix as false
	main.decision.rule == "L6.treating" with input as w.of(array.concat(parts, [w.treating]))
	main.decision.rule == "L6.author" with input as w.of(array.concat(parts, [w.mine]))
}

_match := {"within": "search", "query": {"dated": false}}

_old := {"resource": {"date": "2024-11-20T23:59:59Z"}}

test_a_search_without_dates_stops_at_two_years[name] if {
	some name, c in {
		"older": [[_match, _old], w.refused("M5.necessity", "matrix")],
		"two years to the day": [[_match, {"resource": {"date": "2024-11-21T00:00:00Z"}}], _ok],
		"without a date": [[_match, {"resource": {"date": ""}}], _ok],
		"search with dates": [[_match, _old, {"query": {"dated": true}}], _ok],
		"read by its id": [[_old], _ok],
		"vaccination history": [[_match, _old, _codes(["http://loinc.org|11369-6"])], _ok],
		"advance directives": [[_match, _old, _codes(["urn:oid:1.2.250.1.213.1.1.4.12|EXPPAT_3"])], _ok],
		"health history": [[_match, _old, _type("Condition")], _ok],
		"the holder": [[w.camille, _match, _old], w.allowed("L5.holder", "law")],
	}
	main.decision == c[1] with input as w.of(array.concat([w.circle], c[0]))
}

test_no_limit_of_two_years_in_emergencies if {
	main.decision.rule == "E1.record" with input as w.of([w.glass, w.second, _match, _old])
}

test_a_search_without_dates_says_that_it_is_limited if {
	main.decision == w.allowed_with("P1.circle", "person", {w.notice("M5.necessity")}) with input as w.searching([w.circle], "DocumentReference")
	main.decision == _ok with input as w.searching([w.circle], "Condition")
	main.decision == _ok with input as object.union(w.searching([w.circle], "DocumentReference"), {"query": {"dated": true}})
}

test_a_search_tells_which_parts_professionals_do_not_reach if {
	main.decision == w.told("M4.section", "matrix") with input as w.searching([w.circle], "AuditEvent")
	main.decision == w.allowed("S1.matches", "law") with input as w.searching([w.circle], "Appointment")
	main.decision == w.allowed("S1.matches", "law") with input as w.searching([w.circle], "List")
}

test_every_cell_has_a_provenance[name] if {
	some table in ["consultable", "refused", "sections"]
	some column, cells in data.pontlevis.matrix[table]
	name := concat("/", [table, column])
	every provenance in cells {
		provenance in {"official", "press", "synthetic", "unknown"}
	}
}

test_every_column_is_a_profession[column] if {
	columns := {p.column | some p in data.pontlevis.professions}
	some table in ["consultable", "refused", "sections"]
	some column, _ in data.pontlevis.matrix[table]
	column in columns
}

test_no_cell_says_both if {
	every column, cells in data.pontlevis.matrix.consultable {
		every code, _ in cells {
			not data.pontlevis.matrix.refused[column][code]
		}
	}
}

test_doctors_read_every_type_but_the_residence_certificate if {
	data.pontlevis.matrix.refused["10"] == {
		concat("|", [_tre_system, "ATTEST-RESID"]): "press",
		"urn:oid:1.2.250.1.213.1.1.4.12|ATTEST-RESID": "press",
	}
	count(data.pontlevis.matrix.consultable["10"]) == 155
}

test_every_type_has_a_section_with_an_audience[type] if {
	some type, section in data.pontlevis.sections
	section in (object.keys(data.pontlevis.audience) | {"directory"})
}
