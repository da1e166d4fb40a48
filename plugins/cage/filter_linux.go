//go:build amd64 || arm64

package cage

import (
	"fmt"
	"slices"
	"sync"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// What the filter answers.
const (
	allow    = unix.SECCOMP_RET_ALLOW
	tripwire = unix.SECCOMP_RET_KILL_PROCESS // no honest program calls these: the attempt is evidence
	refuse   = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	unknown  = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS) // libraries then try the older call
)

// Offsets into struct seccomp_data (linux/seccomp.h).
const (
	dataNumber = 0
	dataArch   = 4
	dataArgs   = 16
)

// test is a condition on one argument, of which the filter sees 64 bits. All tests of a rule must hold for it to allow.
type test struct {
	arg  int
	mask uint64 // bits that are looked at; 0 means all of them
	is   []uint64
}

// rule allows one system call, when its tests hold; otherwise it is refused with EPERM.
type rule struct {
	nr    uintptr
	tests []test
}

func bits(w uint64) (low, high uint32) { return uint32(w), uint32(w >> 32) }

// compile makes the filter: architecture, the number's ABI, tripwires, rules in the order given, and EPERM for the rest.
// self is the process's own id as it sees it, which only a process outside of a process namespace needs to be told.
func compile(arch uint32, rules []rule, trips, absent []uintptr) ([]bpf.RawInstruction, error) {
	out := []bpf.Instruction{
		bpf.LoadAbsolute{Off: dataArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: arch, SkipTrue: 1},
		bpf.RetConstant{Val: tripwire},
		bpf.LoadAbsolute{Off: dataNumber, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpLessThan, Val: 0x40000000, SkipTrue: 1}, // beyond: the x32 ABI
		bpf.RetConstant{Val: tripwire},
	}
	for _, r := range rules {
		body := r.body()
		if len(body) > 255 {
			return nil, fmt.Errorf("cage: the rule of system call %d has %d instructions", r.nr, len(body))
		}
		out = append(out, bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(r.nr), SkipFalse: uint8(len(body))})
		out = append(out, body...)
	}
	for nr, answer := range answers(trips, absent) {
		out = append(out, bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(nr), SkipFalse: 1}, bpf.RetConstant{Val: answer})
	}
	return bpf.Assemble(append(out, bpf.RetConstant{Val: refuse}))
}

func answers(trips, absent []uintptr) func(func(uintptr, uint32) bool) {
	return func(yield func(uintptr, uint32) bool) {
		for _, nr := range trips {
			if !yield(nr, tripwire) {
				return
			}
		}
		for _, nr := range absent {
			if !yield(nr, unknown) {
				return
			}
		}
	}
}

// body is the instructions after a call's number was recognised; each path through it ends in an answer.
func (r rule) body() []bpf.Instruction {
	out := []bpf.Instruction{bpf.RetConstant{Val: allow}}
	for _, t := range slices.Backward(r.tests) {
		out = append(t.instructions(), out...)
	}
	return out
}

// instructions falls through when the test holds, and answers EPERM otherwise.
func (t test) instructions() []bpf.Instruction {
	mask := t.mask
	if mask == 0 {
		mask = ^uint64(0)
	}
	maskLow, maskHigh := bits(mask)
	at := uint32(dataArgs + 8*t.arg)
	var out []bpf.Instruction
	for i, want := range t.is {
		low, high := bits(want)
		left := len(t.is) - 1 - i
		// Seven instructions a value: on a match jump over the remaining values and the refusal.
		out = append(out,
			bpf.LoadAbsolute{Off: at, Size: 4},
			bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: maskLow},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: low, SkipFalse: 4},
			bpf.LoadAbsolute{Off: at + 4, Size: 4},
			bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: maskHigh},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: high, SkipFalse: 1},
			bpf.Jump{Skip: uint32(left*7 + 1)})
	}
	return append(out, bpf.RetConstant{Val: refuse})
}

// filterFor is the filter of this machine for a process that knows itself as self: process 1 in a namespace of its own.
func filterFor(self int) ([]byte, error) {
	if self == 1 {
		return innermost()
	}
	return assembled(self)
}

var innermost = sync.OnceValues(func() ([]byte, error) { return assembled(1) })

// assembled is the filter as struct sock_filter wants it, in this machine's byte order.
func assembled(self int) ([]byte, error) {
	raw, err := compile(auditArch, rules(self), append(slices.Clone(tripwires), nativeTripwires...), []uintptr{unix.SYS_CLONE3})
	if err != nil {
		return nil, err
	}
	if len(raw) > 4096 {
		return nil, fmt.Errorf("cage: the filter has %d instructions, the kernel takes 4096", len(raw))
	}
	filter := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		filter[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(filter))), len(filter)*int(unsafe.Sizeof(unix.SockFilter{}))), nil
}
