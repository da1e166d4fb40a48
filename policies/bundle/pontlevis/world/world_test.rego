# METADATA
# title: The world of the tests
# description: |
#   Small pieces of input that tests put together: `of([circle, nurse, letter])` is the question whether a nurse of Camille's circle may read
#   an old letter. Later pieces win over earlier ones; lists are replaced whole.
package pontlevis.world

import rego.v2

# METADATA
# title: An input
# description: The base with the pieces put on it in order.
of(parts) := object.union_n(array.concat([base], parts))

# METADATA
# title: Expected refusal
# description: Without obligations.
refused(rule, layer) := {"allow": false, "rule": rule, "layer": layer, "tell": false, "obligations": []}

# METADATA
# title: Expected refusal that is told
# description: Without obligations.
told(rule, layer) := {"allow": false, "rule": rule, "layer": layer, "tell": true, "obligations": []}

# METADATA
# title: Expected permission
# description: Without obligations.
allowed(rule, layer) := {"allow": true, "rule": rule, "layer": layer, "tell": true, "obligations": []}

# METADATA
# title: Expected permission with duties
# description: The obligations are sorted, as a set is.
allowed_with(rule, layer, duties) := {"allow": true, "rule": rule, "layer": layer, "tell": true, "obligations": [d | some d in duties]}

# METADATA
# title: Base
# description: A doctor without any link asks to read a consultation report of Camille, through the portal, in normal mode.
base := {
	"actor": {
		"kind": "professional",
		"id": "Practitioner/doc",
		"identities": ["Practitioner/doc", "https://rpps.esante.gouv.fr|10001"],
		"organizations": ["Organization/clinic"],
		"profession": "urn:oid:1.2.250.1.71.1.2.7|10",
		"speciality": "",
		"claims": {"regulation": false},
	},
	"client": {
		"id": "portal",
		"kind": "portal",
		"category": "",
		"label": {"status": "none", "exchange": false, "purposes": [], "categories": [], "directions": [], "only": {}},
	},
	"grant": {
		"id": "g1",
		"scopes": ["patient/*.cruds"],
		"patient": "camille",
		"purpose": "TREAT",
		"mode": "normal",
		"reason": "",
		"typed_reason": "",
		"stage": 0,
		"secret": false,
		"since": "2026-11-21T09:30:00Z",
		"until": "2026-11-21T10:30:00Z",
	},
	"patient": {
		"id": "camille",
		"born": "1980-02-03",
		"lifecycle": {"state": "open"},
		"consent": {"explicit": []},
		"blocked": [],
		"hidden": [],
		"circle": [],
		"administrators": [],
		"switches": {},
		"default_masked": false,
		"delegates": [],
		"apps": [],
		"refused_depositors": [],
	},
	"establishment": {"overdue_cases": 0},
	"resource": {
		"type": "DocumentReference",
		"id": "d1",
		"class": [],
		"code": ["http://loinc.org|11488-4"],
		"author": ["Practitioner/other"],
		"custodian": [],
		"labels": ["N"],
		"status": "current",
		"doc_status": "",
		"date": "2026-06-01T00:00:00Z",
		"source": "",
		"archived": false,
		"subject": "Patient/camille",
		"members": [],
	},
	"action": "read",
	"policy": {"revision": "r", "age_s": 1},
	"now": "2026-11-21T10:00:00Z",
}

# METADATA
# title: Camille herself
camille := {"actor": {"kind": "patient", "id": "Patient/camille", "identities": ["Patient/camille"], "organizations": [], "profession": ""}, "grant": {"purpose": "PATRQT"}}

# METADATA
# title: Another patient
stranger := {"actor": {"kind": "patient", "id": "Patient/other", "identities": ["Patient/other"], "organizations": [], "profession": ""}, "grant": {"purpose": "PATRQT"}}

# METADATA
# title: A representative with a delegation since Camille's birth
karim := {
	"actor": {"kind": "representative", "id": "RelatedPerson/karim", "identities": [], "organizations": [], "profession": ""},
	"grant": {"purpose": "FAMRQT"},
	"patient": {"delegates": [{"actor": "RelatedPerson/karim", "kind": "legal-representative", "since": "2012-01-01T00:00:00Z"}]},
}

# METADATA
# title: A carer with a delegation
sofia := {
	"actor": {"kind": "carer", "id": "RelatedPerson/sofia", "identities": [], "organizations": [], "profession": ""},
	"grant": {"purpose": "FAMRQT"},
	"patient": {"delegates": [{"actor": "RelatedPerson/sofia", "kind": "carer", "since": "2026-01-01T00:00:00Z"}]},
}

# METADATA
# title: A helper
helper := {"actor": {"kind": "helper", "id": "Person/help", "identities": [], "organizations": [], "profession": ""}}

# METADATA
# title: The person is fifteen
minor := {"patient": {"born": "2011-05-01"}}

# METADATA
# title: A nurse
nurse := {"actor": {"profession": "urn:oid:1.2.250.1.71.1.2.7|60"}}

# METADATA
# title: A social worker
social := {"actor": {"profession": "urn:oid:1.2.250.1.213.1.6.1.4|41"}}

# METADATA
# title: An occupational doctor
occupational := {"actor": {"speciality": "urn:oid:1.2.250.1.71.4.2.5|SM25"}}

# METADATA
# title: A laboratory's system, with its label
lab := {
	"actor": {"kind": "system", "id": "Organization/lab", "identities": ["Organization/lab"], "organizations": [], "profession": ""},
	"client": {"id": "backend-lab", "kind": "backend", "label": {
		"status": "online", "exchange": true, "purposes": ["TREAT"], "categories": ["documents"], "directions": ["read", "write"], "only": {},
		"expires": "2027-01-01T00:00:00Z",
	}},
	"grant": {"scopes": ["system/*.cruds"], "patient": ""},
}

# METADATA
# title: An app with its label
app := {
	"client": {"id": "glycare", "kind": "smart", "category": "health", "label": {
		"status": "online", "exchange": true, "purposes": ["PATRQT", "TREAT"], "categories": ["measures"], "directions": ["read", "write"], "only": {},
		"expires": "2027-01-01T00:00:00Z",
	}},
	"resource": {"type": "Observation", "code": ["http://loinc.org|2339-0"]},
}

# METADATA
# title: Camille's consent to the app, for measures in both directions
app_consent := {"patient": {"apps": [
	{"client": "glycare", "purpose": "PATRQT", "category": "measures", "direction": "read", "since": "2026-01-01T00:00:00Z"},
	{"client": "glycare", "purpose": "PATRQT", "category": "measures", "direction": "write", "since": "2026-01-01T00:00:00Z"},
]}}

# METADATA
# title: The initial consent
consent := {"patient": {"consent": {"initial": {"since": "2026-01-01T00:00:00Z"}}}}

# METADATA
# title: A link with the doctor
linked := {"patient": {"circle": [{"actor": "Practitioner/doc", "source": "appointment", "since": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z"}]}}

# METADATA
# title: A link and the initial consent
circle := object.union(consent, linked)

# METADATA
# title: Médecin traitant
treating := {"patient": {"circle": [{"actor": "Practitioner/doc", "role": "treating", "source": "declared", "since": "2020-01-01T00:00:00Z"}]}}

# METADATA
# title: Administrator
administrator := {"patient": {"administrators": ["Practitioner/doc"]}}

# METADATA
# title: Blocked
blocked := {"patient": {"blocked": ["Practitioner/doc"]}}

# METADATA
# title: Withdrawn consent
withdrawn := {"patient": {"consent": {"withdrawn": {"since": "2026-11-01T00:00:00Z"}}}}

# METADATA
# title: The doctor's own document
mine := {"resource": {"author": ["Practitioner/doc"]}}

# METADATA
# title: A masked document
masked := {"resource": {"labels": ["N", "MASQUE_PS"]}}

# METADATA
# title: Break-glass at its first stage
glass := {"grant": {"mode": "bris_de_glace", "purpose": "ETREAT", "reason": "unconscious", "stage": 1}}

# METADATA
# title: The regulating doctor at the first stage
call := {"actor": {"claims": {"regulation": true}}, "grant": {"mode": "centre_15", "purpose": "ETREAT", "reason": "call", "stage": 1}}

# METADATA
# title: Second stage
second := {"grant": {"stage": 2}}

# METADATA
# title: Third stage with its reason
third := {"grant": {"stage": 3, "typed_reason": "Overdose suspected."}}

# METADATA
# title: An allergy
allergy := {"resource": {"type": "AllergyIntolerance", "code": ["http://snomed.info/sct|91936005"]}}

# METADATA
# title: A type and nothing else, to be searched
search(type) := {"action": "search", "query": {"dated": false}, "resource": {"type": type}}

# METADATA
# title: The input of a search
# description: The resource has its type alone, whatever the base says.
searching(parts, type) := object.union(object.remove(of(parts), ["resource"]), search(type))

# METADATA
# title: The input of a question without a record
asking(parts, type) := object.union(object.remove(of(parts), ["resource", "patient"]), {"action": "ask", "resource": {"type": type}})

# METADATA
# title: Duties of an emergency
emergency_duties(mode) := {
	{"type": "notify", "properties": {"about": "emergency", "mode": mode, "to": ["holder", "representatives", "carers", "treating"]}},
	{"type": "case", "properties": {"due_hours": 72, "mode": mode}},
	{"type": "show-mode", "properties": {"mode": mode}},
}

# METADATA
# title: Duties of a card
card_duties := {{"type": "notify", "properties": {"about": "card", "to": ["holder"]}}}

# METADATA
# title: A notice
notice(code) := {"type": "notice", "properties": data.pontlevis.notices[code]}

# METADATA
# title: The trace hidden from representatives
hidden_trace := {"type": "trace", "properties": {"labels": ["INVISIBLE_REPRESENTANTS_LEGAUX"]}}
