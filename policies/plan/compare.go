package plan

import (
	"cmp"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Compare orders two values as OPA does: by kind, then by contents. Equal numbers are equal however they are written.
func Compare(a, b Value) int { return compare(&a, &b) }

// Equal says whether two values are the same value.
func Equal(a, b Value) bool { return equal(&a, &b) }

func compare(a, b *Value) int {
	if a.kind != b.kind {
		return cmp.Compare(a.kind, b.kind)
	}
	switch a.kind {
	case Boolean:
		return cmp.Compare(a.n, b.n)
	case Number:
		return compareNumbers(a, b)
	case String:
		return strings.Compare(a.text(), b.text())
	case Array:
		return compareLists(a.box().list, b.box().list)
	case Set:
		return compareLists(a.box().ordered(), b.box().ordered())
	case Object:
		return compareObjects(a.box(), b.box())
	}
	return 0
}

// equal is compare for the common question, with its cheap answers first.
func equal(a, b *Value) bool {
	if a.kind != b.kind {
		return false
	}
	switch a.kind {
	case Undefined, Null:
		return true
	case Boolean:
		return a.n == b.n
	case String:
		return a.n == b.n && (a.p == b.p || a.text() == b.text())
	case Number:
		if !a.long && !b.long {
			return a.n == b.n
		}
	default:
		if a.p == b.p {
			return true
		}
		if len(a.box().list) != len(b.box().list) {
			return false
		}
	}
	return compare(a, b) == 0
}

func compareNumbers(a, b *Value) int {
	if !a.long && !b.long {
		return cmp.Compare(a.n, b.n)
	}
	return ast.NumberCompare(a.lexical(), b.lexical())
}

func compareLists(a, b []Value) int {
	for i := range min(len(a), len(b)) {
		if c := compare(&a[i], &b[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

// compareObjects compares key by key and, under equal keys, value by value, as OPA does.
func compareObjects(a, b *box) int {
	if a == b {
		return 0
	}
	va, vb := a.ordered(), b.ordered()
	for i := range min(len(va), len(vb)) {
		if c := compare(&a.keys[i], &b.keys[i]); c != 0 {
			return c
		}
		if c := compare(&va[i], &vb[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(va), len(vb))
}
