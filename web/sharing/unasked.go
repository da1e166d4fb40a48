package sharing

import (
	"context"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/plugins/hooks"
	"github.com/pontlevis/pontlevis/space"
)

// Schedules tell which apps run by themselves for somebody. *hooks.Schedules is one.
type Schedules interface {
	Of(ctx context.Context, patient string) ([]hooks.Turn, error)
}

// Unasked is how an app runs by itself for the person.
type Unasked struct {
	hooks.Turn
	Off  bool    // the person turned it off
	Left []*Date // what it left in the agenda and is there still, the newest first
	Many int     // how many there are
}

// unaskedOf adds to apps how they run by themselves.
func (r *room) unaskedOf(c *circle, apps []*App) error {
	if r.pages.schedules == nil {
		return nil
	}
	turns, err := r.pages.schedules.Of(r.Context(), r.whose.Patient)
	if err != nil || len(turns) == 0 {
		return err
	}
	var dates []*Date
	for _, a := range apps {
		k := slices.IndexFunc(turns, func(t hooks.Turn) bool { return t.App == a.Client })
		if k < 0 || !a.readsUnasked() {
			continue
		}
		if dates == nil {
			if dates, _, err = r.dates(c); err != nil {
				return err
			}
		}
		a.Unasked = &Unasked{Turn: turns[k], Off: slices.Contains(c.Facts.OnlyAsked, a.Client)}
		for _, d := range slices.Backward(dates) {
			if d.App == nil || d.App.Client != a.Client {
				continue
			}
			if a.Unasked.Many++; len(a.Unasked.Left) < shownDates {
				a.Unasked.Left = append(a.Unasked.Left, d)
			}
		}
	}
	return nil
}

// readsUnasked tells whether the person agreed that the app reads for themselves, with nobody in front.
func (a *App) readsUnasked() bool {
	return slices.ContainsFunc(a.Agreed, func(g Agreement) bool {
		return slices.Contains(g.Purposes, "PATRQT") && slices.Contains(g.Directions, "read")
	})
}

// Ran tells whether the app has run for the person.
func (u Unasked) Ran() bool {
	return !u.Last.IsZero() && u.Outcome != hooks.TurnOff && u.Outcome != hooks.TurnRefused
}

// Failed tells whether it failed then.
func (u Unasked) Failed() bool { return u.Outcome == hooks.TurnFailed }

// Soon tells whether its turn has come.
func (u Unasked) Soon(now time.Time) bool { return !u.Next.After(now) }

func (r *room) planOnlyAsked(c *circle) (*plan, error)    { return r.planUnasked(c, false) }
func (r *room) planUnaskedAgain(c *circle) (*plan, error) { return r.planUnasked(c, true) }

// planUnasked lets an app run by itself, or no longer: each consent to it says so, and says all else that it said.
func (r *room) planUnasked(c *circle, on bool) (*plan, error) {
	client := r.field("client")
	p := &plan{back: "/space/apps", pairs: []string{"client", client}}
	known := false
	for k := range c.choices {
		choice := &c.choices[k]
		if choice.Kind != space.App || !slices.ContainsFunc(choice.facts.Apps, func(a space.AppConsent) bool { return a.Client == client }) {
			continue
		}
		known = true
		if on == !slices.Contains(choice.facts.OnlyAsked, client) {
			continue
		}
		p.steps = append(p.steps, choice.rewrite(func(resource object) {
			extensions, _ := resource["extension"].(list)
			left := slices.DeleteFunc(slices.Clone(extensions), func(one any) bool {
				e, _ := one.(object)
				return e["url"] == space.UnaskedExtension
			})
			if !on {
				left = append(left, object{"url": space.UnaskedExtension, "valueBoolean": false})
			}
			if resource["extension"] = left; len(left) == 0 {
				delete(resource, "extension")
			}
		}))
	}
	if !known {
		return nil, nil
	}
	return p, nil
}
