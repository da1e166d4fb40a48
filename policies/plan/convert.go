package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"
)

// maxDepth bounds the nesting of a value that comes in: deeper is an attack, and recursion over it must end.
const maxDepth = 512

// ErrValue is what conversions fail with: something that is no ground value of Rego, or nested too deeply.
var ErrValue = errors.New("no value of a policy")

var errDepth = fmt.Errorf("%w: nested more than %d deep", ErrValue, maxDepth)

// FromAST converts a ground value of OPA. Objects with many text keys get a Go map, so that a table is looked up and not searched.
func FromAST(v ast.Value) (Value, error) { return fromAST(v, 0) }

func fromAST(v ast.Value, depth int) (Value, error) {
	if depth > maxDepth {
		return Value{}, errDepth
	}
	switch v := v.(type) {
	case ast.Null:
		return nullValue, nil
	case ast.Boolean:
		return boolValue(bool(v)), nil
	case ast.Number:
		return numberValue(string(v))
	case ast.String:
		return textValue(string(v)), nil
	case *ast.Array:
		b := &box{list: make([]Value, 0, v.Len())}
		err := v.Iter(func(e *ast.Term) error { return b.take(e, depth) })
		return boxValue(Array, b), err
	case ast.Set:
		b := &box{list: make([]Value, 0, v.Len())}
		for _, e := range v.Slice() {
			if err := b.take(e, depth); err != nil {
				return Value{}, err
			}
		}
		return boxValue(Set, b.seal()), nil
	case ast.Object:
		return objectFromAST(v, depth)
	}
	return Value{}, fmt.Errorf("%w: %T", ErrValue, v)
}

func (b *box) take(e *ast.Term, depth int) error {
	x, err := fromAST(e.Value, depth+1)
	b.list = append(b.list, x)
	return err
}

func objectFromAST(v ast.Object, depth int) (Value, error) {
	b := &box{keys: make([]Value, 0, v.Len()), list: make([]Value, 0, v.Len())}
	err := v.Iter(func(k, e *ast.Term) error {
		key, err := fromAST(k.Value, depth+1)
		if err != nil {
			return err
		}
		b.keys = append(b.keys, key)
		return b.take(e, depth)
	})
	if err != nil {
		return Value{}, err
	}
	b.loose = true
	return boxValue(Object, b.seal()), nil
}

// AST gives the value as OPA's own; nil when it is undefined.
func (v Value) AST() ast.Value {
	switch v.kind {
	case Null:
		return ast.NullValue
	case Boolean:
		return ast.Boolean(v.n == 1)
	case Number:
		return v.lexical()
	case String:
		return ast.String(v.text())
	case Array:
		return ast.NewArray(terms(v.box().list)...)
	case Set:
		return ast.NewSet(terms(v.box().ordered())...)
	case Object:
		o := v.box()
		list := o.ordered()
		pairs := make([][2]*ast.Term, len(list))
		for i := range list {
			pairs[i] = [2]*ast.Term{ast.NewTerm(o.keys[i].AST()), ast.NewTerm(list[i].AST())}
		}
		return ast.NewObject(pairs...)
	}
	return nil
}

func terms(list []Value) []*ast.Term {
	out := make([]*ast.Term, len(list))
	for i := range list {
		out[i] = ast.NewTerm(list[i].AST())
	}
	return out
}

// FromGo converts a plain Go value: nil, bool, string, int, int64, float64, json.Number, []string, []any, map[string]any, []map[string]any,
// a Value, or an ast.Value. Anything else is ErrValue, and so is a number that JSON has no words for.
func FromGo(v any) (Value, error) { return fromGo(v, 0) }

func fromGo(v any, depth int) (Value, error) {
	if depth > maxDepth {
		return Value{}, errDepth
	}
	switch v := v.(type) {
	case nil:
		return nullValue, nil
	case Value:
		return v, nil
	case bool:
		return boolValue(v), nil
	case string:
		return textValue(v), nil
	case int:
		return intValue(int64(v)), nil
	case int64:
		return intValue(v), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Value{}, fmt.Errorf("%w: %v", ErrValue, v)
		}
		return numberValue(strconv.FormatFloat(v, 'g', -1, 64))
	case json.Number:
		return numberValue(string(v))
	case []string:
		b := &box{list: make([]Value, len(v))}
		for i, s := range v {
			b.list[i] = textValue(s)
		}
		return boxValue(Array, b), nil
	case []any:
		return arrayFromGo(v, depth)
	case []map[string]any:
		return arrayFromGo(v, depth)
	case map[string]any:
		return objectFromGo(v, depth)
	case ast.Value:
		return fromAST(v, depth)
	}
	return Value{}, fmt.Errorf("%w: %T", ErrValue, v)
}

func arrayFromGo[T any](v []T, depth int) (Value, error) {
	b := &box{list: make([]Value, len(v))}
	for i, e := range v {
		x, err := fromGo(e, depth+1)
		if err != nil {
			return Value{}, err
		}
		b.list[i] = x
	}
	return boxValue(Array, b), nil
}

func objectFromGo(v map[string]any, depth int) (Value, error) {
	b := &box{keys: make([]Value, 0, len(v)), list: make([]Value, 0, len(v))}
	for k, e := range v {
		x, err := fromGo(e, depth+1)
		if err != nil {
			return Value{}, err
		}
		b.put(nil, textValue(k), x)
	}
	return boxValue(Object, b.seal()), nil
}

// numberValue reads a number as JSON writes it. One that is a 64-bit integer in its shortest form holds itself; any other keeps its text.
func numberValue(s string) (Value, error) {
	if n, ok := canonicalInt(s); ok {
		return intValue(n), nil
	}
	if !isNumber(s) {
		return Value{}, fmt.Errorf("%w: the number %q", ErrValue, s)
	}
	v := textValue(s)
	v.kind, v.long = Number, true
	return v, nil
}

// canonicalInt reads an integer that would be written back as it stands.
func canonicalInt(s string) (int64, bool) {
	digits := s
	if len(digits) > 1 && digits[0] == '-' {
		digits = digits[1:]
	}
	if digits == "" || len(digits) > 18 || digits[0] == '0' && len(s) > 1 {
		return 0, false
	}
	var n int64
	for i := range len(digits) {
		c := digits[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	if len(digits) < len(s) {
		n = -n
	}
	return n, true
}

// isNumber says whether OPA can compare and compute with the text: digits, a point, an exponent that fits 32 bits.
func isNumber(s string) bool {
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	mantissa, exponent, scaled := s, "", false
	for i := range len(s) {
		if s[i] == 'e' || s[i] == 'E' {
			mantissa, exponent, scaled = s[:i], s[i+1:], true
			break
		}
	}
	if scaled {
		if _, err := strconv.ParseInt(exponent, 10, 32); err != nil {
			return false
		}
	}
	digits, points := 0, 0
	for i := range len(mantissa) {
		switch c := mantissa[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '.':
			points++
		default:
			return false
		}
	}
	return digits > 0 && points < 2
}
