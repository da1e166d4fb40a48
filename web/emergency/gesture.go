package emergency

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/visit"
)

// stage takes an access further: the second gesture, and the third with a reason of its own.
func (p *Part) stage(v *visit.Visit, path []string) {
	form, ok := v.Form()
	if !ok {
		return
	}
	stage := map[string]int{"2": 2, "3": 3}[form.Get("stage")]
	e, err := v.NextStage(path[0], stage, oneLine(form.Get("typed")))
	switch {
	case errors.Is(err, oauth.ErrNotFound):
		v.Nothing()
	case err != nil:
		v.Fail(err)
	default:
		v.Go(home + "/" + e.ID + "/record")
	}
}

// end puts an end to an access, and shows what was opened in it.
func (p *Part) end(v *visit.Visit, path []string) {
	if _, ok := v.Form(); !ok {
		return
	}
	e, err := v.EndEmergency(path[0])
	switch {
	case errors.Is(err, oauth.ErrNotFound):
		v.Nothing()
	case err != nil:
		v.Fail(err)
	default:
		v.Go(home + "/" + e.ID + "/opened")
	}
}

// OpenedPage is the receipt of an access: what was opened, as the access log has it.
type OpenedPage struct {
	Clock
	Lines []Line
	More  bool // there are more than are listed
}

// Line is one thing that was done in an access.
type Line struct {
	At    time.Time
	Key   string // of its sentence: emergency.did.…
	Count int    // how many resources were shown
}

// lineOf says what an entry of the log was: a gesture by its name and stage, a reading by the kind of what was shown.
func lineOf(e *audit.Entry) Line {
	l := Line{At: e.At, Key: "emergency.did.nothing"}
	switch {
	case e.Outcome != audit.Granted:
		l.Key = "emergency.did.refused"
	case e.Interaction == "open-emergency":
		l.Key = "emergency.did.open-" + strconv.Itoa(e.Stage)
	case e.Interaction == "end-emergency":
		l.Key = "emergency.did.end"
	case len(e.Resources) > 0:
		kind, _, _ := strings.Cut(e.Resources[0], "/")
		l.Key, l.Count = "emergency.did.other", len(e.Resources)
		if slices.Contains(told, kind) {
			l.Key = "emergency.did." + kind
		}
	}
	return l
}

// told are the kinds of resources that have a word of their own.
var told = []string{
	"Patient", "AllergyIntolerance", "MedicationRequest", "MedicationStatement", "Condition", "Observation", "Device", "DocumentReference",
	"RelatedPerson", "Binary", "DiagnosticReport", "Procedure", "Immunization", "Encounter", "CarePlan",
}

func (p *Part) opened(v *visit.Visit, path []string) {
	e, ok := p.opening(v, path[0])
	if !ok {
		return
	}
	g, err := v.EmergencyGrant(e)
	if err != nil {
		v.Fail(err)
		return
	}
	entries, more, err := p.Gate.Receipt(v.Context(), g)
	if err != nil {
		v.Fail(err)
		return
	}
	page := OpenedPage{Clock: p.clock(v, e, "opened"), More: more}
	for i := range entries {
		page.Lines = append(page.Lines, lineOf(&entries[i]))
	}
	v.ShowWith(http.StatusOK, "opened", page, web.Shown{Script: "clock.js"})
}
