package vendor

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/criteria"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/rehearsal"
	"github.com/pontlevis/pontlevis/catalog/signing"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/visit"
)

// maxSent bounds the forms of an app's page, in bytes: a signed envelope, pasted and as a file.
const maxSent = 256 << 10

// appPage is /vendor/apps/{app}.
type appPage struct {
	ID     string
	Name   web.Text
	Here   string
	CSRF   string
	Now    time.Time
	State  string // of the newest version, or draft
	Status string // of the app as requests see it

	Draft    bool // the manifest below is being written
	Version  string
	Valid    bool
	Errors   int
	Warnings int
	Scopes   []string
	Kinds    []string

	Rehearses bool
	Played    *rehearsal.Rehearsal // nil: never rehearsed
	Stale     bool                 // it was, with another manifest
	Client    string
	Secret    string // once
	Issuer    string
	Base      string // FHIR
	Try       string // how the app can be tried here: sign-in, secret, own
	Tried     *tried

	Criteria []catalog.Criterion
	Runs     bool // a plugin whose binaries can be looked at here
	Ready    bool // all that must pass has passed
	Problem  string

	Waits      *catalog.Waiting
	Versions   []catalog.Version
	May        []string // steps that the publisher may take now
	Complaints []catalog.Complaint

	Published *signing.Publication // what the publisher signed of the newest version; nil for nothing yet
	Key       string               // public, as it was typed

	Leaving catalog.Text // why the app leaves, as it was typed

	air        string // the version that is, or was last, on the air
	signatures bool   // they are kept here
	shelf      Shelf

	by       catalog.Actor
	raw      []byte
	manifest *manifest.Manifest
}

// Players are the invented people, whoever agrees first.
func (page *appPage) Players() []rehearsal.Person {
	order := []string{rehearsal.Agrees, rehearsal.Doctor, rehearsal.Refuses, rehearsal.Masks, rehearsal.Leaves}
	return slices.SortedFunc(slices.Values(page.Played.People), func(a, b rehearsal.Person) int {
		return cmp.Compare(slices.Index(order, a.Part), slices.Index(order, b.Part))
	})
}

// Who signs in for a try: the first of the people, or the doctor where the app is for professionals alone.
func (page *appPage) Who() rehearsal.Person {
	if page.manifest != nil && !page.manifest.For(manifest.AudiencePatient) {
		return page.Played.Player(rehearsal.Doctor)
	}
	return page.Played.Player(rehearsal.Agrees)
}

// Record is whose record the doctor opens.
func (page *appPage) Record() rehearsal.Person { return page.Played.Player(rehearsal.Agrees) }

// Newest is the newest version, nil for none.
func (page *appPage) Newest() *catalog.Version {
	if n := len(page.Versions); n > 0 {
		return &page.Versions[n-1]
	}
	return nil
}

// Underway tells whether all that is written was submitted: what comes next is then the first thing on the page.
func (page *appPage) Underway() bool { return !page.Draft && len(page.Versions) > 0 }

// app shows the desk of one app, and does what its buttons say.
func (p *Pages) app(v *visit.Visit) {
	page, err := p.open(v)
	switch {
	case err != nil:
		v.Fail(err)
		return
	case page == nil:
		v.Nothing()
		return
	}
	if v.R.Method == http.MethodGet || v.R.Method == http.MethodHead {
		p.show(v, http.StatusOK, page)
		return
	}
	form, ok := v.Filled(maxSent)
	if !ok {
		return
	}
	switch do := form.Get("do"); do {
	case "rehearse":
		p.rehearse(v, page)
	case "try":
		p.try(v, page, form.Get("who"), form.Get("secret"))
	case "check":
		p.check(v, page)
	case "submit":
		p.submit(v, page)
	case "agree", "withdraw":
		p.step(v, page, do)
	case "ask":
		p.leave(v, page, do, catalog.Text{})
	case "delist":
		page.Leaving = catalog.Text{FR: form.Get("fr"), EN: form.Get("en")}
		p.leave(v, page, do, page.Leaving)
	case "sign":
		p.sign(v, page, form.Get("key"), form.Get("envelope"))
	case "answer":
		p.answer(v, page, form.Get("complaint"), form.Get("text"))
	default:
		v.Nothing()
	}
}

// open reads an app of the visitor's; nil when there is none of theirs.
func (p *Pages) open(v *visit.Visit) (*appPage, error) {
	by, ok, err := publisher(v)
	if err != nil || !ok {
		return nil, err
	}
	app, err := p.Apps.Get(v.Context(), v.R.PathValue("app"))
	if errors.Is(err, catalog.ErrNotFound) || err == nil && app.Owner != by.Owner {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	page := &appPage{
		ID: app.ID, Name: web.Text{FR: app.Name.FR, EN: app.Name.EN}, Here: here(app.ID), CSRF: v.CSRF(), Now: v.Now(),
		Status: app.At(v.Now()), State: catalog.Draft, by: by, shelf: p.Shelf, air: app.Version,
	}
	if page.Versions, err = p.Apps.Versions(v.Context(), app.ID); err != nil {
		return nil, err
	}
	if last := page.Newest(); last != nil {
		page.State, page.raw = stateOf(last, &app, v.Now()), last.Manifest
	}
	draft, err := p.Apps.Draft(v.Context(), app.ID)
	if err == nil {
		page.Draft, page.raw = true, draft.Manifest
	} else if !errors.Is(err, catalog.ErrNotFound) {
		return nil, err
	}
	page.read()
	return page, nil
}

// read takes the manifest apart as far as it can be.
func (page *appPage) read() {
	findings := manifest.Lint(page.raw)
	page.Errors = len(manifest.Errors(findings))
	page.Warnings = len(findings) - page.Errors
	if m, err := manifest.Parse(page.raw); err == nil && m.ID == page.ID {
		page.Valid, page.Version, page.Scopes, page.Kinds, page.manifest = true, m.Version, m.Scopes(), m.Kinds, m
		page.Name = web.Text{FR: m.Name.FR, EN: m.Name.EN}
		page.Try = wayOf(m)
	}
}

// show fills in the rest and answers.
func (p *Pages) show(v *visit.Visit, status int, page *appPage) {
	var target string
	err := p.stage(v, page)
	if err == nil {
		err = p.follow(v, page)
	}
	if err == nil {
		err = p.signed(v, page)
	}
	if err != nil {
		v.Fail(err)
		return
	}
	if t := p.theatre(); t != nil {
		target = t.Issuer
	}
	v.ShowWith(status, "app", page, web.Shown{Target: target})
}

// stage fills in the rehearsal, and what the machine makes of it.
func (p *Pages) stage(v *visit.Visit, page *appPage) error {
	t := p.theatre()
	if page.Rehearses = t != nil; !page.Rehearses {
		return nil
	}
	played, err := t.All.Get(v.Context(), page.ID)
	switch {
	case errors.Is(err, rehearsal.ErrNotFound):
	case err != nil:
		return err
	default:
		page.Played, page.Client, page.Issuer, page.Base = played, page.ID, t.Issuer, t.Issuer+"/fhir"
		page.Stale = played.Manifest != manifest.Digest(page.raw)
		page.Secret = p.tries.secret(page.by, page.ID)
		if !page.Stale {
			page.Tried = p.tries.tried(page.by, page.ID)
			if page.Tried != nil {
				if err := page.Tried.refresh(v.Context(), t); err != nil {
					return err
				}
			}
		}
	}
	p.judge(v, page, false)
	return nil
}

// judge runs the criteria over the manifest and its rehearsal. A plugin's binaries are run when that is asked for alone; what
// came of it is remembered for the manifest as it was then.
func (p *Pages) judge(v *visit.Visit, page *appPage, run bool) {
	input := criteria.Input{Raw: page.raw, Now: v.Now()}
	if page.Played != nil && !page.Stale {
		input.Findings = &page.Played.Findings
	}
	var binaries criteria.Binaries
	if p.Binaries != nil {
		binaries = p.Binaries(page.ID)
	}
	if page.Runs = page.manifest != nil && page.manifest.Is(manifest.KindPlugin) && binaries != nil; page.Runs {
		digest := manifest.Digest(page.raw)
		if before := p.tries.lastRun(page.by, page.ID); before != nil && before.manifest == digest {
			input.Binaries = before
		}
		if run { // kept when it is over: whoever looks meanwhile waits for nothing
			now := &ran{binaries: binaries, manifest: digest}
			input.Binaries = now
			defer p.tries.ran(page.by.Owner, page.ID, now)
		}
	}
	page.Criteria = criteria.Check(v.Context(), input)
	page.Ready = criteria.Passed(page.Criteria)
}

// follow fills in where the app stands.
func (p *Pages) follow(v *visit.Visit, page *appPage) (err error) {
	if last := page.Newest(); last != nil {
		w, ok, err := p.Apps.Place(v.Context(), page.ID, last.Version)
		if err != nil {
			return err
		}
		if ok {
			page.Waits = &w
		}
		for _, rule := range catalog.StepsFrom(last.State, catalog.Publisher) {
			if rule.Step == "agree" || rule.Step == "withdraw" {
				page.May = append(page.May, rule.Step)
			}
		}
	}
	all, err := p.Apps.Complaints(v.Context(), page.ID)
	for _, one := range all {
		page.Complaints = append(page.Complaints, one.ForPublisher())
	}
	return err
}

// Manifest is what is tried and submitted; nil while it is not valid.
func (page *appPage) Manifest() *manifest.Manifest { return page.manifest }
