package space

import (
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
)

// Change says what a governance write does; whether its author may do it is decided by the policies.
type Change struct {
	Kind   string // kind of Consent or of delegation, or "circle"
	Verb   string // give, end, change
	Target string // whom or what it concerns: an identity, a document, "" for the whole space

	Until time.Time // when what is given ends by itself; zero when it does not say
	Since time.Time // when the invitation was written that is accepted; zero for anything else
}

// Verbs of a change.
const (
	Give   = "give"
	End    = "end"
	Alter  = "change"
	Accept = "accept" // somebody takes an invitation
)

// Check says what a write of a Consent, CareTeam or RelatedPerson changes, and whether it is well said and a legal
// transition of the space. before is nil for a creation; helped is how many other persons a carer already helps.
// Issues are for the client (422); an empty list means that it may be decided.
func Check(f *Facts, before, after *fhir.Resource, helped int, now time.Time) (Change, []fhir.Issue) {
	switch after.Type() {
	case "Consent":
		return checkConsent(f, before, after)
	case "CareTeam":
		return checkCareTeam(before, after)
	case "RelatedPerson":
		return checkDelegation(f, before, after, helped, now)
	}
	return Change{}, []fhir.Issue{bad(after.Type(), "Ce type ne règle rien dans l'espace.", "This type settles nothing in the space.")}
}

func checkConsent(f *Facts, before, after *fhir.Resource) (Change, []fhir.Issue) {
	c := parseConsent(after)
	change := Change{Kind: c.kind, Verb: verb(before != nil && parseConsent(before).active, c.active, before != nil), Until: c.Until}
	if kinds := concepts(after.Node().Get("category"), KindSystem); len(kinds) > 1 {
		return change, []fhir.Issue{bad("Consent.category", "Un consentement règle une seule chose : écrivez-en un pour chacune.", "A consent settles one thing: write one for each.")}
	}
	if before != nil && ConsentKind(before) != c.kind {
		return change, []fhir.Issue{bad("Consent.category", "La nature d'un consentement ne change pas : créez-en un autre.", "What a consent settles does not change: create another one.")}
	}
	actors := identities(c.provision)
	if len(actors) > 0 {
		change.Target = actors[0]
	}
	if c.kind == EndLink && len(actors) > 1 {
		change.Target = "" // the policies judge one target: a second name would be ended unjudged
	}
	var issues []fhir.Issue
	need := func(ok bool, path, fr, en string) {
		if !ok {
			issues = append(issues, bad(path, fr, en))
		}
	}
	needActor := func() {
		need(len(actors) > 0, "Consent.provision.actor", "Dites de qui il s'agit.", "Say whom it concerns.")
	}
	need(!c.Since.IsZero(), "Consent.dateTime", "La date du consentement manque ou n'est pas lisible.", "The date of the consent is missing or unreadable.")
	need(c.Until.IsZero() || c.Until.After(c.Since), "Consent.provision.period", "La fin précède le début.", "The end comes before the beginning.")
	for _, actor := range actors {
		need(isName(actor), "Consent.provision.actor", "Écrivez qui c'est par une référence comme Practitioner/… ou par un identifiant : "+actor+" ne nomme personne.", "Write who it is as a reference such as Practitioner/… or by an identifier: "+actor+" names nobody.")
	}
	switch c.kind {
	case Initial:
	case Consultation, Express, Block, Administrator, RefuseDepositor:
		needActor()
	case EndLink:
		need(len(actors) == 1, "Consent.provision.actor", "Dites de qui il s'agit, d'un seul nom.", "Say whom it concerns, by one name.")
	case Hide:
		hidden := (&Facts{})
		hidden.readHidden(c)
		need(len(hidden.Hidden) > 0, "Consent.provision.data", "Dites quel document est caché, et à qui.", "Say which document is hidden, and from whom.")
		if len(hidden.Hidden) > 0 {
			change.Target = hidden.Hidden[0].Document
		}
	case Card:
		need(len(actors) == 1 && strings.HasPrefix(actors[0], CardSystem+"|"), "Consent.provision.actor", "Une carte d'urgence a un numéro, et un seul.", "An emergency card has one number.")
	case DefaultMask:
		t := c.provision.Get("type").Text()
		need(t == permit || t == deny, "Consent.provision.type", "permit ou deny.", "permit or deny.")
	case Switches:
		issues = append(issues, checkSwitches(f, c)...)
	case App:
		apps := &Facts{}
		apps.readApp(c)
		need(len(apps.Apps) > 0, "Consent.provision", "Dites l'application, la finalité, la catégorie et le sens.", "Say the app, the purpose, the category and the direction.")
	default:
		need(false, "Consent.category", "Cet espace ne connaît pas cette sorte de consentement.", "This space does not know this kind of consent.")
	}
	return change, issues
}

// isName reports whether an identity can be anybody's: a reference to a resource, or an identifier in a system. One that
// is written a little wrong would block or hide nothing.
func isName(identity string) bool {
	if system, value, ok := strings.Cut(identity, "|"); ok {
		return strings.TrimSpace(system) == system && value != "" && strings.TrimSpace(value) == value
	}
	short := literal(identity)
	kind, id, ok := strings.Cut(short, "/")
	return ok && fhir.IsType(kind) && fhir.IsID(id)
}

// checkSwitches holds P10: MASKED may be permit only if one of the others is. A switch the write does not name keeps
// its default, which the policies hold; so the write must name all three.
func checkSwitches(f *Facts, c consent) []fhir.Issue {
	set := &Facts{Switches: map[string]string{}}
	set.readSwitches(c)
	if len(set.Switches) != 3 {
		return []fhir.Issue{bad("Consent.provision.provision", "Réglez les trois accès d'urgence : ETREAT, BTG et MASKED.", "Set the three emergency switches: ETREAT, BTG and MASKED.")}
	}
	if set.Switches[SwitchMasked] == permit && set.Switches[SwitchSAMU] == deny && set.Switches[SwitchGlass] == deny {
		return []fhir.Issue{bad("Consent.provision.provision", "Les documents masqués ne peuvent s'ouvrir en urgence que si un accès d'urgence est permis.", "Masked documents can open in an emergency only if an emergency access is permitted.")}
	}
	return nil
}

// checkCareTeam names what a write of a circle does. Adding one link and nothing else is given a target, and so is
// ending one; whatever does more is a change of the whole circle, which no single link's member may make.
func checkCareTeam(before, after *fhir.Resource) (Change, []fhir.Issue) {
	was, is := linksOf(before), linksOf(after)
	added, removed := linksBeyond(is, was), linksBeyond(was, is)
	change := Change{Kind: "circle", Verb: Alter}
	switch {
	case len(added) == 1 && len(removed) == 0:
		change.Verb, change.Target = Give, added[0].Actor[0]
	case len(removed) == 1 && len(added) == 0 && len(removed[0].Actor) == 1:
		change.Verb, change.Target = End, removed[0].Actor[0]
	}
	for _, p := range after.Node().Get("participant").Items() {
		if period(p.Get("period")).Since.IsZero() && period(after.Node().Get("period")).Since.IsZero() {
			return change, []fhir.Issue{bad("CareTeam.participant.period", "Chaque lien a un début.", "Each link has a beginning.")}
		}
	}
	return change, nil
}

func linksOf(team *fhir.Resource) []Link {
	if team == nil {
		return nil
	}
	f := &Facts{}
	f.readCareTeam(team)
	return f.Circle
}

// linksBeyond are the links of a that b has not, each as often as it is missing. A link whose dates, role or evidence
// differ is another link.
func linksBeyond(a, b []Link) []Link {
	left := slices.Clone(b)
	var out []Link
	for _, l := range a {
		at := slices.IndexFunc(left, func(o Link) bool {
			return slices.Equal(o.Actor, l.Actor) && o.Role == l.Role && o.Source == l.Source && o.Since.Equal(l.Since) && o.Until.Equal(l.Until)
		})
		if at < 0 {
			out = append(out, l)
			continue
		}
		left = slices.Delete(left, at, at+1)
	}
	return out
}

func checkDelegation(f *Facts, before, after *fhir.Resource, helped int, now time.Time) (Change, []fhir.Issue) {
	if InvitationOf(after) != "" || before != nil && InvitationOf(before) != "" {
		return checkInvitation(f, before, after, helped, now)
	}
	kind, who := DelegationKind(after), DelegateOf(after)
	change := Change{Kind: kind, Verb: verb(stands(before, now), stands(after, now), before != nil), Target: who}
	if before != nil {
		// The decision is about the delegation that stands: a write that turns it into something else would end it, or
		// begin another, under a name for which other rules hold.
		if was := DelegationKind(before); was != "" {
			change.Kind, change.Target = was, DelegateOf(before)
			if was != kind || DelegateOf(before) != who {
				return change, []fhir.Issue{bad("RelatedPerson.relationship", "La nature et le titulaire d'une délégation ne changent pas : mettez-y fin et créez-en une autre.", "The kind and the holder of a delegation do not change: end it and create another one.")}
			}
		}
	}
	if kind == "" {
		change.Kind = "relative"
		return change, nil
	}
	if before != nil && DelegationKind(before) == "" {
		change.Verb = Give
	}
	if who == "" {
		return change, []fhir.Issue{bad("RelatedPerson.identifier", "Dites qui agit.", "Say who acts.")}
	}
	if period(after.Node().Get("period")).Since.IsZero() {
		return change, []fhir.Issue{bad("RelatedPerson.period", "Une délégation a un début.", "A delegation has a beginning.")}
	}
	if kind == Carer && change.Verb == Give {
		return change, tooManyCarers(f, who, helped, now)
	}
	return change, nil
}

// stands reports whether a RelatedPerson is active and has not run out: one that had is given anew when its end moves.
func stands(r *fhir.Resource, now time.Time) bool {
	if r == nil || r.Node().Get("active").Text() == "false" {
		return false
	}
	until := period(r.Node().Get("period")).Until
	return until.IsZero() || now.Before(until)
}

// tooManyCarers holds P9: at most three carers a person and five persons a carer.
func tooManyCarers(f *Facts, who string, helped int, now time.Time) []fhir.Issue {
	carers := map[string]bool{}
	for _, d := range f.Delegates {
		if d.Kind == Carer && (d.Until.IsZero() || now.Before(d.Until)) {
			carers[d.Actor] = true
		}
	}
	if !carers[who] && len(carers) >= MaxCarers {
		return []fhir.Issue{bad("RelatedPerson", "Trois aidants au plus pour une personne : mettez fin à une délégation.", "At most three carers for one person: end a delegation first.")}
	}
	if helped >= MaxHelped {
		return []fhir.Issue{bad("RelatedPerson", "Cet aidant aide déjà cinq personnes.", "This carer already helps five persons.")}
	}
	return nil
}

func verb(was, is, existed bool) string {
	switch {
	case is && !was:
		return Give
	case was && !is:
		return End
	case existed:
		return Alter
	}
	return Give
}

func bad(path, fr, en string) fhir.Issue {
	return fhir.Issue{Severity: "error", Code: "business-rule", Path: path, FR: fr, EN: en}
}
