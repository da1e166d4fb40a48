package plan

import (
	"math/bits"
	"strings"
	"time"
)

type nativeEntry struct {
	run  native
	sure bool
}

// natives are the builtins that need no detour. What one of them does not take, wrong kinds of arguments above all, goes to OPA's own, so
// that its failures are OPA's.
var natives = map[string]nativeEntry{
	"equal":             {func(_ *machine, a []Value) (Value, bool) { return boolValue(equal(&a[0], &a[1])), true }, true},
	"neq":               {func(_ *machine, a []Value) (Value, bool) { return boolValue(!equal(&a[0], &a[1])), true }, true},
	"lt":                {func(_ *machine, a []Value) (Value, bool) { return boolValue(compare(&a[0], &a[1]) < 0), true }, true},
	"lte":               {func(_ *machine, a []Value) (Value, bool) { return boolValue(compare(&a[0], &a[1]) <= 0), true }, true},
	"gt":                {func(_ *machine, a []Value) (Value, bool) { return boolValue(compare(&a[0], &a[1]) > 0), true }, true},
	"gte":               {func(_ *machine, a []Value) (Value, bool) { return boolValue(compare(&a[0], &a[1]) >= 0), true }, true},
	"internal.member_2": {member, true},
	"is_array":          {isKind(Array), true},
	"is_boolean":        {isKind(Boolean), true},
	"is_null":           {isKind(Null), true},
	"is_number":         {isKind(Number), true},
	"is_object":         {isKind(Object), true},
	"is_set":            {isKind(Set), true},
	"is_string":         {isKind(String), true},
	"count":             {count, false},
	"plus":              {plus, false},
	"minus":             {minus, false},
	"mul":               {mul, false},
	"or":                {union, false},
	"and":               {intersection, false},
	"min":               {least, false},
	"max":               {greatest, false},
	"concat":            {concat, false},
	"contains":          {onTexts(strings.Contains), false},
	"startswith":        {onTexts(strings.HasPrefix), false},
	"endswith":          {onTexts(strings.HasSuffix), false},
	"substring":         {substring, false},
	"object.get":        {objectGet, false},
	"split":             {split, false},

	"time.parse_rfc3339_ns": {parseInstant, false},
}

// isKind says whether a value is of a kind.
func isKind(k Kind) native {
	return func(_ *machine, a []Value) (Value, bool) { return boolValue(a[0].kind == k), true }
}

func member(_ *machine, a []Value) (Value, bool) {
	switch a[1].kind {
	case Set:
		return boolValue(a[1].box().find(&a[0]) >= 0), true
	case Array, Object:
		list := a[1].box().ordered()
		for i := range list {
			if equal(&list[i], &a[0]) {
				return trueValue, true
			}
		}
	}
	return falseValue, true
}

func count(_ *machine, a []Value) (Value, bool) {
	switch a[0].kind {
	case Array, Object, Set:
		return intValue(int64(len(a[0].box().list))), true
	}
	return Value{}, false
}

// integers gives both operands when both are small integers.
func integers(a []Value) (x, y int64, ok bool) {
	ok = a[0].kind == Number && a[1].kind == Number && !a[0].long && !a[1].long
	return a[0].n, a[1].n, ok
}

func plus(_ *machine, a []Value) (Value, bool) {
	x, y, ok := integers(a)
	sum := x + y
	if !ok || (sum > x) != (y > 0) && y != 0 {
		return Value{}, false
	}
	return intValue(sum), true
}

func minus(m *machine, a []Value) (Value, bool) {
	if a[0].kind == Set && a[1].kind == Set {
		return m.sift(a[0].box(), a[1].box(), false), true
	}
	x, y, ok := integers(a)
	rest := x - y
	if !ok || (rest < x) != (y > 0) && y != 0 {
		return Value{}, false
	}
	return intValue(rest), true
}

func mul(_ *machine, a []Value) (Value, bool) {
	x, y, ok := integers(a)
	if !ok || magnitude(x) == 0 || magnitude(y) == 0 {
		return Value{}, false
	}
	if high, low := bits.Mul64(magnitude(x), magnitude(y)); high != 0 || low >= 1<<63 {
		return Value{}, false
	}
	return intValue(x * y), true
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}

// union merges two sets in order.
func union(m *machine, a []Value) (Value, bool) {
	if a[0].kind != Set || a[1].kind != Set {
		return Value{}, false
	}
	x, y := a[0].box().ordered(), a[1].box().ordered()
	if len(x) == 0 {
		return a[1], true
	}
	if len(y) == 0 {
		return a[0], true
	}
	out := m.newBox()
	out.list = m.arena.row(len(x) + len(y))
	for len(x) > 0 && len(y) > 0 {
		switch c := compare(&x[0], &y[0]); {
		case c < 0:
			out.list, x = append(out.list, x[0]), x[1:]
		case c > 0:
			out.list, y = append(out.list, y[0]), y[1:]
		default:
			out.list, x, y = append(out.list, x[0]), x[1:], y[1:]
		}
	}
	out.list = append(append(out.list, x...), y...)
	return boxValue(Set, out), true
}

func intersection(m *machine, a []Value) (Value, bool) {
	if a[0].kind != Set || a[1].kind != Set {
		return Value{}, false
	}
	return m.sift(a[0].box(), a[1].box(), true), true
}

// sift gives the members of a set that are, or are not, in another.
func (m *machine) sift(from, by *box, in bool) Value {
	out := m.newBox()
	list := from.ordered()
	out.list = m.arena.row(len(list))
	for i := range list {
		if (by.find(&list[i]) >= 0) == in {
			out.list = append(out.list, list[i])
		}
	}
	return boxValue(Set, out)
}

func least(_ *machine, a []Value) (Value, bool) {
	switch a[0].kind {
	case Set:
		if list := a[0].box().ordered(); len(list) > 0 {
			return list[0], true
		}
		return Value{}, true
	case Array:
		var out Value
		for _, e := range a[0].box().list {
			if !out.Defined() || compare(&out, &e) >= 0 {
				out = e
			}
		}
		return out, true
	}
	return Value{}, false
}

func greatest(_ *machine, a []Value) (Value, bool) {
	switch a[0].kind {
	case Set:
		if list := a[0].box().ordered(); len(list) > 0 {
			return list[len(list)-1], true
		}
		return Value{}, true
	case Array:
		var out Value
		for _, e := range a[0].box().list {
			if compare(&out, &e) <= 0 {
				out = e
			}
		}
		return out, true
	}
	return Value{}, false
}

func concat(m *machine, a []Value) (Value, bool) {
	if a[0].kind != String || a[1].kind != Array && a[1].kind != Set {
		return Value{}, false
	}
	list := a[1].box().ordered()
	if len(list) == 0 {
		return textValue(""), true
	}
	size := int64(len(list)-1) * a[0].n
	for i := range list {
		if list[i].kind != String {
			return Value{}, false
		}
		size += list[i].n
	}
	if size > lettersAtOnce {
		return Value{}, false
	}
	b := m.arena.letters(int(size))
	for i := range list {
		if i > 0 {
			b = append(b, a[0].text()...)
		}
		b = append(b, list[i].text()...)
	}
	return textOf(b), true
}

// onTexts answers a question about two strings.
func onTexts(ask func(s, part string) bool) native {
	return func(_ *machine, a []Value) (Value, bool) {
		if a[0].kind != String || a[1].kind != String {
			return Value{}, false
		}
		return boolValue(ask(a[0].text(), a[1].text())), true
	}
}

// substring counts in characters; only texts in which each is one byte are cut here.
func substring(_ *machine, a []Value) (Value, bool) {
	if a[0].kind != String || a[1].kind != Number || a[2].kind != Number || a[1].long || a[2].long || a[1].n < 0 {
		return Value{}, false
	}
	s, from, length := a[0].text(), a[1].n, a[2].n
	for i := range len(s) {
		if s[i] >= 0x80 {
			return Value{}, false
		}
	}
	if from >= int64(len(s)) {
		return textValue(""), true
	}
	s = s[from:]
	if length >= 0 && length < int64(len(s)) {
		s = s[:length]
	}
	return textValue(s), true
}

// split cuts a text at each separator; an empty separator goes to OPA's own.
func split(m *machine, a []Value) (Value, bool) {
	if a[0].kind != String || a[1].kind != String || a[1].n == 0 || a[0].n > lettersAtOnce {
		return Value{}, false
	}
	s, by := a[0].text(), a[1].text()
	b := m.newBox()
	b.list = m.arena.row(strings.Count(s, by) + 1)
	for part := range strings.SplitSeq(s, by) {
		b.list = append(b.list, textValue(part))
	}
	return boxValue(Array, b), true
}

// objectGet answers for one key; paths go to OPA's own.
func objectGet(_ *machine, a []Value) (Value, bool) {
	if a[0].kind != Object || a[1].kind == Array {
		return Value{}, false
	}
	if at := a[0].box().find(&a[1]); at >= 0 {
		return a[0].box().ordered()[at], true
	}
	return a[2], true
}

// Instants that 64 bits of nanoseconds hold, with a margin; others go to OPA's own, which says what is wrong with them.
var (
	firstInstant = time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC)
	lastInstant  = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)
)

func parseInstant(_ *machine, a []Value) (Value, bool) {
	if a[0].kind != String {
		return Value{}, false
	}
	t, err := time.Parse(time.RFC3339, a[0].text())
	if err != nil || t.Before(firstInstant) || t.After(lastInstant) {
		return Value{}, false
	}
	return intValue(t.UnixNano()), true
}
