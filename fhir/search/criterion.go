package search

import (
	"errors"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// depth counts how far a criterion has been followed.
type depth struct{ chain, has int }

// modifiers are those each type of parameter admits besides `:missing` (R4 search §3.1.1.4.4). References take a
// resource type too, `:above` and `:below` where a type they lead to is a hierarchy, `:below` where they may be canonical.
var modifiers = map[string][]string{
	"string":    {"exact", "contains"},
	"token":     {"not", "text", "of-type", "in", "not-in", "above", "below"},
	"reference": {"identifier"},
	"uri":       {"below", "above"},
}

// criterion reads `name[:modifier][.chain…]=value` about resources of resourceType.
func (p *parser) criterion(resourceType, name, value string, d depth) (*Criterion, error) {
	if err := refused(name); err != nil {
		return nil, err
	}
	if rest, ok := strings.CutPrefix(name, "_has"); ok && (rest == "" || rest[0] == ':') {
		return p.has(resourceType, rest, value, d)
	}
	if bare, _, _ := strings.Cut(name, ":"); bare == listParameter {
		return p.list(name, value)
	}
	head, rest, chained := strings.Cut(name, ".")
	bare, modifier, modified := strings.Cut(head, ":")
	param := fhir.ParamOf(resourceType, bare)
	if param == nil {
		return nil, unknownParameter{fail(bare, codeUnknown, "%[2]s n'a pas de paramètre de recherche %[1]q.",
			"%[2]s has no search parameter %[1]q.", show(bare), resourceType)}
	}
	if param.Type == "special" {
		return nil, fail(bare, codeNotSupported, "Le paramètre %s n'est pas pris en charge.",
			"Parameter %s is not supported.", bare)
	}
	c := &Criterion{Param: param, Name: bare, base: p.Base}
	if modified {
		if err := checkModifier(param, modifier, chained); err != nil {
			return nil, err
		}
		c.Modifier = modifier
	}
	if chained {
		return c, p.chain(c, rest, value, d)
	}
	var err error
	c.Values, err = p.operands(c, value)
	return c, err
}

// checkModifier refuses a modifier that R4 does not define for the type, or that is not supported: R4 search
// §3.1.1.4.4 asks for a refusal, since a modifier left out changes what matches.
func checkModifier(param *fhir.Param, modifier string, chained bool) error {
	switch {
	case param.Type == "reference" && fhir.IsType(modifier):
		if !targets(param, modifier) {
			return fail(param.Name, codeValue, "%s ne désigne jamais %s.", "%s never refers to %s.", param.Name, modifier)
		}
		return nil
	case chained:
		return fail(param.Name, codeInvalid, "Dans une chaîne, %s n'admet qu'un type de ressource, pas :%s.",
			"In a chain %s takes a resource type only, rather than :%s.", param.Name, show(modifier))
	case modifier == "missing" && param.Type != "composite":
		return nil
	case slices.Contains(modifiers[param.Type], modifier):
		return nil
	case param.Type == "reference" && (modifier == "above" || modifier == "below") && len(hierarchical(param)) > 0:
		return nil
	case param.Type == "reference" && modifier == "below" && definitional(param):
		return nil
	}
	return fail(param.Name, codeNotSupported, "Le paramètre %s (%s) n'admet pas le modificateur :%s.",
		"Parameter %s (%s) does not support modifier :%s.", param.Name, param.Type, show(modifier))
}

// chain follows `rest` through the reference parameter of c: one alternative for each type the reference may lead to
// and that knows the next parameter.
func (p *parser) chain(c *Criterion, rest, value string, d depth) error {
	if c.Param.Type != "reference" {
		return fail(c.Name, codeInvalid, "%s n'est pas une référence : rien ne peut s'y enchaîner.",
			"%s is no reference: nothing can be chained to it.", c.Name)
	}
	if d.chain++; d.chain > MaxChain {
		return fail(c.Name, codeTooCostly, "La chaîne a plus de %d étapes.", "The chain has more than %d steps.", MaxChain)
	}
	var first error
	for _, t := range leadsTo(c) {
		if p.alternatives++; p.alternatives > MaxAlternatives {
			return fail(c.Name, codeTooCostly, "La chaîne mène à trop de types : précisez le type, par exemple %s:Patient.",
				"The chain leads to too many types: name the type, for instance %s:Patient.", c.Name)
		}
		then, err := p.criterion(t, rest, value, d)
		var e *Error
		switch {
		case err == nil:
			c.Chain = append(c.Chain, ChainStep{Type: t, Then: then})
		case errors.As(err, &e) && e.Code == codeTooCostly:
			return err
		case first == nil || isUnknown(first) && !isUnknown(err):
			first = err // a type for which the rest makes no sense is left out, if it does for another
		}
	}
	if len(c.Chain) == 0 {
		return first
	}
	return nil
}

func isUnknown(err error) bool {
	var u unknownParameter
	return errors.As(err, &u)
}

// leadsTo lists the types a reference criterion may lead to, in alphabetical order.
func leadsTo(c *Criterion) []string {
	if c.Modifier != "" {
		return []string{c.Modifier}
	}
	types := c.Param.Target
	if len(types) == 0 {
		types = fhir.Types()
	}
	return slices.Sorted(slices.Values(types))
}

// has reads what follows `_has` — `:Type:parameter:criterion` — about resources of resourceType.
func (p *parser) has(resourceType, rest, value string, d depth) (*Criterion, error) {
	if d.has++; d.has > MaxHas {
		return nil, fail("_has", codeTooCostly, "_has est imbriqué plus de %d fois.", "_has is nested more than %d times.", MaxHas)
	}
	parts := strings.SplitN(strings.TrimPrefix(rest, ":"), ":", 3)
	if len(parts) < 3 || parts[2] == "" {
		return nil, fail("_has", codeInvalid, "_has attend _has:Type:référence:paramètre=valeur.",
			"_has takes the form _has:Type:reference:parameter=value.")
	}
	if !fhir.IsType(parts[0]) {
		return nil, noType("_has", parts[0])
	}
	param := fhir.ParamOf(parts[0], parts[1])
	if param == nil || param.Type != "reference" || !targets(param, resourceType) {
		return nil, fail("_has", codeValue, "%s n'a pas de paramètre de référence %q vers %s.",
			"%s has no reference parameter %q to %s.", parts[0], show(parts[1]), resourceType)
	}
	then, err := p.criterion(parts[0], parts[2], value, d)
	if err != nil {
		return nil, err
	}
	return &Criterion{Name: "_has", Has: &Has{Type: parts[0], Param: param, Then: then}, base: p.Base}, nil
}
