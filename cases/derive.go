package cases

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

// Interactions of the log that the register follows.
const (
	opening   = "open-emergency"
	ending    = "end-emergency"
	closing   = "review-close"
	saying    = "review-say"
	asking    = "review-ask"
	beginning = "open-case" // its own: that a case was begun, with its digest
)

// Details of entries, as the gate and the register write them.
const (
	dueDetail    = "case_due_hours"
	sinceDetail  = "since"
	untilDetail  = "until"
	typedDetail  = "typed_reason"
	drillDetail  = "drill"
	caseDetail   = "case"
	digestDetail = "digest"
	kindDetail   = "kind"
	aboutDetail  = "about"
)

// derive does what entries of the log ask for, and reports whether any did. It may be done again at any time.
func (r *Register) derive(ctx context.Context, entries []audit.Entry) (derived bool, err error) {
	for k := range entries {
		e := &entries[k]
		if e.Outcome != audit.Granted || e.Patient == "" && e.Details[kindDetail] != App {
			continue
		}
		var did bool
		switch {
		case e.Interaction == asking || e.Interaction == saying || e.Interaction == closing:
			did, err = true, r.settle(ctx, e)
		case e.Interaction == ending:
			did, err = true, r.end(ctx, e)
		case e.Details[dueDetail] != "":
			did, err = r.opened(ctx, e)
		}
		if err != nil {
			return derived, fmt.Errorf("entry %s of the access log: %w", e.ID, err)
		}
		derived = derived || did
	}
	return derived, nil
}

// opened makes an opening a case, or a stage of one. An access that no opening of its grant stands for begins a case
// too: none is left out because it was come by in another way.
func (r *Register) opened(ctx context.Context, e *audit.Entry) (bool, error) {
	var c *Case
	known := false
	err := r.db.Update(ctx, store.PatientPartition(e.Patient), func(tx store.Tx) (err error) {
		c, known, err = caseOf(tx, e)
		if err != nil || known {
			return err
		}
		if err := tx.Put(grantKey(e.Patient, e.Grant), []byte(c.ID)); err != nil {
			return err
		}
		return store.PutJSON(tx, caseKey(e.Patient, c.ID), c)
	})
	if err != nil {
		return false, fmt.Errorf("making a case: %w", err)
	}
	if known && e.Interaction != opening {
		return false, nil // one of many accesses under a grant whose case stands
	}
	return true, r.begun(ctx, c)
}

// caseOf is the case that an entry belongs to, and whether it says all that the entry does.
func caseOf(tx store.Tx, e *audit.Entry) (*Case, bool, error) {
	var c Case
	id := string(tx.Get(grantKey(e.Patient, e.Grant)))
	if id == "" && continues(e) {
		before, err := earlier(tx, e)
		if err != nil {
			return nil, false, err
		}
		id = before
	}
	if id == "" {
		return newCase(e), false, nil
	}
	if _, err := store.GetJSON(tx, caseKey(e.Patient, id), &c); err != nil {
		return nil, false, err
	}
	if e.Interaction != opening {
		return &c, true, nil
	}
	if in, err := saidIn(tx, e); err != nil || in != nil {
		return in, true, err
	}
	if c.Closed() && after(e, c.Verdict.At) {
		return newCase(e), false, nil
	}
	c.Stages = append(c.Stages, stageOf(e))
	if end := until(e); end.After(c.Until) { // more time was asked for
		c.Until = end
	}
	if !slices.Contains(c.Grants, e.Grant) {
		c.Grants = append(c.Grants, e.Grant)
	}
	return &c, false, nil
}

// saidIn is the case that has an opening already; nil when none has.
func saidIn(tx store.Tx, e *audit.Entry) (*Case, error) {
	all, err := ofPatient(tx, e.Patient)
	if err != nil {
		return nil, err
	}
	for k := range all {
		if slices.ContainsFunc(all[k].Stages, func(s Stage) bool { return s.Entry == e.ID }) {
			return &all[k], nil
		}
	}
	return nil, nil
}

// after reports whether an entry came after the verdict of its case: what is opened then nobody has judged, and it is a
// case of its own.
func after(e *audit.Entry, verdict time.Time) bool { return at(e).After(verdict) }

// continues reports whether an opening goes on with one that is under way: it is a further stage of it, or it says that the
// access began before (rules.md E3).
func continues(e *audit.Entry) bool {
	since, err := time.Parse(time.RFC3339, e.Details[sinceDetail])
	return e.Interaction == opening && (e.Stage > 1 || err == nil && since.Before(at(e).Truncate(time.Second)))
}

// earlier finds the case that an opening goes on with: of the same person, in the same record and mode, and not over.
func earlier(tx store.Tx, e *audit.Entry) (string, error) {
	all, err := ofPatient(tx, e.Patient)
	if err != nil {
		return "", err
	}
	found := ""
	for _, c := range all {
		same := c.Kind == Emergency && c.Opener.ID == e.Actor.ID && c.Mode == e.Mode
		if same && !c.Since.After(e.At) && !c.Until.Before(e.At) {
			found = c.ID
		}
	}
	return found, nil
}

func newCase(e *audit.Entry) *Case {
	hours, err := strconv.Atoi(e.Details[dueDetail])
	if err != nil || hours < 0 {
		hours = 0 // what does not say when it is due is due now
	}
	c := &Case{
		ID: e.ID, Kind: Emergency, Patient: e.Patient, Opener: e.Actor, Mode: e.Mode, Reason: e.Reason,
		TypedReason: e.Details[typedDetail], Since: at(e), Until: until(e), Due: at(e).Add(time.Duration(hours) * time.Hour),
		Stages: []Stage{stageOf(e)}, Grants: []string{e.Grant}, Labels: e.Labels, Drill: e.Details[drillDetail] != "",
	}
	return c
}

func stageOf(e *audit.Entry) Stage {
	return Stage{Entry: e.ID, Stage: e.Stage, At: at(e), Reason: e.Reason, TypedReason: e.Details[typedDetail]}
}

// at is when an entry says that it happened, as the log keeps it.
func at(e *audit.Entry) time.Time { return e.At.UTC().Truncate(time.Millisecond) }

func until(e *audit.Entry) time.Time {
	t, err := time.Parse(time.RFC3339, e.Details[untilDetail])
	if err != nil {
		return at(e)
	}
	return t.UTC()
}

// begun logs that a case was begun, with its digest, and puts it into the queue. The id of its entry is made of the
// case's, so that it is logged once.
func (r *Register) begun(ctx context.Context, c *Case) error {
	err := r.log.Append(ctx, audit.Entry{
		ID: begunID(c.ID), At: r.now().UTC(), Patient: c.Patient, Actor: audit.Agent{Kind: "system", Name: "pontlevis"},
		Interaction: beginning, Action: "C", Outcome: audit.Granted, Labels: c.Labels,
		Details: map[string]string{caseDetail: c.ID, kindDetail: c.Kind, digestDetail: c.Digest()},
	})
	if err != nil && !errors.Is(err, audit.ErrExists) {
		return err
	}
	return r.index(ctx, c)
}

// begunID is the id of the entry that says that a case was begun; it sorts beside the case's own.
func begunID(id string) string { return id + "-case" }

// end notes that the opener ended the access of a case.
func (r *Register) end(ctx context.Context, e *audit.Entry) error {
	var id string
	err := r.db.View(ctx, store.PatientPartition(e.Patient), func(tx store.Tx) error {
		id = string(tx.Get(grantKey(e.Patient, e.Grant)))
		return nil
	})
	if err != nil || id == "" {
		return err
	}
	_, err = r.change(ctx, e.Patient, id, func(c *Case) (bool, error) {
		first := c.Ended.IsZero()
		if first {
			c.Ended = at(e)
		}
		return first, nil
	})
	return err
}

// settle lets a step take effect, once its entry is in the log. Done before, it does nothing.
func (r *Register) settle(ctx context.Context, e *audit.Entry) error {
	id := e.Details[caseDetail]
	if e.Interaction == asking {
		id = e.ID
	}
	asked := false
	c, err := r.change(ctx, e.Patient, id, func(c *Case) (bool, error) {
		asked = c.Draft
		step, waits := c.Pending[e.ID]
		if c.Draft {
			c.Draft, c.Since, c.Due = false, at(e), newCase(e).Due
			return true, nil
		}
		if !waits {
			return false, nil
		}
		delete(c.Pending, e.ID)
		if step.View != nil {
			step.View.At, c.View = at(e), step.View
		}
		if step.Verdict != nil && c.Verdict == nil {
			step.Verdict.At, c.Verdict = at(e), step.Verdict
		}
		return true, nil
	})
	if err != nil || c == nil {
		return err
	}
	if asked || e.Interaction == asking {
		return r.begun(ctx, c)
	}
	return r.index(ctx, c)
}
