package search

import (
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// Codes reports whether the criterion asks about the meaning of codes: `:in` and `:not-in` a value set, `:above` and
// `:below` a code in its hierarchy (R4 search §3.1.1.4.10). [Criterion.MatchCodes] answers.
func (c *Criterion) Codes() bool {
	if c.Param == nil || c.Param.Type != "token" || len(c.Chain) > 0 {
		return false
	}
	switch c.Modifier {
	case "below":
		return !mediaTypes(c.Param)
	case "in", "not-in", "above":
		return true
	}
	return false
}

// CodeSet is the set of codes that an operand of a criterion on codes means. Codes come in lower case.
type CodeSet interface {
	Has(system, code string) bool
	// Systems are those that the set has codes of.
	Systems() []string
}

// MatchCodes is [Criterion.Match] for a criterion on codes; sets has what each of its Values means, in order. `:not-in`
// holds when no value is in any of the sets, so also where the parameter is absent, like `:not`.
func (c *Criterion) MatchCodes(r *fhir.Resource, sets []CodeSet) (bool, error) {
	if !c.Codes() || len(sets) != len(c.Values) {
		return false, ErrNotPlain
	}
	if c.Param.Resource != r.Type() {
		return false, nil
	}
	values := c.Param.Values(r)
	found := slices.ContainsFunc(values, func(v fhir.Value) bool {
		return slices.ContainsFunc(sets, func(s CodeSet) bool { return inSet(s, &v) })
	})
	return found != (c.Modifier == "not-in"), nil
}

// inSet reports whether a token is of a set; one whose element has no system at all is of the one that its definition
// implies.
func inSet(s CodeSet, v *fhir.Value) bool {
	if v.Code == "" {
		return false
	}
	code := lower(v.Code)
	if !v.Bare || v.System != "" {
		return s.Has(v.System, code)
	}
	return slices.ContainsFunc(s.Systems(), func(system string) bool { return implied(system) && s.Has(system, code) })
}

// valueSetOperand reads the value set of `:in` and `:not-in`: `ValueSet/id` here, or its canonical URL with or without
// |version (R4 search §3.1.1.4.10).
func valueSetOperand(c *Criterion, piece string) (Operand, error) {
	text, err := plain(c.Name, piece)
	if err != nil {
		return Operand{}, err
	}
	if c.base != "" {
		text = strings.TrimPrefix(text, c.base+"/")
	}
	if id, local := strings.CutPrefix(text, "ValueSet/"); local && fhir.IsID(id) {
		return Operand{Text: text, Type: "ValueSet", ID: id}, nil
	}
	if !strings.Contains(text, ":") {
		return Operand{}, fail(c.Name, codeValue, ":%[2]s attend l'URL d'un jeu de valeurs ou ValueSet/identifiant, pas %[1]q.",
			":%[2]s takes the URL of a value set or ValueSet/id, rather than %[1]q.", show(piece), c.Modifier)
	}
	return Operand{Text: text}, nil
}
