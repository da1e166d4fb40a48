package gate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// commit makes the entry of one decided change durable, then the change; it is in force when commit returns.
func (h *hearing) commit(ctx context.Context, i *record.Interaction, patient string, entry audit.Entry, kind string, c record.Change) (*Answer, error) {
	if err := h.append(ctx, entry); err != nil {
		return nil, err
	}
	stored, err := h.g.Records.Write(ctx, patient, []record.Change{c})
	if err != nil {
		return nil, h.failed(ctx, err, entry)
	}
	if h.g.Meter.Denied != nil {
		h.g.Meter.Denied(kind, time.Since(h.began))
	}
	if i.Kind == record.KindDelete {
		return &Answer{Status: http.StatusNoContent}, nil
	}
	return h.written(ctx, i, stored[0], c.IfNone), nil
}

// written answers a create, an update or a patch with what stands now, as its author may now read it: a document may be
// written by somebody who may not read it, or be hidden by the very change.
func (h *hearing) written(ctx context.Context, i *record.Interaction, stored *record.Stored, made bool) *Answer {
	a := &Answer{Status: http.StatusOK, Version: stored.Version, Updated: stored.Updated}
	if made {
		a.Status, a.Location = http.StatusCreated, versioned(stored)
	}
	switch i.Return {
	case record.ReturnMinimal:
	case record.ReturnOutcome:
		a.Body = fhir.OperationOutcome(fhir.Issue{Severity: "information", Code: "informational", FR: "C'est enregistré.", EN: "It is kept."})
	default:
		body, err := h.g.hear(h.grant).bodyOf(ctx, stored)
		if err != nil { // the change is made: its answer must not say that it was not
			slog.ErrorContext(ctx, "what was written could not be shown", "error", err)
		}
		a.Body = body
	}
	return a
}

// bodyOf is a version as the grant may read it, nothing when it may not.
func (h *hearing) bodyOf(ctx context.Context, stored *record.Stored) ([]byte, error) {
	d, err := h.read(ctx, stored)
	if err != nil || !d.Allow {
		return nil, err
	}
	redacted, err := h.redact(ctx, stored)
	if err != nil {
		return nil, err
	}
	return redacted.Body, nil
}

// versioned is where one version is read, relative to the base (FHIR R4 http.html#create).
func versioned(s *record.Stored) string {
	return s.Ref.String() + "/_history/" + strconv.Itoa(s.Version)
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
	if i.Conditional != nil {
		return h.updateMatch(ctx, i)
	}
	before, err := h.target(ctx, i, i.Ref)
	if err != nil {
		return nil, err
	}
	return h.govern(ctx, i, before)
}

// updateMatch replaces the one resource that matches, or makes one when none does (FHIR R4 http.html#cond-update). One
// that is hidden is not there: a second one is then made, as it would be were there none.
func (h *hearing) updateMatch(ctx context.Context, i *record.Interaction) (*Answer, error) {
	defer h.g.finds.take(record.OwnerOf(i.Resource, h.g.Base).Patient, false)()
	found, err := h.matches(ctx, i)
	if err != nil {
		return nil, err
	}
	id := i.Resource.ID()
	switch {
	case len(found) > 1:
		return nil, h.severalMatch(ctx, i, found[0])
	case len(found) == 1 && id != "" && id != found[0].ID:
		return nil, h.unmade(ctx, i, found[0], refusal(http.StatusBadRequest, "invalid",
			"L'identifiant du corps n'est pas celui de la ressource qui répond à la condition.",
			"The body's id is not that of the resource that matches."))
	case len(found) == 1:
		before, err := h.target(ctx, i, found[0].Ref)
		if err != nil {
			return nil, err
		}
		matched := *i
		matched.Ref = before.Ref
		return h.govern(ctx, &matched, before)
	case i.IfMatch != "":
		return nil, silenced(changedSince())
	case id != "":
		return nil, silenced(refusal(http.StatusBadRequest, "not-supported",
			"Rien ne répond à la condition, et l'identifiant d'une ressource nouvelle n'est pas choisi par le client.",
			"Nothing matches, and the id of a new resource is not chosen by the client."))
	}
	return h.govern(ctx, i, nil)
}

// governNew makes a resource of the space, unless its author sees that what they ask not to make twice is there already
// (FHIR R4 http.html#ccreate).
func (h *hearing) governNew(ctx context.Context, i *record.Interaction) (*Answer, error) {
	patient := record.OwnerOf(i.Resource, h.g.Base).Patient
	if i.IfNoneExist == nil || patient == "" {
		return h.govern(ctx, i, nil)
	}
	defer h.g.finds.take(patient, false)()
	found, err := h.existing(ctx, i.IfNoneExist, patient)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return h.govern(ctx, i, nil)
	case len(found) > 1:
		return nil, h.severalMatch(ctx, i, found[0])
	}
	entries, err := h.seen(i, found)
	if err != nil {
		return nil, err
	}
	if err := h.append(ctx, entries...); err != nil {
		return nil, err
	}
	return h.written(ctx, i, found[0], false), nil
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
	if no := checkVersion(i, stored); no != nil {
		return nil, h.unmade(ctx, i, stored, no)
	}
	return stored, nil
}

// checkVersion holds If-Match and If-None-Match (RFC 9110 §13.1.1 and §13.1.2).
func checkVersion(i *record.Interaction, stored *record.Stored) *Refusal {
	if i.Fits(stored) {
		return nil
	}
	return changedSince()
}

func changedSince() *Refusal {
	return refusal(http.StatusPreconditionFailed, "conflict",
		"La ressource n'est plus à cette version : relisez-la.", "The resource is no longer at that version: read it again.")
}

// refuseWrite writes the entry of a refused write. The reason is told when the policies say so; else the answer is the
// one for a record that does not exist.
func (h *hearing) refuseWrite(ctx context.Context, i *record.Interaction, patient string, d *policies.Decision, resources []string) error {
	entry := decided(h.newEntry(i, patient), d)
	entry.Resources = resources
	if err := h.append(ctx, entry); err != nil {
		return err
	}
	if d.Tell {
		return told(d, entry.ID)
	}
	return notYours()
}

// refuseNew refuses what somebody wants to add to a record. A stranger to an open record may be told why; a record that
// does not exist, or that is not open, must then say the same: what is not told is answered as an empty record would
// answer, decided by the same rules.
func (h *hearing) refuseNew(ctx context.Context, i *record.Interaction, patient string, d *policies.Decision, decide func(*space.Facts) (*policies.Decision, error)) error {
	entry := decided(h.newEntry(i, patient), d)
	if err := h.append(ctx, entry); err != nil {
		return err
	}
	if !d.Tell {
		var err error
		if d, err = decide(h.g.parts.strangersView(patient)); err != nil {
			return err
		}
	}
	if !d.Allow && d.Tell {
		return silenced(told(d, entry.ID))
	}
	return notYours()
}

// illSaid refuses a permitted change that is not well said, or that the space does not admit.
func (h *hearing) illSaid(ctx context.Context, entry audit.Entry, issues []fhir.Issue) error {
	entry.Outcome = audit.Failed
	if err := h.append(ctx, entry); err != nil {
		return err
	}
	return &Refusal{Status: http.StatusUnprocessableEntity, Issues: issues}
}

// failedTime bounds the writing of the entry for a change that failed, which outlives its request.
const failedTime = 10 * time.Second

// failed follows the entries of a change that could not be made by some that say so, for the same eyes, and names the
// failure.
func (h *hearing) failed(ctx context.Context, cause error, entries ...audit.Entry) error {
	after := make([]audit.Entry, len(entries))
	for k, e := range entries {
		e.ID, e.At, e.Outcome = audit.NewID(), h.g.Now().UTC(), audit.Failed
		after[k] = e
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), failedTime)
	defer cancel()
	if err := h.append(ctx, after...); err != nil {
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
