package main_test

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// withParent has the kernel kill a server whose test process died without killing it, by a timeout say.
func withParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// halt stops a child until SIGCONT, and returns once each of its threads stands still. It returns false when the child has
// ended.
func halt(p *os.Process) bool {
	if p.Signal(syscall.SIGSTOP) != nil {
		return false
	}
	for {
		err := unix.Waitid(unix.P_PID, p.Pid, nil, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			return err == nil
		}
	}
}
