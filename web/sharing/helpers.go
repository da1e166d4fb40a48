package sharing

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/space"
	"github.com/pontlevis/pontlevis/web/visit"
)

// helpersPage is /space/people: who acts for the person, who is invited to, and what a minor keeps from representatives.
type helpersPage struct {
	Frame
	Delegates   []*Delegate
	Invitations []Invitation
	Majority    time.Time // of a minor; zero for anybody else
	Secret      int       // documents that a minor keeps from their representatives
	Carers      int
	MaxCarers   int
	MaxHelped   int
	Typed       map[string]string
}

// Invitation is one that waits.
type Invitation struct {
	ID, Name, Kind string
	Code           string // for whoever may invite
	Since, Until   time.Time
	resource       *fhir.Resource
}

func (r *room) showHelpers() { r.helpers(http.StatusOK) }

func (r *room) helpers(status int) {
	c, err := r.readCircle()
	if err != nil {
		r.Fail(err)
		return
	}
	page := helpersPage{
		Frame: r.frame(), Delegates: r.delegates(c), Majority: c.Majority, MaxCarers: space.MaxCarers, MaxHelped: space.MaxHelped,
		Typed: map[string]string{"name": r.field("name"), "kind": r.field("kind"), "until": r.field("until")},
	}
	page.May, page.Done = r.may(c), r.done(c, nil)
	page.Invitations = r.invitations(c, page.May == nil)
	for _, d := range page.Delegates {
		if d.Kind == space.Carer && d.Live {
			page.Carers++
		}
		if d.Stay, err = r.weighed(d.ended()); err != nil {
			r.Fail(err)
			return
		}
	}
	if !c.Majority.IsZero() && r.own() {
		if page.Secret, err = r.countSecret(c); err != nil {
			r.Fail(err)
			return
		}
	}
	r.Show(status, "helpers", page)
}

// weighed says why a choice would be refused, in the gate's words; nil when it would not.
func (r *room) weighed(s step) ([]oauth.Said, error) {
	no, err := r.pages.desk.Gate.Weigh(r.Context(), r.grant, s.body)
	if err != nil || no == nil {
		return nil, err
	}
	return visit.Said(no.Issues), nil
}

// countSecret counts the documents that are hidden from legal representatives.
func (r *room) countSecret(c *circle) (n int, err error) {
	found, err := r.All(r.grant, "DocumentReference?patient="+r.whose.Patient+"&status=current&_count=200")
	if err != nil {
		return 0, err
	}
	all, err := r.documentsOf(c, found.Matches)
	for _, d := range all {
		if d.Secret {
			n++
		}
	}
	return n, err
}

// invitations are those that wait, with their codes where the visitor may invite.
func (r *room) invitations(c *circle, codes bool) []Invitation {
	var out []Invitation
	for _, part := range c.Parts {
		if part.Type() != "RelatedPerson" || space.InvitationOf(part) == "" {
			continue
		}
		i := Invitation{ID: part.ID(), Name: fhir.NameOf(part.Node()), Kind: space.DelegationKind(part), resource: part}
		i.Since, _, _ = fhir.ParseDate(part.Node().At("period", "start").Text())
		_, i.Until, _ = fhir.ParseDate(part.Node().At("period", "end").Text())
		for _, id := range part.Node().Get("identifier").Items() {
			if id.Get("system").Text() == onceSystem && codes {
				i.Code = r.pages.desk.Gate.InvitationCode(r.whose.Patient, id.Get("value").Text())
			}
		}
		out = append(out, i)
	}
	return out
}

// rewritten is the change of a RelatedPerson that stands.
func rewritten(r *fhir.Resource, change func(object)) step {
	var resource object
	_ = json.Unmarshal(r.JSON(), &resource) // what the gate answered parses
	change(resource)
	return step{http.MethodPut, "RelatedPerson/" + r.ID(), http.Header{"If-Match": {`W/"` + r.Version() + `"`}}, body(resource)}
}

// ended is the end of a delegation.
func (d *Delegate) ended() step {
	return rewritten(d.resource, func(resource object) { resource["active"] = false })
}

// planInvite invites somebody by a code: a delegation that nobody took yet.
func (r *room) planInvite(*circle) (*plan, error) {
	name, kind, word := r.field("name"), r.field("kind"), r.field("once")
	now := r.Now().UTC()
	period := object{"start": now.Format(time.RFC3339)}
	switch {
	case name == "" || len(name) > 200:
		return nil, unsaid("Écrivez le nom de la personne que vous invitez.", "Write the name of the person you invite.")
	case kind != space.Carer && kind != space.Helper:
		return nil, unsaid("Dites ce que cette personne fera pour vous.", "Say what this person will do for you.")
	case word == "" || len(word) > 64:
		return nil, unsaid("Rechargez la page et recommencez.", "Reload the page and start again.")
	}
	if until := r.field("until"); until != "" {
		day, err := time.Parse(time.DateOnly, until)
		if err != nil || !day.AddDate(0, 0, 1).After(now) {
			return nil, unsaid("Donnez un dernier jour, aujourd'hui ou plus tard, ou aucun.", "Give a last day, today or later, or none.")
		}
		period["end"] = until
	}
	code := r.pages.desk.Gate.InvitationCode(r.whose.Patient, word)
	invitation := object{
		"resourceType": "RelatedPerson", "active": false, "patient": object{"reference": "Patient/" + r.whose.Patient},
		"relationship": list{space.Concept(space.DelegationSystem, kind)}, "name": list{object{"text": name}}, "period": period,
		"identifier": list{
			object{"system": space.InvitationSystem, "value": gate.InvitationDigest(code)},
			object{"system": onceSystem, "value": word},
		},
	}
	same := http.Header{"If-None-Exist": {"identifier=" + onceSystem + "|" + word}}
	return &plan{steps: []step{{http.MethodPost, "RelatedPerson", same, body(invitation)}}, back: "/space/people"}, nil
}

// planEndInvitation takes an invitation back: its code opens nothing any more.
func (r *room) planEndInvitation(c *circle) (*plan, error) {
	for _, i := range r.invitations(c, false) {
		if i.ID == r.field("id") {
			return &plan{steps: []step{rewritten(i.resource, func(resource object) { delete(resource, "identifier") })}, back: "/space/people"}, nil
		}
	}
	return &plan{back: "/space/people"}, nil
}

// planEndDelegate ends a delegation, planRestoreDelegate takes that back.
func (r *room) planEndDelegate(c *circle) (*plan, error) {
	for _, d := range r.delegates(c) {
		if d.ID == r.field("id") {
			return &plan{steps: []step{d.ended()}, back: "/space/people", pairs: []string{"id", d.ID}, eyes: "delegate:" + d.ID}, nil
		}
	}
	return nil, nil
}

func (r *room) planRestoreDelegate(c *circle) (*plan, error) {
	for _, part := range c.Parts {
		if part.Type() == "RelatedPerson" && part.ID() == r.field("id") && space.DelegateOf(part) != "" {
			back := rewritten(part, func(resource object) { resource["active"] = true })
			return &plan{steps: []step{back}, back: "/space/people", pairs: []string{"id", part.ID()}, eyes: "delegate:" + part.ID()}, nil
		}
	}
	return nil, nil
}

// delegateStands tells whether what was changed of a delegation stands, and names who acts.
func (d *Done) delegateStands(c *circle, id string) bool {
	for _, part := range c.Parts {
		if part.Type() == "RelatedPerson" && part.ID() == id {
			d.Name, d.Fields = fhir.NameOf(part.Node()), [][2]string{{"id", id}}
			active := part.Node().Get("active").Text() != "false"
			return active == (d.Key == "restore-delegate")
		}
	}
	return false
}

// acceptPage is /space/accept: somebody types the code that they were given, sees what it is to, and takes it.
type acceptPage struct {
	CSRF  string
	Code  string
	Found *gate.Invitation
	Said  []oauth.Said
	Mine  []oauth.Relation
}

// accept serves it, to whoever is signed in as themselves.
func (r *room) accept() {
	page := acceptPage{CSRF: r.CSRF()}
	var err error
	if page.Mine, err = r.ActsFor(); err != nil {
		r.Fail(err)
		return
	}
	if r.form == nil {
		r.Show(http.StatusOK, "accept", page)
		return
	}
	self, err := r.Self()
	if err != nil {
		r.Fail(err)
		return
	}
	page.Code = strings.ToUpper(r.field("code"))
	ask := r.pages.desk.Gate.Invited
	if r.form.Has("accept") {
		ask = r.pages.desk.Gate.AcceptInvitation
	}
	page.Found, err = ask(r.Context(), self, page.Code)
	switch {
	case err != nil:
		r.refusedAs(err, func(said []oauth.Said, status int) {
			page.Said = said
			r.Show(status, "accept", page)
		})
	case r.form.Has("accept") && page.Found.Kind == space.Carer:
		r.Go("/space?for=" + page.Found.Patient)
	case r.form.Has("accept"):
		r.Go("/space/accept")
	default:
		r.Show(http.StatusOK, "accept", page)
	}
}
