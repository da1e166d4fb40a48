package emergency

import (
	"net/http"
	"net/url"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/visit"
)

// RecordPage is the rest of the record, as far as the access goes.
type RecordPage struct {
	Clock
	Sections []Section
}

// beyond are the kinds of what stands beside the vital set, in the order in which they are shown.
var beyond = []struct{ resourceType, sort string }{
	{"DocumentReference", "-date"}, {"Condition", "-recorded-date"}, {"MedicationRequest", "-authoredon"}, {"Observation", "-date"},
	{"DiagnosticReport", "-date"}, {"Procedure", "-date"}, {"Immunization", "-date"}, {"Encounter", "-date"}, {"CarePlan", "-date"},
}

// record shows the rest, or that it opens with the second gesture.
func (p *Part) record(v *visit.Visit, e *oauth.Emergency, _ []string) {
	page := RecordPage{Clock: p.clock(v, e, "record")}
	if e.Stage == 1 {
		for _, kind := range beyond {
			page.Sections = append(page.Sections, Section{Key: kind.resourceType, State: stateWithheld})
		}
		v.ShowWith(http.StatusOK, "record", page, web.Shown{Script: "clock.js"})
		return
	}
	g, err := v.EmergencyGrant(e)
	if err != nil {
		v.Fail(err)
		return
	}
	targets := map[string]string{}
	for _, kind := range beyond {
		q := url.Values{"patient": {e.Patient}, "_sort": {kind.sort}, "_count": {"50"}}
		targets[kind.resourceType] = kind.resourceType + "?" + q.Encode()
	}
	read := p.reads(v, g, targets)
	for _, kind := range beyond {
		page.Sections = append(page.Sections, restOf(kind.resourceType, e.ID, v.Language(), read))
	}
	v.ShowWith(http.StatusOK, "record", page, web.Shown{Script: "clock.js"})
}

func restOf(resourceType, opening, lang string, read map[string]*reading) Section {
	r := read[resourceType]
	if said := refusedIn(r.err); said != nil {
		return Section{Key: resourceType, State: stateRefused, Said: said}
	}
	return section(resourceType, read, from{resourceType, func(n *fhir.Node) (Item, bool) { return restItem(n, opening, lang), true }})
}
