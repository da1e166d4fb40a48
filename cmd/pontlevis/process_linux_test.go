package main_test

import "syscall"

// withParent has the kernel kill a server whose test process died without killing it, by a timeout say.
func withParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
