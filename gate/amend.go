package gate

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// planned is a change of one resource that was decided and is not made yet.
type planned struct {
	current *record.Stored
	entry   audit.Entry
	kind    string         // action, for the meter
	change  *record.Change // nil: nothing changes
}

// patch changes the status, the labels or the archiving of a document (PDSm TD3.3), or the labels of anything else in a
// record, by id or by what it matches.
func (h *hearing) patch(ctx context.Context, i *record.Interaction) (*Answer, error) {
	p, err := h.planPatch(ctx, i)
	if err != nil {
		return nil, err
	}
	if p.change == nil {
		return h.unchanged(ctx, i, p.current)
	}
	return h.commit(ctx, i, p.current.Patient, p.entry, p.kind, *p.change)
}

func (h *hearing) planPatch(ctx context.Context, i *record.Interaction) (*planned, error) {
	if no := onlyTestsMetadata(i.Body); no != nil {
		return nil, no
	}
	current, err := h.targetOf(ctx, i)
	if err != nil {
		return nil, err
	}
	amendment, err := record.ParsePatch(i, current)
	if err != nil {
		return nil, h.unmade(ctx, i, current, err)
	}
	if amendment.Empty() {
		return &planned{current: current}, nil
	}
	actions := amendmentActions(amendment)
	entry, err := h.decideAmendment(ctx, i, current, amendment, actions)
	if err != nil {
		return nil, err
	}
	return &planned{current, entry, actions[0], &amendment.Change}, nil
}

// unchanged answers a patch that changes nothing: it shows the document, so it is a read.
func (h *hearing) unchanged(ctx context.Context, i *record.Interaction, current *record.Stored) (*Answer, error) {
	entries, err := h.seen(i, []*record.Stored{current})
	if err != nil {
		return nil, err
	}
	redacted, err := h.redact(ctx, current)
	if err != nil {
		return nil, err
	}
	if err := h.append(ctx, entries...); err != nil {
		return nil, err
	}
	return &Answer{Status: http.StatusOK, Version: current.Version, Updated: current.Updated, Body: redacted.Body}, nil
}

// unmade logs a change that was not made for a reason which tells something of what stands there, then gives the reason.
func (h *hearing) unmade(ctx context.Context, i *record.Interaction, current *record.Stored, why error) error {
	d, err := h.read(ctx, current)
	if err != nil {
		return err
	}
	entry := decided(h.newEntry(i, current.Patient), d)
	entry.Outcome, entry.Resources = audit.Failed, []string{current.Ref.String()}
	if err := h.append(ctx, entry); err != nil {
		return err
	}
	return why
}

// testable are the elements that a test, copy or move of a patch may look at. A test anywhere else would read a document
// piece by piece, what was cut from it included.
var testable = []string{"/status", "/securityLabel", "/id", "/meta/versionId", "/meta/security", "/resourceType"}

// testableExtension is what may be looked at of an extension: its kind, and whether a document is archived. Another value
// may be a reference that was cut.
var testableExtension = regexp.MustCompile(`^/extension/[0-9]+/(url|valueBoolean)$`)

func mayTest(path string) bool {
	return testableExtension.MatchString(path) ||
		slices.ContainsFunc(testable, func(t string) bool { return path == t || strings.HasPrefix(path, t+"/") })
}

func onlyTestsMetadata(patch []byte) *Refusal {
	n, err := fhir.Parse(patch, fhir.Limits{})
	if err != nil {
		return nil // said better by who reads the patch
	}
	for _, o := range n.Items() {
		from := o.Get("from").Text()
		if o.Get("op").Text() == "test" {
			from = o.Get("path").Text()
		}
		if from != "" && !mayTest(from) {
			no := refusal(http.StatusMethodNotAllowed, "business-rule",
				"Un correctif ne lit que le statut, les étiquettes de confidentialité, les extensions et la version de la ressource.",
				"A patch looks at the status, the security labels, the extensions and the version of a resource alone.")
			no.Allow = []string{http.MethodGet, http.MethodHead}
			return no
		}
	}
	return nil
}

// amendmentActions names what an amendment does; the policies decide each. Words of a label without its code are no
// mask that somebody else may set: like the status they are the author's, or anyone of the circle could write into them.
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
	if actions == nil {
		actions = []string{actionStatus}
	}
	return actions
}

// decideAmendment decides every action of an amendment and begins its entry. Whatever hides the document from somebody
// before the change or after it hides the entry from them.
func (h *hearing) decideAmendment(ctx context.Context, i *record.Interaction, current *record.Stored, a *record.Amendment, actions []string) (audit.Entry, error) {
	facts, err := h.g.facts(ctx, current.Patient)
	if err != nil {
		return audit.Entry{}, err
	}
	change := map[string]any{"labels_added": list(a.LabelsAdded), "labels_removed": list(a.LabelsRemoved), "status": a.Status}
	states := []state{current}
	if !a.Empty() {
		states = append(states, &record.Stored{Ref: current.Ref, Patient: current.Patient, Body: a.Body})
	}
	entry := h.newEntry(i, current.Patient)
	for _, action := range actions {
		d, err := h.change(ctx, facts, action, current.Attributes, change, states...)
		if err != nil {
			return audit.Entry{}, err
		}
		if !d.Allow {
			return audit.Entry{}, h.refuseSeen(ctx, i, current, d)
		}
		labels := entry.Labels
		entry = decided(entry, d)
		entry.Labels = append(entry.Labels, labels...)
	}
	after := current.Attributes
	after.Labels = slices.DeleteFunc(slices.Concat(after.Labels, a.LabelsAdded), func(l string) bool {
		return slices.Contains(a.LabelsRemoved, l)
	})
	d, err := h.change(ctx, facts, actions[0], after, change, states...)
	if err != nil {
		return audit.Entry{}, err
	}
	entry.Labels = append(entry.Labels, traceLabels(d)...)
	slices.Sort(entry.Labels)
	entry.Labels = slices.Compact(entry.Labels)
	entry.Resources = []string{current.Ref.String()}
	return entry, nil
}

// refuseSeen refuses a change of something that the one who asks can see.
func (h *hearing) refuseSeen(ctx context.Context, i *record.Interaction, current *record.Stored, d *policies.Decision) error {
	return h.refuseWrite(ctx, i, current.Patient, d, []string{current.Ref.String()})
}

// targetOf finds what a write is about, by id or by what it matches.
func (h *hearing) targetOf(ctx context.Context, i *record.Interaction) (*record.Stored, error) {
	if i.Conditional == nil {
		return h.target(ctx, i, i.Ref)
	}
	found, err := h.matches(ctx, i)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, nothingHere()
	case len(found) > 1:
		return nil, h.severalMatch(ctx, i, found[0])
	}
	return h.target(ctx, i, found[0].Ref)
}

// matches finds what a conditional request is about: what a search by the same criteria would show its author. One that
// is hidden is not there. The question is in the log of each record it was asked of, but for the one whose resource is
// found: that has an entry of what becomes of it.
func (h *hearing) matches(ctx context.Context, i *record.Interaction) ([]*record.Stored, error) {
	s := h.g.hear(h.grant)
	s.now, s.revision, s.query = h.now, h.revision, &asking{i.Conditional.Dated()}
	in, err := s.scope(ctx, i.Conditional)
	if err != nil {
		return nil, err
	}
	asked, err := s.ask(ctx, i, in)
	if err != nil {
		return nil, err
	}
	page, err := s.look(ctx, i.Conditional, record.Scope{Patients: asked.open}, nil)
	if err != nil {
		return nil, err
	}
	entries := slices.DeleteFunc(asked.entries, func(e audit.Entry) bool {
		return len(page.Matches) > 0 && e.Patient == page.Matches[0].Patient
	})
	if len(entries) > 0 {
		err = h.append(ctx, entries...)
	}
	return page.Matches, err
}

// severalMatch refuses a conditional write that is not about one resource: they are told apart by asking better.
func (h *hearing) severalMatch(ctx context.Context, i *record.Interaction, first *record.Stored) error {
	return h.unmade(ctx, i, first, refusal(http.StatusPreconditionFailed, "multiple-matches",
		"Plusieurs ressources correspondent : rien n'a été changé. Précisez les critères.",
		"Several resources match: nothing was changed. Give sharper criteria."))
}

// remove deletes logically (rules.md D3): a document becomes entered-in-error, anything else a deleted version.
func (h *hearing) remove(ctx context.Context, i *record.Interaction) (*Answer, error) {
	p, err := h.planRemove(ctx, i)
	if err != nil {
		return nil, err
	}
	return h.commit(ctx, i, p.current.Patient, p.entry, p.kind, *p.change)
}

func (h *hearing) planRemove(ctx context.Context, i *record.Interaction) (*planned, error) {
	if space.Governs(i.Ref.Type) {
		no := refusal(http.StatusMethodNotAllowed, "not-supported",
			"On ne supprime pas ce qui règle un espace : mettez-y fin (status inactive).",
			"What governs a space is not deleted: end it (status inactive).")
		no.Allow = []string{"GET", "HEAD", "PUT"}
		return nil, no
	}
	current, err := h.targetOf(ctx, i)
	if err != nil {
		return nil, err
	}
	entry, err := h.decideAmendment(ctx, i, current, &record.Amendment{}, []string{actionDelete})
	if err != nil {
		return nil, err
	}
	c := &record.Change{Ref: current.Ref, IfVersion: &current.Version, Delete: true}
	if current.Type == "DocumentReference" {
		r, err := current.Resource()
		if err != nil {
			return nil, err
		}
		c.Delete, c.Body = false, r.Node().With("status", []byte(`"entered-in-error"`))
	}
	return &planned{current, entry, actionDelete, c}, nil
}
