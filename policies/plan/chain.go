package plan

import "github.com/open-policy-agent/opa/v1/ir"

// OPA reads data through the paths of its store, where every step is a text: data.x[2] finds the member "2" of an object, and data.x["2"] the
// third element of an array. A value of the data that has a name in the policy is no longer reached so. The plan says the same with the same
// statements; what tells them apart is whether a lookup goes on from the data without a stop.

// chain says whether a lookup goes on from the data.
type chain uint8

const (
	elsewhere chain = iota
	fromData
	perhapsFromData // from the data or from a rule, as it turns out
)

// chained says whether the lookup's source can be the data itself and its key anything but the name of a member that the plan knows.
func (c *compiler) chained(s *ir.DotStmt) bool {
	if c.chains[s] == elsewhere {
		return false
	}
	key, known := s.Key.Value.(ir.StringIndex)
	return !known || !isMemberName(c.text(int(key)))
}

// isMemberName says whether a text can only be a member of an object: no element of an array is reached by it.
func isMemberName(s string) bool {
	return s != "" && (s[0] < '0' || s[0] > '9') && s[0] != '-' && s[0] != '+'
}

// follow notes the lookups that go on from the data, in one function.
func (c *compiler) follow(blocks []*ir.Block) {
	from := map[ir.Local]chain{ir.Data: fromData}
	for again := true; again; {
		again = false
		set := func(l ir.Local, how chain) {
			if how > from[l] {
				from[l], again = how, true
			}
		}
		c.followBlocks(blocks, from, set)
	}
}

func (c *compiler) followBlocks(blocks []*ir.Block, from map[ir.Local]chain, set func(ir.Local, chain)) {
	for _, b := range blocks {
		for i, s := range b.Stmts {
			switch s := s.(type) {
			case *ir.DotStmt:
				if l, ok := s.Source.Value.(ir.Local); ok && from[l] != elsewhere {
					c.chains[s] = from[l]
					set(s.Target, from[l])
				}
			case *ir.ScanStmt:
				set(s.Value, from[s.Source])
			case *ir.AssignVarStmt:
				// The fallback of a dynamic call puts the data's value where a rule's would be, and leaves.
				l, ok := s.Source.Value.(ir.Local)
				if _, leaves := behind(b, i).(*ir.BreakStmt); ok && leaves && from[l] != elsewhere {
					set(s.Target, perhapsFromData)
				}
			}
			if t, ok := touchedBy(s); ok {
				c.followBlocks(t.blocks, from, set)
			}
		}
	}
}

func behind(b *ir.Block, i int) ir.Stmt {
	if i+1 < len(b.Stmts) {
		return b.Stmts[i+1]
	}
	return nil
}

// emitDataDot looks a key up in what may be the data. Where the kind of key is not that of the container, OPA's answer hangs on how the value
// was reached: sure is that it was reached through the program's own data.
func emitDataDot(from, key, to int, sure bool, dot op) op {
	return func(m *machine) ctl {
		v, k := &m.s[from], &m.s[key]
		switch {
		case v.kind == Object && k.kind == Number:
			if !sure {
				return m.fail(errPath)
			}
			if at := v.box().find(ptr(textValue(string(k.lexical())))); at >= 0 {
				m.s[to] = v.box().list[at]
				return next
			}
		case v.kind == Array && k.kind == String && !isMemberName(k.text()):
			return m.fail(errPath)
		}
		return dot(m)
	}
}

func ptr(v Value) *Value { return &v }

var errPath = malformed("data is looked into by a key of another kind than its own")
