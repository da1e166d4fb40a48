package space

import (
	"time"

	"github.com/pontlevis/pontlevis/fhir"
)

// InvitationOf returns what the code of an invitation comes to (InvitationSystem), or "" for what is none. An invitation is
// a delegation that nobody took yet: a RelatedPerson that is not active and names no one who acts.
func InvitationOf(r *fhir.Resource) string {
	for _, id := range r.Node().Get("identifier").Items() {
		if id.Get("system").Text() == InvitationSystem {
			return id.Get("value").Text()
		}
	}
	return ""
}

// checkInvitation says what a write of an invitation does: it is given, taken by somebody, or ended.
func checkInvitation(f *Facts, before, after *fhir.Resource, helped int, now time.Time) (Change, []fhir.Issue) {
	kind, who := DelegationKind(after), DelegateOf(after)
	waits := after.Node().Get("active").Text() == "false"
	change := Change{Kind: kind, Verb: Give, Target: who, Until: period(after.Node().Get("period")).Until}
	switch {
	case kind != Carer && kind != Helper:
		return change, []fhir.Issue{bad("RelatedPerson.relationship", "On invite un aidant ou une personne qui aide ; un représentant légal est certifié par l'Assurance maladie.", "One invites a carer or a helper; a legal representative is certified by the health insurance.")}
	case period(after.Node().Get("period")).Since.IsZero():
		return change, []fhir.Issue{bad("RelatedPerson.period", "Une délégation a un début.", "A delegation has a beginning.")}
	case before != nil && (InvitationOf(before) == "" || DelegationKind(before) != kind), !waits && InvitationOf(after) != "":
		return change, []fhir.Issue{bad("RelatedPerson.identifier", "Une invitation ne change pas : mettez-y fin et faites-en une autre.", "An invitation does not change: end it and make another one.")}
	case waits != (who == ""):
		return change, []fhir.Issue{bad("RelatedPerson.active", "Une invitation attend quelqu'un : elle n'est pas active et ne nomme personne.", "An invitation waits for somebody: it is not active and names nobody.")}
	}
	switch {
	case before == nil || InvitationOf(after) != "":
		change.Verb = verb(before != nil, true, before != nil)
	case waits:
		change.Verb = End
	default:
		change.Verb, change.Since = Accept, before.Updated()
	}
	if kind == Carer && change.Verb != End {
		return change, tooManyCarers(f, who, helped, now)
	}
	return change, nil
}
