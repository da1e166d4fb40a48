package plan

import (
	"github.com/open-policy-agent/opa/v1/ir"
)

// simple compiles the statements that hold no other and call nothing.
func (e *emitter) simple(s ir.Stmt) op {
	switch s := s.(type) {
	case *ir.DotStmt:
		from, key, to := e.operand(s.Source), e.operand(s.Key), e.at(s.Target)
		if e.c.chained(s) {
			return emitDataDot(from, key, to, e.c.chains[s] == fromData && !e.plain, e.emitMember(s, from, key, to))
		}
		return e.emitMember(s, from, key, to)
	case *ir.LenStmt:
		return emitLen(e.operand(s.Source), e.at(s.Target))
	case *ir.EqualStmt:
		a, b := e.operand(s.A), e.operand(s.B)
		return func(m *machine) ctl { return holds(equal(&m.s[a], &m.s[b])) }
	case *ir.NotEqualStmt:
		a, b := e.operand(s.A), e.operand(s.B)
		return func(m *machine) ctl { return holds(!equal(&m.s[a], &m.s[b])) }
	case *ir.IsArrayStmt:
		return emitKind(e.operand(s.Source), Array)
	case *ir.IsObjectStmt:
		return emitKind(e.operand(s.Source), Object)
	case *ir.IsSetStmt:
		return emitKind(e.operand(s.Source), Set)
	case *ir.IsUndefinedStmt:
		return emitKind(e.at(s.Source), Undefined)
	case *ir.IsDefinedStmt:
		from := e.at(s.Source)
		return func(m *machine) ctl { return holds(m.s[from].kind != Undefined) }
	}
	return e.assignment(s)
}

// assignment compiles the statements that only give a local its value.
func (e *emitter) assignment(s ir.Stmt) op {
	switch s := s.(type) {
	case *ir.AssignIntStmt:
		return emitConstant(intValue(s.Value), e.at(s.Target))
	case *ir.AssignVarStmt:
		from, to := e.operand(s.Source), e.at(s.Target)
		if from == to {
			return nil
		}
		return func(m *machine) ctl { m.s[to] = m.s[from]; return next }
	case *ir.AssignVarOnceStmt:
		return emitOnce(e.operand(s.Source), e.at(s.Target), s.GetLocation())
	case *ir.ResetLocalStmt:
		return emitConstant(Value{}, e.at(s.Target))
	case *ir.MakeNullStmt:
		return emitConstant(nullValue, e.at(s.Target))
	case *ir.MakeNumberIntStmt:
		return emitConstant(intValue(s.Value), e.at(s.Target))
	case *ir.MakeNumberRefStmt:
		v, err := numberValue(e.c.text(s.Index))
		if err != nil {
			e.c.refuse(s.GetLocation(), "number %s", e.c.text(s.Index))
		}
		return emitConstant(v, e.at(s.Target))
	}
	return e.building(s)
}

// building compiles the statements that make composite values and add to them.
func (e *emitter) building(s ir.Stmt) op {
	switch s := s.(type) {
	case *ir.MakeArrayStmt:
		to, room := e.at(s.Target), min(max(int(s.Capacity), 0), valuesAtOnce/4)
		return func(m *machine) ctl {
			b := m.newBox()
			b.list = m.arena.row(room)
			m.s[to] = boxValue(Array, b)
			return next
		}
	case *ir.MakeObjectStmt:
		return emitMake(Object, e.at(s.Target))
	case *ir.MakeSetStmt:
		return emitMake(Set, e.at(s.Target))
	case *ir.ArrayAppendStmt:
		return emitAppend(e.operand(s.Value), e.at(s.Array))
	case *ir.SetAddStmt:
		return emitAdd(e.operand(s.Value), e.at(s.Set))
	case *ir.ObjectInsertStmt:
		return emitInsert(e.operand(s.Key), e.operand(s.Value), e.at(s.Object))
	case *ir.ObjectInsertOnceStmt:
		return emitInsertOnce(e.operand(s.Key), e.operand(s.Value), e.at(s.Object), s.GetLocation())
	case *ir.ObjectMergeStmt:
		a, b, to := e.at(s.A), e.at(s.B), e.at(s.Target)
		return func(m *machine) ctl { m.s[to] = m.merge(&m.s[a], &m.s[b]); return next }
	}
	e.c.refuse(s.GetLocation(), "statement %s", kindOf(s))
	return nil
}

func holds(yes bool) ctl {
	if yes {
		return next
	}
	return leave
}

func emitKind(from int, k Kind) op {
	return func(m *machine) ctl { return holds(m.s[from].kind == k) }
}

func emitConstant(v Value, to int) op {
	return func(m *machine) ctl { m.s[to] = v; return next }
}

func emitMake(k Kind, to int) op {
	return func(m *machine) ctl { m.s[to] = boxValue(k, m.newBox()); return next }
}

// emitDot looks a key up. Numbers reach into arrays, members of a set are found as themselves.
func emitDot(from, key, to int) op {
	return func(m *machine) ctl {
		v := &m.s[from]
		switch v.kind {
		case Object:
			b := v.box()
			if at := b.find(&m.s[key]); at >= 0 {
				m.s[to] = b.list[at]
				return next
			}
		case Array:
			k := &m.s[key]
			list := v.box().list
			if k.kind == Number && !k.long && uint64(k.n) < uint64(len(list)) {
				m.s[to] = list[k.n]
				return next
			}
			if k.kind == Number && k.long {
				return m.dotLong(list, k, to)
			}
		case Set:
			b := v.box()
			if at := b.find(&m.s[key]); at >= 0 {
				m.s[to] = b.list[at]
				return next
			}
		}
		m.s[to] = Value{}
		return leave
	}
}

// emitMember looks up a member. Documents of one kind have their members in the same order, and are often found under the same keys of tables:
// where a name was found the last time is looked at first.
func (e *emitter) emitMember(s *ir.DotStmt, from, key, to int) op {
	id, known := e.c.hintOf[s]
	if !known && e.c.sealed {
		return emitDot(from, key, to)
	}
	if !known {
		id = e.c.program.hints
		e.c.hintOf[s] = id
		e.c.program.hints++
	}
	other := emitDot(from, key, to)
	return func(m *machine) ctl {
		v := &m.s[from]
		if v.kind != Object || m.s[key].kind != String {
			return other(m)
		}
		b, k, hint := v.box(), &m.s[key], &m.hints[id]
		if at := int(*hint); at < len(b.keys) {
			if c := &b.keys[at]; c.kind == String && c.n == k.n && (c.p == k.p || c.text() == k.text()) {
				m.s[to] = b.list[at]
				return next
			}
		}
		if at := b.find(k); at >= 0 {
			*hint = int32(at)
			m.s[to] = b.list[at]
			return next
		}
		m.s[to] = Value{}
		return leave
	}
}

// dotLong reaches into an array by a number that is no canonical integer, as 1.0 is not.
func (m *machine) dotLong(list []Value, k *Value, to int) ctl {
	if n, ok := k.lexical().Int(); ok && uint(n) < uint(len(list)) {
		m.s[to] = list[n]
		return next
	}
	m.s[to] = Value{}
	return leave
}

func emitLen(from, to int) op {
	return func(m *machine) ctl {
		v := &m.s[from]
		switch v.kind {
		case Array, Object, Set:
			m.s[to] = intValue(int64(len(v.box().list)))
		case String:
			m.s[to] = intValue(int64(len([]rune(v.text()))))
		default:
			m.s[to] = intValue(0)
		}
		return next
	}
}

func emitOnce(from, to int, at *ir.Location) op {
	return func(m *machine) ctl {
		if m.s[to].kind == Undefined {
			m.s[to] = m.s[from]
			return next
		}
		if !equal(&m.s[to], &m.s[from]) {
			return m.fail(conflict("a rule has two values", at))
		}
		return next // of 1 and 1.0 the first stands
	}
}

var errShared = malformed("a finished value is added to")

func malformed(what string) error { return &internalError{what} }

// internalError is a plan that does what OPA's planner never writes.
type internalError struct{ what string }

// Error says what it does.
func (e *internalError) Error() string { return ErrInternal.Error() + ": " + e.what }

// Is makes it an ErrInternal.
func (e *internalError) Is(target error) bool { return target == ErrInternal }

func emitAppend(from, to int) op {
	return func(m *machine) ctl {
		b := m.changeable(&m.s[to], Array)
		if b == nil {
			return m.fail(errShared)
		}
		b.list = append(m.arena.grow(b.list), m.s[from])
		return next
	}
}

func emitAdd(from, to int) op {
	return func(m *machine) ctl {
		b := m.changeable(&m.s[to], Set)
		if b == nil {
			return m.fail(errShared)
		}
		b.add(m.arena, m.s[from])
		return next
	}
}

func emitInsert(key, from, to int) op {
	return func(m *machine) ctl {
		b := m.changeable(&m.s[to], Object)
		if b == nil {
			return m.fail(errShared)
		}
		b.put(m.arena, m.s[key], m.s[from])
		return next
	}
}

func emitInsertOnce(key, from, to int, at *ir.Location) op {
	return func(m *machine) ctl {
		b := m.changeable(&m.s[to], Object)
		if b == nil {
			return m.fail(errShared)
		}
		if found := b.find(&m.s[key]); found >= 0 {
			if !equal(&b.list[found], &m.s[from]) {
				return m.fail(conflict("an object has two values under one key", at))
			}
			return next
		}
		b.put(m.arena, m.s[key], m.s[from])
		return next
	}
}
