package plan

import (
	"reflect"

	"github.com/open-policy-agent/opa/v1/ir"
)

// OPA's planner gives the locals of one rule body to the next one again. Here each body gets its own, so that what is known of a local in one
// body is not given up for what another body does with its number. The plan is copied first: it belongs to the caller.

// renamer gives fresh numbers to the locals of one function.
type renamer struct {
	fixed map[ir.Local]bool // parameters, and what functions return
	last  ir.Local
	uses  map[ir.Local]int
}

// ownLocals copies the blocks of a function, with locals that no two sibling blocks share unless a value goes from one to the other.
func ownLocals(blocks []*ir.Block, fixed []ir.Local) []*ir.Block {
	r := &renamer{fixed: map[ir.Local]bool{ir.Input: true, ir.Data: true}, last: ir.Unused, uses: map[ir.Local]int{}}
	for _, l := range fixed {
		r.fixed[l] = true
		r.last = max(r.last, l)
	}
	out := copyOf(reflect.ValueOf(blocks)).Interface().([]*ir.Block)
	r.count(out, r.uses)
	for l := range r.uses {
		r.last = max(r.last, l)
	}
	r.siblings(out)
	return out
}

// count adds up where locals occur.
func (r *renamer) count(blocks []*ir.Block, uses map[ir.Local]int) {
	walk(blocks, func(s ir.Stmt) bool {
		t, _ := touchedBy(s)
		for _, l := range t.reads {
			uses[l]++
		}
		for _, l := range t.writes {
			uses[l]++
		}
		return true
	})
}

// siblings gives each block its own locals, where all that happens to a local happens in these blocks, and each block writes it before it
// reads it; then it looks within the blocks.
func (r *renamer) siblings(blocks []*ir.Block) {
	if len(blocks) > 1 {
		here := map[ir.Local]int{}
		r.count(blocks, here)
		s := &shape{of: map[ir.Stmt]*node{}, reads: map[ir.Local][]*node{}, writes: map[ir.Local][]*node{}}
		s.place(blocks, nil, true, func(ir.Stmt) level { return perProgram })
		for _, b := range blocks {
			inside := map[ir.Local]int{}
			r.count([]*ir.Block{b}, inside)
			fresh := map[ir.Local]ir.Local{}
			for l := range inside {
				if !r.fixed[l] && here[l] == r.uses[l] && s.alwaysWritten(l) {
					r.last++
					fresh[l] = r.last
					r.uses[r.last] = inside[l]
				}
			}
			renameIn(reflect.ValueOf(b), fresh)
		}
	}
	for _, b := range blocks {
		for _, stmt := range b.Stmts {
			if t, ok := touchedBy(stmt); ok && len(t.blocks) > 0 {
				r.siblings(t.blocks)
			}
		}
	}
}

// alwaysWritten says whether each statement that reads the local comes surely after one that writes it.
func (s *shape) alwaysWritten(l ir.Local) bool {
	for _, r := range s.reads[l] {
		if !s.writtenBefore(l, r) {
			return false
		}
	}
	return true
}

var (
	localType = reflect.TypeFor[ir.Local]()
	placeType = reflect.TypeFor[ir.Location]()
)

// copyOf copies a part of a plan, all the way down.
func copyOf(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return v
		}
		if v.Kind() == reflect.Interface {
			return copyOf(v.Elem())
		}
		out := reflect.New(v.Type().Elem())
		out.Elem().Set(v.Elem())
		copyFields(out.Elem())
		return out
	case reflect.Slice:
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(copyOf(v.Index(i)))
		}
		return out
	}
	return v
}

func copyFields(v reflect.Value) {
	if v.Kind() != reflect.Struct {
		return
	}
	for i := range v.NumField() {
		f := v.Field(i)
		switch f.Kind() {
		case reflect.Slice, reflect.Pointer:
			f.Set(copyOf(f))
		}
	}
}

// renameIn changes the locals of a part of a plan.
func renameIn(v reflect.Value, fresh map[ir.Local]ir.Local) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			renameIn(v.Elem(), fresh)
		}
	case reflect.Interface:
		if l, ok := v.Interface().(ir.Local); ok {
			if to, ok := fresh[l]; ok {
				v.Set(reflect.ValueOf(to))
			}
			return
		}
		renameIn(v.Elem(), fresh)
	case reflect.Slice:
		for i := range v.Len() {
			renameIn(v.Index(i), fresh)
		}
	case reflect.Struct:
		if v.Type() == placeType {
			return
		}
		for i := range v.NumField() {
			renameIn(v.Field(i), fresh)
		}
	default:
		if v.Type() == localType && v.CanSet() {
			if to, ok := fresh[v.Interface().(ir.Local)]; ok {
				v.Set(reflect.ValueOf(to))
			}
		}
	}
}
