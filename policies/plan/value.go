package plan

import (
	"iter"
	"strconv"
	"unsafe"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Kind is the type of a Value. Kinds are numbered in the order in which OPA sorts values of different types.
type Kind uint8

// The kinds. Undefined is no value of Rego: it is the answer of what has none.
const (
	Undefined Kind = iota
	Null
	Boolean
	Number
	String
	Array
	Object
	Set
)

var kindNames = [...]string{"undefined", "null", "boolean", "number", "string", "array", "object", "set"}

// String names the kind as OPA does.
func (k Kind) String() string { return kindNames[k] }

// Value is an immutable value of Rego. It is three words, so copying it is cheap; integers and booleans hold themselves, texts point to
// their bytes. The zero Value is undefined. Values are compared with Compare, never with ==.
type Value struct {
	p    unsafe.Pointer // the bytes of a text or of a lexical number; the *box of an array, object or set
	n    int64          // an integer, a boolean as 0 or 1, the length of a text
	kind Kind
	long bool // a number kept as text, because it is no canonical 64-bit integer
}

// box holds the members of an array, an object or a set. Members of sets and keys of objects are in OPA's order, unless loose.
type box struct {
	keys  []Value          // of an object
	list  []Value          // elements, or the values of an object beside their keys
	index map[string]int32 // from a member's key bytes (or a key's text, when texts is set) to its position; only in large ones
	texts bool             // every key is a string and index is by text
	loose bool             // out of order: being built, see loose.go
	owner uint32           // who may change it: the evaluation that made it; 0 is nobody
}

var (
	nullValue  = Value{kind: Null}
	trueValue  = Value{kind: Boolean, n: 1}
	falseValue = Value{kind: Boolean}
)

func boolValue(b bool) Value {
	if b {
		return trueValue
	}
	return falseValue
}

func intValue(n int64) Value { return Value{kind: Number, n: n} }

func textValue(s string) Value {
	return Value{kind: String, p: unsafe.Pointer(unsafe.StringData(s)), n: int64(len(s))}
}

func boxValue(k Kind, b *box) Value { return Value{kind: k, p: unsafe.Pointer(b)} }

// text gives the bytes behind a string or a lexical number.
func (v *Value) text() string { return unsafe.String((*byte)(v.p), int(v.n)) }

func (v *Value) box() *box { return (*box)(v.p) }

// Kind gives the type.
func (v Value) Kind() Kind { return v.kind }

// Defined says whether there is a value at all.
func (v Value) Defined() bool { return v.kind != Undefined }

// Bool gives a boolean; false when it is another kind.
func (v Value) Bool() (value, ok bool) { return v.n == 1, v.kind == Boolean }

// Text gives the contents of a string; false when it is another kind.
func (v Value) Text() (string, bool) {
	if v.kind != String {
		return "", false
	}
	return v.text(), true
}

// Number gives the lexical form of a number, as JSON writes it; false when it is another kind.
func (v Value) Number() (string, bool) {
	switch {
	case v.kind != Number:
		return "", false
	case v.long:
		return v.text(), true
	}
	return strconv.FormatInt(v.n, 10), true
}

// Len counts the members of an array, object or set, and the bytes of a string; 0 for what has none.
func (v Value) Len() int {
	switch v.kind {
	case String:
		return int(v.n)
	case Array, Object, Set:
		return len(v.box().list)
	}
	return 0
}

// Get gives the member of an object under a name.
func (v Value) Get(name string) (Value, bool) {
	if v.kind != Object {
		return Value{}, false
	}
	key := textValue(name)
	if at := v.box().find(&key); at >= 0 {
		return v.box().list[at], true
	}
	return Value{}, false
}

// Items gives the elements of an array or the members of a set in OPA's order; nothing for other kinds.
func (v Value) Items() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.kind != Array && v.kind != Set {
			return
		}
		for _, e := range v.box().ordered() {
			if !yield(e) {
				return
			}
		}
	}
}

// Members gives the keys and values of an object in OPA's order of keys; nothing for other kinds.
func (v Value) Members() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		if v.kind != Object {
			return
		}
		list := v.box().ordered()
		for i, k := range v.box().keys {
			if !yield(k, list[i]) {
				return
			}
		}
	}
}

// Member is a name and a value of an object.
type Member struct {
	Name  string
	Value Value
}

// NewObject builds an object. The values are shared, not copied; members whose value is undefined are left out, and of two members with one
// name the last stands.
func NewObject(members ...Member) Value {
	b := &box{keys: make([]Value, 0, len(members)), list: make([]Value, 0, len(members))}
	for _, m := range members {
		if m.Value.kind != Undefined {
			b.put(nil, textValue(m.Name), m.Value)
		}
	}
	return boxValue(Object, b.seal())
}

// String writes the value as OPA does, for people.
func (v Value) String() string {
	if v.kind == Undefined {
		return "undefined"
	}
	return v.AST().String()
}

// Clone copies a value out of the page that made it, so that it stays valid whatever becomes of the page.
func (v Value) Clone() Value {
	switch v.kind {
	case Array, Object, Set:
	default:
		return v
	}
	from := v.box()
	list := from.ordered()
	b := &box{list: make([]Value, len(list))}
	for i, e := range list {
		b.list[i] = e.Clone()
	}
	if v.kind == Object {
		b.keys = make([]Value, len(from.keys))
		for i, k := range from.keys {
			b.keys[i] = k.Clone()
		}
	}
	return boxValue(v.kind, b.seal())
}

// lexical gives a number as OPA's own type.
func (v *Value) lexical() ast.Number {
	if v.long {
		return ast.Number(v.text())
	}
	return ast.Number(strconv.FormatInt(v.n, 10))
}

// textOf makes a string of bytes that nobody writes any more.
func textOf(b []byte) Value {
	return Value{kind: String, p: unsafe.Pointer(unsafe.SliceData(b)), n: int64(len(b))}
}
