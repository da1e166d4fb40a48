package gate

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// Actions, as the policies name them.
const (
	actionAsk     = "ask"    // may this grant ask for this type at all, whoever's record it is
	actionSearch  = "search" // may it search this type in this record
	actionRead    = "read"
	actionDeposit = "deposit"
	actionReplace = "replace"
	actionRelabel = "relabel"
	actionStatus  = "status"
	actionArchive = "archive"
	actionDelete  = "delete"
	actionGovern  = "govern"
	actionLook    = "look" // through another's eyes
)

// hearing is one request being decided: the grant, the instant and the revision of the policies that all its decisions
// share.
type hearing struct {
	g        *Gate
	grant    *Grant
	began    time.Time // when the request arrived
	now      time.Time // truncated to the second: decisions within it may be remembered
	revision *policies.Revision
	query    *asking // input.query, searches only
	page     string  // sealed position of the page asked for, searches only
	within   string  // "search" when a read is a match of a search
	called   string  // how the log calls the interaction, where its own code does not say it
	listing  bool    // the history of a type or of a record is asked for
	narrows  bool    // a search narrows a scope of the grant
	proved   bool    // the code of the invitation that is accepted was shown

	source   *withLog // where it reads, with the access log as it stood when the first page was asked for
	cases    *int     // overdue ones, once counted
	openings []any    // input.openings, an emergency opening only
	sessions map[sessionKey]*policies.Session
	decided  map[decisionKey]*policies.Decision

	knows    map[record.Ref]bool // what redact found out
	nowhere  map[record.Ref]bool // references that it found to lead nowhere
	weighing map[record.Ref]bool // what it is finding out
	followed int                 // references that it followed

	origins map[*record.Stored]*record.Stored // what a search was shown redacted, whole

	plain map[string]bool // patients of whom something without a label was shown, in an entry without a label

	documents map[string]map[record.Ref][]*record.Stored // by patient and bytes: the documents that vouch for them
}

type sessionKey struct{ patient, action, within string }

// decisionKey has what a decision was within: the same version may be a match of a search and be read in its own right.
type decisionKey struct {
	stored *record.Stored
	within string
}

func (g *Gate) hear(grant *Grant) *hearing {
	return &hearing{
		g: g, grant: grant, began: time.Now(), now: g.Now().UTC().Truncate(time.Second), revision: g.Policies.Current(),
		source: g.source, sessions: map[sessionKey]*policies.Session{}, decided: map[decisionKey]*policies.Decision{},
		knows: map[record.Ref]bool{}, nowhere: map[record.Ref]bool{}, weighing: map[record.Ref]bool{}, plain: map[string]bool{},
		origins: map[*record.Stored]*record.Stored{}, narrows: slices.ContainsFunc(grant.Scopes, isNarrowed),
	}
}

// session prepares the decisions of one action in one record; patient "" is the directory, or no record in particular.
func (h *hearing) session(ctx context.Context, patient, action string) (*policies.Session, error) {
	key := sessionKey{patient, action, h.within}
	if s := h.sessions[key]; s != nil {
		return s, nil
	}
	facts, err := h.factsOf(ctx, patient)
	if err != nil {
		return nil, err
	}
	s, err := h.sessionOver(facts, action)
	if err == nil {
		h.sessions[key] = s
	}
	return s, err
}

// sessionOver gives the session of an action over some facts. Requests of one grant within one second that ask the same
// share it: its input is the same to the last member.
func (h *hearing) sessionOver(facts *space.Facts, action string) (*policies.Session, error) {
	key := askedKey{grant: h.grant, facts: facts, action: action, within: h.within, listing: h.listing, overdue: h.overdue()}
	if h.query != nil {
		key.search, key.query = true, *h.query
	}
	at := askedAt{h.revision, h.now}
	if s := h.g.parts.sessions.get(key, at); s != nil {
		return s, nil
	}
	s, err := h.newSession(facts, action, nil)
	if err == nil {
		h.g.parts.sessions.put(key, at, s)
	}
	return s, err
}

// overdue counts the overdue cases once for the request: what a session is found by is then what it was made of.
func (h *hearing) overdue() int {
	if h.cases == nil {
		n := h.g.overdue(h.grant.Actor.Organizations)
		h.cases = &n
	}
	return *h.cases
}

// asking is input.query, the whole of it.
type asking struct {
	dated bool // whether a date bounds the search
}

func (h *hearing) newSession(facts *space.Facts, action string, change map[string]any) (*policies.Session, error) {
	in, err := h.input(facts, action, change)
	if err != nil {
		return nil, err
	}
	s, err := h.revision.Session(in)
	if err != nil {
		return nil, fmt.Errorf("preparing a decision: %w", err)
	}
	return s, nil
}

// factsOf gathers the facts of a record; none for the directory.
func (h *hearing) factsOf(ctx context.Context, patient string) (*space.Facts, error) {
	if patient == "" {
		return nil, nil
	}
	return h.g.facts(ctx, patient)
}

// open decides whether the grant may act on a type at all (patient "") or in a record.
func (h *hearing) open(ctx context.Context, patient, action, resourceType string) (*policies.Decision, error) {
	s, err := h.session(ctx, patient, action)
	if err != nil {
		return nil, err
	}
	t, err := h.g.parts.ofType(resourceType)
	if err != nil {
		return nil, err
	}
	d, err := s.Decide(ctx, t)
	return h.count(action, d, err)
}

// read decides one stored resource for reading, once.
func (h *hearing) read(ctx context.Context, stored *record.Stored) (*policies.Decision, error) {
	stored = h.origin(stored)
	key := decisionKey{stored, h.within}
	if d := h.decided[key]; d != nil {
		return d, nil
	}
	d, err := h.readOnce(ctx, stored)
	if err == nil {
		h.decided[key] = d
	}
	return d, err
}

// readOnce decides bytes by the documents that vouch for them, and what only points at others by those too.
func (h *hearing) readOnce(ctx context.Context, stored *record.Stored) (*policies.Decision, error) {
	s, err := h.session(ctx, stored.Patient, actionRead)
	if err != nil {
		return nil, err
	}
	if isBytes(stored.Type) && stored.Patient != "" {
		return h.byVouchers(ctx, s, stored)
	}
	d, err := h.decideStored(ctx, s, actionRead, stored)
	if err != nil || !d.Allow {
		return d, err
	}
	weigh := h.hollow
	if stored.Type == auditEvent {
		weigh = h.hollowEntry
	}
	hollow, err := weigh(ctx, stored)
	if hollow {
		d = shut(d)
	}
	return d, err
}

// plainRead decides a resource as a read of its own, whatever request it comes up in.
func (h *hearing) plainRead(ctx context.Context, stored *record.Stored) (*policies.Decision, error) {
	within := h.within
	h.within = ""
	defer func() { h.within = within }()
	return h.read(ctx, stored)
}

// shut is a decision turned into a refusal in silence, with the duties it came with.
func shut(d *policies.Decision) *policies.Decision {
	refused := *d
	if refused.Tell = false; refused.Allow {
		refused.Allow, refused.Rule, refused.Layer = false, "default", policies.DefaultLayer
		refused.Reason, refused.Remedy = policies.Text{}, policies.Text{}
	}
	return &refused
}

// decide decides a resource in one of its states; its attributes may say more than it does.
func (h *hearing) decide(ctx context.Context, s *policies.Session, action string, attributes fhir.Attributes, one state) (*policies.Decision, error) {
	resource, err := h.narrow(h.g.resource(attributes), one)
	if err != nil {
		return nil, err
	}
	d, err := s.Decide(ctx, resource)
	return h.count(action, d, err)
}

// decideStored decides a version as it is stored.
func (h *hearing) decideStored(ctx context.Context, s *policies.Session, action string, stored *record.Stored) (*policies.Decision, error) {
	if h.narrows {
		return h.decide(ctx, s, action, stored.Attributes, stored)
	}
	r, err := h.g.resourceOf(stored)
	if err != nil {
		return nil, err
	}
	d, err := s.Decide(ctx, r)
	return h.count(action, d, err)
}

// count counts a decision, and refuses what comes with an obligation that is not fulfilled here.
func (h *hearing) count(action string, d *policies.Decision, err error) (*policies.Decision, error) {
	if err != nil {
		return nil, fmt.Errorf("deciding: %w", err)
	}
	if d.Allow && !dutiful(d, action) {
		slog.Error("the policies oblige to what the gate does not do", "rule", d.Rule, "action", action)
		d = shut(d)
	}
	h.g.Meter.decided(d.Rule, d.Allow, 1)
	if d.Allow && len(d.Obligations) > 0 && !h.g.aside {
		if err := h.stepUp(d); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// permit is what a search may know of: it decides a batch, each resource by the whole decision.
func (h *hearing) permit(ctx context.Context, batch []*record.Stored) ([]bool, error) {
	if len(h.decided) == 0 {
		h.decided = make(map[decisionKey]*policies.Decision, len(batch))
	}
	out := make([]bool, len(batch))
	for i, stored := range batch {
		d, err := h.read(ctx, stored)
		if err != nil {
			return nil, err
		}
		out[i] = d.Allow
	}
	return out, nil
}

// resource is input.resource.
func (g *Gate) resource(a fhir.Attributes) map[string]any {
	out := map[string]any{
		"type": a.Type, "id": a.ID, "class": list(a.Class), "code": list(a.Code), "author": list(a.Author),
		"custodian": list(a.Custodian), "labels": list(a.Labels), "status": a.Status, "doc_status": a.DocStatus,
		"date": a.Date, "source": a.Source, "archived": a.Archived, "subject": a.Subject, "members": list(a.Members),
	}
	if g.Host != "" {
		out["host"] = g.Host
	}
	return out
}

// input is everything that a decision rests on but the resource. It holds what concerns this actor alone, sorted, so
// that equal situations have equal inputs. What a request shares with others comes as parts, converted once.
func (h *hearing) input(facts *space.Facts, action string, change map[string]any) (map[string]any, error) {
	own, err := h.g.parts.ofGrant(h.grant)
	if err != nil {
		return nil, err
	}
	establishment, err := h.g.parts.ofEstablishment(h.overdue())
	if err != nil {
		return nil, err
	}
	policy, err := h.g.parts.ofPolicy(h.revision, h.now)
	if err != nil {
		return nil, err
	}
	in := map[string]any{
		"actor": own.actor, "client": own.client, "grant": own.grant, "establishment": establishment, "policy": policy,
		"action": action, "now": h.now.Format(time.RFC3339),
	}
	if facts != nil {
		if in["patient"], err = h.g.parts.ofPatient(facts, h.grant, h.now); err != nil {
			return nil, err
		}
	}
	if h.query != nil {
		in["query"] = map[string]any{"dated": h.query.dated}
	}
	if h.within != "" {
		in["within"] = h.within
	}
	if h.listing {
		in["listing"] = true
	}
	if len(h.openings) > 0 {
		in["openings"] = h.openings
	}
	if change != nil {
		in["change"] = change
	}
	return in, nil
}

// concernOf says what of a space concerns a grant.
func concernOf(g *Grant) space.Concern {
	a := &g.Actor
	return space.Concern{
		Identities: a.Identities, Organizations: a.Organizations, Reference: a.ID, Profession: a.Profession, Client: g.Client.ID,
	}
}

func actorInput(g *Grant) map[string]any {
	a := g.Actor
	claims := map[string]any{"regulation": a.Regulation}
	if len(a.Roles) > 0 {
		claims["roles"] = list(a.Roles)
	}
	return map[string]any{
		"kind": a.Kind, "id": a.ID, "identities": list(a.Identities), "organizations": list(a.Organizations),
		"profession": a.Profession, "speciality": a.Speciality, "claims": claims,
	}
}

func clientInput(g *Grant) map[string]any {
	c := g.Client
	only := make(map[string]any, len(c.Label.Only))
	for category, direction := range c.Label.Only {
		only[category] = direction
	}
	label := map[string]any{
		"status": c.Label.Status, "exchange": c.Label.Exchange, "purposes": list(c.Label.Purposes),
		"categories": list(c.Label.Categories), "directions": list(c.Label.Directions), "only": only,
	}
	if !c.Label.Expires.IsZero() {
		label["expires"] = c.Label.Expires.UTC().Format(time.RFC3339)
	}
	return map[string]any{"id": c.ID, "kind": c.Kind, "category": c.Category, "label": label}
}

func grantInput(g *Grant) map[string]any {
	whole, within := splitScopes(g.Scopes)
	out := map[string]any{
		"id": g.ID, "scopes": list(whole), "patient": g.Patient, "purpose": g.Purpose, "mode": g.Mode,
		"reason": g.Reason, "typed_reason": g.TypedReason, "stage": g.Stage, "secret": g.Secret,
		"since": g.Since.UTC().Format(time.RFC3339), "until": g.Until.UTC().Format(time.RFC3339),
	}
	if len(within) > 0 {
		out["narrowed"] = list(namesOf(within))
	}
	return out
}

// list is a sorted copy as the policies take it. Order means nothing in any of these (rules.md P6: labels are a set).
func list(in []string) []any {
	ordered := slices.Clone(in)
	slices.Sort(ordered)
	out := make([]any, len(ordered))
	for i, s := range ordered {
		out[i] = s
	}
	return out
}
