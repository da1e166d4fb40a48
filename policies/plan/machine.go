package plan

import (
	"context"
	"errors"
	"fmt"
)

// ctl says how a statement ended: with the next one (0), out of so many blocks (above 0), by the return of its function, or in an error.
type ctl int

const (
	next     ctl = 0
	leave    ctl = 1 // the statement is undefined: the block that holds it ends
	returned ctl = -1
	failed   ctl = -2
)

// op is one statement, compiled.
type op func(*machine) ctl

// Errors of an evaluation. After any of them there is no answer: ask OPA's own evaluator.
var (
	// ErrConflict is a rule or function with two values for the same question, or an object with two values under one key.
	ErrConflict = errors.New("conflicting values")
	// ErrBudget is an evaluation of more steps than its options allow.
	ErrBudget = errors.New("the evaluation takes too many steps")
	// ErrBuiltin is a builtin that failed, when builtin errors are strict, or one that stopped the evaluation.
	ErrBuiltin = errors.New("a builtin failed")
	// ErrResult is a query that has several answers, or names several values in one.
	ErrResult = errors.New("the query has not one answer")
	// ErrInput is an input that does not fit the options: no object where a member of it is to vary.
	ErrInput = errors.New("the input cannot be evaluated")
	// ErrInternal is a plan that does what no plan of OPA does.
	ErrInternal = errors.New("the plan is malformed")
)

// machine runs a program. All locals of all functions have places of their own in one row, which is possible because no function of a plan
// calls itself: first what is known of the program alone, then what is known of the page, then the rest.
type machine struct {
	s       []Value
	memo    []uint64 // by function: the stamp under which its value was computed
	hints   []int32  // by lookup of a known name: where it was found the last time
	regions []region // by region: whether it ran under the page's stamp, and how it ended
	stamp   uint64   // of this evaluation
	page    uint64   // stamp of this page
	clock   uint64   // the last stamp given
	arena   *arena
	owner   uint32 // of the boxes being built: 0 is nobody
	keeper  uint32 // owner of what is made for the page
	makers  uint32 // the last owner given
	out     Value  // of the function that returned
	err     error
	ctx     context.Context
	done    <-chan struct{}
	changed []uint64 // by group of members of what varies: the stamp under which one of them was last another than before
	slots   []int32  // by slot: where its member was found the last time
	names   []Value  // of the members of the last document
	named   bool
	calls   []lastCall
	brief   []int // memos of this evaluation alone
	known   bool  // the places of the members hold those of the page's last document
	steps   int
	budget  int
	results []Value
	args    [maxArguments]Value // of the builtin being called; none calls another

	here, there arena // of the evaluation, and of the page
}

type region struct {
	stamp uint64
	out   ctl
}

// checked is how many steps go by between two looks at the context.
const checked = 4096

// step counts one turn of a scan or one call.
func (m *machine) step() bool {
	m.steps++
	return m.steps%checked != 0 || m.goOn()
}

func (m *machine) goOn() bool {
	if m.steps >= m.budget {
		m.err = fmt.Errorf("%w: more than %d", ErrBudget, m.budget)
		return false
	}
	select {
	case <-m.done:
		m.err = m.ctx.Err()
		return false
	default:
		return true
	}
}

func (m *machine) fail(err error) ctl {
	m.err = err
	return failed
}

func (m *machine) tick() uint64 {
	m.clock++
	return m.clock
}

// own begins to make values under a new owner, in the given arena; what was made before can no longer be changed.
func (m *machine) own(a *arena) {
	m.makers++
	if m.makers == 0 {
		m.makers = 1
	}
	m.arena, m.owner = a, m.makers
}

// aside runs what depends on the page alone, once for the page: its values go where the page keeps them.
func (m *machine) aside(run op) ctl {
	arena, owner := m.arena, m.owner
	if arena == &m.here {
		m.arena, m.owner = &m.there, m.keeper
	}
	out := run(m)
	m.arena, m.owner = arena, owner
	return out
}

func (m *machine) newBox() *box {
	b := m.arena.newBox()
	b.owner = m.owner
	return b
}

// changeable gives the box of a value that this evaluation makes.
func (m *machine) changeable(v *Value, k Kind) *box {
	if v.kind != k {
		return nil
	}
	b := v.box()
	if b.owner != m.owner || b.owner == 0 {
		return nil
	}
	return b
}

// runAll runs the statements of a block.
func runAll(m *machine, ops []op) ctl {
	for _, o := range ops {
		if c := o(m); c != next {
			return c
		}
	}
	return next
}

// runBlocks runs blocks one after the other; leaving one goes on with the one after it.
func runBlocks(m *machine, blocks [][]op) ctl {
	for _, b := range blocks {
		if c := runAll(m, b); c > leave {
			return c - 1
		} else if c < next {
			return c
		}
	}
	return next
}
