package space

import (
	"time"

	"github.com/pontlevis/pontlevis/fhir"
)

// initial is what one Consent of kind initial says: that the circle may read, or that it may no longer.
type initial struct {
	moment
	Period
	withdraws bool
}

// moment is when something was said. Dates have whole seconds, so that of two sayings of one second the time of writing
// tells which came last.
type moment struct{ at, written time.Time }

func (m moment) after(o moment) bool {
	if !m.at.Equal(o.at) {
		return m.at.After(o.at)
	}
	return m.written.After(o.written)
}

// momentOf is the earlier of a date and the time of writing, for a clock that runs ahead, or a date set ahead, must
// delay nothing and outlast nothing. What was changed after it was first written is said when it was changed: its date
// is most often still the first one.
func momentOf(r *fhir.Resource, date time.Time) moment {
	written := r.Updated()
	at := date
	changed := r.Node().At("meta", "versionId").Text()
	if !written.IsZero() && (date.IsZero() || date.After(written) || changed != "" && changed != "1") {
		at = written
	}
	return moment{at.Truncate(time.Second), written}
}

// readInitial keeps what an initial consent says until all of them are read.
func (f *Facts) readInitial(r *fhir.Resource, c consent) {
	withdraws := !c.active || c.provision.Get("type").Text() == deny
	said := momentOf(r, c.Since)
	if date := end(r.Node().Get("dateTime").Text()); withdraws && !date.IsZero() {
		said = momentOf(r, date) // a date without time may be any moment of the day: the last holds
	}
	if c.Since.IsZero() && !c.active {
		c.Since = said.at // a withdrawal without a date is one all the same
	}
	if c.Since.IsZero() {
		return
	}
	f.initial = append(f.initial, initial{said, c.Period, withdraws})
}

// settleInitial makes one span of all initial consents. Several may stand, since a professional may record one beside
// the person's own: a withdrawal shuts every one that was said before it, or no one would know which to end.
func (f *Facts) settleInitial() {
	var last *initial
	for i := range f.initial {
		if s := &f.initial[i]; s.withdraws && (last == nil || s.after(last.moment)) {
			last = s
		}
	}
	var p Period
	open := false
	for _, s := range f.initial {
		if s.withdraws || last != nil && !s.after(last.moment) {
			continue
		}
		if p.Since.IsZero() || s.Since.Before(p.Since) {
			p.Since = s.Since
		}
		open = open || s.Until.IsZero()
		if s.Until.After(p.Until) {
			p.Until = s.Until
		}
	}
	switch {
	case open:
		p.Until = time.Time{}
	case p.Since.IsZero() && last != nil:
		p = Period{Since: last.Since, Until: last.at}
		if !last.Until.IsZero() && last.Until.Before(p.Until) {
			p.Until = last.Until
		}
		f.dropExplicit(last.moment)
	}
	f.Consent, f.initial, f.explicitSaid = p, nil, nil
}

// dropExplicit takes out the consents that were said before a withdrawal, those too that begin after it: whoever records
// one ahead would else read in spite of it.
func (f *Facts) dropExplicit(withdrawal moment) {
	kept := f.Explicit[:0]
	for i, e := range f.Explicit {
		if f.explicitSaid[i].after(withdrawal) {
			kept = append(kept, e)
		}
	}
	f.Explicit = kept
}
