package catalog

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/web/visit"
)

// Ways in which an app is connected.
const (
	byOpening = "open"   // it is opened from the record, and asks for what it needs (SMART App Launch 2.2, EHR launch)
	bySite    = "site"   // it is opened at its own address, and asks from there (standalone launch)
	byConsent = "plugin" // it runs inside: the person agrees here
	bySystem  = "system" // a system of an establishment: nobody connects it
	byNothing = "none"   // it may not act
)

// how tells in which way an app is connected, and the origin that doing so leads to.
func (p *Pages) how(v *visit.Visit, page *appPage) (target string, err error) {
	origin, opens, err := p.desk.People.Opens(v.Context(), page.ID)
	switch {
	case err != nil:
		return "", err
	case !page.Badge.Good():
		page.Connect = byNothing
	case page.manifest != nil && page.manifest.Is(manifest.KindBackend):
		page.Connect = bySystem
	case page.Plugin() && page.Badge.Exchange:
		page.Connect = byConsent
	case opens:
		page.Connect, target = byOpening, origin
	case page.Site != "":
		page.Connect = bySite
	default:
		page.Connect = bySystem
	}
	return target, nil
}

// Asks tells whether the visitor may try and ask the app about the record: it runs inside here, is for people, and the person
// agreed that it reads for themselves. Whether it is answered the gate says then.
func (page *appPage) Asks() bool {
	if page.Connect != byConsent || page.Cage == nil || page.Unready != "" || page.manifest == nil || page.Mine == nil {
		return false
	}
	_, meant := page.manifest.Answers()
	return meant && slices.ContainsFunc(page.Mine.Agreed, func(g agreed) bool {
		return slices.Contains(g.Purposes, "PATRQT") && slices.Contains(g.Directions, manifest.Read)
	})
}

// agreePage is /catalog/{app}/connect for a plugin: what the person agrees to, purpose by purpose and category by category.
type agreePage struct {
	*appPage
	Nothing bool // was chosen
}

// connect opens an app from the record, or asks what the person agrees to with a plugin and keeps it.
func (p *Pages) connect(v *visit.Visit) {
	e, err := p.find(v)
	switch {
	case err != nil:
		v.Fail(err)
		return
	case e == nil:
		v.Nothing()
		return
	}
	var form url.Values
	patient := v.R.URL.Query().Get("for")
	if v.R.Method == http.MethodPost {
		var ok bool
		if form, ok = v.Form(); !ok {
			return
		}
		patient = form.Get("for")
	}
	m, err := whose(v, patient)
	if err != nil {
		v.Fail(err)
		return
	}
	page := &appPage{entry: e, Mine: m, CSRF: v.CSRF(), Known: true, Here: home + "/" + e.ID}
	if e.manifest != nil {
		page.describe(e.manifest)
	}
	if _, err := p.how(v, page); err != nil {
		v.Fail(err)
		return
	}
	switch {
	case m == nil || page.Connect == byNothing || page.Connect == bySystem:
		v.Go(page.Here)
	case page.Connect == byConsent && form != nil:
		p.agree(v, page, form)
	case page.Connect == byConsent:
		v.Show(http.StatusOK, "agree", agreePage{appPage: page})
	case page.Connect == byOpening && form != nil:
		p.open(v, page)
	default:
		v.Go(page.Here)
	}
}

// open leads the browser to the app with a launch for this person and record alone.
func (p *Pages) open(v *visit.Visit, page *appPage) {
	address, ok, err := v.Open(page.ID, page.Mine.For.Patient)
	switch {
	case err != nil:
		v.Fail(err)
	case !ok:
		v.Go(page.Here)
	default:
		v.W.Header().Set("Cache-Control", "no-store")
		v.W.Header().Set("Referrer-Policy", "no-referrer")
		v.Go(address)
	}
}

// agree keeps what the person agreed to: of what the app asks and its label covers, no more.
func (p *Pages) agree(v *visit.Visit, page *appPage, form url.Values) {
	by := map[string][]string{} // categories, by directions
	for _, n := range page.Data {
		var directions []string
		for _, d := range n.Directions() {
			if n.Labelled && slices.Contains(form["give"], n.Category+" "+d) {
				directions = append(directions, d)
			}
		}
		if directions != nil {
			key := strings.Join(directions, " ")
			by[key] = append(by[key], n.Category)
		}
	}
	var purposes []string
	for _, purpose := range page.Purposes {
		if slices.Contains(form["purpose"], purpose) && slices.Contains(page.app.Purposes, purpose) {
			purposes = append(purposes, purpose)
		}
	}
	if len(by) == 0 || len(purposes) == 0 {
		v.Show(http.StatusUnprocessableEntity, "agree", agreePage{page, true})
		return
	}
	for _, purpose := range purposes {
		for _, directions := range slices.Sorted(maps.Keys(by)) {
			err := p.desk.Gate.Agree(v.Context(), page.Mine.grant, gate.Agreement{
				Client: page.ID, Purpose: purpose, Categories: by[directions], Directions: strings.Fields(directions),
			})
			if err != nil {
				v.Fail(err)
				return
			}
		}
	}
	v.Go(page.To(page.Here, "done", "connected"))
}

// Directions are those that the app asks of a category.
func (n need) Directions() (out []string) {
	if n.Read {
		out = append(out, "read")
	}
	if n.Write {
		out = append(out, "write")
	}
	return out
}

// To is an address about the same person, with pairs of names and values.
func (page *appPage) To(path string, pairs ...string) string {
	query := url.Values{}
	for k := 0; k+1 < len(pairs); k += 2 {
		query.Set(pairs[k], pairs[k+1])
	}
	if page.Mine != nil && page.Mine.For.Kind != "patient" {
		query.Set("for", page.Mine.For.Patient)
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}
