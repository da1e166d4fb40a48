package gate

import (
	"context"
	"net/http"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/record"
)

// transaction is a Bundle whose entries stand or fall together, in one record: deletions, deposits, patches, then reads
// of what stands (FHIR R4 http.html#trules). Each entry is decided by itself; one refusal refuses the whole, and nothing
// was then changed.
type transaction struct {
	h       *hearing
	i       *record.Interaction
	parts   []*part
	deposit *record.Deposit // nil when nothing is created
	entries []audit.Entry   // of all that changes
	changes []record.Change
}

// part is one entry of a transaction.
type part struct {
	*record.Interaction
	planned *planned // of a deletion or a patch
}

// transact answers a transaction. One that only creates is a deposit.
func (h *hearing) transact(ctx context.Context, i *record.Interaction) (*Answer, error) {
	if i.CreatesOnly() {
		return h.deposit(ctx, i)
	}
	t := &transaction{h: h, i: i}
	if err := t.understand(ctx); err != nil {
		return nil, err
	}
	release, err := t.plan(ctx)
	defer release()
	if err != nil {
		return nil, err
	}
	if no := t.whole(); no != nil {
		return nil, h.illDone(ctx, t.entries, no)
	}
	if len(t.entries) > 0 {
		if err := h.append(ctx, t.entries...); err != nil {
			return nil, err
		}
	}
	var stored []*record.Stored
	if len(t.changes) > 0 {
		if stored, err = h.g.Records.Write(ctx, t.patient(), t.changes); err != nil {
			return nil, h.failed(ctx, err, t.entries...)
		}
	}
	return t.answer(ctx, stored)
}

// understand makes each entry an interaction; one that is none refuses the whole.
func (t *transaction) understand(ctx context.Context) error {
	entries, err := t.i.Entries(ctx)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Refusal != nil {
			return e.Refusal
		}
		sub, err := record.Understand(e.Request, t.h.g.Base, t.h.g.Limits)
		if err != nil {
			return err
		}
		if sub.Kind == record.KindUpdate {
			no := refusal(http.StatusMethodNotAllowed, "not-supported",
				"Une transaction ne remplace rien : ce qui régit un dossier s'écrit seul (PUT), le reste ne change pas.",
				"A transaction replaces nothing: what governs a record is written by itself (PUT), all else does not change.")
			no.Issues[0].Path, no.Allow = e.At+".request.method", []string{http.MethodPost}
			return no
		}
		t.parts = append(t.parts, &part{Interaction: sub})
	}
	return nil
}

// plan decides each entry in the order of R4: DELETE, POST, PATCH, GET. What it gives back ends the turn of a conditional
// create.
func (t *transaction) plan(ctx context.Context) (release func(), err error) {
	release = func() {}
	if err := t.planEach(ctx, record.KindDelete, t.h.planRemove); err != nil {
		return release, err
	}
	if t.has(record.KindCreate) {
		if t.deposit, err = record.ParseDeposit(t.i); err != nil {
			return release, err
		}
		if no := tooManyLinks(t.deposit); no != nil {
			return release, no
		}
		release = t.h.turn(t.deposit)
		entries, err := t.h.planDeposit(ctx, t.i, t.deposit)
		if err != nil {
			return release, err
		}
		t.entries = append(t.entries, entries...)
		t.changes = append(t.changes, t.deposit.Changes...)
	}
	if err := t.planEach(ctx, record.KindPatch, t.h.planPatch); err != nil {
		return release, err
	}
	for _, p := range t.parts {
		if p.Writes() {
			continue
		}
		if err := t.h.findable(ctx, p.Interaction); err != nil {
			return release, err
		}
	}
	return release, nil
}

func (t *transaction) planEach(ctx context.Context, kind record.Kind, plan func(context.Context, *record.Interaction) (*planned, error)) (err error) {
	for _, p := range t.parts {
		if p.Kind != kind {
			continue
		}
		if p.planned, err = plan(ctx, p.Interaction); err != nil {
			return err
		}
		if p.planned.change != nil {
			t.entries = append(t.entries, p.planned.entry)
			t.changes = append(t.changes, *p.planned.change)
		}
	}
	return nil
}

func (t *transaction) has(kind record.Kind) bool {
	for _, p := range t.parts {
		if p.Kind == kind {
			return true
		}
	}
	return false
}

// patient is the record that a transaction changes.
func (t *transaction) patient() string {
	if t.deposit != nil {
		return t.deposit.Patient
	}
	for _, p := range t.parts {
		if p.planned != nil {
			return p.planned.current.Patient
		}
	}
	return ""
}

// whole checks what no entry can by itself: that all of it is in one record, and that nothing is changed twice.
func (t *transaction) whole() *Refusal {
	patient := t.patient()
	for _, p := range t.parts {
		if p.planned != nil && p.planned.current.Patient != patient {
			return refusal(http.StatusUnprocessableEntity, "business-rule",
				"Une transaction concerne un seul dossier ; celle-ci en change deux.", "A transaction is about one record; this one changes two.")
		}
	}
	seen := map[record.Ref]bool{}
	for _, c := range t.changes {
		if seen[c.Ref] {
			return refusal(http.StatusBadRequest, "duplicate",
				"Deux entrées changent la même ressource.", "Two entries change the same resource.")
		}
		seen[c.Ref] = true
	}
	return nil
}

// findable refuses a read that would find nothing, before anything is changed. It decides as the read will.
func (h *hearing) findable(ctx context.Context, i *record.Interaction) error {
	if err := h.admit(ctx, i); err != nil {
		return err
	}
	find := h.find
	switch i.Kind {
	case record.KindSearch:
		_, err := h.scope(ctx, i.Query)
		return err
	case record.KindHistoryType, record.KindHistorySystem:
		_, err := h.historyScope(i)
		return err
	case record.KindCapabilities:
		return nil
	case record.KindVRead, record.KindHistoryInstance:
		find = h.findEver
	}
	stored, d, err := find(ctx, i.Ref)
	if err != nil {
		return err
	}
	if stored != nil && d.Allow && i.Kind == record.KindVRead {
		if old, err := h.older(ctx, stored, i.Version); err != nil || old == nil {
			return orElse(err, func() error { return h.refuse(ctx, i, stored, d) })
		}
	}
	if stored == nil || !d.Allow {
		return h.refuse(ctx, i, stored, d)
	}
	return nil
}

func orElse(err error, then func() error) error {
	if err != nil {
		return err
	}
	return then()
}

// answer says what became of each entry. What stands is committed: a read that finds nothing any more says so in its
// own place.
func (t *transaction) answer(ctx context.Context, written []*record.Stored) (*Answer, error) {
	by := map[record.Ref]*record.Stored{}
	for _, s := range written {
		by[s.Ref] = s
	}
	var results []record.Result
	if t.deposit != nil {
		var err error
		if results, err = t.h.results(ctx, t.i, t.deposit, written); err != nil {
			return nil, err
		}
	}
	replies := make([]record.Reply, 0, len(t.parts))
	for _, p := range t.parts {
		switch p.Kind {
		case record.KindCreate:
			replies = append(replies, t.h.g.created(results[0]))
			results = results[1:]
		case record.KindDelete:
			replies = append(replies, record.Reply{Status: http.StatusNoContent})
		case record.KindPatch:
			replies = append(replies, t.patched(ctx, p, by))
		case record.KindCapabilities:
			replies = append(replies, record.Reply{Status: http.StatusOK, Resource: record.Capabilities(t.h.g.Base)})
		default:
			a, err := t.h.g.Do(ctx, t.h.grant, p.Interaction, "")
			if err != nil {
				replies = append(replies, refusedReply(t.h.g.inWords(ctx, err)))
				continue
			}
			replies = append(replies, t.h.g.replyOf(p.Interaction, a))
		}
	}
	return &Answer{Status: http.StatusOK, Body: record.ReplyBundle("transaction-response", replies)}, nil
}

func (t *transaction) patched(ctx context.Context, p *part, by map[record.Ref]*record.Stored) record.Reply {
	if stored := by[p.planned.current.Ref]; p.planned.change != nil && stored != nil {
		return t.h.g.replyOf(p.Interaction, t.h.written(ctx, p.Interaction, stored, false))
	}
	a, err := t.h.unchanged(ctx, p.Interaction, p.planned.current)
	if err != nil {
		return refusedReply(t.h.g.inWords(ctx, err))
	}
	return t.h.g.replyOf(p.Interaction, a)
}

// created is what became of an entry that creates.
func (g *Gate) created(r record.Result) record.Reply {
	reply := record.Reply{Status: http.StatusCreated}
	if r.Existed {
		reply.Status = http.StatusOK
	}
	if r.Stored != nil {
		reply.Location, reply.Version, reply.Updated = record.Location(g.Base, r.Stored), r.Version, r.Updated
	}
	return reply
}
