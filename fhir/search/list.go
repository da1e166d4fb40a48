package search

import "github.com/pontlevis/pontlevis/fhir"

// listParameter chooses the resources that a List names (R4 search §3.1.1.4.22).
const listParameter = "_list"

// list reads `_list=id[,id]`. The functional lists of R4 (`$current-problems` …) are not kept here.
func (p *parser) list(name, value string) (*Criterion, error) {
	if name != listParameter {
		return nil, fail(listParameter, codeInvalid, "_list n'admet ni modificateur ni chaîne.", "_list takes neither a modifier nor a chain.")
	}
	c := &Criterion{Name: listParameter, base: p.Base}
	pieces := cut(value, ',')
	if len(pieces) > MaxValues {
		return nil, fail(name, codeTooLong, "Le paramètre %s a plus de %d valeurs.", "Parameter %s has more than %d values.", name, MaxValues)
	}
	for _, id := range pieces {
		if len(id) > 0 && id[0] == '$' {
			return nil, fail(name, codeNotSupported, "La liste %q n'est pas tenue ici : nommez une List par son identifiant.",
				"List %q is not kept here: name a List by its id.", show(id))
		}
		if !fhir.IsID(id) {
			return nil, fail(name, codeValue, "_list attend l'identifiant d'une List, pas %q.", "_list takes the id of a List, rather than %q.", show(id))
		}
		c.Values = append(c.Values, Operand{Type: "List", ID: id})
	}
	return c, nil
}

// Listed reports whether the criterion is `_list`: its Values name the Lists.
func (c *Criterion) Listed() bool { return c.Name == listParameter }
