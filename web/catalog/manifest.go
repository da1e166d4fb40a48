package catalog

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/visit"
)

// manifest is what an app says of itself, in the version that the entry shows; nil for an entry of the operator, which has none.
func (p *Pages) manifest(ctx context.Context, app catalog.App) (*manifest.Manifest, error) {
	if app.Version == "" {
		return nil, nil
	}
	v, err := p.apps.Version(ctx, app.ID, app.Version)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return v.Read()
}

// raw gives the bytes that the label was signed over.
func (p *Pages) raw(v *visit.Visit) {
	e, err := p.find(v)
	if err == nil && e != nil && e.app.Version != "" {
		var version *catalog.Version
		if version, err = p.apps.Version(v.Context(), e.ID, e.app.Version); err == nil {
			h := v.W.Header()
			h.Set("Content-Type", "application/json; charset=utf-8")
			h.Set("Cache-Control", "no-store")
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
			_, _ = v.W.Write(version.Manifest)
			return
		}
	}
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		v.Fail(err)
		return
	}
	v.Nothing()
}

// told is one thing that happened to a version on the air.
type told struct {
	At      time.Time
	Step    string
	Version string
	Reason  web.Text
	Bad     bool // it stopped the app
}

// Steps that anybody may read of: those of versions on the air. What came before is between the publisher and the authority.
var (
	public = []string{"publish", "adopt", "renew", "supersede", "suspend", "reinstate", "delist", "recall"}
	bad    = []string{"suspend", "delist", "recall"}
)

// story is what happened to an app since it was first on the air, the newest first.
func (p *Pages) story(ctx context.Context, app string) ([]told, error) {
	all, err := p.apps.Versions(ctx, app)
	if err != nil {
		return nil, err
	}
	var out []told
	for k := range all {
		for _, s := range all[k].Steps {
			if slices.Contains(public, s.Step) {
				out = append(out, told{s.At, s.Step, all[k].Version, text(s.Reason), slices.Contains(bad, s.Step)})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b told) int { return b.At.Compare(a.At) })
	return out, nil
}

// stop is why an app may not act.
type stop struct {
	Cause string // code of the log of labels, "" when it gave none
	Why   web.Text
	Since time.Time
	Until time.Time // of a suspension that ends by itself
}

// causes have words of their own.
var causes = []string{
	"security", "data-leak", "undeclared-use", "non-conformity", "unlawful", "publisher-request", "publisher-gone", "mistake", "denied", "stale", "not-yet",
}

// proof is the entry of the log of labels on which the badge rests.
type proof struct {
	Authority string
	Label     string
	Entry     int64
	Href      string // of the entry with its proof
	Key       string // where the key of the log is
	Since     time.Time
}

// rests fills in on what the badge rests: the log of labels where there is one, else the last step.
func (p *Pages) rests(page *appPage) {
	if !page.Badge.Good() && len(page.Story) > 0 && page.Story[0].Bad {
		page.Stop = &stop{Why: page.Story[0].Reason, Since: page.Story[0].At}
	}
	if p.labels == nil {
		return
	}
	s, known := p.labels.Status(page.ID, p.desk.Now())
	if !known {
		return
	}
	if s.Label != nil && s.Entry >= 0 {
		page.Proof = &proof{s.Label.Authority, s.Label.ID, s.Entry, p.log + "proof/" + strconv.FormatInt(s.Entry, 10), p.log + "key", s.Since}
	}
	if page.Badge.Good() || s.Cause == "" && s.Words.FR == "" {
		return
	}
	page.Stop = &stop{Why: web.Text{FR: s.Words.FR, EN: s.Words.EN}, Since: s.Since, Until: s.Until}
	if slices.Contains(causes, s.Cause) {
		page.Stop.Cause = s.Cause
	}
}

// complainant is the visitor as somebody who uses apps. An agent is none: accounts of publishers are anybody's to make, and so
// would be complaints of their rivals.
func complainant(v *visit.Visit) (by catalog.Actor, ok bool, err error) {
	g, err := v.Self()
	if err != nil {
		return by, false, err
	}
	by, ok = catalog.As(catalog.Person, g.Actor)
	by.ID, by.Name = v.Person.Key, v.Person.Name
	return by, ok, nil
}

// report is a complaint as whoever made it reads it.
type report struct {
	catalog.Complaint
	Why web.Text // the authority's words
}

// reports fills in whether the visitor may complain of the app, and what became of the complaints that they made.
func (p *Pages) reports(v *visit.Visit, page *appPage) error {
	by, ok, err := complainant(v)
	if page.Complains = ok; err != nil || !ok {
		return err
	}
	all, err := p.apps.Complaints(v.Context(), page.ID)
	for _, c := range all {
		if c.By.Part == by.Part && c.By.ID == by.ID {
			page.Reports = append(page.Reports, report{c, text(c.Verdict)})
		}
	}
	return err
}

// complain keeps what somebody says of an app.
func (p *Pages) complain(v *visit.Visit) {
	e, err := p.find(v)
	switch {
	case err != nil:
		v.Fail(err)
		return
	case e == nil || e.app.Version == "":
		v.Nothing()
		return
	case v.R.Method != http.MethodPost:
		v.Go(home + "/" + e.ID + "#complain")
		return
	}
	by, ok, err := complainant(v)
	if err != nil {
		v.Fail(err)
		return
	}
	if !ok {
		v.Nothing()
		return
	}
	form, ok := v.Form()
	if !ok {
		return
	}
	_, err = p.apps.Complain(v.Context(), by, e.ID, form.Get("kind"), form.Get("text"))
	problem := ""
	switch {
	case err == nil:
		v.Go(home + "/" + e.ID + "?done=complained")
		return
	case errors.Is(err, catalog.ErrText):
		problem = "text"
	case errors.Is(err, catalog.ErrMany):
		problem = "many"
	default:
		v.Fail(err)
		return
	}
	p.answer(v, http.StatusUnprocessableEntity, e, func(page *appPage) {
		page.Problem, page.Kind, page.Text = problem, form.Get("kind"), form.Get("text")
	})
}
