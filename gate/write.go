package gate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// deposit adds to a record. The right to deposit is not the right to read (rules.md D1).
func (h *hearing) deposit(ctx context.Context, i *record.Interaction) (*Answer, error) {
	if i.Kind == record.KindCreate && space.Governs(i.Ref.Type) {
		return h.govern(ctx, i, nil)
	}
	d, err := record.ParseDeposit(i)
	if err != nil {
		return nil, err
	}
	err = d.Resolve(ctx, h.g.Records, h.permit)
	if errors.Is(err, record.ErrNotFound) || (err == nil && h.grant.Patient != "" && d.Patient != h.grant.Patient) {
		return nil, h.refuseWrite(ctx, i, "", nil, nil)
	}
	if err != nil {
		return nil, err
	}
	if err := h.decideDeposit(ctx, i, d); err != nil {
		return nil, err
	}
	if err := d.StampSource(clientSource(h.grant.Client.ID)); err != nil {
		return nil, err
	}
	stored, err := h.g.Records.Write(ctx, d.Patient, d.Changes)
	if err != nil {
		return nil, h.failed(ctx, i, d.Patient, err)
	}
	return answerDeposit(i, d, stored)
}

// answerDeposit says what became of a deposit: the resource of a create, the response Bundle of a transaction.
func answerDeposit(i *record.Interaction, d *record.Deposit, written []*record.Stored) (*Answer, error) {
	if i.Kind == record.KindTransaction {
		body, err := d.Response(written)
		return &Answer{Status: http.StatusOK, Body: body}, err
	}
	results, err := d.Results(written)
	if err != nil {
		return nil, err
	}
	made := results[0]
	a := &Answer{Status: http.StatusCreated, Version: made.Version, Updated: made.Updated, Location: made.Ref.String(), Body: made.Body}
	if made.Existed {
		a.Status = http.StatusOK
	}
	if i.Return == record.ReturnMinimal {
		a.Body = nil
	}
	return a, nil
}

// clientSource is what meta.source says of a deposit through an app (rules.md A5).
func clientSource(client string) string { return space.ClientSystem + ":" + client }

// decideDeposit decides each resource of a deposit and each document it replaces; one refusal refuses the whole.
func (h *hearing) decideDeposit(ctx context.Context, i *record.Interaction, d *record.Deposit) error {
	facts, err := h.g.facts(ctx, d.Patient)
	if err != nil {
		return err
	}
	proposed, err := d.Proposed()
	if err != nil {
		return err
	}
	entry := h.newEntry(i, d.Patient)
	for k, p := range proposed {
		attributes := p.Attributes
		if isBytes(p.Type) { // bytes are deposited under the document that names them
			continue
		}
		decision, err := h.change(ctx, facts, actionDeposit, attributes, map[string]any{"labels_added": list(attributes.Labels)})
		if err != nil {
			return err
		}
		if !decision.Allow {
			return h.refuseWrite(ctx, i, d.Patient, decision, []string{p.Ref.String()})
		}
		entry = decided(entry, decision)
		if err := h.label(d, k, decision); err != nil {
			return err
		}
		entry.Resources = append(entry.Resources, p.Ref.String())
	}
	for _, old := range d.Replaced {
		decision, err := h.change(ctx, facts, actionReplace, old.Attributes, map[string]any{})
		if err != nil {
			return err
		}
		if !decision.Allow {
			return h.refuseWrite(ctx, i, d.Patient, decision, []string{old.Ref.String()})
		}
		entry.Resources = append(entry.Resources, old.Ref.String())
	}
	if err := d.Supersede(); err != nil {
		return err
	}
	return h.append(ctx, entry)
}

// label gives a deposited document the labels that the decision obliges it to have.
func (h *hearing) label(d *record.Deposit, k int, decision *policies.Decision) error {
	for _, o := range decision.Obligations {
		if o.Type != dutyLabel || d.Changes[k].Type != "DocumentReference" {
			continue
		}
		system, _ := o.Properties["system"].(string)
		code, _ := o.Properties["code"].(string)
		body, err := withLabel(d.Changes[k].Body, system, code)
		if err != nil {
			return fmt.Errorf("labelling a deposit: %w", err)
		}
		d.Changes[k].Body = body
	}
	return nil
}

// govern writes a resource of the space itself: consent, block, switch, link, delegation.
func (h *hearing) govern(ctx context.Context, i *record.Interaction, before *record.Stored) (*Answer, error) {
	patient := record.OwnerOf(i.Resource, h.g.Base).Patient
	if before != nil {
		patient = before.Patient
	}
	if patient == "" || (h.grant.Patient != "" && patient != h.grant.Patient) {
		return nil, h.refuseWrite(ctx, i, "", nil, nil)
	}
	facts, err := h.g.facts(ctx, patient)
	if err != nil {
		return nil, err
	}
	change, issues, err := h.checkSpace(ctx, facts, i, before)
	if err != nil {
		return nil, err
	}
	decision, err := h.change(ctx, facts, actionGovern, i.Resource.Attributes(), map[string]any{
		"kind": change.Kind, "verb": change.Verb, "target": change.Target,
	})
	if err != nil {
		return nil, err
	}
	if !decision.Allow {
		return nil, h.refuseWrite(ctx, i, patient, decision, nil)
	}
	if len(issues) > 0 {
		return nil, &Refusal{Status: http.StatusUnprocessableEntity, Issues: issues}
	}
	c := record.Change{Ref: record.Ref{Type: i.Ref.Type, ID: i.Ref.ID}, Body: i.Resource.JSON(), IfNone: before == nil}
	if before != nil {
		c.IfVersion = &before.Version
	} else {
		c.ID = record.NewID()
	}
	entry := decided(h.newEntry(i, patient), decision)
	entry.Resources = []string{c.Ref.String()}
	return h.commit(ctx, i, patient, entry, change.Kind, c)
}

// commit makes the entry of one decided change durable, then the change; it is in force when commit returns.
func (h *hearing) commit(ctx context.Context, i *record.Interaction, patient string, entry audit.Entry, kind string, c record.Change) (*Answer, error) {
	if err := h.append(ctx, entry); err != nil {
		return nil, err
	}
	stored, err := h.g.Records.Write(ctx, patient, []record.Change{c})
	if err != nil {
		return nil, h.failed(ctx, i, patient, err)
	}
	if h.g.Meter.Denied != nil {
		h.g.Meter.Denied(kind, time.Since(h.began))
	}
	a := &Answer{Status: http.StatusOK, Version: stored[0].Version, Updated: stored[0].Updated, Body: stored[0].Body}
	switch {
	case i.Kind == record.KindDelete:
		a = &Answer{Status: http.StatusNoContent}
	case i.Kind == record.KindCreate:
		a.Status, a.Location = http.StatusCreated, stored[0].Ref.String()
	}
	if i.Return == record.ReturnMinimal {
		a.Body = nil
	}
	return a, nil
}

// update replaces a resource of the space. Nothing else is replaced in place (rules.md D2).
func (h *hearing) update(ctx context.Context, i *record.Interaction) (*Answer, error) {
	if !space.Governs(i.Ref.Type) {
		no := refusal(http.StatusMethodNotAllowed, "not-supported",
			"Le contenu déposé ne change pas : déposez un document qui le remplace.",
			"What was deposited does not change: deposit a document that replaces it.")
		no.Allow = []string{"GET", "HEAD", "POST", "PATCH"}
		return nil, no
	}
	before, err := h.target(ctx, i, i.Ref)
	if err != nil {
		return nil, err
	}
	return h.govern(ctx, i, before)
}

// target finds what a write is about. Whoever may not read it is told what an absent one would be told.
func (h *hearing) target(ctx context.Context, i *record.Interaction, ref record.Ref) (*record.Stored, error) {
	stored, d, err := h.find(ctx, ref)
	if err != nil {
		return nil, err
	}
	if stored == nil || !d.Allow {
		return nil, h.refuse(ctx, i, stored, d)
	}
	if err := checkVersion(i, stored); err != nil {
		return nil, err
	}
	return stored, nil
}

// refuseWrite writes the entry of a refused write. The reason is told when the policies say so; when there was nothing
// to decide on, or nothing may be told, the answer is the one for a record that does not exist.
func (h *hearing) refuseWrite(ctx context.Context, i *record.Interaction, patient string, d *policies.Decision, resources []string) error {
	entry := h.newEntry(i, patient)
	entry.Outcome, entry.Resources = audit.Refused, resources
	if d != nil {
		entry = decided(entry, d)
	}
	if err := h.append(ctx, entry); err != nil {
		return err
	}
	if d != nil && d.Tell {
		return told(d, entry.ID)
	}
	return notYours()
}

// failed follows the entry of a change that could not be made by one that says so, and names the failure.
func (h *hearing) failed(ctx context.Context, i *record.Interaction, patient string, cause error) error {
	entry := h.newEntry(i, patient)
	entry.Outcome = audit.Failed
	if err := h.append(context.WithoutCancel(ctx), entry); err != nil {
		return errors.Join(cause, err)
	}
	switch {
	case errors.Is(cause, record.ErrConflict):
		return refusal(http.StatusConflict, "conflict", "La ressource a changé entre-temps : relisez-la et recommencez.", "The resource has changed meanwhile: read it again and retry.")
	case errors.Is(cause, record.ErrTooLarge):
		return refusal(http.StatusRequestEntityTooLarge, "too-long", "Le dépôt est trop grand.", "The deposit is too large.")
	case errors.Is(cause, record.ErrInvalid), errors.Is(cause, record.ErrElsewhere):
		return refusal(http.StatusUnprocessableEntity, "invalid", "La ressource ne peut pas être rangée dans ce dossier.", "The resource cannot be kept in this record.")
	}
	return fmt.Errorf("writing to a record: %w", cause)
}
