package cases

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/store"
)

// maxPending bounds the steps of one case that wait for their entry: each lasts as long as one commit of the log.
const maxPending = 16

// written is a text that somebody wrote, trimmed.
func written(text string, needed bool) (string, error) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	control := func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }
	if len(text) > MaxText || !utf8.ValidString(text) || strings.ContainsFunc(text, control) || needed && text == "" {
		return "", ErrText
	}
	return text, nil
}

// by is who acts under a grant.
func by(g *gate.Grant) audit.Agent {
	a := audit.Agent{Kind: g.Actor.Kind, ID: g.Actor.ID, Name: g.Actor.Name, Profession: g.Actor.Profession}
	if len(g.Actor.Organizations) > 0 {
		a.Organization = g.Actor.Organizations[0]
	}
	return a
}

// reviewed is what the policies may know of a case.
func reviewed(c *Case, now time.Time) gate.Reviewed {
	return gate.Reviewed{
		ID: c.ID, Kind: c.Kind, Opener: c.Opener.ID, Organization: c.Opener.Organization, Labels: c.Labels,
		Asker: c.Asker.ID, Patient: c.Patient, Overdue: c.Overdue(now), Closed: c.Closed(),
	}
}

// step has the gate decide and log a step on a case, keeps what it does as pending before, and lets it take effect.
func (r *Register) step(ctx context.Context, g *gate.Grant, c *Case, review gate.Review, make func(entry string) pending) (*Case, error) {
	about := reviewed(c, r.now())
	review.Patient, review.Case = c.Patient, &about
	review.Prepare = func(entry string) error {
		_, err := r.change(ctx, c.Patient, c.ID, func(c *Case) (bool, error) {
			return true, c.await(entry, make(entry), r.now())
		})
		return err
	}
	done, err := r.gate.Review(ctx, g, review)
	if err != nil {
		return nil, alike(err)
	}
	if err := r.settle(ctx, &done.Entry); err != nil {
		return nil, err
	}
	return r.read(ctx, c.Patient, c.ID)
}

// alike makes a refusal that tells nothing the error of a case that is not there.
func alike(err error) error {
	var no *gate.Refusal
	if errors.As(err, &no) && no.Status == http.StatusNotFound {
		return ErrNotFound
	}
	return err
}

// errMany says that a case has more steps under way than anybody can take.
var errMany = errors.New("cases: too many steps on one case at a time")

// await keeps a step until its entry is logged. What was kept long before was never logged.
func (c *Case) await(entry string, p pending, now time.Time) error {
	p.At = now.UTC()
	for id, one := range c.Pending {
		if now.Sub(one.At) > time.Hour {
			delete(c.Pending, id)
		}
	}
	if len(c.Pending) >= maxPending {
		return errMany
	}
	if c.Pending == nil {
		c.Pending = map[string]pending{}
	}
	c.Pending[entry] = p
	return nil
}

// find gives a case by its id. For an id that is none, the gate is asked all the same, so that it is logged, and answered
// as a case that one may not see.
func (r *Register) find(ctx context.Context, g *gate.Grant, id, step string) (*Case, error) {
	patient, found, err := r.whose(ctx, id)
	if err == nil && found {
		var c *Case
		if c, err = r.read(ctx, patient, id); err == nil {
			return c, nil
		}
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	nothing := gate.Reviewed{Organization: "-"}
	if _, err := r.gate.Review(ctx, g, gate.Review{Step: step, Case: &nothing}); err != nil {
		return nil, alike(err)
	}
	return nil, ErrNotFound
}

// Of gives the cases of the space that a grant is for, as the person may see them: the newest first. Reading them is
// logged. Errors: a *gate.Refusal.
func (r *Register) Of(ctx context.Context, g *gate.Grant) ([]Case, error) {
	var all []Case
	err := r.db.View(ctx, store.PatientPartition(g.Patient), func(tx store.Tx) (err error) {
		all, err = ofPatient(tx, g.Patient)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the cases of a space: %w", err)
	}
	list := make([]gate.Reviewed, len(all))
	for k := range all {
		list[k] = reviewed(&all[k], r.now())
	}
	seen, err := r.gate.Review(ctx, g, gate.Review{Step: "own", Patient: g.Patient, List: list})
	if err != nil {
		return nil, err
	}
	var out []Case
	for k := len(all) - 1; k >= 0; k-- {
		if seen.Shown[k] {
			all[k].Pending = nil
			out = append(out, all[k])
		}
	}
	return out, nil
}

// Say keeps what the person thinks of an emergency access, or of the answer to a question, while its case is open. A
// later word replaces an earlier one; the log has both. Errors: ErrText, ErrNotFound, a *gate.Refusal.
func (r *Register) Say(ctx context.Context, g *gate.Grant, id, text string) (*Case, error) {
	text, err := written(text, true)
	if err != nil {
		return nil, err
	}
	c, err := r.read(ctx, g.Patient, id)
	if err != nil {
		return nil, err
	}
	v := View{Text: text, By: by(g)}
	return r.step(ctx, g, c, gate.Review{Step: "say", Details: map[string]string{digestDetail: v.Digest(id)}}, func(entry string) pending {
		v.Entry = entry
		return pending{View: &v}
	})
}

// Ask puts a question about an access to the establishment of whoever made it; about is the id of the entry. The answer
// is due by a date of the policies. Errors: ErrText, ErrNotFound (no such access, or not one that the person may know of),
// a *gate.Refusal.
func (r *Register) Ask(ctx context.Context, g *gate.Grant, about, text string) (*Case, error) {
	text, err := written(text, true)
	if err != nil {
		return nil, err
	}
	e, err := r.log.Entry(ctx, about)
	if err != nil && !errors.Is(err, audit.ErrNotFound) {
		return nil, err
	}
	if err != nil || e.Patient != g.Patient { // decided and logged like an access that the asker may not know of
		if len(about) > maxAbout {
			return nil, ErrNotFound
		}
		e = audit.Entry{}
	}
	c := &Case{
		Kind: Question, Patient: g.Patient, Opener: e.Actor, Mode: e.Mode, Labels: e.Labels, About: about, Question: text, Asker: by(g), Draft: true,
	}
	for range asks {
		before, err := r.put(ctx, g, c)
		switch {
		case errors.Is(err, errMeanwhile):
			continue
		case err != nil:
			return nil, alike(err)
		}
		return before, nil
	}
	return nil, errMany
}

// maxAbout is longer than the id of any entry.
const maxAbout = 64

// asks bounds how often a question is decided anew because the asker puts others at the same moment.
const asks = 8

// put has the gate decide on a question by how many others wait, keeps it, and lets it be one once it is logged. One that was
// put already is given instead.
func (r *Register) put(ctx context.Context, g *gate.Grant, c *Case) (*Case, error) {
	var before *Case
	counted := 0
	err := r.db.View(ctx, store.PatientPartition(c.Patient), func(tx store.Tx) (err error) {
		_, counted, err = asked(tx, c, r.now().UTC())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("counting the questions that wait: %w", err)
	}
	done, err := r.gate.Review(ctx, g, gate.Review{
		Step: "ask", Patient: g.Patient, Entry: c.About, Waiting: counted,
		Case:    &gate.Reviewed{Kind: Question, Opener: c.Opener.ID, Organization: c.Opener.Organization, Labels: c.Labels},
		Details: map[string]string{aboutDetail: c.About, kindDetail: Question},
		Prepare: func(entry string) error {
			if c.Opener.ID == "" {
				return ErrNotFound
			}
			c.ID, c.Since = entry, r.now().UTC()
			return r.db.Update(ctx, store.PatientPartition(c.Patient), func(tx store.Tx) (err error) {
				var waiting int
				switch before, waiting, err = asked(tx, c, c.Since); {
				case err != nil:
					return err
				case before != nil:
					return errAsked
				case waiting > counted:
					return errMeanwhile
				}
				return store.PutJSON(tx, caseKey(c.Patient, c.ID), c)
			})
		},
	})
	switch {
	case errors.Is(err, errAsked) && before != nil:
		return before, nil
	case err != nil:
		return nil, err
	}
	if err := r.settle(ctx, &done.Entry); err != nil {
		return nil, err
	}
	return r.read(ctx, c.Patient, c.ID)
}

var (
	errAsked     = errors.New("cases: this was asked already")
	errMeanwhile = errors.New("cases: another question was put since they were counted")
)

// asked is the open case of the same question by the same person about the same access, as a form sent twice makes it, nil
// when there is none; and how many other questions of that person wait for an answer. One that is about to be logged counts,
// for a minute.
func asked(tx store.Tx, c *Case, now time.Time) (same *Case, waiting int, err error) {
	for key := range tx.Scan(store.Key("cases", c.Patient), nil) {
		var o Case
		if _, err := store.GetJSON(tx, key, &o); err != nil {
			return nil, 0, err
		}
		if o.Kind != Question || o.Asker.ID != c.Asker.ID || o.Closed() || o.Draft && now.Sub(o.Since) >= time.Minute {
			continue
		}
		if o.About == c.About && o.Question == c.Question {
			same = &o
		} else {
			waiting++
		}
	}
	return same, waiting, nil
}
