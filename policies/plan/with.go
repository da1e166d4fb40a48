package plan

import "github.com/open-policy-agent/opa/v1/ir"

// upsert gives a copy of an object in which the value stands under the path; what is missing on the way, or is no object, becomes one.
func (m *machine) upsert(from *Value, path []Value, v *Value) Value {
	if len(path) == 0 {
		return *v
	}
	b := m.newBox()
	var inner Value
	if from.kind == Object {
		old := from.box()
		list := old.ordered()
		b.keys = append(m.arena.row(len(list)+1), old.keys...)
		b.list = append(m.arena.row(len(list)+1), list...)
		if at := b.find(&path[0]); at >= 0 {
			inner = b.list[at]
		}
	}
	b.put(m.arena, path[0], m.upsert(&inner, path[1:], v))
	return boxValue(Object, b)
}

// merge joins what the data holds with what rules make of the same place: objects member by member, and otherwise the second stands aside.
func (m *machine) merge(a, b *Value) Value {
	if a.kind == Undefined {
		return *b
	}
	if a.kind != Object || b.kind != Object {
		return *a
	}
	left, right := a.box(), b.box()
	out := m.newBox()
	list := left.ordered()
	out.keys, out.list = append(m.arena.row(len(list)+4), left.keys...), append(m.arena.row(len(list)+4), list...)
	for i, v := range right.ordered() {
		k := right.keys[i]
		if at := out.find(&k); at >= 0 {
			v = m.merge(&out.list[at], &v)
		}
		out.put(m.arena, k, v)
	}
	return boxValue(Object, out)
}

// with compiles a statement under which the input or the data are others. All that it holds is plain.
func (e *emitter) with(s *ir.WithStmt) op {
	inner := e
	var enter op
	if !e.plain {
		inner = &emitter{c: e.c, plain: true, place: e.place, shape: e.shape}
		in, data := e.c.newPlace(perDocument), e.c.newPlace(perDocument)
		before := [2]int{e.at(ir.Input), e.at(ir.Data)}
		inner.place = cloneWith(e.place, in, data)
		enter = func(m *machine) ctl { m.s[in], m.s[data] = m.s[before[0]], m.s[before[1]]; return next }
	}
	value := inner.operand(s.Value)
	target := inner.at(s.Local)
	path := make([]Value, len(s.Path))
	for i, n := range s.Path {
		path[i] = textValue(e.c.text(n))
	}
	block := inner.plainBlock(s.Block)
	for l, at := range inner.place {
		if l != ir.Input && l != ir.Data {
			e.place[l] = at
		}
	}
	return func(m *machine) ctl {
		if enter != nil {
			enter(m)
		}
		kept := m.s[target]
		m.s[target] = m.upsert(&kept, path, &m.s[value])
		c := runAll(m, block)
		m.s[target] = kept
		if c > leave {
			return c - 1
		}
		return c
	}
}

func cloneWith(place map[ir.Local]int, in, data int) map[ir.Local]int {
	out := make(map[ir.Local]int, len(place)+2)
	for l, at := range place {
		out[l] = at
	}
	out[ir.Input], out[ir.Data] = in, data
	return out
}
