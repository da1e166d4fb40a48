package search

import (
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// readInclude reads `_include=Source:param[:Target]`, `_include=Source:*[:Target]`, `_include=*` and `_revinclude` of
// the same forms (R4 search §3.1.1.5.4). A reverse inclusion names the type it comes from: `_revinclude=*` would look
// through every resource there is.
func (p *parser) readInclude(name, value string) error {
	if len(p.query.Include)+len(p.query.RevInclude) >= MaxIncludes {
		return fail(name, codeTooCostly, "La recherche a plus de %d inclusions.",
			"The search has more than %d inclusions.", MaxIncludes)
	}
	bare, _, iterate := strings.Cut(name, ":")
	if value == "*" {
		if name != "_include" {
			return fail(name, codeNotSupported, "%s=* n'est pas pris en charge : nommez le type, par exemple %[1]s=Observation:*.",
				"%s=* is not supported: name the type, for instance %[1]s=Observation:*.", name)
		}
		value = p.query.Type + ":*"
	}
	parts := strings.Split(value, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return fail(name, codeValue, "%s attend Type:paramètre ou Type:paramètre:TypeCible, pas %q.",
			"%s takes Type:parameter or Type:parameter:TargetType, rather than %q.", name, show(value))
	}
	include := Include{Source: parts[0], Iterate: iterate}
	if len(parts) == 3 {
		include.Target = parts[2]
		if !fhir.IsType(include.Target) {
			return noType(name, include.Target)
		}
	}
	if !fhir.IsType(include.Source) {
		return noType(name, include.Source)
	}
	if parts[1] != "*" {
		include.Param = fhir.ParamOf(include.Source, parts[1])
		if include.Param == nil || include.Param.Type != "reference" {
			return fail(name, codeValue, "%s n'a pas de paramètre de référence %q.",
				"%s has no reference parameter %q.", include.Source, show(parts[1]))
		}
	}
	return p.placeInclude(bare, include)
}

// placeInclude checks that an inclusion touches the searched type, or iterates, and keeps it.
func (p *parser) placeInclude(name string, i Include) error {
	leads := func(t string) bool {
		return slices.ContainsFunc(i.Params(), func(q *fhir.Param) bool { return targets(q, t) })
	}
	if i.Target != "" && !leads(i.Target) {
		return fail(name, codeValue, "%s de %s ne désigne jamais %s.", "%[1]s of %[2]s never refers to %[3]s.",
			i.named(), i.Source, i.Target)
	}
	if name == "_include" {
		if i.Source != p.query.Type && !i.Iterate {
			return fail(name, codeValue, "_include part du type recherché (%s), pas de %s ; de ce qui est inclus part _include:iterate.",
				"_include starts from the type searched (%s) rather than %s; _include:iterate starts from what is included.", p.query.Type, i.Source)
		}
		p.query.Include = append(p.query.Include, i)
		return nil
	}
	if !i.Iterate && (!leads(p.query.Type) || (i.Target != "" && i.Target != p.query.Type)) {
		return fail(name, codeValue, "%s de %s ne désigne jamais %s.", "%[1]s of %[2]s never refers to %[3]s.",
			i.named(), i.Source, p.query.Type)
	}
	p.query.RevInclude = append(p.query.RevInclude, i)
	return nil
}

// named is the parameter as the inclusion writes it.
func (i Include) named() string {
	if i.Param == nil {
		return "*"
	}
	return i.Param.Name
}

// String writes the inclusion as a search does: Source:param[:Target].
func (i Include) String() string {
	s := i.Source + ":" + i.named()
	if i.Target != "" {
		s += ":" + i.Target
	}
	return s
}

// parameter is the name of the control parameter, `:iterate` included.
func (i Include) parameter(name string) string {
	if i.Iterate {
		return name + ":iterate"
	}
	return name
}
