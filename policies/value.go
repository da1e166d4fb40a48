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

// maxInputDepth bounds the nesting of facts and attributes: deeper is an attack or a mistake, never a fact.
const maxInputDepth = 32

var errTooDeep = errors.New("the input is nested too deeply")

// toValue turns a fact into a value of OPA. Members of objects that are null are left out, for Rego would take a null consent for a
// consent: in policy, a fact that is not known is absent. Structs and other types go through their JSON.
func toValue(v any, depth int) (ast.Value, error) {
	if depth > maxInputDepth {
		return nil, errTooDeep
	}
	switch v := v.(type) {
	case ast.Value:
		return v, nil
	case nil:
		return ast.NullValue, nil
	case string:
		return ast.String(v), nil
	case bool:
		return ast.InternedTerm(v).Value, nil
	case []string:
		terms := make([]*ast.Term, len(v))
		for i, s := range v {
			terms[i] = ast.StringTerm(s)
		}
		return ast.NewArray(terms...), nil
	case []any:
		return arrayValue(v, depth)
	case []map[string]any:
		return arrayValue(v, depth)
	case map[string]any:
		return objectValue(v, depth)
	case int:
		return ast.InternedTerm(v).Value, nil
	case json.Number:
		return numberValue(string(v))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%v is no number in JSON", v)
		}
		return numberValue(strconv.FormatFloat(v, 'g', -1, 64))
	}
	plain, err := viaJSON(v)
	if err != nil {
		return nil, err
	}
	return toValue(plain, depth+1)
}

func arrayValue[T any](v []T, depth int) (ast.Value, error) {
	terms := make([]*ast.Term, len(v))
	for i, e := range v {
		x, err := toValue(e, depth+1)
		if err != nil {
			return nil, err
		}
		terms[i] = ast.NewTerm(x)
	}
	return ast.NewArray(terms...), nil
}

func objectValue(v map[string]any, depth int) (ast.Value, error) {
	pairs := make([][2]*ast.Term, 0, len(v))
	for k, e := range v {
		if e == nil {
			continue
		}
		x, err := toValue(e, depth+1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
		if x.Compare(ast.NullValue) == 0 {
			continue
		}
		pairs = append(pairs, [2]*ast.Term{ast.InternedTerm(k), ast.NewTerm(x)})
	}
	return ast.NewObject(pairs...), nil
}

func numberValue(s string) (ast.Value, error) {
	n, err := ast.NumberChecked(s)
	if err != nil {
		return nil, fmt.Errorf("%q is no number: %w", s, err)
	}
	return n, nil
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

// appendValue writes a value so that two that differ for the policy never have the same bytes: each is tagged with its kind and length.
// Equal values written with different Go types may differ here; they then only miss each other in the table.
func appendValue(b []byte, v any, depth int) ([]byte, error) {
	if depth > maxInputDepth {
		return nil, errTooDeep
	}
	switch v := v.(type) {
	case nil:
		return append(b, 'z'), nil
	case string:
		return appendText(b, 's', v), nil
	case bool:
		if v {
			return append(b, 't'), nil
		}
		return append(b, 'f'), nil
	case []string:
		b = appendLen(b, 'a', len(v))
		for _, s := range v {
			b = appendText(b, 's', s)
		}
		return b, nil
	case []any:
		return appendArray(b, v, depth)
	case []map[string]any:
		return appendArray(b, v, depth)
	case map[string]any:
		return appendObject(b, v, depth)
	case int:
		return appendText(b, 'n', strconv.Itoa(v)), nil
	case json.Number:
		return appendText(b, 'n', string(v)), nil
	case float64:
		return appendText(b, 'n', strconv.FormatFloat(v, 'g', -1, 64)), nil
	case ast.Value:
		return appendText(b, 'v', v.String()), nil
	}
	plain, err := viaJSON(v)
	if err != nil {
		return nil, err
	}
	return appendValue(b, plain, depth+1)
}

func appendArray[T any](b []byte, v []T, depth int) ([]byte, error) {
	b = appendLen(b, 'a', len(v))
	var err error
	for _, e := range v {
		if b, err = appendValue(b, e, depth+1); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendObject(b []byte, v map[string]any, depth int) ([]byte, error) {
	keys := make([]string, 0, len(v))
	for k, e := range v {
		if e != nil {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	b = appendLen(b, 'o', len(keys))
	var err error
	for _, k := range keys {
		b = appendText(b, 's', k)
		if b, err = appendValue(b, v[k], depth+1); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func appendLen(b []byte, tag byte, n int) []byte {
	return binary.AppendUvarint(append(b, tag), uint64(n))
}

func appendText(b []byte, tag byte, s string) []byte {
	return append(appendLen(b, tag, len(s)), s...)
}
