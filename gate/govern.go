package gate

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/structure"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// turns lets one change of a space at a time be checked and made on this node: the bound of three carers, say, is
// counted before it is written. Whoever counts over several spaces waits for everybody who does.
type turns struct {
	seed  maphash.Seed
	one   [64]sync.Mutex
	whole sync.Mutex
}

func (t *turns) take(patient string, whole bool) (release func()) {
	if whole {
		t.whole.Lock()
	}
	m := &t.one[maphash.String(t.seed, patient)%uint64(len(t.one))]
	m.Lock()
	return func() {
		m.Unlock()
		if whole {
			t.whole.Unlock()
		}
	}
}

// govern writes a resource of the space itself: consent, block, switch, link, delegation.
func (h *hearing) govern(ctx context.Context, i *record.Interaction, before *record.Stored) (*Answer, error) {
	patient := record.OwnerOf(i.Resource, h.g.Base).Patient
	if before != nil {
		patient = before.Patient
	}
	release := h.g.turns.take(patient, i.Ref.Type == "RelatedPerson")
	defer release()
	facts, err := h.factsFor(ctx, patient)
	if err != nil {
		return nil, err
	}
	change, issues, err := h.checkSpace(ctx, facts, i, before)
	if err != nil {
		return nil, err
	}
	states := []state{parsedState{i.Resource.Stamp(i.Ref.ID, "1", h.now)}}
	if before != nil {
		states = append(states, before)
	}
	decide := func(f *space.Facts) (*policies.Decision, error) {
		return h.change(ctx, f, actionGovern, i.Resource.Attributes(), h.changeInput(change), states...)
	}
	decision, err := decide(facts)
	if err != nil {
		return nil, err
	}
	if patient == "" || (h.grant.Patient != "" && patient != h.grant.Patient) {
		decision = shut(decision)
	}
	if !decision.Allow {
		return nil, h.refuseNew(ctx, i, patient, decision, decide)
	}
	entry := decided(h.newEntry(i, patient), decision)
	if len(issues) > 0 {
		return nil, h.illSaid(ctx, entry, issues)
	}
	c := record.Change{Ref: record.Ref{Type: i.Ref.Type, ID: i.Ref.ID}, Body: i.Resource.JSON(), IfNone: before == nil}
	if before != nil {
		c.IfVersion = &before.Version
	} else {
		c.ID = record.NewID()
	}
	entry.Resources = []string{c.Ref.String()}
	var was *fhir.Resource
	if before != nil {
		if was, err = before.Resource(); err != nil {
			return nil, err
		}
	}
	joins(&entry, patient, was, i.Resource)
	detail(&entry, "kind", change.Kind) // what its reader is told in words
	detail(&entry, "verb", change.Verb)
	return h.commit(ctx, i, patient, entry, change.Kind, c)
}

// changeInput is input.change of a governance write.
func (h *hearing) changeInput(c space.Change) map[string]any {
	out := map[string]any{"kind": c.Kind, "verb": c.Verb, "target": c.Target}
	if c.Verb == space.Accept {
		out["proved"], out["since"] = h.proved, c.Since.UTC().Format(time.RFC3339)
	}
	if !c.Until.IsZero() {
		out["until"] = c.Until.UTC().Format(time.RFC3339)
	}
	return out
}

// unowned is said of a new version that does not name the person whose space it settles.
func unowned() fhir.Issue {
	return fhir.Issue{
		Severity: "error", Code: "business-rule", Path: "patient",
		FR: "La nouvelle version doit nommer la même personne que l'ancienne.", EN: "The new version must name the same person as the old one.",
	}
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
	if before != nil && record.OwnerOf(i.Resource, h.g.Base).Patient != before.Patient {
		issues = append(issues, unowned())
	}
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
