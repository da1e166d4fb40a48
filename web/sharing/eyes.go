package sharing

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
)

// eyesPage is /space/eyes, and the preview of a change: the record as somebody else gets it.
type eyesPage struct {
	Frame
	Groups  []Eyes
	Eye     Eye
	Sees    []Section
	Count   int
	Hidden  []Section    // what the visitor sees and the other does not
	Hid     int          // how many
	Further int          // of documents that they would get by asking further back
	Refused []oauth.Said // why the other would get nothing
	Pending *Pending     // the change that is looked at; nil for none
	Typed   string
}

// Pending is a change that was not made yet.
type Pending struct {
	Do     string
	Fields [][2]string
	Gone   []Item // what the other would no longer get
	Shown  []Item // what they would newly get
	Cancel string
}

// Section are the things of one type; its text is "type." and it.
type Section struct {
	Type  string
	Items []Item
}

// Item is one thing of a record, in a line.
type Item struct {
	Type, ID, Title string
	At              time.Time
}

// looked are the types beside documents that a look shows, in order.
var looked = []string{
	"AllergyIntolerance", "Condition", "MedicationRequest", "MedicationStatement", "Immunization", "Observation", "DiagnosticReport", "Procedure",
	"Encounter", "CarePlan", "Device", "RelatedPerson", "Appointment", "Communication",
}

func (r *room) showEyes() {
	c, err := r.readCircle()
	if err != nil {
		r.Fail(err)
		return
	}
	r.look(c, http.StatusOK, cmp.Or(r.value("rpps-viewer"), r.value("viewer")), nil)
}

// look shows the record through somebody's eyes, now or under changes.
func (r *room) look(c *circle, status int, value string, p *plan) {
	page := eyesPage{Frame: r.frame(), Typed: r.value("rpps-viewer")}
	page.Here = "/space/eyes"
	var err error
	if page.Groups, err = r.eyesOf(c); err != nil {
		r.Fail(err)
		return
	}
	var steps []step
	if p != nil {
		steps = p.steps
		page.Pending = &Pending{Do: r.form.Get("do"), Fields: r.posted(), Cancel: r.to(p.back, p.pairs...)}
	}
	viewer, eye, ok, err := r.viewer(c, value)
	switch page.Eye = eye; {
	case err != nil:
		r.Fail(err)
		return
	case value == "":
		r.Show(status, "eyes", page)
		return
	case !ok:
		page.Eye = Eye{}
		page.Said = []oauth.Said{{FR: "Ce nom ou ce numéro n'est celui de personne par les yeux de qui l'on puisse regarder.", EN: "This name or number is nobody's through whose eyes one could look."}}
		r.Show(http.StatusNotFound, "eyes", page)
		return
	}
	if err := r.see(&page, viewer, steps); err != nil {
		r.refusedAs(err, func(said []oauth.Said, status int) {
			page.Said = said
			r.Show(status, "eyes", page)
		})
		return
	}
	r.Show(status, "eyes", page)
}

// posted are the fields of a form, to be posted again: all but the token, the button and what belongs to the page.
func (r *room) posted() [][2]string {
	var out [][2]string
	for name, values := range r.form {
		if slices.Contains([]string{"csrf", "for", "do", "preview", "viewer", "rpps-viewer"}, name) {
			continue
		}
		for _, value := range values {
			out = append(out, [2]string{name, value})
		}
	}
	slices.SortFunc(out, func(a, b [2]string) int { return strings.Compare(a[0]+"\x00"+a[1], b[0]+"\x00"+b[1]) })
	return out
}

// asksOf are the searches by which a record is looked at through somebody's eyes.
func (r *room) asksOf(viewer gate.Viewer) []string {
	patient := url.QueryEscape(r.whose.Patient)
	asks := []string{"DocumentReference?patient=" + patient + "&_sort=-date&_count=200"}
	if viewer.Kind != "app" {
		return append(asks, "Patient/"+patient+"/$everything?_count=500&_type="+strings.Join(looked, ","))
	}
	for _, t := range looked { // an app that may not read who the person is reads the rest type by type
		asks = append(asks, t+"?patient="+patient+"&_count=200")
	}
	return asks
}

// see fills the page with what the viewer gets, now or under the steps of a plan.
func (r *room) see(page *eyesPage, viewer gate.Viewer, steps []step) error {
	g := r.pages.desk.Gate
	changes, err := understood(r.Context(), steps, g.Request)
	if err != nil {
		return err
	}
	eyes, err := g.Eyes(r.Context(), r.grant, viewer, changes...)
	if err != nil {
		return err
	}
	asks := r.asksOf(viewer)
	var hidden []Item
	for k, target := range asks {
		sight, err := eyes.Ask(r.Context(), target)
		if err != nil {
			return err
		}
		if err := page.take(sight); err != nil {
			return err
		}
		for _, ref := range sight.Hidden {
			hidden = append(hidden, Item{Type: ref.Type, ID: ref.ID})
		}
		if k == 0 {
			page.Further = len(sight.Further)
		}
	}
	if hidden, err = r.nameItems(hidden); err != nil {
		return err
	}
	page.Hidden, page.Hid = sections(hidden), len(hidden)
	if page.Pending == nil {
		return nil
	}
	return r.compare(page.Pending, asks, func(target string) (*gate.Difference, error) {
		i, _, err := g.Request(r.Context(), http.MethodGet, target, nil, nil)
		if err != nil {
			return nil, err
		}
		return g.Compare(r.Context(), r.grant, viewer, changes, i)
	})
}

// compare tells what a change would newly hide and show.
func (r *room) compare(p *Pending, asks []string, compare func(string) (*gate.Difference, error)) (err error) {
	for _, target := range asks {
		d, err := compare(target)
		if err != nil {
			return err
		}
		for _, ref := range d.Gone {
			p.Gone = append(p.Gone, Item{Type: ref.Type, ID: ref.ID})
		}
		for _, ref := range d.Shown {
			p.Shown = append(p.Shown, Item{Type: ref.Type, ID: ref.ID})
		}
	}
	if p.Gone, err = r.nameItems(p.Gone); err != nil {
		return err
	}
	p.Shown, err = r.nameItems(p.Shown)
	return err
}
