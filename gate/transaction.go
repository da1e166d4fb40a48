package gate

import (
	"context"
	"net/http"
	"slices"

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
	found   []audit.Entry   // of what is only looked at: kept when nothing comes of the whole
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
	stored, err := t.carryOut(ctx)
	if err != nil {
		return nil, err
	}
	return t.answer(ctx, stored) // no turn is held any more: a read that finds nothing takes its time
}

// carryOut decides a transaction and makes its changes, under the turn of its conditional creates.
func (t *transaction) carryOut(ctx context.Context) (stored []*record.Stored, err error) {
	h := t.h
	release, err := t.plan(ctx)
	defer release()
	if err != nil {
		return nil, t.abandon(ctx, err)
	}
	if no := t.whole(); no != nil {
		return nil, t.abandon(ctx, no)
	}
	if len(t.entries) > 0 {
		if err := h.append(ctx, t.entries...); err != nil {
			return nil, err
		}
	}
	if len(t.changes) > 0 {
		if stored, err = h.g.Records.Write(ctx, t.patient(), t.changes); err != nil {
			return nil, h.failed(ctx, err, slices.Concat(t.entries, t.found)...)
		}
	}
	return stored, nil
}

// abandon logs what the entries before the refused one found: that it was not they who were refused tells what stands
// there. Then it gives the reason.
func (t *transaction) abandon(ctx context.Context, why error) error {
	entries := slices.Concat(t.entries, t.found)
	if len(entries) == 0 {
		return why
	}
	return t.h.illDone(ctx, entries, why)
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
		release = t.h.turn(ctx, t.deposit)
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
		found, err := t.h.findable(ctx, p.Interaction)
		if err != nil {
			return release, err
		}
		t.found = append(t.found, found...)
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
			continue
		}
		found, err := t.h.seen(p.Interaction, []*record.Stored{p.planned.current})
		if err != nil {
			return err
		}
		t.found = append(t.found, found...)
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

// findable refuses a read that would find nothing, before anything is changed. It decides as the read will, and gives the
// entries for what it found.
func (h *hearing) findable(ctx context.Context, i *record.Interaction) ([]audit.Entry, error) {
	if err := h.admit(ctx, i); err != nil {
		return nil, err
	}
	find := h.find
	switch i.Kind {
	case record.KindSearch:
		_, err := h.scope(ctx, i.Query)
		return nil, err
	case record.KindHistoryType, record.KindHistorySystem:
		_, err := h.historyScope(i)
		return nil, err
	case record.KindCapabilities:
		return nil, nil
	case record.KindVRead, record.KindHistoryInstance:
		find = h.findEver
	}
	stored, d, err := find(ctx, i.Ref)
	if err != nil {
		return nil, err
	}
	found := stored
	if stored != nil && d.Allow && i.Kind == record.KindVRead {
		if found, err = h.older(ctx, stored, i.Version); err != nil {
			return nil, err
		}
	}
	if found == nil || !d.Allow {
		return nil, h.refuse(ctx, i, stored, d)
	}
	return h.seen(i, []*record.Stored{found})
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
