package search

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// control is a parameter that shapes the answer rather than choosing resources (R4 search §3.1.1.5).
type control struct {
	repeats bool
	read    func(p *parser, name, value string) error
}

// controls are those understood, by exact name: a modifier on any of them is refused by [refused].
var controls map[string]control

func init() { // a literal would be an initialisation cycle through the readers
	controls = map[string]control{
		"_count":              {false, (*parser).readCount},
		"_sort":               {true, (*parser).readSort},
		"_include":            {true, (*parser).readInclude},
		"_revinclude":         {true, (*parser).readInclude},
		"_include:iterate":    {true, (*parser).readInclude},
		"_revinclude:iterate": {true, (*parser).readInclude},
		"_summary":            {false, (*parser).readSummary},
		"_elements":           {false, (*parser).readElements},
		"_total":              {false, (*parser).readTotal},
		"_format":             {false, (*parser).readFormat},
		"_pretty":             {false, (*parser).readPretty},
		"_contained":          {false, (*parser).readContained},
	}
}

// unsupported are parameters of R4 that change which resources match. Leaving one out would answer another question,
// so they are refused in lenient handling too, at the end of a chain or of a `_has` as well.
var unsupported = []string{
	"_filter", "_query", "_text", "_content", "_contained", "_containedType", "_type", "_score", "near",
}

// refused returns the error for a parameter that is never read, or nil.
func refused(name string) error {
	bare, modifier, modified := strings.Cut(name, ":")
	if i := strings.IndexByte(bare, '.'); i >= 0 {
		bare = bare[:i]
	}
	if slices.Contains(unsupported, bare) {
		return unserved(name, bare)
	}
	_, known := controls[bare]
	if !known || !modified {
		return nil
	}
	if modifier == "recurse" {
		return fail(name, codeNotSupported, "Le modificateur :recurse est d'avant R4 : écrivez %s:iterate.",
			"Modifier :recurse is from before R4: write %s:iterate.", bare)
	}
	return fail(name, codeInvalid, "Le paramètre %s n'admet pas le modificateur %q.",
		"Parameter %s has no modifier %q.", bare, show(modifier))
}

func unserved(name, bare string) *Error {
	return fail(name, codeNotSupported, "Le paramètre %s n'est pas pris en charge ; l'ignorer changerait le sens de la recherche.",
		"Parameter %s is not supported, and ignoring it would change what the search means.", bare)
}

// readContained takes what every search means without it: no contained resource is a match (R4 search §3.1.1.5.5).
func (p *parser) readContained(name, value string) error {
	if value != "false" {
		return unserved(name, name)
	}
	p.query.uncontained = true
	return nil
}

func (p *parser) readCount(name, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || value[0] == '+' {
		return fail(name, codeValue, "_count attend un nombre entier positif ou nul, pas %q.",
			"_count takes a whole number, zero or more, rather than %q.", show(value))
	}
	p.query.Count = min(n, MaxCount)
	p.query.counted = true
	return nil
}

func (p *parser) readSort(name, value string) error {
	for item := range strings.SplitSeq(value, ",") {
		key := SortKey{Name: strings.TrimPrefix(item, "-"), Descending: strings.HasPrefix(item, "-")}
		key.Param = fhir.ParamOf(p.query.Type, key.Name)
		if key.Param == nil {
			return fail(name, codeValue, "%q n'est pas un paramètre de recherche de %s.",
				"%q is no search parameter of %s.", show(key.Name), p.query.Type)
		}
		if key.Param.Type == "composite" || key.Param.Type == "special" {
			return fail(name, codeNotSupported, "Le tri par %s n'est pas pris en charge.",
				"Sorting by %s is not supported.", key.Name)
		}
		if slices.ContainsFunc(p.query.Sort, func(k SortKey) bool { return k.Name == key.Name }) {
			return fail(name, codeInvalid, "%s apparaît deux fois dans le tri.", "%s is in the sort twice.", key.Name)
		}
		if len(p.query.Sort) == MaxSort {
			return fail(name, codeTooCostly, "Le tri a plus de %d clés.", "The sort has more than %d keys.", MaxSort)
		}
		p.query.Sort = append(p.query.Sort, key)
	}
	return nil
}

func (p *parser) readSummary(name, value string) error {
	switch value {
	case "false":
		p.query.Summary = SummaryNone
	case "true", "text", "data", "count":
		p.query.Summary = Summary(value)
	default:
		return fail(name, codeValue, "_summary attend true, text, data, count ou false, pas %q.",
			"_summary takes true, text, data, count or false, rather than %q.", show(value))
	}
	return nil
}

func (p *parser) readTotal(name, value string) error {
	if value != "none" && value != "estimate" && value != "accurate" {
		return fail(name, codeValue, "_total attend none, estimate ou accurate, pas %q.",
			"_total takes none, estimate or accurate, rather than %q.", show(value))
	}
	p.query.Total = value
	return nil
}

func (p *parser) readElements(name, value string) error {
	for item := range strings.SplitSeq(value, ",") {
		element := strings.TrimPrefix(item, p.query.Type+".")
		if element == "" || len(element) > 64 || strings.ContainsFunc(element, notElement) {
			return fail(name, codeValue, "_elements attend des noms d'éléments de premier niveau, pas %q.",
				"_elements takes names of top-level elements, rather than %q.", show(item))
		}
		if slices.Contains(p.query.Elements, element) {
			continue
		}
		if len(p.query.Elements) == MaxElements {
			return fail(name, codeTooLong, "_elements a plus de %d noms.", "_elements has more than %d names.", MaxElements)
		}
		p.query.Elements = append(p.query.Elements, element)
	}
	return nil
}

func notElement(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_'
}

func (p *parser) readFormat(name, value string) error {
	if value == "" || len(value) > 100 {
		return fail(name, codeValue, "_format attend un type de contenu.", "_format takes a content type.")
	}
	p.query.Format = value
	return nil
}

func (p *parser) readPretty(name, value string) error {
	if value != "true" && value != "false" {
		return fail(name, codeValue, "_pretty attend true ou false, pas %q.",
			"_pretty takes true or false, rather than %q.", show(value))
	}
	p.query.Pretty = value == "true"
	return nil
}

// targets reports whether a reference parameter may lead to resourceType; a parameter that names no target may lead
// anywhere.
func targets(p *fhir.Param, resourceType string) bool {
	return len(p.Target) == 0 || slices.Contains(p.Target, resourceType)
}

func noType(name, resourceType string) error {
	return fail(name, codeValue, "%q n'est pas un type de ressource de FHIR R4.",
		"%q is no resource type of FHIR R4.", show(resourceType))
}
