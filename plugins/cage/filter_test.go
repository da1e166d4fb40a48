//go:build linux && (amd64 || arm64)

package cage

import (
	"encoding/binary"
	"slices"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// machineOf runs the filter for a process that knows itself as pid.
func machineOf(t testing.TB, pid int) func(arch uint32, nr uint32, args [6]uint64) uint32 {
	t.Helper()
	raw, err := compile(auditArch, rules(pid), append(slices.Clone(tripwires), nativeTripwires...), []uintptr{unix.SYS_CLONE3})
	if err != nil {
		t.Fatal(err)
	}
	program, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatal("the filter holds what is no instruction")
	}
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	return func(arch, nr uint32, args [6]uint64) uint32 {
		// struct seccomp_data as this machine lays it out, each word as the virtual machine reads it
		data := binary.BigEndian.AppendUint32(nil, nr)
		data = binary.BigEndian.AppendUint32(data, arch)
		data = append(data, make([]byte, 8)...)
		for _, a := range args {
			low, high := bits(a)
			data = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(data, low), high)
		}
		n, err := vm.Run(data)
		if err != nil {
			t.Fatal(err)
		}
		return uint32(n)
	}
}

// judgement is what the table says, without a filter.
func judgement(pid int, nr uint32, args [6]uint64) uint32 {
	if nr >= 0x40000000 || slices.Contains(tripwires, uintptr(nr)) || slices.Contains(nativeTripwires, uintptr(nr)) {
		return tripwire
	}
	if nr == unix.SYS_CLONE3 {
		return unknown
	}
	for _, r := range rules(pid) {
		if r.nr != uintptr(nr) {
			continue
		}
		for _, c := range r.tests {
			mask := c.mask
			if mask == 0 {
				mask = ^uint64(0)
			}
			if !slices.Contains(c.is, args[c.arg]&mask) {
				return refuse
			}
		}
		return allow
	}
	return refuse
}

// TestFilterIsTheTable compares the assembled filter with the table that it was made from, on calls near the rules.
func TestFilterIsTheTable(t *testing.T) {
	t.Parallel()
	var values []uint64
	for _, r := range rules(1) {
		for _, c := range r.tests {
			values = append(values, c.is...)
			values = append(values, c.mask)
		}
	}
	value := rapid.Custom(func(t *rapid.T) uint64 {
		v := rapid.SampledFrom(values).Draw(t, "value")
		if rapid.Bool().Draw(t, "bent") {
			v ^= 1 << rapid.Uint64Range(0, 63).Draw(t, "bit")
		}
		return v
	})
	run := machineOf(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		var nr uint32
		if rapid.Bool().Draw(t, "known") {
			nr = uint32(rapid.SampledFrom(rules(1)).Draw(t, "rule").nr)
		} else {
			nr = rapid.Uint32Range(0, 600).Draw(t, "number")
		}
		var args [6]uint64
		for i := range args {
			args[i] = value.Draw(t, "argument")
		}
		if got, want := run(auditArch, nr, args), judgement(1, nr, args); got != want {
			t.Fatalf("call %d %x: the filter answers %#x, the table says %#x", nr, args, got, want)
		}
	})
}

// TestFilterRefuses spells out what must never be allowed, whatever the table becomes.
func TestFilterRefuses(t *testing.T) {
	t.Parallel()
	run := machineOf(t, 1)
	for name, nr := range map[string]uint32{"connect": unix.SYS_CONNECT, "execve": unix.SYS_EXECVE, "kill": unix.SYS_KILL, "tkill": unix.SYS_TKILL,
		"memfd_create": unix.SYS_MEMFD_CREATE, "sendmmsg": unix.SYS_SENDMMSG, "socketpair": unix.SYS_SOCKETPAIR, "ioctl": unix.SYS_IOCTL,
		"getdents64": unix.SYS_GETDENTS64, "symlinkat": unix.SYS_SYMLINKAT, "mknodat": unix.SYS_MKNODAT, "pidfd_open": unix.SYS_PIDFD_OPEN,
		"setns": unix.SYS_SETNS, "bpf": unix.SYS_BPF, "io_uring_setup": unix.SYS_IO_URING_SETUP, "a call of tomorrow": 599} {
		if got := run(auditArch, nr, [6]uint64{}); got == allow {
			t.Errorf("%s is allowed", name)
		}
	}
	for name, c := range map[string]struct {
		nr   uint32
		args [6]uint64
	}{
		"a process":               {unix.SYS_CLONE, [6]uint64{uint64(unix.SIGCHLD)}},
		"a process that is vfork": {unix.SYS_CLONE, [6]uint64{unix.CLONE_VM | unix.CLONE_VFORK}},
		"a thread in a namespace": {unix.SYS_CLONE, [6]uint64{threadMust | unix.CLONE_NEWUSER}},
		"memory to execute":       {unix.SYS_MMAP, [6]uint64{0, 4096, unix.PROT_READ | unix.PROT_EXEC}},
		"a signal to another":     {unix.SYS_TGKILL, [6]uint64{2, 2, 9}},
		"an internet socket":      {unix.SYS_SOCKET, [6]uint64{unix.AF_INET, unix.SOCK_STREAM}},
		"a unix datagram socket":  {unix.SYS_SOCKET, [6]uint64{unix.AF_UNIX, unix.SOCK_DGRAM | unix.SOCK_CLOEXEC}},
		"a domain with high bits": {unix.SYS_SOCKET, [6]uint64{unix.AF_UNIX | 1<<32, unix.SOCK_STREAM}},
		"a limit that is set":     {unix.SYS_PRLIMIT64, [6]uint64{0, unix.RLIMIT_CPU, 0x1000}},
		"a datagram to somebody":  {unix.SYS_SENDTO, [6]uint64{3, 0, 0, 0, 0x1000, 110}},
		"another program":         {unix.SYS_EXECVEAT, [6]uint64{4, 0, 0, 0, unix.AT_EMPTY_PATH}},
	} {
		if got := run(auditArch, c.nr, c.args); got == allow {
			t.Errorf("%s is allowed", name)
		}
	}
	if got := run(unix.AUDIT_ARCH_I386, unix.SYS_READ, [6]uint64{}); got != tripwire {
		t.Errorf("another architecture: %#x", got)
	}
	if run(auditArch, unix.SYS_TGKILL, [6]uint64{1, 1, 9}) != allow || machineOf(t, 77)(auditArch, unix.SYS_TGKILL, [6]uint64{77, 80, 9}) != allow {
		t.Error("a process may not signal its own threads")
	}
}
