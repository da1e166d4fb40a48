package vendor

import (
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/web/visit"
)

const day = 24 * time.Hour

// notice is how long before the end of a label its publisher is told, and may ask for a later one.
const notice = 60 * day

// Notice is that, in days.
func (*appPage) Notice() int { return int(notice / day) }

// Answers is within how many days the authority answers a publisher who asks for a later label.
func (*appPage) Answers() int { return int(catalog.Renews / day) }

// stateOf is where a version stands as its publisher reads it: of the one on the air, whether it may act.
func stateOf(v *catalog.Version, app *catalog.App, now time.Time) string {
	if status := app.At(now); v.Version == app.Version && v.State == catalog.Online && status != catalog.Unlisted {
		return status
	}
	return v.State
}

// Aired is the version that is, or was last, on the air; nil for none.
func (page *appPage) Aired() *catalog.Version {
	k := slices.IndexFunc(page.Versions, func(v catalog.Version) bool { return v.Version == page.air })
	if page.air == "" || k < 0 {
		return nil
	}
	return &page.Versions[k]
}

// Ends is when the label of the version on the air ends; zero where none is.
func (page *appPage) Ends() time.Time {
	if v := page.Aired(); v != nil && (v.State == catalog.Online || v.State == catalog.Suspended) {
		return v.Expires
	}
	return time.Time{}
}

// Soon tells whether that is near, or over.
func (page *appPage) Soon() bool {
	end := page.Ends()
	return !end.IsZero() && !page.Now.Before(end.Add(-notice))
}

// Over tells whether the label has run out.
func (page *appPage) Over() bool { return !page.Now.Before(page.Ends()) }

// Stopped is the step that stopped the version on the air; nil for one that goes on, or that the log of labels alone stops.
func (page *appPage) Stopped() *catalog.Taken {
	v := page.Aired()
	if v == nil || !slices.Contains([]string{catalog.Suspended, catalog.Delisted, catalog.Recalled}, v.State) {
		return nil
	}
	return &v.Steps[len(v.Steps)-1]
}

// Held tells whether the app may not act, although its version is on the air and its label has not run out: the operator stops
// it here, or the log of labels has not been seen for too long.
func (page *appPage) Held() bool {
	v := page.Aired()
	return v != nil && v.State == catalog.Online && page.Status != catalog.Online && page.Status != catalog.Expired
}

// MayAsk tells whether a later label may be asked for now.
func (page *appPage) MayAsk() bool {
	v := page.Aired()
	return v != nil && v.State == catalog.Online && page.Soon() && v.Asked().IsZero()
}

// MayLeave tells whether the publisher may take the app off the air.
func (page *appPage) MayLeave() bool {
	v := page.Aired()
	return v != nil && slices.ContainsFunc(catalog.StepsFrom(v.State, catalog.Publisher), func(r catalog.Rule) bool { return r.Step == "delist" })
}

// leave takes a step of the publisher's with the version that is on the air.
func (p *Pages) leave(v *visit.Visit, page *appPage, step string, why catalog.Text) {
	aired := page.Aired()
	if aired == nil {
		v.Nothing()
		return
	}
	_, err := p.Apps.Take(v.Context(), catalog.Step{App: page.ID, Version: aired.Version, Step: step, By: page.by, Reason: why})
	p.taken(v, page, err)
}
