package space

import (
	"cmp"
	"slices"
	"time"
)

// Concern says whose question the facts answer: the identities of the actor and of its organisations, its reference,
// its profession and the app it acts through.
type Concern struct {
	Identities    []string
	Organizations []string
	Reference     string // Actor.ID
	Profession    string
	Client        string
}

func (c Concern) names(identities []string) bool {
	for _, id := range identities {
		if slices.Contains(c.Identities, id) || slices.Contains(c.Organizations, id) {
			return true
		}
	}
	return false
}

// Input is input.patient of the policies: the facts that concern this actor and app, and no one else's, so that two
// decisions about the same thing have the same input. An absent fact is an absent key. Lists are sorted.
func (f *Facts) Input(who Concern, now time.Time) map[string]any {
	state := f.Lifecycle.At(now)
	out := map[string]any{
		"id":                 f.Patient,
		"lifecycle":          dated(map[string]any{"state": state.State}, Period{state.Since, state.Until}),
		"consent":            f.consentInput(who),
		"blocked":            f.concerned(who, f.Blocked),
		"administrators":     f.concerned(who, f.administrators(now)),
		"refused_depositors": f.concerned(who, f.Refused),
		"hidden":             f.hiddenInput(who),
		"circle":             f.circleInput(who),
		"delegates":          f.delegatesInput(who),
		"apps":               f.appsInput(who),
		"switches":           f.switchesInput(),
		"default_masked":     f.DefaultMasked,
	}
	for _, c := range f.Cards {
		if who.names(c.Actors) {
			out["card"] = dated(map[string]any{}, c.Period)
		}
	}
	if f.Drill {
		out["drill"] = true
	}
	if f.Born != "" {
		out["born"] = f.Born
	}
	return out
}

// administrators are the identities of those who have that part at an instant.
func (f *Facts) administrators(now time.Time) []string {
	var out []string
	for _, a := range f.Administrator {
		if !now.Before(a.Since) && (a.Until.IsZero() || now.Before(a.Until)) {
			out = append(out, a.Actors...)
		}
	}
	return sorted(out)
}

func (f *Facts) concerned(who Concern, identities []string) []any {
	out := []any{}
	for _, id := range identities {
		if who.names([]string{id}) {
			out = append(out, id)
		}
	}
	return out
}

func (f *Facts) consentInput(who Concern) map[string]any {
	out := map[string]any{}
	if p := f.Consent; !p.Since.IsZero() {
		out["initial"] = dated(map[string]any{}, Period{Since: p.Since})
		if !p.Until.IsZero() {
			out["withdrawn"] = map[string]any{"since": p.Until.Format(time.RFC3339)}
		}
	}
	explicit := []any{}
	for _, e := range f.Explicit {
		for _, actor := range e.Actors {
			if !who.names([]string{actor}) {
				continue
			}
			m := dated(map[string]any{"actor": actor, "kind": e.Kind}, e.Period)
			if e.Recorder != "" {
				m["recorder"] = e.Recorder
			}
			explicit = append(explicit, m)
		}
	}
	out["explicit"] = explicit
	return out
}

func (f *Facts) hiddenInput(who Concern) []any {
	out := []any{}
	for _, h := range f.Hidden {
		m := map[string]any{"document": h.Document}
		switch {
		case h.Profession != "" && h.Profession == who.Profession:
			m["profession"] = h.Profession
		case h.Actor != "" && who.names([]string{h.Actor}):
			m["actor"] = h.Actor
		default:
			continue
		}
		out = append(out, m)
	}
	return out
}

func (f *Facts) circleInput(who Concern) []any {
	out := []any{}
	for _, l := range f.Circle {
		if i := slices.IndexFunc(l.Actor, func(a string) bool { return who.names([]string{a}) }); i >= 0 {
			m := dated(map[string]any{"actor": l.Actor[i], "source": l.Source}, l.Period)
			if l.Role != "" {
				m["role"] = l.Role
			}
			if len(l.Labels) > 0 {
				m["labels"] = l.Labels
			}
			out = append(out, m)
		}
	}
	return out
}

func (f *Facts) delegatesInput(who Concern) []any {
	out := []any{}
	for _, d := range f.Delegates {
		if d.Actor == who.Reference {
			out = append(out, dated(map[string]any{"actor": d.Actor, "kind": d.Kind}, d.Period))
		}
	}
	return out
}

func (f *Facts) appsInput(who Concern) []any {
	mine := slices.DeleteFunc(slices.Clone(f.Apps), func(a AppConsent) bool { return a.Client != who.Client })
	slices.SortFunc(mine, func(a, b AppConsent) int {
		return cmp.Or(cmp.Compare(a.Purpose, b.Purpose), cmp.Compare(a.Category, b.Category), cmp.Compare(a.Direction, b.Direction))
	})
	out := []any{}
	for _, a := range mine {
		out = append(out, dated(map[string]any{
			"client": a.Client, "purpose": a.Purpose, "category": a.Category, "direction": a.Direction,
		}, a.Period))
	}
	return out
}

// switchesInput has the switches that the person has set; the policies' settings say what holds for the others.
func (f *Facts) switchesInput() map[string]any {
	out := map[string]any{}
	for k, v := range f.Switches {
		out[k] = v
	}
	return out
}

// dated adds the two ends of a period, those that are there.
func dated(m map[string]any, p Period) map[string]any {
	if !p.Since.IsZero() {
		m["since"] = p.Since.UTC().Format(time.RFC3339)
	}
	if !p.Until.IsZero() {
		m["until"] = p.Until.UTC().Format(time.RFC3339)
	}
	return m
}
