package gate

import (
	"context"
	"errors"
	"time"

	"github.com/pontlevis/pontlevis/record"
)

// Do carries out an interaction for a grant: it decides, writes the access log, and only then answers. The error is a
// *Refusal when the answer is no, anything else when something failed; a failure answers nothing.
//
// An answer that what is absent would get too takes a whole number of times [Config.Silence], so that the time it took
// to find something and to refuse it does not show. Of a Bundle, each part keeps that for itself.
//
// page is the sealed position in the link of a page that an earlier answer gave, "" for the first page.
func (g *Gate) Do(ctx context.Context, grant *Grant, i *record.Interaction, page string) (*Answer, error) {
	if i.Kind == record.KindBatch {
		return g.batch(ctx, grant, i)
	}
	began := time.Now()
	a, err := g.carryOut(ctx, grant, i, page)
	if g.Silence > 0 && saysNothing(a, err) {
		if err := g.keepSilence(ctx, began); err != nil {
			return nil, err
		}
	}
	return a, err
}

// saysNothing reports whether what is absent would be answered in the same words.
func saysNothing(a *Answer, err error) bool {
	var no *Refusal
	if errors.As(err, &no) {
		return no.silent
	}
	return err == nil && a.nothing
}

// silenced marks a refusal that what is absent would get too.
func silenced(err error) error {
	var unclear *record.Refusal
	var no *Refusal
	switch {
	case errors.As(err, &unclear):
		no = ofRecord(unclear)
	case !errors.As(err, &no):
		return err
	}
	c := *no
	c.silent = true
	return &c
}

// fineRest is how much of a silence is left to the system's own clock: the runtime rounds its timers up to a millisecond
// counted from when they were set, which would give away when that was.
const fineRest = 1200 * time.Microsecond

// resting bounds how many threads rest at once.
var resting = make(chan struct{}, 64)

// keepSilence waits until a whole number of silences, at least one, has passed since began. The error is that of the
// context, when it ends before.
func (g *Gate) keepSilence(ctx context.Context, began time.Time) error {
	return Rest(ctx, began, g.Silence)
}

// Rest waits until a whole number of one's rests, at least one, has passed since began: what leaves then tells nothing by
// its time but that number. The error is that of the context, when it ends before. one must be more than 0.
func Rest(ctx context.Context, began time.Time, one time.Duration) error {
	whole := time.Since(began)/one + 1
	until := began.Add(whole * one)
	if coarse := time.Until(until) - fineRest; coarse > 0 {
		timer := time.NewTimer(coarse)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	select {
	case resting <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	rest(until)
	<-resting
	return ctx.Err()
}
