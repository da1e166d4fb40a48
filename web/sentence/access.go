package sentence

import (
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/notice"
)

// Kinds of actor, as the log names them.
const (
	Patient        = "patient"
	Representative = "representative"
	Carer          = "carer"
	Helper         = "helper"
	Professional   = "professional"
	System         = "system"
)

// Outcomes of an access.
const (
	LetIn   = "granted"
	Refused = "refused"
	Failed  = "failed"
)

// Access is one entry of the log, read from the AuditEvent that the gate shows.
type Access struct {
	ID      string    // decision id
	At      time.Time // UTC
	Outcome string    // LetIn, Refused or Failed

	Kind         string // of the actor
	Who          string // reference of the actor, "Practitioner/dr-roux", or "system|value"
	Name         string // of the actor, as the log keeps it
	Profession   string // "system|code"
	Organization string // reference, or "system|value"
	Client       string // client id of the app

	Does    string              // what was done: one of the Does constants
	Things  map[string][]string // references of what was touched, by resource type
	Mode    string              // normal, bris_de_glace, centre_15
	Stage   string              // of an emergency, "1" to "3"
	Reason  string              // coded reason of an emergency
	Purpose string              // v3-ActReason
	Rule    string              // id of the rule that decided
	Grant   string              // id of the grant: one visit, one grant
	Secret  bool                // a connexion secrète
	Drill   bool                // an exercise, on an invented person
	Case    bool                // it obliges to a review
	Choice  string              // kind and verb of a change of the space, "block.give"; "" when the log does not say

	Why fhir.Issue // the rule's reason in French and English
}

// What was done.
const (
	Read    = "read"   // things were given
	Looked  = "looked" // a search, or a read, that gave nothing
	Added   = "added"
	Altered = "altered"
	Removed = "removed"
	Chose   = "chose"   // a choice of the space was made or changed
	Opened  = "opened"  // an emergency access was opened
	Ended   = "ended"   // an emergency access was ended
	Took    = "took"    // the history was exported
	Scanned = "scanned" // an emergency card was used
	Copied  = "copied"  // what a card opens was copied, to be read without network
	Weighed = "weighed" // what an emergency access would open was asked
	Sought  = "sought"  // a person was looked for by name and birth date
	Reread  = "reread"  // what an emergency access opened was listed
	Eyed    = "eyed"    // the record was looked at through another's eyes

	Followed = "followed" // the review of accesses
	Asked    = "asked"    // about an access
	Spoke    = "spoke"    // of an access under review
	Reviewed = "reviewed" // an access, for the establishment
	Closed   = "closed"   // its review
	Began    = "began"    // a review, by this server itself

	Did = "did" // something that has no words of its own
)

// Of reads an AuditEvent. ok is false for one that is not of this log: it names no decision.
func Of(r *fhir.Resource) (a Access, ok bool) {
	n := r.Node()
	at, err := time.Parse(time.RFC3339, n.Get("recorded").Text())
	if err != nil || r.Type() != "AuditEvent" {
		return Access{}, false
	}
	a = Access{ID: r.ID(), At: at.UTC(), Outcome: outcomeOf(n.Get("outcome").Text()), Things: map[string][]string{}}
	a.Why = fhir.Issue{EN: n.Get("outcomeDesc").Text(), FR: fhir.Translation(n.Get("_outcomeDesc"), "fr")}
	for _, purpose := range n.Get("purposeOfEvent").Items() {
		for _, c := range purpose.Get("coding").Items() {
			a.Purpose = c.Get("code").Text()
		}
	}
	a.readAgents(n.Get("agent").Items())
	details, found := a.readEntities(n.Get("entity").Items())
	if !found {
		return Access{}, false
	}
	a.readDetails(details, n.Get("action").Text())
	return a, true
}

func outcomeOf(code string) string {
	switch code {
	case "0":
		return LetIn
	case "4":
		return Refused
	}
	return Failed
}

// readAgents tells apart who asked, the situation they act in, and their software, as audit writes them.
func (a *Access) readAgents(agents []*fhir.Node) {
	for _, agent := range agents {
		who := agent.Get("who")
		id := who.Get("reference").Text()
		if system := who.At("identifier", "system").Text(); id == "" && system != "" {
			id = system + "|" + who.At("identifier", "value").Text()
		}
		client, isClient := strings.CutPrefix(id, audit.ClientSystem+"|")
		switch {
		case agent.Get("requestor").Text() == "true":
			a.Who, a.Name = id, agent.Get("name").Text()
			a.readRoles(agent.Get("role").Items())
		case isClient:
			a.Client = client
		case id != "":
			a.Organization = id
		}
	}
}

func (a *Access) readRoles(roles []*fhir.Node) {
	for _, role := range roles {
		if kind := role.Get("text").Text(); kind != "" {
			a.Kind = kind
		}
		for _, c := range role.Get("coding").Items() {
			a.Profession = c.Get("system").Text() + "|" + c.Get("code").Text()
		}
	}
}

// readEntities gathers what was touched, and the details of the decision.
func (a *Access) readEntities(entities []*fhir.Node) (details map[string]string, found bool) {
	details = map[string]string{}
	for _, entity := range entities {
		what := entity.Get("what")
		if ref := what.Get("reference").Text(); ref != "" && entity.At("role", "code").Text() != patientRole {
			if kind, id, ok := strings.Cut(ref, "/"); ok && id != "" {
				a.Things[kind] = append(a.Things[kind], ref)
			}
		}
		if what.At("identifier", "system").Text() != audit.DecisionSystem {
			continue
		}
		found = true
		for _, d := range entity.Get("detail").Items() {
			details[d.Get("type").Text()] = d.Get("valueString").Text()
		}
	}
	return details, found
}

// patientRole is the object-role of the person whose record it is.
const patientRole = "1"

func (a *Access) readDetails(d map[string]string, action string) {
	a.Rule, a.Mode, a.Stage, a.Reason, a.Grant = d["rule"], d["mode"], d["stage"], d["reason"], d["grant"]
	a.Secret, a.Drill = d["connexion"] == "secrete", d["drill"] != ""
	_, a.Case = d["case_due_hours"]
	if app, _, _ := strings.Cut(d["via"], " "); a.Client == notice.Scheduled && app != "" {
		a.Client = app // this server took a step for an app that ran by itself
	}
	if d["kind"] != "" && d["verb"] != "" {
		a.Choice = d["kind"] + "." + d["verb"]
	}
	if d["interaction"] == "transaction" && d["action"] != "" { // FHIR's audit calls all of them executions
		action = d["action"]
	}
	a.Does = a.doing(d["interaction"], action)
}

// governing are the types that settle something in the space itself.
var governing = []string{"Consent", "CareTeam", "RelatedPerson"}

// doing says what was done, from the interaction that was logged and from what was touched.
func (a *Access) doing(interaction, action string) string {
	switch interaction {
	case "open-emergency":
		return Opened
	case "end-emergency":
		return Ended
	case "export":
		return Took
	case "scan-card":
		return Scanned
	case "snapshot":
		return Copied
	case "ask-emergency":
		return Weighed
	case "find-patient":
		return Sought
	case "emergency-receipt":
		return Reread
	case "look":
		return Eyed
	case "review-own":
		return Followed
	case "review-ask":
		return Asked
	case "review-say":
		return Spoke
	case "review-see":
		return Reviewed
	case "review-close":
		return Closed
	case "open-case":
		return Began
	}
	settles := a.Choice != ""
	for _, t := range governing {
		settles = settles || len(a.Things[t]) > 0
	}
	switch {
	case action == "R" || readings[interaction]:
		if len(a.Things) > 0 || a.Outcome != LetIn {
			return Read
		}
		return Looked
	case settles && (action == "C" || action == "U" || action == "D"):
		return Chose
	case action == "C":
		return Added
	case action == "U":
		return Altered
	case action == "D":
		return Removed
	}
	return Did
}

// readings are the interactions that FHIR's audit calls executions and people call reading.
var readings = map[string]bool{
	"search": true, "search-type": true, "search-system": true, "operation": true, "everything": true, "document": true,
	"read": true, "vread": true, "history": true, "history-instance": true, "history-type": true, "history-system": true,
	"capabilities": true, "batch": true,
}
