package search

import (
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// prefixes are those a number, date or quantity may begin with.
var prefixes = map[string]Prefix{
	"eq": Equal, "ne": NotEqual, "gt": Greater, "lt": Less, "ge": GreaterOrEqual, "le": LessOrEqual,
	"sa": StartsAfter, "eb": EndsBefore, "ap": Approximately,
}

// operands reads `value[,value…]` as the type and modifier of c ask.
func (p *parser) operands(c *Criterion, value string) ([]Operand, error) {
	pieces := cut(value, ',')
	if len(pieces) > MaxValues {
		return nil, fail(c.Name, codeTooLong, "Le paramètre %s a plus de %d valeurs.",
			"Parameter %s has more than %d values.", c.Name, MaxValues)
	}
	operands := make([]Operand, 0, len(pieces))
	for _, piece := range pieces {
		if piece == "" {
			return nil, empty(c.Name)
		}
		o, err := p.operand(c, piece)
		if err != nil {
			return nil, err
		}
		operands = append(operands, o)
	}
	return operands, nil
}

// operand reads one value.
func (p *parser) operand(c *Criterion, piece string) (Operand, error) {
	if c.Modifier == "missing" {
		if piece != "true" && piece != "false" {
			return Operand{}, fail(c.Name, codeValue, ":missing attend true ou false, pas %q.",
				":missing takes true or false, rather than %q.", show(piece))
		}
		return Operand{Missing: piece == "true"}, nil
	}
	switch c.Param.Type {
	case "string":
		return wordsOperand(c, piece)
	case "uri":
		return uriOperand(c, piece)
	case "token":
		return tokenOperand(c, piece)
	case "reference":
		if c.Modifier == "identifier" {
			return tokenOperand(c, piece)
		}
		return p.referenceOperand(c, piece)
	case "date":
		return p.dateOperand(c.Name, piece)
	case "number":
		return numberOperand(c.Name, piece)
	case "quantity":
		return quantityOperand(c.Name, piece)
	case "composite":
		return p.compositeOperand(c, piece)
	}
	return Operand{}, fail(c.Name, codeNotSupported, "Le type de paramètre %s n'est pas pris en charge.",
		"Parameter type %s is not supported.", c.Param.Type)
}

// plain undoes escapes, with the error a client can act on.
func plain(name, piece string) (string, error) {
	text, ok := unescape(piece)
	if !ok {
		return "", fail(name, codeInvalid, `Dans %q, la barre oblique inverse ne précède ni virgule, ni |, ni $, ni elle-même.`,
			`In %q, the backslash precedes neither a comma, nor |, nor $, nor itself.`, show(piece))
	}
	return text, nil
}

// empty is what a value of nothing gets.
func empty(name string) *Error {
	return fail(name, codeValue, "Le paramètre %s a une valeur vide.", "Parameter %s has an empty value.", show(name))
}

// wordsOperand reads the text of a string, or of `:text`. What is left of it to compare must be something: every text
// begins with nothing.
func wordsOperand(c *Criterion, piece string) (Operand, error) {
	text, err := plain(c.Name, piece)
	if err != nil {
		return Operand{}, err
	}
	o := Operand{Text: text, folded: words(fhir.Folded(text))}
	if o.folded == "" && c.Modifier != "exact" {
		return o, fail(c.Name, codeValue, "%s attend des lettres ou des chiffres, pas %q : la ponctuation et les blancs ne sont pas comparés.",
			"%s takes letters or digits, rather than %q: punctuation and white space are not compared.", c.Name, show(piece))
	}
	return o, nil
}

// uriOperand reads a URI; a version may follow the canonical URL of a definition, `url=http://…|2.0`
// (R4 search §3.1.1.4.9).
func uriOperand(c *Criterion, piece string) (Operand, error) {
	version := ""
	if parts := cut(piece, '|'); len(parts) == 2 && canonicalURL(c.Param) && c.Modifier == "" {
		piece, version = parts[0], parts[1]
	}
	text, err := plain(c.Name, piece)
	if err != nil {
		return Operand{}, err
	}
	version, err = plain(c.Name, version)
	return Operand{Text: text, Version: version}, err
}

// tokenOperand reads `code`, `system|code`, `|code`, `system|`, and `system|code|value` of `:of-type`
// (R4 search §3.1.1.4.10).
func tokenOperand(c *Criterion, piece string) (Operand, error) {
	switch c.Modifier {
	case "text":
		return wordsOperand(c, piece)
	case "below":
		if mediaTypes(c.Param) {
			return mediaOperand(c, piece)
		}
	case "in", "not-in":
		return valueSetOperand(c, piece)
	}
	parts := cut(piece, '|')
	for i := range parts {
		var err error
		if parts[i], err = plain(c.Name, parts[i]); err != nil {
			return Operand{}, err
		}
	}
	switch {
	case c.Modifier == "of-type":
		if len(parts) != 3 || slices.Contains(parts, "") {
			return Operand{}, fail(c.Name, codeValue, ":of-type attend système|code|valeur, les trois, pas %q.",
				":of-type takes system|code|value, all three, rather than %q.", show(piece))
		}
		return Operand{System: parts[0], HasSystem: true, Code: parts[1], OfType: parts[2], folded: lower(parts[1])}, nil
	case (c.Modifier == "above" || c.Modifier == "below") && (len(parts) != 2 || parts[0] == "" || parts[1] == ""):
		return Operand{}, fail(c.Name, codeValue, ":%[2]s attend système|code, pas %[1]q : un code seul ne dit pas dans quelle hiérarchie.",
			":%[2]s takes system|code, rather than %[1]q: a code alone does not say in which hierarchy.", show(piece), c.Modifier)
	case len(parts) == 1:
		return Operand{Code: parts[0], folded: lower(parts[0])}, nil
	case len(parts) == 2 && (parts[0] != "" || parts[1] != ""):
		return Operand{System: parts[0], HasSystem: true, Code: parts[1], folded: lower(parts[1])}, nil
	}
	return Operand{}, fail(c.Name, codeValue, "%s attend code, système|code, |code ou système|, pas %q.",
		"%s takes code, system|code, |code or system|, rather than %q.", c.Name, show(piece))
}

// referenceOperand reads `id`, `Type/id`, `Type/id/_history/version` or an absolute URL (R4 search §3.1.1.4.12).
func (p *parser) referenceOperand(c *Criterion, piece string) (Operand, error) {
	text, err := plain(c.Name, piece)
	if err != nil {
		return Operand{}, err
	}
	if p.Base != "" {
		text = strings.TrimPrefix(text, p.Base+"/")
	}
	if c.Hierarchy() {
		return hierarchyOperand(c, text)
	}
	if c.Modifier == "below" {
		return canonicalOperand(c, text)
	}
	if strings.Contains(text, ":") {
		return Operand{URL: text}, nil
	}
	o := Operand{Type: c.Modifier, ID: text}
	if t, id, ok := strings.Cut(text, "/"); ok {
		versioned := false
		o.Type = t
		if o.ID, o.Version, versioned = strings.Cut(id, "/_history/"); versioned && !fhir.IsID(o.Version) {
			o.ID = ""
		}
		if !fhir.IsType(t) {
			return Operand{}, noType(c.Name, t)
		}
		if c.Modifier != "" && c.Modifier != t {
			return Operand{}, fail(c.Name, codeValue, "Le modificateur :%s contredit la valeur %q.",
				"Modifier :%s contradicts the value %q.", c.Modifier, show(text))
		}
	}
	if !fhir.IsID(o.ID) {
		return Operand{}, fail(c.Name, codeValue, "%s attend un identifiant, Type/identifiant ou une URL absolue, pas %q.",
			"%s takes an id, Type/id or an absolute URL, rather than %q.", c.Name, show(piece))
	}
	return o, nil
}

// prefixed cuts a comparison prefix off a value.
func prefixed(piece string) (Prefix, string) {
	if len(piece) > 2 {
		if prefix, ok := prefixes[piece[:2]]; ok {
			return prefix, piece[2:]
		}
	}
	return Equal, piece
}

func numberOperand(name, piece string) (Operand, error) {
	prefix, text := prefixed(piece)
	n, ok := parseNumber(text, prefix == Approximately)
	if !ok {
		return Operand{}, fail(name, codeValue, "%s attend un nombre décimal, pas %q.",
			"%s takes a decimal number, rather than %q.", name, show(piece))
	}
	return Operand{Prefix: prefix, Number: n}, nil
}

// quantityOperand reads `[prefix]number`, `number|system|code` and `number||code` (R4 search §3.1.1.4.11).
func quantityOperand(name, piece string) (Operand, error) {
	parts := cut(piece, '|')
	if len(parts) != 1 && len(parts) != 3 {
		return Operand{}, fail(name, codeValue, "%s attend nombre, nombre|système|code ou nombre||code, pas %q.",
			"%s takes number, number|system|code or number||code, rather than %q.", name, show(piece))
	}
	o, err := numberOperand(name, parts[0])
	if err != nil || len(parts) == 1 {
		return o, err
	}
	if o.System, err = plain(name, parts[1]); err != nil {
		return o, err
	}
	o.HasSystem = o.System != ""
	o.Code, err = plain(name, parts[2])
	return o, err
}

// compositeOperand reads `a$b…`, each part as its component's type asks (R4 search §3.1.1.4.17).
func (p *parser) compositeOperand(c *Criterion, piece string) (Operand, error) {
	parts := cut(piece, '$')
	if len(parts) != len(c.Param.Components) {
		return Operand{}, fail(c.Name, codeValue, "%s attend %d valeurs séparées par $, pas %q.",
			"%s takes %d values separated by $, rather than %q.", c.Name, len(c.Param.Components), show(piece))
	}
	var o Operand
	for i, part := range parts {
		component := c.component(i)
		if part == "" || component.Param.Type == "composite" {
			return Operand{}, fail(c.Name, codeValue, "La partie %d de %q ne peut pas être lue.",
				"Part %d of %q cannot be read.", i+1, show(piece))
		}
		read, err := p.operand(component, part)
		if err != nil {
			return Operand{}, err
		}
		o.Parts = append(o.Parts, read)
	}
	return o, nil
}
