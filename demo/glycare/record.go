package glycare

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

type languageKey struct{}

// measure is one blood glucose, as it is shown.
type measure struct {
	When  string
	Value string
}

type observation struct {
	ResourceType string      `json:"resourceType"`
	Status       string      `json:"status"`
	Category     []concept   `json:"category,omitempty"`
	Code         concept     `json:"code"`
	Subject      reference   `json:"subject"`
	Effective    string      `json:"effectiveDateTime"`
	Quantity     quantity    `json:"valueQuantity"`
	Performer    []reference `json:"performer,omitempty"`
}

type reference struct {
	Reference string `json:"reference"`
}

type concept struct {
	Coding []coding `json:"coding,omitempty"`
	Text   string   `json:"text,omitempty"`
}

type coding struct {
	System  string `json:"system"`
	Code    string `json:"code"`
	Display string `json:"display,omitempty"`
}

type quantity struct {
	Value  json.Number `json:"value"`
	Unit   string      `json:"unit"`
	System string      `json:"system"`
	Code   string      `json:"code"`
}

// glucose is the code of a blood glucose (LOINC 2339-0: glucose in blood, mass per volume, as the record has it).
const (
	loinc   = "http://loinc.org"
	glucose = "2339-0"
	ucum    = "http://unitsofmeasure.org"
	shown   = 10
)

// look reads whose measures they are, and the newest.
func (a *App) look(r *http.Request, s *session) (name string, all []measure, err error) {
	ctx := spoken(r)
	if err := a.fresh(ctx, s); err != nil {
		return "", nil, err
	}
	var person struct {
		Name []struct {
			Family string
			Given  []string
		}
	}
	if err := a.fetch(ctx, http.MethodGet, a.FHIR+"/Patient/"+url.PathEscape(s.tokens.patient), s.tokens.access, nil, &person); err != nil {
		return "", nil, err
	}
	if len(person.Name) > 0 {
		name = strings.TrimSpace(strings.Join(person.Name[0].Given, " ") + " " + person.Name[0].Family)
	}
	q := url.Values{"patient": {s.tokens.patient}, "code": {loinc + "|" + glucose}, "_sort": {"-date"}, "_count": {strconv.Itoa(shown)}}
	var found struct {
		Entry []struct{ Resource observation }
	}
	if err := a.fetch(ctx, http.MethodGet, a.FHIR+"/Observation?"+q.Encode(), s.tokens.access, nil, &found); err != nil {
		return name, nil, err
	}
	for _, e := range found.Entry {
		o := e.Resource
		if o.ResourceType != "Observation" || o.Quantity.Value == "" {
			continue
		}
		when := o.Effective
		if t, err := time.Parse(time.RFC3339, when); err == nil {
			when = t.UTC().Format("2006-01-02 15:04 UTC")
		}
		all = append(all, measure{when, o.Quantity.Value.String() + " " + o.Quantity.Unit})
	}
	return name, all, nil
}

// write writes one measure of now.
func (a *App) write(r *http.Request, s *session, value float64) error {
	ctx := spoken(r)
	if err := a.fresh(ctx, s); err != nil {
		return err
	}
	who := reference{"Patient/" + s.tokens.patient}
	return a.fetch(ctx, http.MethodPost, a.FHIR+"/Observation", s.tokens.access, observation{
		ResourceType: "Observation", Status: "final", Subject: who, Performer: []reference{who}, Effective: a.Now().UTC().Format(time.RFC3339),
		Category: []concept{{Coding: []coding{{System: "http://terminology.hl7.org/CodeSystem/observation-category", Code: "laboratory"}}}},
		Code:     concept{Coding: []coding{{System: loinc, Code: glucose, Display: "Glucose"}}, Text: "Glycémie"},
		Quantity: quantity{json.Number(strconv.FormatFloat(value, 'f', -1, 64)), "mmol/L", ucum, "mmol/L"},
	}, nil)
}

func spoken(r *http.Request) context.Context {
	return context.WithValue(r.Context(), languageKey{}, language(r))
}

// said are the words of an answer that gives nothing: those of an OperationOutcome, or of an OAuth error.
func said(raw []byte) string {
	var o struct {
		Issue []struct {
			Details struct{ Text string }
		}
		Description string `json:"error_description"`
	}
	if json.Unmarshal(raw, &o) != nil {
		return ""
	}
	for _, i := range o.Issue {
		if i.Details.Text != "" {
			return i.Details.Text
		}
	}
	return o.Description
}
