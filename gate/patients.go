package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// maxOwn bounds how many records one list of a professional's own patients looks into.
const maxOwn = 300

// Tie is one reason why a record opens to a professional, as the space says it.
type Tie struct {
	Kind  string    // treating, administrator, consent, or the evidence of a link: appointment, encounter, prescription, declared, added
	Since time.Time // zero when it is not said
	Until time.Time // of the appointment, the stay or the consent; zero when none is set
}

// Own is one patient whose record opens to a professional.
type Own struct {
	Patient *fhir.Resource // as the professional may read it
	Rule    string         // by which the decision opens it
	Reason  policies.Text  // its words, written for the person
	Ties    []Tie          // the strongest first; none where the rule itself says all
}

// Patients lists whose records open today to the professional of a grant that is for no record in particular: those in
// which a link of the circle, an appointment, a stay or a consent names them or the place they work for, and which the
// policies open. more says that there were too many to look into all. Nothing is told of anybody else. It is logged as
// a search in each record that it shows, before this returns. The error is a *Refusal, or a failure.
func (g *Gate) Patients(ctx context.Context, grant *Grant) (own []Own, more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	rounds, can := g.Records.(record.Rounds)
	if !can {
		return nil, false, refusal(http.StatusNotImplemented, "not-supported",
			"La liste de vos patients n'est pas possible ici : cherchez par matricule INS.",
			"Your patients cannot be listed here: search by INS number.")
	}
	h := g.hear(grant)
	i := &record.Interaction{Kind: record.KindSearch, Ref: record.Ref{Type: "Patient"}}
	if err := h.admit(ctx, i); err != nil {
		return nil, false, err
	}
	names := append([]string{grant.Actor.ID}, grant.Actor.Identities...)
	candidates, more, err := rounds.CaredForBy(ctx, slices.Concat(names, grant.Actor.Organizations), maxOwn)
	if err != nil {
		return nil, false, fmt.Errorf("finding a professional's patients: %w", err)
	}
	var shown []*record.Stored
	for _, patient := range candidates {
		stored, d, err := h.find(ctx, record.Ref{Type: "Patient", ID: patient})
		if err != nil {
			return nil, false, err
		}
		if stored != nil && d.Allow {
			shown = append(shown, stored)
		}
	}
	own, err = h.own(ctx, i, shown)
	return own, more, err
}

// Opened is one of Patients, by logical id; false when there is no such record or it does not open, which is logged and
// looks alike.
func (g *Gate) Opened(ctx context.Context, grant *Grant, patient string) (*Own, bool, error) {
	ref := record.Ref{Type: "Patient", ID: patient}
	i := &record.Interaction{Kind: record.KindRead, Ref: ref}
	h := g.hear(grant)
	stored, d, err := h.find(ctx, ref)
	if err != nil {
		return nil, false, err
	}
	if stored == nil || !d.Allow {
		var no *Refusal
		if err := h.refuse(ctx, i, stored, d); !errors.As(err, &no) {
			return nil, false, err
		}
		return nil, false, nil
	}
	own, err := h.own(ctx, i, []*record.Stored{stored})
	if err != nil {
		return nil, false, err
	}
	return &own[0], true, nil
}

// own tells of patients whose records were decided to open, once that is in the access log.
func (h *hearing) own(ctx context.Context, i *record.Interaction, shown []*record.Stored) ([]Own, error) {
	entries, err := h.seen(i, shown)
	if err != nil {
		return nil, err
	}
	redacted, err := h.redactAll(ctx, shown)
	if err != nil {
		return nil, err
	}
	var out []Own
	for k, stored := range redacted {
		r, err := stored.Resource()
		if err != nil {
			return nil, fmt.Errorf("reading a patient: %w", err)
		}
		facts, err := h.factsOf(ctx, stored.ID)
		if err != nil {
			return nil, err
		}
		d, err := h.read(ctx, shown[k])
		if err != nil {
			return nil, err
		}
		out = append(out, Own{Patient: r, Rule: d.Rule, Reason: d.Reason, Ties: h.ties(facts)})
	}
	return out, h.append(ctx, entries...)
}

// ties are what of a space ties the actor to the person now, the strongest first, each kind once: of several appointments
// the next to end, of several stays the last to.
func (h *hearing) ties(f *space.Facts) []Tie {
	var all []Tie
	add := func(kind string, p space.Period, fades time.Time) {
		if !h.now.Before(p.Since) && (fades.IsZero() || h.now.Before(fades)) {
			all = append(all, Tie{kind, p.Since, p.Until})
		}
	}
	who := concernOf(h.grant)
	for _, l := range f.Circle {
		if !concerns(who, l.Actor) {
			continue
		}
		kind := l.Source
		if l.Role == space.Treating {
			kind = space.Treating
		}
		add(kind, l.Period, h.g.fades(l))
	}
	for _, a := range f.Administrator {
		if concerns(who, a.Actors) {
			add("administrator", a.Period, a.Until)
		}
	}
	for _, e := range f.Explicit {
		if concerns(who, e.Actors) {
			add("consent", e.Period, e.Until)
		}
	}
	slices.SortStableFunc(all, func(a, b Tie) int { return cmp.Or(tieRank(a)-tieRank(b), a.Until.Compare(b.Until)) })
	return slices.CompactFunc(all, func(a, b Tie) bool { return a.Kind == b.Kind })
}

func concerns(who space.Concern, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		return n == who.Reference || slices.Contains(who.Identities, n) || slices.Contains(who.Organizations, n)
	})
}

// tieRank orders ties as people would name them.
func tieRank(t Tie) int {
	return slices.Index([]string{space.Treating, "administrator", space.Admitted, space.Appointed, "consent", space.Prescribed, space.Declared, space.Added}, t.Kind)
}
