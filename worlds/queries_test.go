package worlds

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// search draws a search from the definitions of the search parameters.
func (a *asker) search() request {
	kind := a.kind()
	query := a.question(kind)
	if len(a.edges) > 0 && a.chance(0.4) {
		kind, query = a.aimed()
	}
	r := request{method: "GET", path: root + "/" + kind, query: query, pages: a.chance(0.8)}
	if a.chance(0.3) {
		r.headers = append(r.headers, [2]string{"Prefer", "handling=strict"})
	}
	return a.accept(r)
}

func (a *asker) postSearch() request {
	r := a.search()
	r.method, r.path, r.body = "POST", r.path+"/_search", strings.Join(r.query, "&")
	r.query = nil
	r.headers = append(r.headers, [2]string{"Content-Type", "application/x-www-form-urlencoded"})
	return r
}

func (a *asker) compartment() request {
	r := a.search()
	r.path = root + "/Patient/" + a.person() + "/" + strings.TrimPrefix(r.path, root+"/")
	return r
}

func (a *asker) question(kind string) []string {
	var q []string
	if whose := a.whose(kind); whose != "" {
		q = append(q, whose)
	}
	if kind == "DocumentReference" && a.chance(0.4) {
		q = append(q, "date=ge2000")
	}
	for range a.IntN(3) {
		q = append(q, a.criterion(kind, 3)...)
	}
	for range a.IntN(3) {
		q = append(q, a.control(kind))
	}
	return q
}

// whose names the record, in one of the ways there are.
func (a *asker) whose(kind string) string {
	if kind == "Patient" && a.chance(0.5) {
		return "_id=" + a.person()
	}
	switch n := a.IntN(10); {
	case n < 5:
		return "patient=" + a.person()
	case n < 6:
		return "patient=Patient/" + a.person()
	case n < 7:
		return "patient.identifier=" + url.QueryEscape("urn:oid:1.2.250.1.213.1.4.8|ins-"+a.person())
	case n < 8:
		return "subject=Patient/" + a.person()
	}
	return ""
}

// param draws a search parameter of a type; those of the definitions have equal odds.
func (a *asker) param(kind string, types ...string) *fhir.Param {
	var from []*fhir.Param
	for _, p := range fhir.Params(kind) {
		for _, t := range types {
			if p.Type == t {
				from = append(from, p)
			}
		}
		if types == nil {
			from = append(from, p)
		}
	}
	if len(from) == 0 {
		return nil
	}
	return pick(a.Rand, from)
}

// told draws a parameter that some resource of the worlds has a value for, most of the time.
func (a *asker) told(kind string, types ...string) *fhir.Param {
	for range 6 {
		p := a.param(kind, types...)
		if p == nil {
			return nil
		}
		if r := a.one(kind); r != nil && len(p.Values(r)) > 0 || a.chance(0.1) {
			return p
		}
	}
	return a.param(kind, types...)
}

// criterion draws one criterion: plain, chained to a depth, or reversed.
func (a *asker) criterion(kind string, depth int) []string {
	name, p := a.path(kind, depth)
	if p == nil {
		return nil
	}
	modifier := a.modifier(p)
	if modifier == ":missing" {
		return []string{name + ":missing=" + pick(a.Rand, []string{"true", "false"})}
	}
	values := []string{a.value(p, modifier)}
	for a.chance(0.15) {
		values = append(values, a.value(p, modifier))
	}
	return []string{name + modifier + "=" + url.QueryEscape(strings.Join(values, ","))}
}

// path draws the name of a criterion and the parameter that its values are of.
func (a *asker) path(kind string, depth int) (string, *fhir.Param) {
	switch n := a.Float64(); {
	case depth > 1 && n < 0.18: // a chain
		p := a.told(kind, "reference")
		if p == nil || len(p.Target) == 0 {
			break
		}
		target := pick(a.Rand, p.Target)
		if h := a.one(""); a.chance(0.7) && contains(p.Target, h.Type()) {
			target = h.Type()
		}
		rest, last := a.path(target, depth-1)
		if last == nil {
			break
		}
		return p.Name + ":" + target + "." + rest, last
	case depth > 1 && n < 0.33: // reversed
		source := a.kind()
		p := a.told(source, "reference")
		if p == nil {
			break
		}
		rest, last := a.path(source, depth-1)
		if last == nil {
			break
		}
		return "_has:" + source + ":" + p.Name + ":" + rest, last
	case n < 0.36:
		return "_id", fhir.ParamOf(kind, "_id")
	case n < 0.39:
		return "_lastUpdated", fhir.ParamOf(kind, "_lastUpdated")
	case n < 0.42:
		return "_list", fhir.ParamOf("List", "_id")
	}
	if p := a.told(kind); p != nil {
		return p.Name, p
	}
	return "", nil
}

func contains(all []string, s string) bool {
	for _, x := range all {
		if x == s {
			return true
		}
	}
	return false
}

var modifiers = map[string][]string{
	"token":     {":not", ":text", ":in", ":not-in", ":below", ":above", ":of-type", ":missing"},
	"string":    {":exact", ":contains", ":missing"},
	"reference": {":identifier", ":missing", ":DocumentReference", ":Observation", ":Encounter", ":below"},
	"uri":       {":below", ":above", ":missing"},
	"date":      {":missing", ":nothing"},
	"number":    {":missing"}, "quantity": {":missing"}, "composite": {":missing"},
}

func (a *asker) modifier(p *fhir.Param) string {
	if all := modifiers[p.Type]; len(all) > 0 && a.chance(0.25) {
		return pick(a.Rand, all)
	}
	return ""
}

// value draws a value: one that some resource of either world has, now and then one that none has.
func (a *asker) value(p *fhir.Param, modifier string) string {
	for range 4 {
		r := a.one(p.Resource)
		if r == nil {
			break
		}
		if p.Name == "_id" {
			return r.ID()
		}
		if p.Name == "_lastUpdated" {
			return a.prefix() + a.instant(dawn.Add(time.Duration(a.IntN(26))*time.Hour))
		}
		if values := p.Values(r); len(values) > 0 {
			return a.written(p, pick(a.Rand, values), modifier)
		}
	}
	switch p.Type {
	case "reference":
		return a.ref()
	case "date":
		return a.prefix() + a.instant(dawn)
	case "number", "quantity":
		return a.prefix() + strconv.Itoa(a.IntN(10))
	}
	return pick(a.Rand, []string{"current", "x", "final", masque, loinc + "|11488-4", "urn:doc|h2", "dr"})
}

func (a *asker) written(p *fhir.Param, v fhir.Value, modifier string) string {
	switch v.Kind {
	case fhir.TokenValue:
		if modifier == ":text" {
			return search.Escape(v.Text)
		}
		if modifier == ":of-type" && len(v.TypeCodes) > 0 {
			return v.TypeCodes[0] + "|" + search.Escape(v.Code)
		}
		return pick(a.Rand, []string{search.Escape(v.Code), search.Escape(v.System) + "|" + search.Escape(v.Code), search.Escape(v.System) + "|", "|" + search.Escape(v.Code)})
	case fhir.ReferenceValue:
		if modifier == ":identifier" {
			if h := a.one(v.Reference.Type); h != nil {
				return search.Escape("urn:doc|" + h.ID())
			}
			return search.Escape(v.Reference.Identifier)
		}
		if v.Reference.ID == "" {
			return search.Escape(v.Reference.URL)
		}
		return pick(a.Rand, []string{v.Reference.Type + "/" + v.Reference.ID, v.Reference.ID, base + "/" + v.Reference.Type + "/" + v.Reference.ID})
	case fhir.DateValue:
		return a.prefix() + a.instant(v.Low)
	case fhir.StringValue:
		s := v.Text
		if n := len([]rune(s)); a.chance(0.4) && n > 2 {
			s = string([]rune(s)[:1+a.IntN(n-1)])
		}
		return search.Escape(s)
	case fhir.NumberValue:
		return a.prefix() + v.Lexical
	case fhir.QuantityValue:
		return a.prefix() + v.Lexical + pick(a.Rand, []string{"", "|" + search.Escape(v.System) + "|" + search.Escape(v.Code), "||" + search.Escape(v.Code)})
	case fhir.CompositeValue:
		var parts []string
		for _, one := range v.Parts {
			if len(one) == 0 {
				return "x$y"
			}
			parts = append(parts, a.written(p, one[0], ""))
		}
		return strings.Join(parts, "$")
	}
	return search.Escape(v.Code)
}

func (a *asker) prefix() string {
	return pick(a.Rand, []string{"", "", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"})
}

// instant writes a time to one of the precisions there are.
func (a *asker) instant(at time.Time) string {
	if at.IsZero() {
		at = dawn
	}
	if a.chance(0.2) {
		at = at.Add(time.Duration(a.IntN(7)-3) * 24 * time.Hour)
	}
	return at.UTC().Format(pick(a.Rand, []string{"2006", "2006-01", "2006-01-02", "2006-01-02T15:04:05Z", "2006-01-02T15:04Z"}))
}

// control draws a parameter that shapes the answer.
func (a *asker) control(kind string) string {
	switch a.IntN(9) {
	case 0, 1:
		return "_count=" + pick(a.Rand, []string{"0", "1", "1", "2", "3", "5", "200"})
	case 2:
		return "_total=" + pick(a.Rand, []string{"none", "estimate", "accurate"})
	case 3, 4:
		var keys []string
		for range 1 + a.IntN(2) {
			if p := a.told(kind); p != nil {
				keys = append(keys, pick(a.Rand, []string{"", "-"})+p.Name)
			}
		}
		return "_sort=" + strings.Join(keys, ",")
	case 5:
		return a.shape()
	case 6, 7:
		return a.include(kind, "_include", kind)
	}
	return a.include(kind, "_revinclude", a.kind())
}

func (a *asker) shape() string {
	if a.chance(0.5) {
		return "_summary=" + pick(a.Rand, []string{"true", "text", "data", "count", "false"})
	}
	return "_elements=" + pick(a.Rand, []string{"status", "date", "identifier,relatesTo", "entry", "subject", "nothing"})
}

func (a *asker) include(kind, name, source string) string {
	if a.chance(0.4) {
		name += ":iterate"
		if a.chance(0.5) {
			source = a.kind()
		}
	}
	if a.chance(0.05) {
		return name + "=*"
	}
	p := a.told(source, "reference")
	if p == nil {
		return name + "=" + source + ":subject"
	}
	v := source + ":" + p.Name
	if len(p.Target) > 0 && a.chance(0.3) {
		v += ":" + pick(a.Rand, p.Target)
	}
	return name + "=" + v
}
