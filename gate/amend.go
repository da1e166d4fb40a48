package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/structure"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// patch changes the status, the labels or the archiving of a document (PDSm TD3.3), by id or by what it matches.
func (h *hearing) patch(ctx context.Context, i *record.Interaction) (*Answer, error) {
	ref := i.Ref
	if i.Conditional != nil {
		var err error
		if ref, err = h.match(ctx, i); err != nil {
			return nil, err
		}
	}
	current, err := h.target(ctx, i, ref)
	if err != nil {
		return nil, err
	}
	amendment, err := record.ParsePatch(i, current)
	if err != nil {
		return nil, err
	}
	if amendment.Empty() {
		return &Answer{Status: http.StatusOK, Version: current.Version, Updated: current.Updated, Body: current.Body}, nil
	}
	actions := amendmentActions(amendment)
	d, err := h.decideAmendment(ctx, i, current, amendment, actions)
	if err != nil {
		return nil, err
	}
	entry := decided(h.newEntry(i, current.Patient), d)
	entry.Resources = []string{current.Ref.String()}
	return h.commit(ctx, i, current.Patient, entry, actions[0], amendment.Change)
}

// amendmentActions names what an amendment does; the policies decide each.
func amendmentActions(a *record.Amendment) []string {
	var actions []string
	if len(a.LabelsAdded)+len(a.LabelsRemoved) > 0 {
		actions = append(actions, actionRelabel)
	}
	switch a.Status {
	case "":
	case "entered-in-error":
		actions = append(actions, actionDelete)
	default:
		actions = append(actions, actionStatus)
	}
	if a.Archived != nil {
		actions = append(actions, actionArchive)
	}
	return actions
}

// decideAmendment decides every action of an amendment. Its author sees the document, so a refusal is told.
func (h *hearing) decideAmendment(ctx context.Context, i *record.Interaction, current *record.Stored, a *record.Amendment, actions []string) (*policies.Decision, error) {
	facts, err := h.g.facts(ctx, current.Patient)
	if err != nil {
		return nil, err
	}
	var last *policies.Decision
	for _, action := range actions {
		d, err := h.change(ctx, facts, action, current.Attributes, map[string]any{
			"labels_added": list(a.LabelsAdded), "labels_removed": list(a.LabelsRemoved), "status": a.Status,
		})
		if err != nil {
			return nil, err
		}
		if !d.Allow {
			return nil, h.refuseSeen(ctx, i, current, d)
		}
		last = d
	}
	return last, nil
}

// refuseSeen refuses a change of something that the one who asks can see: the reason tells nothing new of it.
func (h *hearing) refuseSeen(ctx context.Context, i *record.Interaction, current *record.Stored, d *policies.Decision) error {
	entry := decided(h.newEntry(i, current.Patient), d)
	entry.Resources = []string{current.Ref.String()}
	if err := h.append(ctx, entry); err != nil {
		return err
	}
	return told(d, entry.ID)
}

// match finds the one document that a conditional request is about, among those its author may read: two that match are
// told apart by asking better, one that is hidden is not there.
func (h *hearing) match(ctx context.Context, i *record.Interaction) (record.Ref, error) {
	scope, _, err := h.scope(ctx, i.Conditional)
	if err != nil {
		return record.Ref{}, err
	}
	page, err := record.Search(ctx, h.g.source, i.Conditional, scope, nil, h.permit)
	if err != nil {
		return record.Ref{}, fmt.Errorf("finding what to change: %w", err)
	}
	switch len(page.Matches) {
	case 0:
		return record.Ref{}, h.refuse(ctx, i, nil, nil)
	case 1:
		return page.Matches[0].Ref, nil
	}
	return record.Ref{}, refusal(http.StatusPreconditionFailed, "multiple-matches",
		"Plusieurs documents correspondent : rien n'a été changé. Précisez l'identifiant.",
		"Several documents match: nothing was changed. Give a sharper identifier.")
}

// remove deletes logically (rules.md D3): a document becomes entered-in-error, anything else a deleted version.
func (h *hearing) remove(ctx context.Context, i *record.Interaction) (*Answer, error) {
	if space.Governs(i.Ref.Type) {
		no := refusal(http.StatusMethodNotAllowed, "not-supported",
			"On ne supprime pas ce qui règle un espace : mettez-y fin (status inactive).",
			"What governs a space is not deleted: end it (status inactive).")
		no.Allow = []string{"GET", "HEAD", "PUT"}
		return nil, no
	}
	current, err := h.target(ctx, i, i.Ref)
	if err != nil {
		return nil, err
	}
	d, err := h.decideAmendment(ctx, i, current, &record.Amendment{}, []string{actionDelete})
	if err != nil {
		return nil, err
	}
	c := record.Change{Ref: current.Ref, IfVersion: &current.Version, Delete: true}
	if current.Type == "DocumentReference" {
		r, err := current.Resource()
		if err != nil {
			return nil, err
		}
		c.Delete, c.Body = false, r.Node().With("status", []byte(`"entered-in-error"`))
	}
	entry := decided(h.newEntry(i, current.Patient), d)
	entry.Resources = []string{current.Ref.String()}
	return h.commit(ctx, i, current.Patient, entry, actionDelete, c)
}

// checkSpace asks the space what a governance write changes, and whether it is well said.
func (h *hearing) checkSpace(ctx context.Context, facts *space.Facts, i *record.Interaction, before *record.Stored) (space.Change, []fhir.Issue, error) {
	var was *fhir.Resource
	if before != nil {
		var err error
		if was, err = before.Resource(); err != nil {
			return space.Change{}, nil, err
		}
	}
	helped, err := h.helped(ctx, i.Resource, facts.Patient)
	if err != nil {
		return space.Change{}, nil, err
	}
	change, issues := space.Check(facts, was, i.Resource, helped, h.now)
	return change, append(structure.Check(i.Resource), issues...), nil
}

// helped counts how many other persons the carer of a delegation already helps.
func (h *hearing) helped(ctx context.Context, r *fhir.Resource, patient string) (int, error) {
	who := ""
	if r.Type() == "RelatedPerson" && space.DelegationKind(r) == space.Carer {
		who = space.DelegateOf(r)
	}
	if who == "" {
		return 0, nil
	}
	refs, err := h.g.Records.Lookup(ctx, "RelatedPerson", space.PersonSystem+"|"+who)
	if err != nil {
		return 0, fmt.Errorf("counting whom a carer helps: %w", err)
	}
	others := map[string]bool{}
	for _, ref := range refs {
		stored, err := h.g.Records.Read(ctx, ref)
		if err != nil {
			return 0, fmt.Errorf("counting whom a carer helps: %w", err)
		}
		if stored.Patient == patient {
			continue
		}
		facts, err := h.g.facts(ctx, stored.Patient)
		if err != nil {
			return 0, err
		}
		if facts.HasCarer(who, h.now) {
			others[stored.Patient] = true
		}
	}
	return len(others), nil
}

// checkVersion holds If-Match (RFC 9110 §13.1.1).
func checkVersion(i *record.Interaction, stored *record.Stored) error {
	if i.IfMatch == "" || i.IfMatch == "*" || i.IfMatch == strconv.Itoa(stored.Version) {
		return nil
	}
	return refusal(http.StatusPreconditionFailed, "conflict",
		"La ressource n'est plus à cette version : relisez-la.", "The resource is no longer at that version: read it again.")
}

// withLabel adds a security label to the body of a resource that does not have it.
func withLabel(body []byte, system, code string) ([]byte, error) {
	n, err := fhir.Parse(body, fhir.Limits{})
	if err != nil {
		return nil, err
	}
	label, err := json.Marshal(map[string]any{"coding": []any{map[string]any{"system": system, "code": code}}})
	if err != nil {
		return nil, err
	}
	labels := n.Get("securityLabel")
	var parts []string
	for _, l := range labels.Items() {
		for _, c := range l.Get("coding").Items() {
			if c.Get("code").Text() == code {
				return body, nil
			}
		}
		parts = append(parts, string(l.Bytes()))
	}
	return n.With("securityLabel", []byte("["+strings.Join(append(parts, string(label)), ",")+"]")), nil
}
