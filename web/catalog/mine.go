package catalog

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/space"
	"github.com/pontlevis/pontlevis/web/sentence"
	"github.com/pontlevis/pontlevis/web/visit"
)

// mine is what an app is to the record of whoever is signed in, or of somebody they act for.
type mine struct {
	For     oauth.Relation
	Choices []oauth.Relation // all whom they act for
	Agreed  []agreed         // none: it is not connected
	Uses    []use
	Refused int
	More    bool // there are older accesses than those counted
	Now     time.Time

	grant *gate.Grant
}

// agreed is one category that the person let the app reach.
type agreed struct {
	Category   string
	Directions []string
	Purposes   []string
	Since      time.Time
}

// use is what the app did in the person's own record with one category.
type use struct {
	Category    string
	Read, Added int
	Last        time.Time
}

// countedUses bounds how many entries of the log one page counts.
const countedUses = "200"

// whose finds for whom the visitor looks at the storefront: the person named by "for", or else the first whom they act for. It is
// nil for a professional, who has no record here.
func whose(v *visit.Visit, patient string) (*mine, error) {
	all, err := v.ActsFor()
	if err != nil {
		return nil, err
	}
	k := slices.IndexFunc(all, func(r oauth.Relation) bool { return patient == "" || r.Patient == patient })
	if k < 0 {
		return nil, nil
	}
	m := &mine{For: all[k], Choices: all, Now: v.Now()}
	var ok bool
	if m.grant, ok, err = v.Grant(m.For.Patient); err != nil || !ok {
		return nil, err
	}
	return m, nil
}

// mine reads what the person agreed with an app, and what it did since, in so far as the visitor may know.
func (p *Pages) mine(v *visit.Visit, e *entry) (*mine, error) {
	m, err := whose(v, v.R.URL.Query().Get("for"))
	if err != nil || m == nil {
		return nil, err
	}
	if err := m.readAgreed(v, e.ID); err != nil || len(m.Agreed) == 0 {
		return m, silent(err)
	}
	return m, silent(m.readUses(v, p, e.ID))
}

// silent drops a refusal: what somebody may not see of the record is not on the page.
func silent(err error) error {
	if gate.Refused(err) {
		return nil
	}
	return err
}

func (m *mine) readAgreed(v *visit.Visit, app string) error {
	found, err := v.All(m.grant, "Consent?status=active&patient="+url.QueryEscape(m.For.Patient)+"&_count=1000")
	if err != nil {
		return err
	}
	for _, one := range found.Matches {
		if space.ConsentKind(one) != space.App {
			continue
		}
		for _, a := range space.Read(space.Lifecycle{}, "", []*fhir.Resource{one}).Apps {
			if a.Client == app && (a.Until.IsZero() || m.Now.Before(a.Until)) {
				m.agree(a)
			}
		}
	}
	return nil
}

func (m *mine) agree(a space.AppConsent) {
	k := slices.IndexFunc(m.Agreed, func(g agreed) bool { return g.Category == a.Category })
	if k < 0 {
		m.Agreed, k = append(m.Agreed, agreed{Category: a.Category, Since: a.Since}), len(m.Agreed)
	}
	g := &m.Agreed[k]
	if !slices.Contains(g.Directions, a.Direction) {
		g.Directions = append(g.Directions, a.Direction)
		slices.Sort(g.Directions)
	}
	if !slices.Contains(g.Purposes, a.Purpose) {
		g.Purposes = append(g.Purposes, a.Purpose)
		slices.Sort(g.Purposes)
	}
}

// readUses counts what the app did, from the newest entries of the access log that the visitor may read.
func (m *mine) readUses(v *visit.Visit, p *Pages, app string) error {
	found, err := v.Search(m.grant, "AuditEvent?patient="+url.QueryEscape(m.For.Patient)+
		"&agent:identifier="+url.QueryEscape(audit.ClientSystem+"|"+app)+"&_sort=-date&_count="+countedUses)
	if err != nil {
		return err
	}
	uses, refused := sentence.Uses(found.Matches)
	m.Refused, m.More = refused, found.Next != ""
	for _, u := range uses {
		names := p.desk.Gate.Categories(u.Type)
		if len(names) == 0 {
			continue
		}
		category := names[0]
		for _, g := range m.Agreed {
			if slices.Contains(names, g.Category) {
				category = g.Category
			}
		}
		k := slices.IndexFunc(m.Uses, func(o use) bool { return o.Category == category })
		if k < 0 {
			m.Uses, k = append(m.Uses, use{Category: category}), len(m.Uses)
		}
		one := &m.Uses[k]
		one.Read, one.Added = one.Read+u.Read, one.Added+u.Added
		if u.Last.After(one.Last) {
			one.Last = u.Last
		}
	}
	slices.SortFunc(m.Uses, func(a, b use) int { return strings.Compare(a.Category, b.Category) })
	return nil
}
