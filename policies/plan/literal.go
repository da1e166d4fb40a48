package plan

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ir"
)

// literal is an object whose names are known and whose values are put in one after the other, in one block: it is made with all its names.
type literal struct {
	at   int     // place of the object
	keys []Value // in order
	puts map[*ir.ObjectInsertStmt]int
}

// literals finds the objects of a block that are made so. Nothing may look at such an object before its last member is in.
func (w *lowerer) literals(list []*rest) map[ir.Stmt]*literal {
	var out map[ir.Stmt]*literal
	for i, r := range list {
		made, ok := r.stmt.(*ir.MakeObjectStmt)
		if !ok {
			continue
		}
		lit := w.literal(made.Target, list[i+1:])
		if lit == nil {
			continue
		}
		if out == nil {
			out = map[ir.Stmt]*literal{}
		}
		out[made] = lit
		for put := range lit.puts {
			out[put] = lit
		}
	}
	return out
}

func (w *lowerer) literal(object ir.Local, list []*rest) *literal {
	var puts []*ir.ObjectInsertStmt
	looked := false
	for _, r := range list {
		put, ok := r.stmt.(*ir.ObjectInsertStmt)
		if ok && put.Object == object && put.Value.Value != ir.Val(object) {
			if _, named := put.Key.Value.(ir.StringIndex); !named || looked {
				return nil
			}
			puts = append(puts, put)
			continue
		}
		r.touches(func(t *touched) {
			for _, l := range t.reads {
				looked = looked || w.k.shape.root(l) == object
			}
			looked = looked || slices.Contains(t.writes, object)
		})
	}
	if len(puts) == 0 || len(puts) > valuesAtOnce/4 {
		return nil
	}
	return w.ordered(object, puts)
}

// ordered gives each name its position; nil when one comes twice.
func (w *lowerer) ordered(object ir.Local, puts []*ir.ObjectInsertStmt) *literal {
	lit := &literal{at: w.e.at(object), puts: map[*ir.ObjectInsertStmt]int{}}
	name := func(put *ir.ObjectInsertStmt) Value { return textValue(w.c.text(int(put.Key.Value.(ir.StringIndex)))) }
	for _, put := range puts {
		lit.keys = append(lit.keys, name(put))
	}
	slices.SortFunc(lit.keys, Compare)
	for i := 1; i < len(lit.keys); i++ {
		if Equal(lit.keys[i-1], lit.keys[i]) {
			return nil
		}
	}
	for _, put := range puts {
		key := name(put)
		lit.puts[put], _ = halves(lit.keys, &key)
	}
	return lit
}

// make gives the object with its names.
func (lit *literal) make() op {
	keys, at := slices.Clip(lit.keys), lit.at
	return func(m *machine) ctl {
		b := m.newBox()
		b.keys, b.list = keys, m.arena.row(len(keys))[:len(keys)]
		clear(b.list)
		m.s[at] = boxValue(Object, b)
		return next
	}
}

// builtin lays the call of a builtin: a few that answer at once are asked without taking their arguments together first.
func (w *lowerer) builtin(s *ir.CallStmt) op {
	if len(s.Args) == 0 || len(s.Args) > 2 {
		return nil
	}
	a, to := w.e.operand(s.Args[0]), w.e.at(s.Result)
	other := w.e.statement(s)
	if len(s.Args) == 1 {
		switch s.Func {
		case "min":
			return askFirst(a, to, other)
		case "count":
			return askCount(a, to, other)
		}
		return nil
	}
	b := w.e.operand(s.Args[1])
	switch s.Func {
	case "or":
		return askUnion(a, b, to, other)
	case "internal.member_2":
		return askMember(a, b, to, other)
	}
	return nil
}

// askFirst gives the least member of a set.
func askFirst(from, to int, other op) op {
	return func(m *machine) ctl {
		if m.s[from].kind != Set {
			return other(m)
		}
		list := m.s[from].box().ordered()
		if len(list) == 0 {
			m.s[to] = Value{}
			return leave
		}
		m.s[to] = list[0]
		return next
	}
}

func askCount(from, to int, other op) op {
	return func(m *machine) ctl {
		if m.s[from].kind < Array {
			return other(m)
		}
		m.s[to] = intValue(int64(len(m.s[from].box().list)))
		return next
	}
}

// askUnion gives the other set when one is empty.
func askUnion(a, b, to int, other op) op {
	return func(m *machine) ctl {
		x, y := &m.s[a], &m.s[b]
		switch {
		case x.kind != Set || y.kind != Set:
			return other(m)
		case len(x.box().list) == 0:
			m.s[to] = *y
		case len(y.box().list) == 0:
			m.s[to] = *x
		default:
			return other(m)
		}
		return next
	}
}

func askMember(a, b, to int, other op) op {
	return func(m *machine) ctl {
		if m.s[b].kind != Array {
			return other(m)
		}
		list := m.s[b].box().list
		found := falseValue
		for i := range list {
			if equal(&list[i], &m.s[a]) {
				found = trueValue
				break
			}
		}
		m.s[to] = found
		return next
	}
}
