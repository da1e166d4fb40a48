package pro

import (
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web/visit"
)

// Patient is somebody whose record opens, and why.
type Patient struct {
	ID, Name string
	Family   string
	Born     time.Time // zero when not known to the day
	Age      int
	Gender   string // female, male, other, unknown
	INS      string
	Ties     []Tie
	Rule     string
	Treating bool // the visitor is their médecin traitant
}

// Tie is why a record opens, with the hour at which it ends.
type Tie struct {
	gate.Tie
	Hour string
}

func (r *room) patientOf(own *gate.Own) *Patient {
	if own == nil {
		return nil
	}
	n, now := own.Patient.Node(), r.Now()
	p := &Patient{ID: own.Patient.ID(), Name: fhir.NameOf(n), Family: familyOf(n), Gender: n.Get("gender").Text(), Rule: own.Rule}
	if !slices.Contains([]string{"female", "male", "other"}, p.Gender) {
		p.Gender = "unknown"
	}
	if born, err := time.Parse(time.DateOnly, n.Get("birthDate").Text()); err == nil {
		p.Born, p.Age = born, now.Year()-born.Year()
		if born.AddDate(p.Age, 0, 0).After(now) {
			p.Age--
		}
	}
	for _, i := range n.Get("identifier").Items() {
		if visit.IsINS(i.Get("system").Text()) {
			p.INS = i.Get("value").Text()
		}
	}
	for _, tie := range own.Ties {
		p.Ties = append(p.Ties, Tie{tie, r.p.maker.Hour(r.Language(), tie.Until)})
		p.Treating = p.Treating || tie.Kind == "treating"
	}
	return p
}

func familyOf(n *fhir.Node) string {
	for _, name := range n.Get("name").Items() {
		if family := name.Get("family").Text(); family != "" {
			return family
		}
	}
	return fhir.NameOf(n)
}

// PatientsPage is /pro.
type PatientsPage struct {
	CSRF     string
	Now      time.Time
	Patients []*Patient
	More     bool         // there are others, who are found by their INS
	Said     []oauth.Said // why they cannot be listed
	INS      string       // as it was typed
	Error    string       // what is wrong with it: empty, short, key, unknown, wait
	Wait     int          // seconds
}

func (r *room) patients() { r.list(http.StatusOK, PatientsPage{}) }

func (r *room) list(status int, page PatientsPage) {
	own, more, err := r.p.Gate.Patients(r.Context(), r.grant)
	var no *gate.Refusal
	switch {
	case errors.As(err, &no):
		page.Said = visit.SaidIn(err)
	case err != nil:
		r.Fail(err)
		return
	}
	for k := range own {
		page.Patients = append(page.Patients, r.patientOf(&own[k]))
	}
	slices.SortStableFunc(page.Patients, func(a, b *Patient) int {
		return strings.Compare(fhir.Folded(a.Family+" "+a.Name), fhir.Folded(b.Family+" "+b.Name))
	})
	page.CSRF, page.Now, page.More = r.CSRF(), r.Now(), more
	r.Show(status, "patients", page)
}

// ShutPage says that a record does not open, and how it could. It says the same whether there is one.
type ShutPage struct {
	CSRF string
	INS  string // kept in the form that leads to an emergency; "" where none was typed
}

// shut offers the ways in.
func (r *room) shut(status int, page ShutPage) {
	page.CSRF = r.CSRF()
	r.Show(status, "shut", page)
}

// find opens the record of the person with a number, or offers the ways in.
func (r *room) find() {
	if !r.posted() {
		return
	}
	page := PatientsPage{INS: r.form.Get("ins")}
	identifier, wrong := visit.INS(page.INS)
	if wrong != "" {
		page.Error = wrong
		r.list(http.StatusUnprocessableEntity, page)
		return
	}
	if wait := r.Seek(false); wait > 0 {
		page.Error, page.Wait = "wait", int(math.Ceil(wait.Seconds()))
		r.W.Header().Set("Retry-After", strconv.Itoa(page.Wait))
		r.list(http.StatusTooManyRequests, page)
		return
	}
	patient, _, found, err := r.p.Gate.Find(r.Context(), r.grant, identifier)
	if err != nil {
		r.Fail(err)
		return
	}
	if !found {
		r.shut(http.StatusNotFound, ShutPage{INS: page.INS})
		return
	}
	r.id = patient
	r.Go(r.to())
}
