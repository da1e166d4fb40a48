package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/catalog/label"
)

// Log is the log of labels, of which the catalogue takes the steps. *label.Log is it.
type Log interface {
	Status(app string, now time.Time) (label.Standing, bool)
	Halted(label string) (label.Halt, bool)
	Issued(id string, now time.Time) label.Standing
}

// Heed takes the steps that the log of labels tells of the version of an app that is, or was last, on the air: its suspension,
// the end of one, by an order or by its date, and its recall. What the log says is in force without them: they are what the
// publisher and the storefront's history are told. What was taken before is not taken again. Errors are of the store.
func (c Apps) Heed(ctx context.Context, log Log, app string) error {
	entry, err := c.Get(ctx, app)
	if errors.Is(err, ErrNotFound) || err == nil && entry.Version == "" {
		return nil
	}
	if err != nil {
		return err
	}
	v, err := c.Version(ctx, app, entry.Version)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	steps := v.behind(log, c.Now())
	if len(steps) == 0 {
		return nil
	}
	_, err = c.Take(ctx, steps...)
	return err
}

// behind are the steps that the log has of a version, and the version has not.
func (v *Version) behind(log Log, now time.Time) (steps []Step) {
	at, _ := log.Status(v.App, now)
	if at.Label != nil && at.Label.ID != v.Label && at.Label.Manifest != v.Digest { // a newer one, of a version that is not on the air
		at = log.Issued(v.Label, now)
	}
	if at.Status == label.Revoked {
		if v.State != Recalled {
			steps = append(steps, Step{
				App: v.App, Version: v.Version, Step: "recall", By: Actor{Part: Authority},
				Reason: said(at.Words, "Le label a été retiré par l’autorité.", "The authority has withdrawn the label."),
			})
		}
		return append(v.halted(log, now), steps...)
	}
	return v.halted(log, now)
}

// halted are the steps of the version's last suspension in the log. One that is not the log's is left as it stands.
func (v *Version) halted(log Log, now time.Time) (steps []Step) {
	h, ok := log.Halted(v.Label)
	known := v.halt()
	if !ok || v.State != Online && (v.State != Suspended || known == 0) {
		return nil
	}
	if !v.heeded(h.Entry) {
		steps = append(steps, Step{
			App: v.App, Version: v.Version, Step: "suspend", By: Actor{Part: Authority}, Entry: h.Entry, At: h.At.Add(time.Second), Until: h.Until,
			Reason: said(h.Words, "L’application est suspendue par l’autorité.", "The authority has suspended the app."),
		})
	} else if v.State == Online || known != h.Entry {
		return nil // it ended before
	}
	if now.Before(h.End()) {
		return steps
	}
	over := Step{
		App: v.App, Version: v.Version, Step: "reinstate", By: Actor{Part: Machine}, Entry: h.Entry, At: h.End(),
		Reason: Text{FR: "La suspension a pris fin à la date qu’elle portait.", EN: "The suspension ended on the date that it named."},
	}
	if !h.Lifted.IsZero() {
		over.By, over.Reason = Actor{Part: Authority}, said(h.Remedied, "L’autorité a mis fin à la suspension.", "The authority has ended the suspension.")
	}
	return append(steps, over)
}

// said is why something was ordered, in the words of the log, or in ours where it has none.
func said(words label.Text, fr, en string) Text {
	if strings.TrimSpace(words.FR) == "" || strings.TrimSpace(words.EN) == "" {
		return Text{FR: fr, EN: en}
	}
	return Text(words)
}

// free refuses the end of a suspension that the log of labels has still, and by the machine any but the log's.
func (c Apps) free(rule *Rule, v *Version, s *Step, now time.Time) error {
	if rule.Step != "reinstate" {
		return nil
	}
	if s.By.Part == Machine && (s.Entry == 0 || s.Entry != v.halt()) {
		return fmt.Errorf("%w: the log of labels does not say so", ErrPart)
	}
	if c.Labels == nil {
		return nil
	}
	switch at := c.Labels(v.App, now); {
	case at.Status == label.Revoked, at.Status == label.Suspended && at.Cause != label.Denied && at.Cause != label.Stale:
		return fmt.Errorf("%w: it is %s in the log of labels", ErrStep, at.Status)
	}
	return nil
}
