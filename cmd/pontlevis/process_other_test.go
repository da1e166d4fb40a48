//go:build !linux

package main_test

import (
	"os"
	"syscall"
	"time"
)

func withParent() *syscall.SysProcAttr { return nil }

// halt stops a child until SIGCONT. It returns false when the child has ended.
func halt(p *os.Process) bool {
	if p.Signal(syscall.SIGSTOP) != nil {
		return false
	}
	time.Sleep(100 * time.Millisecond) // until its threads stand still
	return true
}
