package gate

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/record"
)

const actionExport = "export" // take a copy of the access log along (rules.md P9)

// MaxExport bounds how many entries one export of the access log holds.
const MaxExport = 5000

// exportPiece is how many entries are judged with one memory of what their references lead to.
const exportPiece = 200

// ExportLog gives the access log of the record that a grant is for, between two times (since inclusive, until exclusive; zero:
// unbounded), as its reader may know it, newest first: the very AuditEvents that a search gives, each with its proof,
// signed by the log. It is an access of its own, decided and logged before this returns, also when it is refused. The error
// is a *Refusal when the answer is no, or when there is more than MaxExport. AuditEvents that a record was
// deposited with are no entries of this log, and are not in it.
func (g *Gate) ExportLog(ctx context.Context, grant *Grant, since, until time.Time) (*audit.Attested, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	h := g.hear(grant)
	d, err := h.open(ctx, grant.Patient, actionExport, auditEvent)
	if err != nil {
		return nil, err
	}
	if grant.Patient == "" {
		d = shut(d)
	}
	entry := decided(h.newEntry(&record.Interaction{Kind: record.KindRead}, grant.Patient), d)
	entry.Interaction, entry.Action = "export", "E"
	if !d.Allow {
		return nil, h.turnedAway(ctx, entry, d)
	}
	events, err := h.exported(ctx, audit.Query{Patient: grant.Patient, Since: since, Until: until, Limit: exportPiece})
	if err != nil {
		return nil, err
	}
	if err := h.append(ctx, entry); err != nil {
		return nil, err
	}
	return g.Log.Attest(ctx, audit.Excerpt{Patient: grant.Patient, Since: since, Until: until, Made: g.Now(), Events: events})
}

// exported gathers the entries that may be shown, as they may be shown.
func (h *hearing) exported(ctx context.Context, q audit.Query) ([]audit.Event, error) {
	var out []audit.Event
	examined := 0
	piece := make([]*record.Stored, 0, exportPiece)
	flush := func() error {
		shown, err := h.exportedPiece(ctx, piece)
		examined += len(piece)
		out, piece = append(out, shown...), piece[:0]
		if err == nil && (len(out) > MaxExport || examined > record.MaxExamined) {
			err = refusal(http.StatusUnprocessableEntity, "too-costly",
				fmt.Sprintf("Cet historique a plus de %d accès : choisissez une période plus courte.", MaxExport),
				fmt.Sprintf("This history has more than %d accesses: choose a shorter period.", MaxExport))
		}
		return err
	}
	for moment, err := range h.source.moments(ctx, q) {
		if err != nil {
			return nil, err
		}
		for _, e := range moment {
			stored, err := h.source.stored(e)
			if err != nil {
				return nil, err
			}
			if piece = append(piece, stored); len(piece) == exportPiece {
				if err := flush(); err != nil {
					return nil, err
				}
			}
		}
	}
	return out, flush()
}

// exportedPiece judges some entries as matches of a search, with a hearing of its own: each follows as many references as
// a page of a search may.
func (h *hearing) exportedPiece(ctx context.Context, piece []*record.Stored) ([]audit.Event, error) {
	own := h.g.hear(h.grant)
	own.began, own.now, own.revision, own.source, own.within = h.began, h.now, h.revision, h.source, withinSearch
	allowed, err := own.permit(ctx, piece)
	if err != nil {
		return nil, err
	}
	var out []audit.Event
	for k, stored := range piece {
		if !allowed[k] {
			continue
		}
		shown, err := own.redact(ctx, stored)
		if err != nil {
			return nil, err
		}
		out = append(out, audit.Event{ID: stored.ID, Body: shown.Body})
	}
	return out, nil
}
