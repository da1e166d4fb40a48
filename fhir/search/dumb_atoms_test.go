package search_test

import (
	"encoding/json"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/internal/naive"
)

// The reference is a second opinion on every search parameter. It takes values out of decoded JSON by the shape that
// they have there, without any definition of a data type, and compares them with code of its own.

// atom is one value that a parameter takes in a resource.
type atom struct {
	system, code, text string // token, uri (code), string (text), unit of a quantity
	bare               bool   // the element has no system
	kinds              [][2]string
	low, high          time.Time // of a date, [low, high)
	from, to           bool      // the end is bounded
	min, max           *big.Rat  // of a number; nil unbounded
	minOpen, maxOpen   bool
	number             string  // as written
	ref                pointer // of a reference
	parts              [][]atom
}

// pointer is a reference as the reference reads it.
type pointer struct {
	kind, id, version, url string
	system, value          string // of its identifier
	identified, contained  bool
}

const here = "https://here.example/fhir"

func isType(name string) bool { return fhir.DefinitionOf(name) != nil }

// deceased and its like say whether something holds.
var existsExpression = regexp.MustCompile(`^(\w+)\.(\w+)\.exists\(\) and (\w+)\.(\w+) != false$`)

// atomsOf are the values of a parameter in a decoded resource.
func atomsOf(p *fhir.Param, root map[string]any) []atom {
	if m := existsExpression.FindStringSubmatch(p.Expression); m != nil {
		code := "false"
		for name, v := range root {
			if strings.HasPrefix(name, m[2]) && isType(strings.ToLower(name[len(m[2]):][:1])+name[len(m[2])+1:]) && v != false {
				code = "true"
			}
		}
		return []atom{{code: code, bare: true}}
	}
	var all []atom
	for _, item := range naive.Evaluate(p.Expression, root, root, isType) {
		if p.Type != "composite" {
			all = append(all, atoms(p.Type, item.Value, root)...)
			continue
		}
		var parts [][]atom
		for _, c := range p.Components {
			var part []atom
			for _, inner := range naive.Evaluate(c.Expression, root, item.Value, isType) {
				if c.Type != "token" || !slices.Contains([]string{"Quantity", "Range", "Reference"}, inner.Choice) { // no token has such a shape
					part = append(part, atoms(c.Type, inner.Value, root)...)
				}
			}
			if len(part) > 0 {
				parts = append(parts, part)
			}
		}
		if len(parts) == len(p.Components) {
			all = append(all, atom{parts: parts})
		}
	}
	return all
}

// atoms reads one element by its shape.
func atoms(kind string, v any, root map[string]any) []atom {
	object, _ := v.(map[string]any)
	if object["url"] != nil && object["resourceType"] == nil { // an extension
		for name, inner := range object {
			if strings.HasPrefix(name, "value") {
				return atoms(kind, inner, root)
			}
		}
		return nil
	}
	switch kind {
	case "string":
		return stringAtoms(v)
	case "uri":
		s, _ := v.(string)
		if url, _, versioned := strings.Cut(s, "|"); versioned {
			return []atom{{code: s}, {code: url}}
		}
		return slices.DeleteFunc([]atom{{code: s}}, func(a atom) bool { return a.code == "" })
	case "token":
		return tokenAtoms(v)
	case "date":
		return dateAtoms(v)
	case "number", "quantity":
		return numberAtoms(v)
	case "reference":
		return referenceAtoms(v, root)
	}
	return nil
}

func str(v any, name string) string {
	object, _ := v.(map[string]any)
	s, _ := object[name].(string)
	return s
}

func items(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	if v == nil {
		return nil
	}
	return []any{v}
}

func stringAtoms(v any) (all []atom) {
	object, ok := v.(map[string]any)
	if !ok {
		if s, is := v.(string); is && s != "" {
			return []atom{{text: s}}
		}
		return nil
	}
	for _, name := range []string{"text", "family", "given", "prefix", "suffix", "line", "city", "district", "state", "postalCode", "country"} {
		for _, s := range items(object[name]) {
			all = append(all, stringAtoms(s)...)
		}
	}
	for _, coding := range items(object["coding"]) {
		if s := str(coding, "display"); s != "" {
			all = append(all, atom{text: s})
		}
	}
	return all
}

var contactSystems = []string{"phone", "fax", "email", "pager", "url", "sms", "other"}

func tokenAtoms(v any) (all []atom) {
	switch v := v.(type) {
	case string:
		if v != "" {
			return []atom{{code: v, bare: true}}
		}
	case bool:
		return []atom{{code: map[bool]string{true: "true", false: "false"}[v], bare: true}}
	case json.Number:
		return []atom{{code: v.String(), bare: true}}
	case map[string]any:
		a := atom{system: str(v, "system"), code: str(v, "code"), text: str(v, "display")}
		switch {
		case v["coding"] != nil || v["text"] != nil:
			for _, coding := range items(v["coding"]) {
				all = append(all, tokenAtoms(coding)...)
			}
			a = atom{text: str(v, "text")}
		case v["value"] != nil && slices.Contains(contactSystems, a.system):
			a = atom{system: a.system, code: str(v, "value"), bare: true}
		case v["code"] == nil && v["display"] == nil: // an identifier
			a = atom{system: a.system, code: str(v, "value")}
			kind, _ := v["type"].(map[string]any)
			if a.system != "" || a.code != "" {
				a.text = str(kind, "text")
			}
			for _, coding := range items(kind["coding"]) {
				a.kinds = append(a.kinds, [2]string{str(coding, "system"), str(coding, "code")})
			}
		}
		if a.system != "" || a.code != "" || a.text != "" {
			all = append(all, a)
		}
	}
	return all
}

func dateAtoms(v any) []atom {
	switch v := v.(type) {
	case string:
		if low, high, ok := instants(v); ok {
			return []atom{{low: low, high: high, from: true, to: true}}
		}
	case map[string]any:
		if v["start"] != nil || v["end"] != nil {
			return periodAtoms(v)
		}
		var a atom
		for _, e := range items(v["event"]) {
			if low, high, ok := instants(e.(string)); ok {
				if !a.from || low.Before(a.low) {
					a.low, a.from = low, true
				}
				if !a.to || high.After(a.high) {
					a.high, a.to = high, true
				}
			}
		}
		if a.from {
			return []atom{a}
		}
		if repeat, ok := v["repeat"].(map[string]any); ok {
			if bounds, ok := repeat["boundsPeriod"].(map[string]any); ok {
				return periodAtoms(bounds)
			}
		}
	}
	return nil
}

func periodAtoms(v map[string]any) []atom {
	a := atom{}
	if s := str(v, "start"); s != "" {
		if a.low, _, a.from = instants(s); !a.from {
			return nil
		}
	}
	if s := str(v, "end"); s != "" {
		if _, a.high, a.to = instants(s); !a.to {
			return nil
		}
	}
	if !a.from && !a.to {
		return nil
	}
	return []atom{a}
}

// instants is the interval of a date as written.
func instants(s string) (low, high time.Time, ok bool) {
	for layout, add := range map[string][3]int{"2006": {1, 0, 0}, "2006-01": {0, 1, 0}, "2006-01-02": {0, 0, 1}} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, t.AddDate(add[0], add[1], add[2]), true
		}
	}
	for _, layout := range []string{"2006-01-02T15:04Z07:00", "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, t.Add(time.Minute), true
		}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			unit := time.Second
			if m := regexp.MustCompile(`\.(\d+)`).FindStringSubmatch(s); m != nil {
				for range min(len(m[1]), 9) {
					unit /= 10
				}
			}
			return t, t.Add(unit), true
		}
	}
	return low, high, false
}

func numberAtoms(v any) []atom {
	switch v := v.(type) {
	case json.Number:
		n, _ := new(big.Rat).SetString(v.String())
		return []atom{{min: n, max: n, number: v.String()}}
	case map[string]any:
		if low, high := numberAtoms(v["low"]), numberAtoms(v["high"]); len(low)+len(high) > 0 {
			var a atom
			if len(high) > 0 {
				a = high[0]
				a.min = nil
			}
			if len(low) > 0 {
				max := a.max
				a = low[0]
				a.max = max
			}
			return []atom{a}
		}
		n, is := v["value"].(json.Number)
		if !is {
			return nil
		}
		a := numberAtoms(n)[0]
		a.system, a.code, a.text = str(v, "system"), str(v, "code"), str(v, "unit")
		if currency := str(v, "currency"); currency != "" {
			a.system, a.code = "urn:iso:std:iso:4217", currency
		}
		switch comparator := str(v, "comparator"); comparator {
		case "<", "<=":
			a.min, a.maxOpen = nil, comparator == "<"
		case ">", ">=":
			a.max, a.minOpen = nil, comparator == ">"
		}
		return []atom{a}
	}
	return nil
}

var literal = regexp.MustCompile(`^([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/([A-Za-z0-9.-]{1,64}))?$`)

func referenceAtoms(v any, root map[string]any) []atom {
	var f pointer
	switch v := v.(type) {
	case string: // a canonical
		f.url, f.version, _ = strings.Cut(v, "|")
	case map[string]any:
		if v["resourceType"] != nil {
			return []atom{{ref: pointer{kind: str(v, "resourceType"), id: str(v, "id")}}}
		}
		f.url = str(v, "reference")
		if id, ok := v["identifier"].(map[string]any); ok && str(id, "value") != "" {
			f.system, f.value, f.identified = str(id, "system"), str(id, "value"), true
		}
		if !f.identified && f.url == "" {
			return nil
		}
	}
	if id, local := strings.CutPrefix(f.url, "#"); local {
		f.contained = true
		for _, c := range items(root["contained"]) {
			ids := items(c.(map[string]any)["identifier"])
			if str(c, "id") == id && len(ids) > 0 && str(ids[0], "value") != "" && !f.identified {
				f.system, f.value, f.identified = str(ids[0], "system"), str(ids[0], "value"), true
			}
		}
	} else if m := literal.FindStringSubmatch(strings.TrimPrefix(f.url, here+"/")); m != nil && fhir.IsType(m[1]) {
		f.kind, f.id = m[1], m[2]
		if m[3] != "" {
			f.version = m[3]
		}
	}
	return []atom{{ref: f}}
}
