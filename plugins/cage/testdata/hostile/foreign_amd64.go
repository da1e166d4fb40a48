package main

import "golang.org/x/sys/unix"

// foreign makes a call by the 32-bit door of the kernel, whose numbers mean something else.
func foreign()

func init() {
	trips["x32"] = []uintptr{0x40000000 | unix.SYS_GETPID}
	trips["iopl"] = []uintptr{unix.SYS_IOPL, 0}
	trips["modify_ldt"] = []uintptr{unix.SYS_MODIFY_LDT, minusOne}
}
