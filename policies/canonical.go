package policies

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
)

// A fact is kept as canonical bytes: immutable, compared and hashed as they are, and the form that every other one is made from when it is
// needed (OPA's terms, the plan's values). Each value begins with a tag; a length or a count follows as a uvarint:
//
//	z  t  f            null, true, false
//	s len text         string
//	n len text         number, as JSON writes it
//	a count value…     array
//	e count value…     set, in OPA's order (only from values that are OPA's already)
//	o (k len name value)… ;   object, members sorted by name, none of them null
//
// No value is the beginning of another, so bytes put side by side are still unambiguous.
const (
	tagNull   = 'z'
	tagTrue   = 't'
	tagFalse  = 'f'
	tagText   = 's'
	tagNumber = 'n'
	tagArray  = 'a'
	tagSet    = 'e'
	tagObject = 'o'
	tagMember = 'k'
	tagEnd    = ';'
)

// maxInputDepth bounds the nesting of facts and attributes: deeper is an attack or a mistake, never a fact.
const maxInputDepth = 32

var errTooDeep = errors.New("the input is nested too deeply")

// appendValue writes a fact. Members of objects that are null are left out, for Rego would take a null consent for a consent: in policy, a
// fact that is not known is absent. Structs and other types go through their JSON. Two values that differ for the policy never have the same
// bytes; equal numbers written differently (1, 1.0) may differ here, and then only miss each other in the table.
func appendValue(b []byte, v any, depth int) ([]byte, error) {
	if depth > maxInputDepth {
		return nil, errTooDeep
	}
	switch v := v.(type) {
	case nil:
		return append(b, tagNull), nil
	case string:
		return appendText(b, tagText, v), nil
	case bool:
		if v {
			return append(b, tagTrue), nil
		}
		return append(b, tagFalse), nil
	case []string:
		b = appendLen(b, tagArray, len(v))
		for _, s := range v {
			b = appendText(b, tagText, s)
		}
		return b, nil
	case []any:
		return appendArray(b, v, depth)
	case []map[string]any:
		return appendArray(b, v, depth)
	case map[string]any:
		return appendObject(b, v, depth)
	case int:
		return appendText(b, tagNumber, strconv.Itoa(v)), nil
	case json.Number:
		return appendNumber(b, string(v))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%v is no number in JSON", v)
		}
		return appendNumber(b, strconv.FormatFloat(v, 'g', -1, 64))
	case canonical:
		return append(b, v...), nil
	case ast.Value:
		return appendTerm(b, v, depth)
	}
	plain, err := viaJSON(v)
	if err != nil {
		return nil, err
	}
	return appendValue(b, plain, depth+1)
}

func appendNumber(b []byte, s string) ([]byte, error) {
	if !isDigits(s) {
		if _, err := ast.NumberChecked(s); err != nil {
			return nil, fmt.Errorf("%q is no number: %w", s, err)
		}
	}
	return appendText(b, tagNumber, s), nil
}

// isDigits reports whether a number is a short whole one, written plainly.
func isDigits(s string) bool {
	if len(s) == 0 || len(s) > 15 || len(s) > 1 && s[0] == '0' {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

func appendArray[T any](b []byte, v []T, depth int) ([]byte, error) {
	b = appendLen(b, tagArray, len(v))
	var err error
	for _, e := range v {
		if b, err = appendValue(b, e, depth+1); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendObject(b []byte, v map[string]any, depth int) ([]byte, error) {
	var few [16]string // most objects of facts have no more members
	keys := few[:0]
	for k, e := range v {
		if e != nil {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	b = append(b, tagObject)
	for _, k := range keys {
		var err error
		if b, err = appendMember(b, k, v[k], depth); err != nil {
			return nil, err
		}
	}
	return append(b, tagEnd), nil
}

// appendMember writes a member of an object, or nothing when its value turns out to be null.
func appendMember(b []byte, name string, v any, depth int) ([]byte, error) {
	begin := len(b)
	b = appendText(b, tagMember, name)
	at := len(b)
	b, err := appendValue(b, v, depth+1)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if b[at] == tagNull {
		b = b[:begin]
	}
	return b, nil
}

// appendTerm writes a value of OPA.
func appendTerm(b []byte, v ast.Value, depth int) ([]byte, error) {
	if depth > maxInputDepth {
		return nil, errTooDeep
	}
	switch v := v.(type) {
	case ast.Null:
		return append(b, tagNull), nil
	case ast.Boolean:
		return appendValue(b, bool(v), depth)
	case ast.String:
		return appendText(b, tagText, string(v)), nil
	case ast.Number:
		return appendNumber(b, string(v))
	case *ast.Array:
		b, err := appendLen(b, tagArray, v.Len()), error(nil)
		for i := 0; i < v.Len() && err == nil; i++ {
			b, err = appendTerm(b, v.Elem(i).Value, depth+1)
		}
		return b, err
	case ast.Set:
		b, err := appendLen(b, tagSet, v.Len()), error(nil)
		for _, t := range v.Slice() {
			if b, err = appendTerm(b, t.Value, depth+1); err != nil {
				return nil, err
			}
		}
		return b, nil
	case ast.Object:
		members := make(map[string]any, v.Len())
		for _, k := range v.Keys() {
			name, ok := k.Value.(ast.String)
			if !ok {
				return nil, fmt.Errorf("a member named by %s, not by a string", ast.ValueName(k.Value))
			}
			members[string(name)] = v.Get(k).Value
		}
		return appendObject(b, members, depth)
	}
	return nil, fmt.Errorf("%s is no fact", ast.ValueName(v))
}

// viaJSON gives the plain form of a value of any type, as its JSON says it.
func viaJSON(v any) (any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("writing a fact as JSON: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		return nil, fmt.Errorf("reading a fact as JSON: %w", err)
	}
	return out, nil
}

func appendLen(b []byte, tag byte, n int) []byte {
	return binary.AppendUvarint(append(b, tag), uint64(n))
}

func appendText(b []byte, tag byte, s string) []byte {
	return append(appendLen(b, tag, len(s)), s...)
}
