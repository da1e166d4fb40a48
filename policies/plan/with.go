package plan

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
