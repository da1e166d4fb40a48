package pro

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/web/sentence"
)

// ColleaguesPage is what other professionals opened in a record, as its treating doctor may know.
type ColleaguesPage struct {
	Frame
	Visits []sentence.Told
	Older  string // where it goes on, "" at the end
}

// colleagues shows the accesses of others. Who may read them is the gate's to say.
func (r *room) colleagues() {
	if !r.opened() {
		return
	}
	const search = "AuditEvent?"
	target := search + "patient=" + url.QueryEscape(r.id) + "&_sort=-date&_count=100"
	if from := r.R.URL.Query().Get("from"); strings.HasPrefix(from, search) {
		target = from
	}
	found, err := r.Search(r.grant, target)
	if err != nil {
		r.Fail(err)
		return
	}
	self := append([]string{r.grant.Actor.ID}, r.grant.Actor.Identities...)
	var all []sentence.Access
	for _, event := range found.Matches {
		if a, ok := sentence.Of(event); ok && !slices.Contains(self, a.Who) {
			all = append(all, a)
		}
	}
	page := ColleaguesPage{Frame: r.frame()}
	if found.Next != "" {
		page.Older = r.to("colleagues") + "?from=" + url.QueryEscape(found.Next)
	}
	reader := sentence.Reader{Lang: r.Language(), Self: self, Now: r.Now()}
	visits := sentence.Visits(all)
	for k := range visits {
		page.Visits = append(page.Visits, r.p.maker.Visit(&visits[k], reader, r.names()))
	}
	r.Show(http.StatusOK, "colleagues", page)
}

// names gives the words of what the log keeps as references and codes.
func (r *room) names() sentence.Names {
	return sentence.Names{
		Organization: func(ref string) string { return r.p.Gate.Place(r.Context(), ref) },
		App: func(client string) sentence.App {
			if view, ok, err := r.p.People.Named(r.Context(), client); err == nil && ok {
				return sentence.App{FR: view.FR.Name, EN: view.EN.Name, Portal: view.Kind == "portal"}
			}
			return sentence.App{}
		},
		Reason: func(mode, code string) (fr, en string) {
			words, _ := r.p.Gate.EmergencyReason(mode, code)
			return words.FR, words.EN
		},
	}
}
