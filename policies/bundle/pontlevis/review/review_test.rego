package pontlevis.review_test

import rego.v2

import data.pontlevis.main
import data.pontlevis.world as w

_case := {"kind": "emergency", "opener": "Practitioner/opener", "organization": "Organization/clinic", "asker": "", "patient": "Patient/camille", "overdue": false, "closed": false, "labels": []}

_with(change) := object.union(_case, change)

_reviewer := {"actor": {"profession": "", "claims": {"roles": ["reviewer"]}}}

_labelling := {"actor": {"kind": "agent", "id": "Person/label-authority", "identities": [], "organizations": ["130025265"], "profession": "", "claims": {"roles": ["label"]}}}

_authority := {"actor": {"id": "Practitioner/auditor", "identities": [], "organizations": ["Organization/authority"], "profession": "", "claims": {"roles": ["authority"]}}}

_asked(parts, review) := object.union(
	object.remove(w.of(parts), ["resource"]),
	{"action": "review", "resource": {"type": "AuditEvent", "labels": object.get(object.get(review, "case", {}), "labels", [])}, "review": object.union({"self": "", "waiting": 0}, review)},
)

_see(case) := {"step": "see", "case": case}

_close(case) := {"step": "close", "case": case, "verdict": "justified"}

# A professional whose account says which patient they are.
_as_patient(step, change) := {"step": step, "case": _with(change), "verdict": _verdicts[object.get(change, "kind", "emergency")], "self": "Patient/camille"}

_verdicts := {"emergency": "justified", "question": "answered"}

_nothing := w.refused("default", "default")

_secret := {"type": "trace", "properties": {"labels": ["INVISIBLE_REPRESENTANTS_LEGAUX"]}}

_hidden := _with({"labels": ["INVISIBLE_REPRESENTANTS_LEGAUX"]})

_cases := {
	"the queue": [_reviewer, {"step": "queue"}, w.allowed("E5.review", "person")],
	"one of the queue": [_reviewer, {"step": "queue", "case": _case}, w.allowed("E5.review", "person")],
	"one of another queue": [_reviewer, {"step": "queue", "case": _with({"organization": "Organization/other"})}, w.told("E5.reviewers", "person")],
	"a case": [_reviewer, _see(_case), w.allowed("E5.review", "person")],
	"a secret case": [_reviewer, _see(_hidden), w.allowed_with("E5.review", "person", {_secret})],
	"a verdict": [_reviewer, _close(_case), w.allowed("E5.review", "person")],
	"a verdict on a question": [_reviewer, {"step": "close", "case": _with({"kind": "question"}), "verdict": "answered"}, w.allowed("E5.review", "person")],
	"a verdict of the other kind": [_reviewer, {"step": "close", "case": _with({"kind": "question"}), "verdict": "justified"}, w.told("E5.verdict", "person")],
	"no verdict": [_reviewer, {"step": "close", "case": _case}, w.told("E5.verdict", "person")],
	"another establishment": [_reviewer, _see(_with({"organization": "Organization/other"})), _nothing],
	"no establishment": [_reviewer, _see(_with({"organization": ""})), _nothing],
	"closed before": [_reviewer, _close(_with({"closed": true})), w.told("E5.closed", "person")],
	"closed, to look at": [_reviewer, _see(_with({"closed": true})), w.allowed("E5.review", "person")],
	"figures": [_reviewer, {"step": "figures"}, w.told("E5.reviewers", "person")],
	"a reviewer has no say for the person": [_reviewer, {"step": "say", "case": _case}, _nothing],
	"the opener sees": [_reviewer, _see(_with({"opener": "Practitioner/doc"})), w.told("E5.opener", "person")],
	"the opener closes": [_reviewer, _close(_with({"opener": "Practitioner/doc"})), w.told("E5.opener", "person")],
	"the opener, by another name": [_reviewer, _close(_with({"opener": "https://rpps.esante.gouv.fr|10001"})), w.told("E5.opener", "person")],
	"the opener, in the queue": [_reviewer, {"step": "queue", "case": _with({"opener": "Practitioner/doc"})}, w.told("E5.opener", "person")],
	"who asked sees": [_reviewer, _see(_with({"kind": "question", "asker": "Practitioner/doc"})), w.told("E5.asker", "person")],
	"who asked answers": [_reviewer, _close(_with({"kind": "question", "asker": "https://rpps.esante.gouv.fr|10001"})), w.told("E5.asker", "person")],
	"who asked, as the patient they are": [_reviewer, _as_patient("close", {"kind": "question", "asker": "Patient/camille"}), w.told("E5.asker", "person")],
	"about their own record": [_reviewer, _as_patient("close", {"patient": "Patient/camille"}), w.told("E5.asker", "person")],
	"their own question, in the queue": [_reviewer, _as_patient("queue", {"kind": "question", "asker": "Patient/camille"}), w.told("E5.asker", "person")],
	"somebody else's record": [_reviewer, _as_patient("close", {"patient": "Patient/jeanne", "asker": "Patient/jeanne"}), w.allowed("E5.review", "person")],
	"no reviewer": [{}, _see(_case), _nothing],
	"no reviewer, the queue": [{}, {"step": "queue"}, w.told("E5.reviewers", "person")],
	"an unknown step": [_reviewer, {"step": "erase", "case": _case}, _nothing],
	"label authority, the list": [_labelling, {"step": "overdue"}, w.allowed("E5.authority", "person")],
	"label authority, what an app did": [_labelling, _see(_with({"kind": "app", "organization": ""})), w.allowed("E5.authority", "person")],
	"label authority, an emergency": [_labelling, _see(_with({"overdue": true, "organization": ""})), _nothing],
	"label authority, figures": [_labelling, {"step": "figures"}, w.told("E5.reviewers", "person")],
	"authority, the overdue": [_authority, {"step": "overdue"}, w.allowed("E5.authority", "person")],
	"authority, one that is overdue": [_authority, {"step": "overdue", "case": _with({"overdue": true})}, w.allowed("E5.authority", "person")],
	"authority, one that is not": [_authority, {"step": "overdue", "case": _case}, w.told("E5.reviewers", "person")],
	"authority, figures": [_authority, {"step": "figures"}, w.allowed("E5.authority", "person")],
	"authority, an overdue case": [_authority, _see(_with({"overdue": true})), w.allowed("E5.authority", "person")],
	"authority, a case in time": [_authority, _see(_case), _nothing],
	"authority, closes for an establishment": [_authority, _close(_with({"overdue": true})), _nothing],
	"authority, closes what is nobody's": [_authority, _close(_with({"organization": ""})), w.allowed("E5.authority", "person")],
	"authority, its own access": [_authority, _see(_with({"overdue": true, "opener": "Practitioner/auditor"})), w.told("E5.opener", "person")],
	"the holder's cases": [w.camille, {"step": "own"}, w.allowed("E5.person", "person")],
	"the holder's view": [w.camille, {"step": "say", "case": _case}, w.allowed("E5.person", "person")],
	"the holder's view, too late": [w.camille, {"step": "say", "case": _with({"closed": true})}, w.told("E5.closed", "person")],
	"the holder asks": [w.camille, {"step": "ask", "case": _with({"kind": "question"})}, w.allowed_with("E5.person", "person", {{"type": "case", "properties": {"due_hours": 720}}})],
	"the holder asks once more": [w.camille, {"step": "ask", "waiting": data.pontlevis.settings.review.questions - 1, "case": _with({"kind": "question"})}, w.allowed_with("E5.person", "person", {{"type": "case", "properties": {"due_hours": 720}}})],
	"the holder asks too much": [w.camille, {"step": "ask", "waiting": data.pontlevis.settings.review.questions, "case": _with({"kind": "question"})}, w.told("E5.many", "person")],
	"another patient asks too much": [w.stranger, {"step": "ask", "waiting": 1000, "case": _with({"kind": "question"})}, _nothing],
	"the holder closes": [w.camille, _close(_case), _nothing],
	"the holder and the queue": [w.camille, {"step": "queue"}, w.told("E5.reviewers", "person")],
	"another patient": [w.stranger, {"step": "own"}, _nothing],
	"a carer": [w.sofia, {"step": "own"}, _nothing],
}

test_each_step_of_a_review[name] if {
	some name, c in _cases
	main.decision == c[2] with input as _asked([c[0]], c[1])
}

_lucas := {"patient": {"born": "2011-05-01"}}

test_a_representative_has_their_say if {
	main.decision == w.allowed("E5.person", "person") with input as _asked([w.karim, _lucas], {"step": "own", "case": _case})
	main.decision == w.allowed("E5.person", "person") with input as _asked([w.karim, _lucas], {"step": "say", "case": _case})
}

test_what_a_minor_keeps_secret_is_absent_for_a_representative if {
	main.decision.allow == false with input as _asked([w.karim, _lucas], {"step": "own", "case": _hidden})
	main.decision == _nothing with input as _asked([w.karim, _lucas], {"step": "say", "case": _hidden})
}

test_refuse_outside_our_own_pages if {
	elsewhere := {"client": {"kind": "smart"}}
	main.decision == _nothing with input as _asked([_reviewer, elsewhere], _see(_case))
	main.decision == _nothing with input as _asked([_authority, elsewhere], _see(_with({"overdue": true})))
	main.decision == _nothing with input as _asked([w.camille, elsewhere], {"step": "own"})
	main.decision == _nothing with input as _asked([w.karim, _lucas, elsewhere], {"step": "own"})
}

test_refuse_a_review_of_nothing if {
	main.decision == _nothing with input as {"action": "review", "now": "2026-11-21T10:00:00Z"}
}
