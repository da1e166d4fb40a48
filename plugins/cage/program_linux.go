//go:build amd64 || arm64

package cage

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// call is one system call of the child's list, in the layout that launch reads.
type call struct {
	nr     uintptr
	args   [6]uintptr
	result int64 // what the system answered, or notReached
	least  int64 // a smaller result is a failure
	must   int64 // 1: a failure ends the child
}

const notReached = -4095 - 1

// step is a call with its meaning: what it proves, and what it is called when it fails.
type step struct {
	proves   Measure
	name     string
	nr       uintptr
	args     [6]uintptr
	least    int64
	optional bool
}

// program is memory that both the warden and the child see until the child executes: the list of calls, what their
// arguments point to, and the child's stack. It lies outside of Go's heap.
type program struct {
	memory []byte
	used   int
	steps  []step
	calls  []call // over memory, made by seal
	filter []byte // over memory, what the filter's step loads
}

const (
	programSize = 128 << 10
	callSize    = unsafe.Sizeof(call{})
)

func newProgram() (*program, error) {
	m, err := unix.Mmap(-1, 0, programSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("cage: memory for the launch: %w", err)
	}
	return &program{memory: m}, nil
}

// free gives the memory back. The child must have executed or ended.
func (p *program) free() {
	if p.memory != nil {
		_ = unix.Munmap(p.memory)
		p.memory, p.calls = nil, nil
	}
}

// room takes n zeroed bytes, aligned to 16. A jail is a fixed list of bounded texts: it panics where one outgrows the
// memory, which every start of every test would show.
func (p *program) room(n int) []byte {
	at := (p.used + 15) &^ 15
	p.used = at + n
	return p.memory[at : at+n : at+n]
}

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

// text puts a zero-terminated string in and gives its address.
func (p *program) text(s string) uintptr {
	b := p.room(len(s) + 1)
	copy(b, s)
	return address(b)
}

// words puts machine words in.
func (p *program) words(w ...uint64) uintptr {
	b := p.room(8 * len(w))
	copy(unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(b))), len(w)), w)
	return address(b)
}

// strings puts a zero-terminated vector of strings in, as execve wants.
func (p *program) strings(list []string) uintptr {
	at := make([]uint64, 0, len(list)+1)
	for _, s := range list {
		at = append(at, uint64(p.text(s)))
	}
	return p.words(append(at, 0)...)
}

// bytes puts raw bytes in.
func (p *program) bytes(raw []byte) uintptr {
	b := p.room(len(raw))
	copy(b, raw)
	return address(b)
}

// seal lays the calls out and returns the child's stack. No step may be added afterwards.
func (p *program) seal(steps []step) (list *call, stack, size uintptr) {
	p.steps = steps
	b := p.room(len(steps) * int(callSize))
	p.calls = unsafe.Slice((*call)(unsafe.Pointer(unsafe.SliceData(b))), len(steps))
	for i, s := range steps {
		p.calls[i] = call{nr: s.nr, args: s.args, result: notReached, least: s.least}
		if !s.optional {
			p.calls[i].must = 1
		}
	}
	free := p.room(16 << 10)
	return &p.calls[0], address(free), uintptr(len(free))
}

// outcome tells what the calls that were reached prove: a measure is applied when every one of its steps succeeded.
func (p *program) outcome() (applied []Measure, missing []Lack) {
	state := map[Measure]*Lack{}
	var order []Measure
	for i, s := range p.steps {
		if s.proves == "" {
			continue
		}
		if _, seen := state[s.proves]; !seen {
			state[s.proves], order = nil, append(order, s.proves)
		}
		if r := p.calls[i].result; r < s.least && state[s.proves] == nil {
			state[s.proves] = &Lack{Measure: s.proves, Step: s.name, Cause: cause(r)}
		}
	}
	for _, m := range order {
		if lack := state[m]; lack != nil {
			missing = append(missing, *lack)
		} else {
			applied = append(applied, m)
		}
	}
	return applied, missing
}

// cause says what a result means.
func cause(result int64) string {
	switch {
	case result == notReached:
		return "not reached"
	case result < 0:
		return unix.ErrnoName(unix.Errno(-result))
	default:
		return fmt.Sprintf("answered %d", result)
	}
}

// launch clones with the given system call and lets the child walk the list. It is assembly.
//
//go:noescape
func launch(nr, a, b, c, d, e uintptr, list *call, count uintptr) (result uintptr)
