package fhir

import "time"

// ValueKind tells which fields of a Value are meaningful; it is the search type
// of the parameter that gave it.
type ValueKind uint8

// The kinds of values, one for each search type (http://hl7.org/fhir/R4/search.html#ptypes).
const (
	TokenValue ValueKind = iota + 1
	ReferenceValue
	DateValue
	StringValue
	NumberValue
	QuantityValue
	URIValue
	CompositeValue
)

// Value is one value that a search parameter takes in a resource, ready for
// index keys, matching and sorting. What the kind does not use is zero.
type Value struct {
	Kind ValueKind

	// System and Code of a token (code, Coding, Identifier, ContactPoint.value,
	// boolean as "true" or "false") and of a quantity's unit. Code is the text of
	// a URI. A quantity's currency is its Code in system urn:iso:std:iso:4217.
	System, Code string
	// Bare marks a token whose element has no system at all (code, id, string,
	// boolean, uri, ContactPoint): its system is implied by the definition.
	Bare bool
	// Text is what people read: the contents of a string, a token's display or
	// its CodeableConcept's text or its Identifier's type, a quantity's unit.
	Text string
	// Folded is Text folded (see Folded), for strings only.
	Folded string
	// TypeCodes are the "system|code" of an Identifier's type, for :of-type.
	TypeCodes []string

	// Low (included) and High (excluded) bound a date at its own precision;
	// a zero time is unbounded on that side.
	Low, High time.Time

	// Number is the nearest float64 of a number or a quantity, and NumberLow
	// (included) and NumberHigh (excluded) the interval its digits stand for: 5.40
	// is [5.395, 5.405). For a Range they are its two ends, infinite where open,
	// and Number is the one that is given (the low one of both). Lexical is the
	// number as written, LexicalHigh the high end of a Range that has both.
	// Comparator is that of the Quantity.
	Number, NumberLow, NumberHigh    float64
	Lexical, LexicalHigh, Comparator string

	// Reference is set for references and canonicals; a canonical has its URL
	// without version and its version in Version.
	Reference Reference

	// Parts are a composite's values, one list for each component, all taken
	// from the same element.
	Parts [][]Value
}
