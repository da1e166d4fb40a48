package sharing

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web/visit"
)

// plan is what one form asks for: the FHIR interactions that do it, and where the person is led then.
type plan struct {
	steps []step
	back  string   // page that shows what stands now
	pairs []string // of its query: what was done, to whom
	eyes  string   // through whose eyes a preview looks first
}

// act makes the plan of one form. A nil plan without an error: there is nothing of that name to change.
type act func(*room, *circle) (*plan, error)

// acts are the changes that forms ask for, by the value of "do".
var acts = map[string]act{
	"block": (*room).planBlock, "unblock": (*room).planUnblock,
	"end-link": (*room).planEndLink, "restore-link": (*room).planRestoreLink,
	"mask": (*room).planMask, "unmask": (*room).planUnmask,
	"hide": (*room).planHide, "unhide": (*room).planUnhide,
	"mask-new": (*room).planMaskNew, "show-new": (*room).planShowNew,
	"ask":      (*room).planAsk,
	"withdraw": (*room).planWithdraw, "give": (*room).planGive, "switches": (*room).planSwitches,
	"consult": (*room).planConsult, "end-consult": (*room).planEndConsult,
	"administrator": (*room).planAdministrator, "end-administrator": (*room).planEndAdministrator,
	"disconnect": (*room).planDisconnect, "disconnect-category": (*room).planDisconnectCategory, "reconnect": (*room).planReconnect,
	"only-asked": (*room).planOnlyAsked, "unasked": (*room).planUnaskedAgain, "remove-entry": (*room).planRemove,
	"invite": (*room).planInvite, "end-invitation": (*room).planEndInvitation,
	"end-delegate": (*room).planEndDelegate, "restore-delegate": (*room).planRestoreDelegate,
	"refuse": (*room).planRefuse, "accept": (*room).planAccept,
}

// pagesOf are the pages that forms lead back to.
var pagesOf = map[string]func(*room, int){
	"/space":           func(r *room, status int) { r.who(status) },
	"/space/person":    func(r *room, status int) { r.person(status) },
	"/space/documents": func(r *room, status int) { r.documents(status) },
	"/space/people":    func(r *room, status int) { r.helpers(status) },
	"/space/apps":      func(r *room, status int) { r.appsPage(status) },
	"/space/agenda":    func(r *room, status int) { r.agenda(status) },
	"/space/choices":   func(r *room, status int) { r.choices(status) },
	"/space/document":  func(r *room, status int) { r.document(status) },
}

// change does what a form asks, or shows what it would do.
func (r *room) change() {
	do := acts[r.form.Get("do")]
	show := pagesOf[r.form.Get("back")]
	if do == nil || show == nil {
		r.Nothing()
		return
	}
	if r.form.Has("preview") {
		r.preview(do, show)
		return
	}
	p, err := r.carry(do)
	switch {
	case err != nil:
		r.refused(err, show)
	case p == nil:
		r.Nothing()
	default:
		r.Go(r.to(p.back, append(p.pairs, "done", r.form.Get("do"))...))
	}
}

// preview shows what a form would do.
func (r *room) preview(do act, show func(*room, int)) {
	c, err := r.readCircle()
	if err != nil {
		r.Fail(err)
		return
	}
	p, err := do(r, c)
	switch {
	case err != nil:
		r.refused(err, show)
	case p == nil:
		r.Nothing()
	default:
		r.look(c, http.StatusOK, cmp.Or(r.field("rpps-viewer"), r.field("viewer"), p.eyes, "member:10"), p)
	}
}

// refused shows the page of a form again, with why nothing was done.
func (r *room) refused(err error, show func(*room, int)) {
	r.refusedAs(err, func(said []oauth.Said, status int) {
		r.said = said
		show(r, status)
	})
}

// carry makes the plan of a form and carries it out. When another change came first, what stands is read and planned for
// anew: where nothing is left to do, or to be found, the other did it, and the first plan says what was done.
func (r *room) carry(do act) (planned *plan, err error) {
	err = visit.Again(func() error {
		c, err := r.readCircle()
		if err != nil {
			return err
		}
		p, err := do(r, c)
		if err != nil || p == nil {
			return err
		}
		if planned == nil {
			planned = p
		}
		return r.carryOut(p)
	})
	return planned, err
}

// carryOut sends the interactions of a plan one after the other, by the visitor's own grant.
func (r *room) carryOut(p *plan) error {
	for _, s := range p.steps {
		if _, err := r.Ask(r.grant, s.method, s.target, s.header, s.body); err != nil {
			return err
		}
	}
	return nil
}

// field is what a form that was refused had in one of its fields, "" on a fresh page.
func (r *room) field(name string) string {
	if r.form == nil {
		return ""
	}
	return strings.TrimSpace(r.form.Get(name))
}

// value is a field of a form, or else a parameter of the address: what a page is about.
func (r *room) value(name string) string {
	if r.form != nil {
		return r.field(name)
	}
	return strings.TrimSpace(r.R.URL.Query().Get(name))
}

// unsaid refuses a form that lacks what it is about; nothing was asked of the gate.
func unsaid(fr, en string) error {
	no := &gate.Refusal{Status: http.StatusUnprocessableEntity}
	no.Issues = append(no.Issues, issue(fr, en))
	return no
}

// patch is a JSON Patch of one resource at the version that the page saw.
func patch(target, version string, operations list) step {
	b, _ := json.Marshal(operations) // maps and strings: it always marshals
	return step{http.MethodPatch, target, http.Header{
		"Content-Type": {"application/json-patch+json"}, "If-Match": {`W/"` + version + `"`},
	}, b}
}
