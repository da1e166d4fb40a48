package audit

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Code systems of an AuditEvent (FHIR R4 AuditEvent, IHE ITI Basic Audit Log Patterns).
const (
	eventTypeSystem   = "http://terminology.hl7.org/CodeSystem/audit-event-type"
	interactionSystem = "http://hl7.org/fhir/restful-interaction"
	reasonSystem      = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
	partySystem       = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
	dicomSystem       = "http://dicom.nema.org/resources/ontology/DCM"
	entityTypeSystem  = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
	entityRoleSystem  = "http://terminology.hl7.org/CodeSystem/object-role"
	sourceTypeSystem  = "http://terminology.hl7.org/CodeSystem/security-source-type"
	visibilitySystem  = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatusVisibiliteDocument/FHIR/TRE-A07-StatusVisibiliteDocument"
	translationURL    = "http://hl7.org/fhir/StructureDefinition/translation"

	// DecisionSystem is the identifier system of decision ids in entities of an AuditEvent.
	DecisionSystem = "urn:pontlevis:decision"
	// ClientSystem is the identifier system of client ids in agents of an AuditEvent.
	ClientSystem = "urn:pontlevis:client"
)

type coding struct {
	System  string `json:"system,omitempty"`
	Code    string `json:"code,omitempty"`
	Display string `json:"display,omitempty"`
}

type concept struct {
	Coding []coding `json:"coding,omitempty"`
	Text   string   `json:"text,omitempty"`
}

type identifier struct {
	System string `json:"system,omitempty"`
	Value  string `json:"value,omitempty"`
}

type reference struct {
	Reference  string      `json:"reference,omitempty"`
	Identifier *identifier `json:"identifier,omitempty"`
	Display    string      `json:"display,omitempty"`
}

type network struct {
	Address string `json:"address"`
	Type    string `json:"type"`
}

type eventAgent struct {
	Type         *concept   `json:"type,omitempty"`
	Role         []concept  `json:"role,omitempty"`
	Who          *reference `json:"who,omitempty"`
	Name         string     `json:"name,omitempty"`
	Requestor    bool       `json:"requestor"`
	Network      *network   `json:"network,omitempty"`
	PurposeOfUse []concept  `json:"purposeOfUse,omitempty"`
}

type detail struct {
	Type  string `json:"type"`
	Value string `json:"valueString"`
}

type eventEntity struct {
	What   *reference `json:"what,omitempty"`
	Type   *coding    `json:"type,omitempty"`
	Role   *coding    `json:"role,omitempty"`
	Query  string     `json:"query,omitempty"`
	Detail []detail   `json:"detail,omitempty"`
}

type eventMeta struct {
	VersionID   string   `json:"versionId"`
	LastUpdated string   `json:"lastUpdated"`
	Security    []coding `json:"security,omitempty"`
}

type extension struct {
	URL       string      `json:"url"`
	Extension []extension `json:"extension,omitempty"`
	Code      string      `json:"valueCode,omitempty"`
	String    string      `json:"valueString,omitempty"`
}

type primitive struct {
	Extension []extension `json:"extension"`
}

type eventSource struct {
	Site     string    `json:"site,omitempty"`
	Observer reference `json:"observer"`
	Type     []coding  `json:"type"`
}

type event struct {
	ResourceType string        `json:"resourceType"`
	ID           string        `json:"id"`
	Meta         eventMeta     `json:"meta"`
	Type         coding        `json:"type"`
	Subtype      []coding      `json:"subtype,omitempty"`
	Action       string        `json:"action"`
	Recorded     string        `json:"recorded"`
	Outcome      string        `json:"outcome"`
	OutcomeDesc  string        `json:"outcomeDesc,omitempty"`
	OutcomeFR    *primitive    `json:"_outcomeDesc,omitempty"`
	Purpose      []concept     `json:"purposeOfEvent,omitempty"`
	Agent        []eventAgent  `json:"agent"`
	Source       eventSource   `json:"source"`
	Entity       []eventEntity `json:"entity,omitempty"`
}

// AuditEvent returns the entry as a FHIR R4 AuditEvent in the shape of IHE's Basic Audit Log Patterns. base is the URL of
// the FHIR endpoint, "" when unknown. reason, which may be nil, gives the sentences of a rule in French and English; the
// English one becomes outcomeDesc, the French one its translation. No title, name of a document or value of a search is
// in it.
func (e Entry) AuditEvent(base string, reason func(rule string) (fr, en string)) []byte {
	at := e.At.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	subtype, action := e.interaction()
	ev := event{
		ResourceType: "AuditEvent",
		ID:           e.ID,
		Meta:         eventMeta{VersionID: "1", LastUpdated: at, Security: e.security()},
		Type:         coding{eventTypeSystem, "rest", "RESTful Operation"},
		Subtype:      subtype,
		Action:       action,
		Recorded:     at,
		Outcome:      e.outcome(),
		Purpose:      e.purpose(),
		Agent:        e.agents(base),
		Source: eventSource{
			Site:     base,
			Observer: reference{Display: "pontlevis"},
			Type:     []coding{{sourceTypeSystem, "4", "Application Server"}},
		},
		Entity: e.entities(),
	}
	if reason != nil && e.Rule != "" {
		ev.describe(reason(e.Rule))
	}
	b, err := json.Marshal(ev)
	if err != nil { // strings and slices of strings alone: cannot fail
		panic("audit: encoding an AuditEvent: " + err.Error())
	}
	return b
}

func (ev *event) describe(fr, en string) {
	ev.OutcomeDesc = en
	if en == "" || fr == "" {
		ev.OutcomeDesc = en + fr
		return
	}
	ev.OutcomeFR = &primitive{[]extension{{URL: translationURL, Extension: []extension{
		{URL: "lang", Code: "fr"},
		{URL: "content", String: fr},
	}}}}
}

// interactions are the codes of FHIR's restful-interaction with their displays and the action each is
// (audit-event-action: Create, Read, Update, Delete, Execute).
var interactions = map[string]struct{ display, action string }{
	"read":             {"read", "R"},
	"vread":            {"vread", "R"},
	"history":          {"history", "R"},
	"history-instance": {"history-instance", "R"},
	"history-type":     {"history-type", "R"},
	"history-system":   {"history-system", "R"},
	"capabilities":     {"capabilities", "R"},
	"search":           {"search", "E"},
	"search-type":      {"search-type", "E"},
	"search-system":    {"search-system", "E"},
	"operation":        {"operation", "E"},
	"transaction":      {"transaction", "E"},
	"batch":            {"batch", "E"},
	"create":           {"create", "C"},
	"update":           {"update", "U"},
	"patch":            {"patch", "U"},
	"delete":           {"delete", "D"},
}

// interaction returns the subtype and the action. What FHIR has no code for is an execution, named in the details.
func (e *Entry) interaction() ([]coding, string) {
	code := e.Interaction
	switch code { // what people call otherwise than FHIR does
	case "everything":
		code = "operation"
	case "document":
		code = "read"
	}
	i, ok := interactions[code]
	if !ok {
		return nil, "E"
	}
	return []coding{{interactionSystem, code, i.display}}, i.action
}

// OutcomeCode returns what AuditEvent.outcome will say.
func (e *Entry) OutcomeCode() string { return e.outcome() }

// ActionCode returns what AuditEvent.action will say.
func (e *Entry) ActionCode() string {
	_, action := e.interaction()
	return action
}

// outcome returns the code of audit-event-outcome: success, minor failure (refused by rule), serious failure.
func (e *Entry) outcome() string {
	switch e.Outcome {
	case Granted:
		return "0"
	case Refused:
		return "4"
	}
	return "8"
}

func (e *Entry) purpose() []concept {
	if e.Purpose == "" {
		return nil
	}
	return []concept{{Coding: []coding{{System: reasonSystem, Code: e.Purpose}}}}
}

func (e *Entry) security() []coding {
	var list []coding
	for _, label := range e.Labels {
		system, code, ok := strings.Cut(label, "|")
		if !ok {
			system, code = visibilitySystem, label
		}
		list = append(list, coding{System: system, Code: code})
	}
	return list
}

// agents are the person who asked, the situation they act in, their software, and this server.
func (e *Entry) agents(base string) []eventAgent {
	list := []eventAgent{e.person()}
	if e.Actor.Organization != "" {
		list = append(list, eventAgent{Who: refer(e.Actor.Organization, "")})
	}
	if e.Client != "" {
		client := eventAgent{
			Type: &concept{Coding: []coding{{dicomSystem, "110153", "Source Role ID"}}},
			Who:  &reference{Identifier: &identifier{ClientSystem, e.Client}},
		}
		if e.Address != "" {
			client.Network = &network{e.Address, networkIP}
		}
		list = append(list, client)
	}
	server := eventAgent{
		Type: &concept{Coding: []coding{{dicomSystem, "110152", "Destination Role ID"}}},
		Who:  &reference{Display: "pontlevis"},
	}
	if base != "" {
		server.Network = &network{base, networkURI}
	}
	return append(list, server)
}

// Codes of network-type.
const (
	networkIP  = "2"
	networkURI = "5"
)

func (e *Entry) person() eventAgent {
	party := coding{partySystem, "IRCP", "information recipient"}
	if _, action := e.interaction(); action == "C" || action == "U" || action == "D" {
		party = coding{partySystem, "AUT", "author (originator)"}
	}
	a := eventAgent{
		Type:         &concept{Coding: []coding{party}},
		Name:         e.Actor.Name,
		Requestor:    true,
		PurposeOfUse: e.purpose(),
	}
	if e.Actor.ID != "" || e.Actor.Name != "" {
		a.Who = refer(e.Actor.ID, e.Actor.Name)
	}
	if system, code, ok := strings.Cut(e.Actor.Profession, "|"); ok {
		a.Role = append(a.Role, concept{Coding: []coding{{System: system, Code: code}}})
	} else if e.Actor.Profession != "" {
		a.Role = append(a.Role, concept{Text: e.Actor.Profession})
	}
	if e.Actor.Kind != "" {
		a.Role = append(a.Role, concept{Text: e.Actor.Kind})
	}
	return a
}

// refer makes a reference of "Type/id" or of "system|value".
func refer(id, display string) *reference {
	r := &reference{Display: display}
	if system, value, ok := strings.Cut(id, "|"); ok {
		r.Identifier = &identifier{system, value}
	} else {
		r.Reference = id
	}
	return r
}

func (e *Entry) entities() []eventEntity {
	var list []eventEntity
	if e.Patient != "" {
		list = append(list, eventEntity{
			What: &reference{Reference: "Patient/" + e.Patient},
			Type: &coding{entityTypeSystem, "1", "Person"},
			Role: &coding{entityRoleSystem, "1", "Patient"},
		})
	}
	for _, r := range e.Resources {
		list = append(list, eventEntity{
			What: &reference{Reference: r},
			Type: &coding{entityTypeSystem, "2", "System Object"},
			Role: &coding{entityRoleSystem, "4", "Domain Resource"},
		})
	}
	if len(e.Parameters) > 0 {
		list = append(list, e.query())
	}
	return append(list, e.decision())
}

// query names the parameters of a search; their values may tell what the searcher was looking for in whom.
func (e *Entry) query() eventEntity {
	q := eventEntity{
		Type:  &coding{entityTypeSystem, "2", "System Object"},
		Role:  &coding{entityRoleSystem, "24", "Query"},
		Query: base64.StdEncoding.EncodeToString([]byte(strings.Join(e.Parameters, "&"))),
	}
	for _, name := range e.Parameters {
		q.add("parameter", name)
	}
	return q
}

// decision tells which decision this was, by which rule of which policy.
func (e *Entry) decision() eventEntity {
	d := eventEntity{
		What: &reference{Identifier: &identifier{DecisionSystem, e.ID}},
		Type: &coding{entityTypeSystem, "4", "Other"},
		Role: &coding{entityRoleSystem, "13", "Security Resource"},
	}
	d.add("decision", e.ID)
	d.add("rule", e.Rule)
	d.add("layer", e.Layer)
	d.add("mode", e.Mode)
	if e.Stage > 0 {
		d.add("stage", strconv.Itoa(e.Stage))
	}
	d.add("reason", e.Reason)
	d.add("policy-revision", e.Revision)
	d.add("action", e.Action)
	d.add("interaction", e.Interaction)
	d.add("grant", e.Grant)
	for _, name := range sortedKeys(e.Types) {
		d.add("count-"+name, strconv.Itoa(e.Types[name]))
	}
	for _, name := range sortedKeys(e.Details) {
		d.add(name, e.Details[name])
	}
	return d
}

func (n *eventEntity) add(name, value string) {
	if value != "" && name != "" {
		n.Detail = append(n.Detail, detail{name, value})
	}
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
