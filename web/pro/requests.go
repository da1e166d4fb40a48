package pro

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web/visit"
)

// patientsAtOnce is how many records one search may name.
const patientsAtOnce = 20

// RequestsPage is what waits for the visitor in all records that open to them.
type RequestsPage struct {
	CSRF  string
	Asked []Asked
	Due   []Due
	Said  []oauth.Said // why some of it could not be read
	More  bool
}

// Due is a document that waits for an announcement.
type Due struct {
	Patient *Patient
	Item    Item
}

// requests lists the requests to mask and the announcements of the visitor's own patients.
func (r *room) requests() {
	own, more, err := r.p.Gate.Patients(r.Context(), r.grant)
	if err != nil {
		r.Fail(err)
		return
	}
	page := RequestsPage{CSRF: r.CSRF(), More: more}
	patients := map[string]*Patient{}
	var ids []string
	for k := range own {
		p := r.patientOf(&own[k])
		patients[p.ID] = p
		ids = append(ids, p.ID)
	}
	for some := range slices.Chunk(ids, patientsAtOnce) {
		if err := r.waiting(&page, patients, some); err != nil {
			page.Said = append(page.Said, visit.SaidIn(err)...)
			if visit.SaidIn(err) == nil {
				r.Fail(err)
				return
			}
		}
	}
	r.Show(http.StatusOK, "requests", page)
}

// waiting adds what waits in some records.
func (r *room) waiting(page *RequestsPage, patients map[string]*Patient, some []string) error {
	named := strings.Join(some, ",")
	asked, more, err := r.asked(named)
	if err != nil {
		return err
	}
	page.More = page.More || more
	for _, a := range asked {
		if err := r.preview(&a, patients); err != nil {
			return err
		}
		page.Asked = append(page.Asked, a)
	}
	found, err := r.Search(r.grant, "DocumentReference?patient="+url.QueryEscape(named)+"&security-label="+fhir.Unannounced+"&status=current&date=ge1900-01-01&_sort=-date&_count=100")
	if err != nil {
		return err
	}
	page.More = page.More || found.Next != ""
	for _, one := range found.Matches {
		id, _ := cutType(one.Node().At("subject", "reference").Text(), "Patient")
		if p := patients[id]; p != nil {
			r.id = id
			page.Due = append(page.Due, Due{p, r.documentItem(one)})
		}
	}
	return nil
}

// preview reads the document that a request is about.
func (r *room) preview(a *Asked, patients map[string]*Patient) error {
	one, err := r.Get(r.grant, "DocumentReference/"+url.PathEscape(a.About))
	if err != nil {
		if visit.SaidIn(err) != nil {
			return nil // it is no longer there, or no longer opens: the request is shown without it
		}
		return err
	}
	r.id, _ = cutType(one.Node().At("subject", "reference").Text(), "Patient")
	a.Patient = patients[r.id]
	item := r.documentItem(one)
	a.Doc = &item
	return nil
}
