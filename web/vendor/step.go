package vendor

import (
	"errors"
	"net/http"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/web/visit"
)

// machine admits what has passed every criterion.
var machine = catalog.Actor{Part: catalog.Machine, ID: "criteria", Name: "pontlevis app check"}

// submit gives the manifest in for a label, with the evidence of the machine's checks: only one that has passed them all,
// which is then admissible.
func (p *Pages) submit(v *visit.Visit, page *appPage) {
	if err := p.stage(v, page); err != nil {
		v.Fail(err)
		return
	}
	if page.Problem = "step"; page.Draft { // else it was given in already, from another window maybe
		page.Problem = "ready"
	}
	if !page.Draft || !page.Ready {
		p.show(v, http.StatusUnprocessableEntity, page)
		return
	}
	page.Problem = ""
	_, err := p.Apps.Take(v.Context(),
		catalog.Step{App: page.ID, Step: "submit", By: page.by, Evidence: page.Criteria, Digest: manifest.Digest(page.raw)},
		catalog.Step{App: page.ID, Step: "admit", By: machine})
	p.taken(v, page, err)
}

// check runs the binaries of a plugin, and shows what came of it.
func (p *Pages) check(v *visit.Visit, page *appPage) {
	if _, busy := p.checking.LoadOrStore(page.by.Owner, true); busy { // nobody is first in the queue again and again
		page.Problem = "checking"
		p.show(v, http.StatusUnprocessableEntity, page)
		return
	}
	defer p.checking.Delete(page.by.Owner)
	if err := p.stage(v, page); err != nil {
		v.Fail(err)
		return
	}
	select { // one at a time, whoever asks: each is a process in the cage
	case p.runs <- struct{}{}:
		defer func() { <-p.runs }()
	case <-v.Context().Done():
		v.Fail(v.Context().Err())
		return
	}
	p.judge(v, page, true)
	v.Go(page.Here + "#criteria")
}

// step takes another step of the publisher's.
func (p *Pages) step(v *visit.Visit, page *appPage, step string) {
	last := page.Newest()
	if last == nil {
		v.Nothing()
		return
	}
	steps := []catalog.Step{{App: page.ID, Version: last.Version, Step: step, By: page.by}}
	if step == "agree" && !page.Draft {
		if err := p.stage(v, page); err != nil {
			v.Fail(err)
			return
		}
		if page.Ready { // nothing is left to test by hand
			steps = append(steps, catalog.Step{App: page.ID, Version: last.Version, Step: "test", By: machine, Evidence: page.Criteria})
		}
	}
	_, err := p.Apps.Take(v.Context(), steps...)
	p.taken(v, page, err)
}

// answer keeps what the publisher says to a complaint.
func (p *Pages) answer(v *visit.Visit, page *appPage, complaint, text string) {
	_, err := p.Apps.Answer(v.Context(), page.by, page.ID, complaint, text)
	if err == nil {
		v.Go(page.Here + "#complaints") // where it now stands
		return
	}
	p.taken(v, page, err)
}

// taken leads back to the page, or says why nothing was done.
func (p *Pages) taken(v *visit.Visit, page *appPage, err error) {
	for problem, known := range map[string]error{
		"version": catalog.ErrVersion, "underway": catalog.ErrUnderWay, "step": catalog.ErrStep, "text": catalog.ErrText, "gone": catalog.ErrNotFound,
		"changed": catalog.ErrChanged, "reason": catalog.ErrReason,
	} {
		if errors.Is(err, known) {
			page.Problem = problem
			p.show(v, http.StatusUnprocessableEntity, page)
			return
		}
	}
	if err != nil {
		v.Fail(err)
		return
	}
	v.Go(page.Here)
}
