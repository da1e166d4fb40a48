package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func signals(w io.Writer, args []string) {
	own := os.Getpid()
	say(w, "all", unix.Kill(-1, 0))
	say(w, "self", unix.Kill(own, 0))
	for _, a := range args {
		pid, _ := strconv.Atoi(a)
		say(w, "other", unix.Kill(pid, 0))
		say(w, "thread", unix.Tgkill(pid, pid, 0))
	}
	fd, err := unix.PidfdOpen(own, 0)
	say(w, "pidfd", err)
	if err == nil {
		say(w, "pidfd-signal", unix.PidfdSendSignal(fd, 0, nil, 0))
	}
	call(w, "queue", unix.SYS_RT_SIGQUEUEINFO, uintptr(own), 0, 0)
}

// fork makes processes, up to twenty, which end at once.
func fork(w io.Writer, _ []string) {
	made := 0
	var last error = unix.Errno(0)
	for range 20 {
		pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		if errno != 0 {
			last = errno
			break
		}
		if pid == 0 {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		}
		made++
	}
	say(w, fmt.Sprintf("forks %d, then", made), last)
	args := [11]uint64{4: uint64(unix.SIGCHLD)}
	pid, _, errno := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&args)), 88, 0)
	if errno == 0 && pid == 0 {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
	say(w, "clone3", errno)
}

// nest makes a process in a user namespace of its own.
func nest(w io.Writer, _ []string) {
	pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD)|unix.CLONE_NEWUSER, 0, 0, 0, 0, 0)
	if errno == 0 && pid == 0 {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
	say(w, "nest", errno)
}

// children leaves a process behind in a session of its own, which a death signal does not reach.
func children(w io.Writer, _ []string) {
	pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno == 0 && pid == 0 {
		unix.RawSyscall(unix.SYS_SETSID, 0, 0, 0)
		unix.RawSyscall(unix.SYS_CLOSE_RANGE, 0, 1000, 0)
		hour := unix.Timespec{Sec: 20}
		for {
			unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&hour)), 0, 0)
		}
	}
	say(w, "left", errno)
}

func rights(w io.Writer, _ []string) {
	call(w, "setuid", unix.SYS_SETUID, 0)
	call(w, "setresuid", unix.SYS_SETRESUID, 1000, 1000, 1000)
	call(w, "setgroups", unix.SYS_SETGROUPS, 0, 0)
	header, data := [2]uint32{0x20080522, 0}, [6]uint32{}
	call(w, "capset", unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data)))
	limit := unix.Rlimit{Cur: 64, Max: 64}
	call(w, "setrlimit", unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, uintptr(unsafe.Pointer(&limit)), 0)
	call(w, "dumpable", unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 1)
	call(w, "orphan", unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, 0)
	call(w, "seccomp", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1)
	call(w, "priority", unix.SYS_SETPRIORITY, 0, 0, 0)
	call(w, "affinity", unix.SYS_SCHED_SETAFFINITY, 0, 8, uintptr(unsafe.Pointer(&[]uint64{3}[0])))
	call(w, "session", unix.SYS_SETPGID, 0, 0)
}

func threads(w io.Writer, args []string) {
	n, _ := strconv.Atoi(args[0])
	var up sync.WaitGroup
	hold := make(chan struct{})
	for range n {
		up.Add(1)
		go func() {
			runtime.LockOSThread()
			up.Done()
			<-hold
		}()
	}
	up.Wait()
	fmt.Fprintf(w, "%d threads", n)
}

func memory(w io.Writer, args []string) {
	n, _ := strconv.Atoi(args[0])
	var held [][]byte
	for range n {
		block := make([]byte, 1<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		held = append(held, block)
	}
	fmt.Fprintf(w, "%d MiB", len(held))
}

func ignoreSignals() {
	for s := syscall.Signal(1); s < 65; s++ {
		if s != syscall.SIGURG {
			signal.Ignore(s)
		}
	}
}

// spin burns processor time, deaf to every signal that can be ignored.
func spin(w io.Writer, _ []string) {
	ignoreSignals()
	fmt.Fprint(w, "spinning")
	if c, ok := w.(net.Conn); ok {
		c.Close()
	}
	for x := uint64(1); ; x = x*6364136223846793005 + 1 {
		if x == 0 {
			time.Sleep(1)
		}
	}
}

func exhaust(w io.Writer, _ []string) {
	for i := range 900 {
		if _, err := unix.FcntlInt(0, unix.F_DUPFD, 0); err != nil {
			say(w, "stopped", err)
			if i >= 64 {
				fmt.Fprint(w, "late")
			}
			return
		}
	}
	say(w, "stopped", nil)
}
