package gate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
)

// Eyes are a record as somebody else would get it, now or after some changes, shown to its holder. Each answer is the
// gate's own, given to a grant that the other would have over a source of what the holder may see: no rule is said twice.
//
// What the holder may not see is neither shown nor counted, and nothing follows from it: a link that rests on a stay kept
// from the holder is no link here. Eyes are for one request of the holder; they are safe for concurrent use.
type Eyes struct {
	gate   *Gate
	holder *Grant
	viewer Viewer
	rule   *policies.Decision // that lets the holder look
	shut   *Refusal           // the other's emergency access would not open; nil when it would, or is none

	mu     sync.Mutex
	own    *Gate // the record after the changes, decided for the holder as they stand now
	other  *Gate // what of it the holder sees, and the other is given
	grant  *Grant
	reader *hearing // the holder's, in own
}

// Sight is one answer through another's eyes.
type Sight struct {
	Answer  *Answer      // what the other would get; nil when they would be refused
	Refused *Refusal     // in which words; nil when they would not
	Hidden  []record.Ref // of what was asked for, what the holder sees and the other would get in no way, in order
	Further []record.Ref // the same, that they would get if they asked more: past a page's usual period (rules.md M5)
}

// Counted are how many things of each type are hidden.
func (s *Sight) Counted() map[string]int {
	out := map[string]int{}
	for _, ref := range s.Hidden {
		out[ref.Type]++
	}
	return out
}

// Eyes opens the eyes of a viewer on the record that holder's grant is for. changes are writes that the holder is about
// to make, one after the other, each as it would be sent: what is then seen is what would be seen once they are made. They
// are decided like any write, and not made.
//
// The error is a *Refusal when holder may not look (rules.md L5, P9), or when a change would be refused, in the same words.
// Either is written in the access log, as an act of the holder.
func (g *Gate) Eyes(ctx context.Context, holder *Grant, v Viewer, changes ...*record.Interaction) (*Eyes, error) {
	h := g.hear(holder)
	d, err := h.mayLook(ctx, v.Kind)
	if err != nil {
		return nil, err
	}
	if !d.Allow {
		return nil, h.refuseLook(ctx, v, d)
	}
	return g.through(ctx, holder, v, d, changes)
}

// through opens the eyes of a viewer whom a decision lets the holder look through.
func (g *Gate) through(ctx context.Context, holder *Grant, v Viewer, d *policies.Decision, changes []*record.Interaction) (*Eyes, error) {
	e := &Eyes{gate: g, holder: holder, viewer: v, rule: d}
	if err := e.suppose(ctx, changes); err != nil {
		return nil, e.unsupposed(ctx, err)
	}
	e.reader = e.own.hear(holder)
	source := newShown(e.own.source, e.reader)
	e.other = g.besides(source)
	e.other.source.show = source.show
	kind := g.eyesOf(v.Kind)
	e.grant, e.other.also = g.grantThrough(holder, v, kind, changes), g.linkThrough(kind)
	if kind.opens {
		if err := e.open(ctx); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// besides is a gate over other records, with the rules, the log and the clock of this one. It writes no entry, counts
// nothing and keeps no silence: what it answers is shown to nobody but through Eyes.
func (g *Gate) besides(records record.Source) *Gate {
	c := g.Config
	c.Records, c.Meter, c.Silence = records, Meter{}, 0
	b := &Gate{Config: c, sealer: g.sealer, known: newSnapshots(), beside: g, aside: true}
	b.turns.seed, b.finds.seed = g.turns.seed, g.finds.seed
	b.source = &withLog{Source: records, log: c.Log, base: c.Base, rules: c.Policies, size: -1}
	return b
}

// mayLook decides whether a grant may look through the eyes of a kind.
func (h *hearing) mayLook(ctx context.Context, kind string) (*policies.Decision, error) {
	facts, err := h.factsFor(ctx, h.grant.Patient)
	if err != nil {
		return nil, err
	}
	in, err := h.input(facts, actionLook, nil)
	if err != nil {
		return nil, err
	}
	in["eyes"] = kind
	s, err := h.revision.Session(in)
	if err != nil {
		return nil, fmt.Errorf("preparing a decision: %w", err)
	}
	t, err := h.g.parts.ofType("Patient")
	if err != nil {
		return nil, err
	}
	d, err := s.Decide(ctx, t)
	return h.count(actionLook, d, err)
}

func (h *hearing) refuseLook(ctx context.Context, v Viewer, d *policies.Decision) error {
	entry := decided(h.lookEntry(v, nil), d)
	if err := h.append(ctx, entry); err != nil {
		return err
	}
	if d.Tell {
		return told(d, entry.ID)
	}
	return nothingHere()
}

// lookEntry begins the entry of a look: what was asked, through whose eyes.
func (h *hearing) lookEntry(v Viewer, i *record.Interaction) audit.Entry {
	asked := i
	if asked == nil {
		asked = &record.Interaction{Kind: record.KindRead}
	}
	e := h.newEntry(asked, h.grant.Patient)
	e.Interaction, e.Action = actionLook, restful(asked)
	detail(&e, "eyes", v.Kind)
	if v.Actor.ID != "" {
		detail(&e, "eyes-of", v.Actor.ID)
	}
	if v.Actor.Profession != "" {
		detail(&e, "eyes-profession", v.Actor.Profession)
	}
	if v.Client.ID != "" {
		detail(&e, "eyes-app", v.Client.ID)
	}
	if i != nil {
		detail(&e, "asked", i.Code())
	}
	return e
}

// suppose makes the changes in memory, as the holder.
func (e *Eyes) suppose(ctx context.Context, changes []*record.Interaction) error {
	if len(changes) == 0 {
		e.own = e.gate.besides(e.gate.Records)
		return nil
	}
	after := e.gate.besides(record.Suppose(e.gate.Records, e.gate.Base, e.gate.Now))
	for _, i := range changes {
		if !i.Writes() || i.Kind == record.KindBatch {
			return refusal(http.StatusBadRequest, "invalid", "Ce n'est pas un changement.", "This is no change.")
		}
		if _, err := after.Do(ctx, e.holder, i, ""); err != nil {
			return err
		}
	}
	e.own = e.gate.besides(after.Records)
	e.own.knower = e.gate // who ends their own delegation still sees what that does
	return nil
}

// unsupposed logs that somebody tried what they may not change, and gives the reason.
func (e *Eyes) unsupposed(ctx context.Context, why error) error {
	no := refusalIn(why)
	if no == nil {
		return why
	}
	h := e.gate.hear(e.holder)
	entry := decided(h.lookEntry(e.viewer, nil), e.rule)
	entry.Outcome = audit.Failed
	if err := h.append(ctx, entry); err != nil {
		return err
	}
	return no
}

// refusalIn is the refusal that an error is, in the gate's words or for what is not understood; nil when it is a failure.
func refusalIn(err error) *Refusal {
	var no *Refusal
	var unclear *record.Refusal
	switch {
	case errors.As(err, &no):
		return no
	case errors.As(err, &unclear):
		return ofRecord(unclear)
	}
	return nil
}

// open asks for the emergency access that the other would have to open first.
func (e *Eyes) open(ctx context.Context) error {
	_, err := e.other.OpenEmergency(ctx, e.grant, "Patient/"+e.holder.Patient)
	if errors.As(err, &e.shut) {
		return nil
	}
	return err
}

// Look answers a read or a search of the record as the other would get it. page is the sealed position of a later page.
// The entry of the look is durable in the access log when it returns: it is the holder's, and the other's nowhere.
func (e *Eyes) Look(ctx context.Context, i *record.Interaction, page string) (*Sight, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.see(ctx, i, page)
	if err == nil {
		err = e.log(ctx, i, s)
	}
	if err != nil { // nothing leaves that is not logged
		return nil, err
	}
	return s, nil
}

// see is Look before it is logged: nothing of it may leave.
func (e *Eyes) see(ctx context.Context, i *record.Interaction, page string) (*Sight, error) {
	if i.Writes() {
		return nil, refusal(http.StatusBadRequest, "invalid", "On ne change rien par les yeux d'un autre.", "Nothing is changed through another's eyes.")
	}
	s := &Sight{Refused: e.shut}
	if e.shut == nil {
		a, err := e.other.Do(ctx, e.grant, i, page)
		if s.Answer = a; err != nil {
			if s.Refused = refusalIn(err); s.Refused == nil {
				return nil, err
			}
		}
	}
	return s, e.count(ctx, i, s)
}

// Look is Eyes and one look through them.
func (g *Gate) Look(ctx context.Context, holder *Grant, v Viewer, changes []*record.Interaction, i *record.Interaction, page string) (*Sight, error) {
	e, err := g.Eyes(ctx, holder, v, changes...)
	if err != nil {
		return nil, err
	}
	return e.Look(ctx, i, page)
}
