package record

import (
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
)

// read understands GET [type]/[id]. Binary and Bundle are documents' bytes, a kind of their own: what decides about
// them is the documents that name them.
func (i *Interaction) read(h http.Header, p *parameters) *Refusal {
	i.Kind = KindRead
	if isDocumentType(i.Ref.Type) {
		i.Kind = KindDocument
		return firstOf(p.only(), func() *Refusal { return i.readConditions(h) })
	}
	if no := p.only("_summary", "_elements"); no != nil {
		return no
	}
	if p.value("_summary") != "" || p.value("_elements") != "" {
		var no *Refusal
		if i.Query, no = i.search(i.Ref.Type, true, p.raw); no != nil {
			return no
		}
	}
	return i.readConditions(h)
}

func (i *Interaction) versionRead(r *http.Request, version string, p *parameters) *Refusal {
	if !reads(r.Method) {
		return refuseMethod(r.Method, http.MethodGet, http.MethodHead)
	}
	if !isID(version) {
		return refuse(http.StatusBadRequest, issueValue,
			"%s n'est pas un numéro de version.", "%s is no version id.", clip(version))
	}
	i.Kind, i.Version = KindVRead, version
	return firstOf(p.only(), func() *Refusal { return i.readConditions(r.Header) })
}

// history understands [type]/[id]/_history (FHIR R4 http.html#history).
func (i *Interaction) history(method string, p *parameters) *Refusal {
	if !reads(method) {
		return refuseMethod(method, http.MethodGet, http.MethodHead)
	}
	i.Kind, i.Parameters = KindHistoryInstance, p.names()
	if no := p.only("_count", "_since", "_at"); no != nil {
		return no
	}
	return i.readPage(p)
}

// everything understands Patient/[id]/$everything (FHIR R4 operation-patient-everything). It is refused on all patients
// at once.
func (i *Interaction) everything(p *parameters) *Refusal {
	i.Kind = KindEverything
	if no := p.only("_count", "_since", "_type", "start", "end"); no != nil {
		return no
	}
	if start, end := p.value("start"), p.value("end"); start+end != "" {
		var no *Refusal
		if i.Care, no = newCareDates(start, end); no != nil {
			return no
		}
	}
	if list := p.value("_type"); list != "" {
		for t := range strings.SplitSeq(list, ",") {
			if !fhir.IsType(t) {
				return refuse(http.StatusBadRequest, issueValue,
					"%s n'est pas un type de ressource de FHIR R4.", "%s is no resource type of FHIR R4.", clip(t)).at("_type")
			}
			i.Types = append(i.Types, t)
		}
	}
	return i.readPage(p)
}

// readPage reads _count, _since and _at.
func (i *Interaction) readPage(p *parameters) *Refusal {
	if s := p.value("_count"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || s[0] == '+' {
			return refuse(http.StatusBadRequest, issueValue,
				"_count attend un nombre entier d'au moins 1.", "_count takes a whole number of at least 1.").at("_count")
		}
		i.Count = min(n, MaxHistory)
	}
	if s := p.value("_since"); s != "" {
		var err error
		if i.Since, err = time.Parse(time.RFC3339, strings.ReplaceAll(s, " ", "+")); err != nil {
			return refuse(http.StatusBadRequest, issueValue,
				"_since attend un instant, par exemple 2026-11-21T10:00:00Z.",
				"_since takes an instant, for instance 2026-11-21T10:00:00Z.").at("_since")
		}
	}
	if s := p.value("_at"); s != "" {
		i.At.written = strings.ReplaceAll(s, " ", "+")
		var is bool
		if i.At.From, i.At.To, is = fhir.ParseDate(i.At.written); !is {
			return refuse(http.StatusBadRequest, issueValue,
				"_at attend une date ou un instant, par exemple 2026-11-21 ou 2026-11-21T10:00:00Z.",
				"_at takes a date or an instant, for instance 2026-11-21 or 2026-11-21T10:00:00Z.").at("_at")
		}
	}
	return nil
}

func (i *Interaction) searchByGet(resourceType, raw string) *Refusal {
	if isDocumentType(resourceType) {
		return searchedThroughDocuments(resourceType)
	}
	i.Kind, i.Ref = KindSearch, Ref{Type: resourceType}
	var no *Refusal
	if i.Query, no = i.search(resourceType, i.Strict, raw); no != nil {
		return no
	}
	i.Pretty = i.Query.Pretty
	return nil
}

// searchByPost understands POST [type]/_search: the query string and the form count as one (FHIR R4 http.html#search).
func (i *Interaction) searchByPost(r *http.Request, p *parameters) *Refusal {
	if r.Method != http.MethodPost {
		return refuseMethod(r.Method, http.MethodPost)
	}
	form, no := i.form(r)
	if no != nil {
		return no
	}
	return i.searchOver(i.Ref.Type, p, form)
}

func (i *Interaction) searchOver(resourceType string, p *parameters, form string) *Refusal {
	f, no := readParameters(form, i.limits)
	if no != nil {
		return no
	}
	both := parameters{pairs: append(f.pairs, p.pairs...)}
	if len(both.pairs) > i.limits.Parameters {
		return refuse(http.StatusBadRequest, issueTooCostly,
			"La requête a plus de %d paramètres.", "The request has more than %d parameters.", i.limits.Parameters)
	}
	i.Parameters = both.names()
	if p.raw != "" && form != "" {
		form += "&"
	}
	return i.searchByGet(resourceType, form+p.raw)
}

// form reads a search sent as a form.
func (i *Interaction) form(r *http.Request) (string, *Refusal) {
	sent := r.Header.Get("Content-Type")
	if media, _, _ := mime.ParseMediaType(sent); media == "" && r.ContentLength == 0 {
		return "", nil // every criterion in the query string
	}
	if no := checkContentType(r, func(m string) bool { return m == mediaForm }, mediaForm); no != nil {
		return "", no
	}
	b, no := readBody(r, min(i.limits.Body, 64<<10))
	return string(b), no
}

// compartment understands GET Patient/[id]/[type]?… and its POST form as the search of [type] with the patient added
// (FHIR R4 http.html#vsearch). Which resources are in the compartment is said by who owns them: the resources of
// another person's record that mention this patient are not part of it.
func (i *Interaction) compartment(r *http.Request, rest []string, p *parameters) *Refusal {
	patient, resourceType := i.Ref.ID, rest[0]
	if resourceType == "*" {
		return typeless()
	}
	if !fhir.IsType(resourceType) {
		return refuse(http.StatusNotFound, issueNotSupported,
			"%s n'est pas un type de ressource de FHIR R4.", "%s is no resource type of FHIR R4.", clip(resourceType))
	}
	name := compartmentParameter(resourceType)
	if name == "" {
		return refuse(http.StatusNotFound, issueNotSupported,
			"%s ne se cherche pas dans le dossier d'un patient.", "%s is not searched in a patient's record.", resourceType)
	}
	form := ""
	switch {
	case len(rest) == 1 && reads(r.Method):
	case len(rest) == 2 && r.Method == http.MethodPost:
		var no *Refusal
		if form, no = i.form(r); no != nil {
			return no
		}
	case len(rest) == 1:
		return refuseMethod(r.Method, http.MethodGet, http.MethodHead)
	default:
		return refuseMethod(r.Method, http.MethodPost)
	}
	value := "Patient/" + patient
	if name == "_id" {
		value = patient
	}
	own := name + "=" + url.QueryEscape(value)
	if form != "" {
		own += "&" + form
	}
	if no := i.searchOver(resourceType, p, own); no != nil {
		return no
	}
	i.Compartment = patient
	return nil
}

// compartmentParameter names the search parameter that says whose record a resource of the type is in, "" when there
// is none. It prefers `patient`, which the types of care all have.
func compartmentParameter(resourceType string) string {
	if resourceType == "Patient" {
		return "_id"
	}
	if !fhir.InCompartment(resourceType) || isDocumentType(resourceType) {
		return ""
	}
	for _, name := range []string{"patient", "subject", "individual", "beneficiary", "actor", "member"} {
		if p := fhir.ParamOf(resourceType, name); p != nil && p.Type == "reference" {
			return name
		}
	}
	return fhir.PatientParams(resourceType)[0]
}
