package gate

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
)

// Needed is what an emergency access to a record would take.
type Needed struct {
	ID      string   // decision id of the question's entry in the access log
	Patient string   // logical id
	Typed   bool     // beside the coded reason, one in writing (rules.md E5)
	Drill   bool     // an invented person, to practise with
	No      *Refusal // why it would not be opened, where that may be told: normal access is enough, the person opposes it
}

// AskEmergency asks what an emergency access would take, without opening anything: grant is the one that would be given,
// without a reason, and whose names the record as for [Gate.OpenEmergency]. The question is written in the access log
// before this returns. The error is a *Refusal when nothing may be told: a record that is absent is refused like one that
// does not open in this way, and takes as long.
func (g *Gate) AskEmergency(ctx context.Context, grant *Grant, whose string) (*Needed, error) {
	began := time.Now()
	patient, err := g.named(ctx, whose)
	if err != nil {
		return nil, err
	}
	return g.question(ctx, grant, patient, began)
}

func (g *Gate) question(ctx context.Context, grant *Grant, patient string, began time.Time) (*Needed, error) {
	d, entry, err := g.gesture(ctx, grant, patient, actionQuestion)
	if err != nil {
		return nil, err
	}
	n := &Needed{ID: entry.ID, Patient: patient, Drill: entry.Details[dutyDrill] != ""}
	switch {
	case d.Allow:
		n.Typed = slices.ContainsFunc(d.Obligations, func(o policies.Obligation) bool { return o.Type == dutyTyped })
	case d.Tell:
		n.No = told(d, entry.ID)
	default:
		return nil, g.hushed(ctx, began, notFound())
	}
	return n, nil
}

// notFound is what is said of a person who is not found, and of one whose record does not open in an emergency.
func notFound() *Refusal {
	no := refusal(http.StatusNotFound, "not-found",
		"Personne n'a été trouvé ainsi, ou ce dossier ne s'ouvre pas en urgence. L'absence de données ici ne veut rien dire.",
		"Nobody was found in this way, or the record does not open in an emergency. The absence of data here means nothing.")
	no.silent = true
	return no
}

// hushed gives a refusal after the time that silence takes.
func (g *Gate) hushed(ctx context.Context, began time.Time, no *Refusal) error {
	if g.Silence > 0 {
		if err := g.keepSilence(ctx, began); err != nil {
			return err
		}
	}
	return no
}

// FindByTraits is [Gate.AskEmergency] for the one person with all four traits: one exact match or nobody, never a list,
// and nothing of the record but its logical id. Each attempt is in the access log before this returns: of the person when
// one was found, of nobody else. The error is a *Refusal when it may not be asked so, or nobody was found.
func (g *Gate) FindByTraits(ctx context.Context, grant *Grant, t Traits) (*Needed, error) {
	began := time.Now()
	if t.Family == "" || t.Given == "" || t.BirthDate == "" || t.Gender == "" {
		return nil, refusal(http.StatusBadRequest, "required",
			"Il faut le nom de naissance, le premier prénom, la date de naissance et le sexe.",
			"Birth name, first given name, birth date and sex are all needed.")
	}
	found, err := g.byTraits(ctx, t)
	if err != nil {
		return nil, err
	}
	d, entry, err := g.sought(ctx, grant, found)
	if err != nil {
		return nil, err
	}
	if !d.Allow {
		if d.Tell {
			return nil, told(d, entry.ID)
		}
		found = nobody
	}
	return g.question(ctx, grant, found, began)
}

// sought decides a search by traits and logs it. Whether it may be asked depends on nobody's record.
func (g *Gate) sought(ctx context.Context, grant *Grant, found string) (*policies.Decision, *audit.Entry, error) {
	h := g.hear(grant)
	d, err := h.gesture(ctx, "", actionFind)
	if err != nil {
		return nil, nil, err
	}
	if !d.Allow || found == nobody {
		found = ""
	}
	i := &record.Interaction{Kind: record.KindSearch, Parameters: []string{"birthdate", "family", "gender", "given"}}
	entry := decided(h.newEntry(i, found), d)
	entry.Interaction = interactionOf(actionFind)
	return d, &entry, h.append(ctx, entry)
}

// byTraits is the one patient with these traits, nobody for none and for several.
func (g *Gate) byTraits(ctx context.Context, t Traits) (string, error) {
	finder, can := g.Records.(record.Finder)
	if !can {
		return "", refusal(http.StatusNotImplemented, "not-supported",
			"La recherche par identité n'est pas possible ici : utilisez le matricule INS.",
			"Searching by identity is not possible here: use the INS number.")
	}
	refs, err := finder.ByTraits(ctx, t.Family, t.BirthDate)
	if err != nil {
		return "", fmt.Errorf("finding a person: %w", err)
	}
	one := nobody
	for _, ref := range refs {
		stored, err := g.Records.Read(ctx, ref)
		if err != nil {
			return "", fmt.Errorf("finding a person: %w", err)
		}
		r, err := stored.Resource()
		if err != nil {
			return "", fmt.Errorf("finding a person: %w", err)
		}
		if r.Node().Get("gender").Text() != t.Gender || !t.match(r.Node()) {
			continue
		}
		if one != nobody {
			return nobody, nil
		}
		one = ref.ID
	}
	return one, nil
}
