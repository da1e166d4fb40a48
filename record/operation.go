package record

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// An operation is one that is offered on a type or on its instances (FHIR R4 operations.html).
type operation struct {
	on, name   string
	definition string // canonical URL of its OperationDefinition
	instance   bool   // [type]/[id]/$name, else [type]/$name
	understand func(*Interaction, *parameters) *Refusal
}

// operations are all that are offered; the CapabilityStatement names these and the router knows no other.
var operations = []operation{
	{"DocumentReference", "docref", "http://hl7.org/fhir/us/core/OperationDefinition/docref", false, (*Interaction).docref},
	{"Observation", "lastn", "http://hl7.org/fhir/OperationDefinition/Observation-lastn", false, (*Interaction).lastn},
	{"Patient", "everything", "http://hl7.org/fhir/OperationDefinition/Patient-everything", true, (*Interaction).everything},
}

// operate understands an operation, by GET with its parameters in the query or by POST with Parameters (FHIR R4
// operations.html#request). name has its dollar sign.
func (i *Interaction) operate(r *http.Request, name string, instance bool, p *parameters) *Refusal {
	k := slices.IndexFunc(operations, func(o operation) bool {
		return "$"+o.name == name && o.on == i.Ref.Type && o.instance == instance
	})
	switch {
	case k < 0:
		return unknownOperation(name)
	case r.Method == http.MethodPost:
		if no := i.readParameters(r, p); no != nil {
			return no
		}
	case !reads(r.Method):
		return refuseMethod(r.Method, http.MethodGet, http.MethodHead, http.MethodPost)
	}
	i.Operation, i.Parameters = operations[k].name, p.names()
	return operations[k].understand(i, p)
}

// readParameters adds the parameters of a Parameters resource to those of the query. A body of nothing adds none.
func (i *Interaction) readParameters(r *http.Request, p *parameters) *Refusal {
	if r.ContentLength == 0 && r.Header.Get("Content-Type") == "" {
		return nil
	}
	if no := i.readResource(r, "Parameters"); no != nil {
		return no
	}
	for _, one := range i.Resource.Node().Get("parameter").Items() {
		name, value := one.Get("name").Text(), parameterText(one)
		if name == "" || value == "" {
			return refuse(http.StatusBadRequest, issueValue,
				"Le paramètre %s n'a pas une valeur simple, un Coding, un CodeableConcept, un Identifier ou une Reference.",
				"Parameter %s has no simple value, Coding, CodeableConcept, Identifier or Reference.", clip(name)).at("Parameters.parameter")
		}
		if len(p.pairs) == i.limits.Parameters {
			return refuse(http.StatusBadRequest, issueTooCostly,
				"La requête a plus de %d paramètres.", "The request has more than %d parameters.", i.limits.Parameters)
		}
		p.pairs = append(p.pairs, [2]string{name, value})
	}
	i.Resource, i.Body = nil, nil
	return nil
}

// parameterText is the value of a parameter as a search would write it; "" for a value of another kind.
func parameterText(one *fhir.Node) string {
	for name, v := range one.Fields() {
		if !strings.HasPrefix(name, "value") {
			continue
		}
		switch name {
		case "valueCoding":
			return tokenText(v.Get("system").Text(), v.Get("code").Text())
		case "valueIdentifier":
			return tokenText(v.Get("system").Text(), v.Get("value").Text())
		case "valueReference":
			return v.Get("reference").Text()
		case "valueCodeableConcept":
			var all []string
			for c := range v.Get("coding").Each() {
				all = append(all, tokenText(c.Get("system").Text(), c.Get("code").Text()))
			}
			return strings.Join(all, ",")
		}
		if v.Kind() != fhir.Object && v.Kind() != fhir.Array {
			return v.Text()
		}
	}
	return ""
}

func tokenText(system, code string) string {
	if system == "" || code == "" {
		return code
	}
	return system + "|" + code
}

// encoded writes name-value pairs as a query string.
func encoded(pairs [][2]string) string {
	parts := make([]string, len(pairs))
	for k, kv := range pairs {
		parts[k] = url.QueryEscape(kv[0]) + "=" + url.QueryEscape(kv[1])
	}
	return strings.Join(parts, "&")
}

// docref understands $docref (US Core and IPA): the documents of a patient, which is a search of them. Without dates it
// is of the current ones, the newest first. Nothing is made on demand here.
func (i *Interaction) docref(p *parameters) *Refusal {
	if no := p.only("patient", "start", "end", "type", "on-demand", "profile"); no != nil {
		return no
	}
	switch p.value("on-demand") {
	case "", "false":
	default:
		return refuse(http.StatusBadRequest, issueNotSupported,
			"Aucun document n'est produit à la demande : omettez on-demand.", "No document is made on demand: leave on-demand out.").at("on-demand")
	}
	if p.value("patient") == "" {
		return refuse(http.StatusBadRequest, issueRequired, "$docref demande un patient.", "$docref needs a patient.").at("patient")
	}
	var criteria [][2]string
	for _, one := range [][3]string{{"patient", "patient", ""}, {"type", "type", ""}, {"profile", "_profile", ""}, {"start", "period", "ge"}, {"end", "period", "le"}} {
		if v := p.value(one[0]); v != "" {
			criteria = append(criteria, [2]string{one[1], one[2] + v})
		}
	}
	if p.value("start") == "" && p.value("end") == "" {
		criteria = append(criteria, [2]string{"status", "current"}, [2]string{"_sort", "-date"})
	}
	i.Strict = true
	return i.searchByGet(i.Ref.Type, encoded(criteria))
}

// Bounds of $lastn.
const (
	defaultLast = 1
	maxLast     = 100
)

// lastn understands $lastn (FHIR R4 observation-operation-lastn.html): the last observations of each code, among those
// that a search finds.
func (i *Interaction) lastn(p *parameters) *Refusal {
	i.Last = defaultLast
	var criteria [][2]string
	about := false
	for _, kv := range p.pairs {
		name, _, _ := strings.Cut(kv[0], ":")
		switch {
		case name == "max":
			n, err := strconv.Atoi(kv[1])
			if err != nil || n < 1 || n > maxLast {
				return refuse(http.StatusBadRequest, issueValue,
					"max attend un nombre de 1 à %d.", "max takes a number from 1 to %d.", maxLast).at("max")
			}
			i.Last = n
			continue
		case name == "_format" || name == "_pretty":
		case strings.HasPrefix(name, "_") && name != "_id" && name != "_lastUpdated" && name != "_tag" && name != "_profile" && name != "_security" && name != "_source":
			return refuse(http.StatusBadRequest, issueNotSupported,
				"Le paramètre %s n'est pas offert pour cette interaction.",
				"Parameter %s is not offered for this interaction.", clip(kv[0]))
		}
		about = about || name == "code" || name == "category"
		criteria = append(criteria, kv)
	}
	if !about {
		return refuse(http.StatusBadRequest, issueRequired,
			"$lastn demande une catégorie (category) ou un code.", "$lastn needs a category or a code.")
	}
	i.Strict = true
	if no := i.searchByGet(i.Ref.Type, encoded(append(criteria, [2]string{"_sort", "-date"}))); no != nil {
		return no
	}
	i.Self = "Observation/$lastn?" + encoded(append(criteria, [2]string{"max", strconv.Itoa(i.Last)}))
	return nil
}
