package gate

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// deposit adds to a record. The right to deposit is not the right to read (rules.md D1).
func (h *hearing) deposit(ctx context.Context, i *record.Interaction) (*Answer, error) {
	if i.Kind == record.KindCreate && space.Governs(i.Ref.Type) {
		return h.governNew(ctx, i)
	}
	d, err := record.ParseDeposit(i)
	if err != nil {
		return nil, err
	}
	if no := tooManyLinks(d); no != nil {
		return nil, no
	}
	defer h.turn(ctx, d)()
	entries, err := h.planDeposit(ctx, i, d)
	if err != nil {
		return nil, err
	}
	if err := h.append(ctx, entries...); err != nil {
		return nil, err
	}
	var stored []*record.Stored
	if len(d.Changes) > 0 {
		if stored, err = h.g.Records.Write(ctx, d.Patient, d.Changes); err != nil {
			return nil, h.failed(ctx, err, entries...)
		}
	}
	return h.answerDeposit(ctx, i, d, stored)
}

// turn makes what a conditional create looks for and what it then writes one step on this node, however the deposit names
// the record.
func (h *hearing) turn(ctx context.Context, d *record.Deposit) (release func()) {
	if !d.Conditional() {
		return func() {}
	}
	patient := d.Patient
	for _, id := range d.Identifiers {
		if patient != "" {
			break
		}
		if refs, err := h.g.Records.Lookup(ctx, "Patient", id); err == nil && len(refs) > 0 { // what fails here fails again when it counts
			patient = refs[0].ID
		}
	}
	return h.g.finds.take(patient, false)
}

// planDeposit looks up what a deposit names, decides it, and gives the entries to be written before it is made.
func (h *hearing) planDeposit(ctx context.Context, i *record.Interaction, d *record.Deposit) ([]audit.Entry, error) {
	d.Find = h.existing
	unclear := d.Resolve(ctx, h.g.Records, h.permit)
	var no *record.Refusal
	var costly *Refusal
	if unclear != nil && !errors.Is(unclear, record.ErrNotFound) && !errors.As(unclear, &no) && !errors.As(unclear, &costly) {
		return nil, unclear
	}
	entries, err := h.decideDeposit(ctx, i, d)
	if err != nil {
		return nil, err
	}
	if unclear != nil { // only now: what is found in a record is told to whoever may add to it
		return nil, h.illDone(ctx, entries, silenced(unclear))
	}
	return entries, d.StampSource(clientSource(h.grant.Client.ID))
}

// existing finds what a conditional create must not find, of what the depositor may read. Something hidden from them does
// not count: the new resource is made beside it, as it would be were it not there, and the record then has both. To
// refuse, or to point at it, would tell of it.
//
// Nothing of another record than the one the grant is bound to is found either.
func (h *hearing) existing(ctx context.Context, q *search.Query, patient string) ([]*record.Stored, error) {
	if h.grant.Patient != "" && patient != h.grant.Patient {
		return nil, nil
	}
	var src record.Source = h.source
	if asksLinks(q) {
		src = &sight{h.source, h}
	}
	page, err := record.Search(ctx, src, q, record.Scope{Patients: []string{patient}}, nil, h.permit)
	if errors.Is(err, record.ErrTooCostly) || asksLinks(q) && h.followed > maxReferences {
		return nil, tooCostly()
	}
	if err != nil {
		return nil, err
	}
	return page.Matches, nil
}

// maxDepositedReferences bounds the references of one deposited resource: each is followed whenever somebody reads it.
const maxDepositedReferences = 500

func tooManyLinks(d *record.Deposit) *Refusal {
	for _, c := range d.Changes {
		if isBytes(c.Type) {
			continue
		}
		r, err := fhir.ParseResource(c.Body)
		if err == nil && len(r.References()) > maxDepositedReferences {
			return refusal(http.StatusUnprocessableEntity, "too-costly",
				"Une ressource déposée a trop de références : 500 au plus.", "A deposited resource has too many references: 500 at most.")
		}
	}
	return nil
}

// illDone logs a deposit that was permitted and cannot be made, and says why.
func (h *hearing) illDone(ctx context.Context, entries []audit.Entry, why error) error {
	for k := range entries {
		entries[k].Outcome = audit.Failed
	}
	if err := h.append(ctx, entries...); err != nil {
		return err
	}
	return why
}

// answerDeposit says what became of a deposit: the resource of a create, the response Bundle of a transaction.
func (h *hearing) answerDeposit(ctx context.Context, i *record.Interaction, d *record.Deposit, written []*record.Stored) (*Answer, error) {
	results, err := h.results(ctx, i, d, written)
	if err != nil {
		return nil, err
	}
	if i.Kind == record.KindTransaction {
		body, err := d.Response(written)
		return &Answer{Status: http.StatusOK, Body: body}, err
	}
	return h.written(ctx, i, results[0].Stored, !results[0].Existed), nil
}

// results says what became of each entry of a deposit. What was there already is shown, and what a
// reference by criteria leads to is known to be there: both are logged as read.
func (h *hearing) results(ctx context.Context, i *record.Interaction, d *record.Deposit, written []*record.Stored) ([]record.Result, error) {
	results, err := d.Results(written)
	if err != nil {
		return nil, err
	}
	existed := slices.Clone(d.Referenced)
	for _, r := range results {
		if r.Existed && r.Stored != nil && !slices.Contains(existed, r.Stored) {
			existed = append(existed, r.Stored)
		}
	}
	entries, err := h.seen(i, existed)
	if err != nil {
		return nil, err
	}
	return results, h.append(ctx, entries...)
}

// clientSource is what meta.source says of a deposit through an app (rules.md A5).
func clientSource(client string) string { return space.ClientSystem + ":" + client }

// A verdict is the decision on one resource of a deposit.
type verdict struct {
	ref record.Ref
	*policies.Decision
}

// decideDeposit decides each resource of a deposit and each document it replaces; one refusal refuses the whole. It
// gives the entries to be written before anything is stored.
func (h *hearing) decideDeposit(ctx context.Context, i *record.Interaction, d *record.Deposit) ([]audit.Entry, error) {
	facts, err := h.factsFor(ctx, d.Patient)
	if err != nil {
		return nil, err
	}
	verdicts, err := h.judgeAll(ctx, i, facts, d)
	if err != nil {
		return nil, err
	}
	replaced, err := h.decideReplaced(ctx, i, facts, d)
	if err != nil {
		return nil, err
	}
	if len(replaced) > 0 { // what the old ones hand on is judged like what came
		if verdicts, err = h.judgeAll(ctx, i, facts, d); err != nil {
			return nil, err
		}
	}
	for k, v := range verdicts {
		at := slices.IndexFunc(d.Changes, func(c record.Change) bool { return c.Ref == v.ref })
		if err := label(&d.Changes[at], verdicts[k].Decision); err != nil {
			return nil, err
		}
	}
	if err := h.handHides(ctx, d); err != nil {
		return nil, err
	}
	return h.depositEntries(i, d, slices.Concat(verdicts, replaced)), d.Supersede()
}

// judgeAll decides each resource of a deposit; one refusal refuses the whole.
func (h *hearing) judgeAll(ctx context.Context, i *record.Interaction, facts *space.Facts, d *record.Deposit) ([]verdict, error) {
	verdicts, err := h.judge(ctx, facts, d)
	if err != nil {
		return nil, err
	}
	if h.grant.Patient != "" && d.Patient != h.grant.Patient || d.Patient == "" {
		for k := range verdicts {
			verdicts[k].Decision = shut(verdicts[k].Decision)
		}
	}
	for _, v := range verdicts {
		if !v.Allow {
			return nil, h.refuseNew(ctx, i, d.Patient, v.Decision, func(f *space.Facts) (*policies.Decision, error) { return h.first(ctx, f, d) })
		}
	}
	return verdicts, nil
}

// decideReplaced decides each document that a deposit replaces, and gives the new documents the labels that the
// decisions oblige them to have: what was masked must not come back unmasked.
func (h *hearing) decideReplaced(ctx context.Context, i *record.Interaction, facts *space.Facts, d *record.Deposit) ([]verdict, error) {
	if len(d.Replaced) == 0 {
		return nil, nil
	}
	proposed, err := d.Proposed()
	if err != nil {
		return nil, err
	}
	var labels []string
	for _, p := range proposed {
		labels = append(labels, p.Attributes.Labels...)
	}
	var verdicts []verdict
	for _, old := range d.Replaced {
		decision, err := h.change(ctx, facts, actionReplace, old.Attributes, map[string]any{"labels_added": list(labels)}, old)
		if err != nil {
			return nil, err
		}
		if !decision.Allow {
			return nil, h.refuseWrite(ctx, i, d.Patient, decision, []string{old.Ref.String()})
		}
		verdicts = append(verdicts, verdict{old.Ref, decision})
		for k := range d.Changes {
			if !slices.Contains(d.Documents, d.Changes[k].Ref) {
				continue
			}
			if err := label(&d.Changes[k], decision); err != nil {
				return nil, err
			}
		}
	}
	return verdicts, nil
}

// judge decides each resource of a deposit, up to the first refusal.
func (h *hearing) judge(ctx context.Context, facts *space.Facts, d *record.Deposit) ([]verdict, error) {
	proposed, err := d.Proposed()
	if err != nil {
		return nil, err
	}
	codes, labels := common(proposed)
	var verdicts []verdict
	for _, p := range proposed {
		attributes := p.Attributes
		switch {
		case len(d.Documents) == 0:
		case isBytes(p.Type): // deposited under the document that names them
			continue
		case p.Type == "List": // a submission set is about its documents, and goes under what all of them say
			attributes.Code = slices.Concat(attributes.Code, codes)
			attributes.Labels = slices.Concat(attributes.Labels, labels)
		}
		decision, err := h.change(ctx, facts, actionDeposit, attributes, map[string]any{"labels_added": list(attributes.Labels)}, p)
		if err != nil {
			return nil, err
		}
		if verdicts = append(verdicts, verdict{p.Ref, decision}); !decision.Allow {
			break
		}
	}
	return verdicts, nil
}

// first is the decision that a deposit meets with: its first refusal, or a permission.
func (h *hearing) first(ctx context.Context, facts *space.Facts, d *record.Deposit) (*policies.Decision, error) {
	verdicts, err := h.judge(ctx, facts, d)
	if err != nil {
		return nil, err
	}
	if len(verdicts) == 0 {
		return &policies.Decision{}, nil
	}
	return verdicts[len(verdicts)-1].Decision, nil
}

// common are the codes and the labels that all documents of a deposit have.
func common(proposed []*record.Stored) (codes, labels []string) {
	first := true
	for _, p := range proposed {
		switch {
		case p.Type != "DocumentReference":
		case first:
			codes, labels, first = slices.Clone(p.Attributes.Code), slices.Clone(p.Attributes.Labels), false
		default:
			codes = slices.DeleteFunc(codes, func(c string) bool { return !slices.Contains(p.Attributes.Code, c) })
			labels = slices.DeleteFunc(labels, func(l string) bool { return !slices.Contains(p.Attributes.Labels, l) })
		}
	}
	return codes, labels
}

// depositEntries are the entries of a deposit: one for each rule and audience. What is no document of its own goes with
// the most hidden of the deposit, since it may tell of it.
func (h *hearing) depositEntries(i *record.Interaction, d *record.Deposit, verdicts []verdict) []audit.Entry {
	var hidden []string
	for _, v := range verdicts {
		hidden = append(hidden, traceLabels(v.Decision)...)
	}
	slices.Sort(hidden)
	hidden = slices.Compact(hidden)
	var entries []audit.Entry
	index := map[string]int{}
	for _, v := range verdicts {
		labels := traceLabels(v.Decision)
		if v.ref.Type != "DocumentReference" {
			labels = hidden
		}
		key := v.Rule + "\x00" + strings.Join(labels, ",")
		at, ok := index[key]
		if !ok {
			at = len(entries)
			index[key] = at
			entries = append(entries, decided(h.newEntry(i, d.Patient), v.Decision))
			entries[at].Labels = labels
		}
		entries[at].Resources = append(entries[at].Resources, v.ref.String())
		if r := depositedIn(d, v.ref); r != nil {
			joins(&entries[at], d.Patient, nil, r)
		}
	}
	return entries
}
