package cage

import "golang.org/x/sys/unix"

const (
	auditArch = unix.AUDIT_ARCH_X86_64
	fstatat   = unix.SYS_NEWFSTATAT
)

// nativePlain are older calls that this architecture has besides those that all have.
var nativePlain = []uintptr{
	unix.SYS_POLL, unix.SYS_EPOLL_WAIT, unix.SYS_DUP2, unix.SYS_READLINK, unix.SYS_UNLINK, unix.SYS_TIME, unix.SYS_STAT, unix.SYS_LSTAT,
}

const archSetFS = 0x1002 // asm/prctl.h

var nativeGuarded = []rule{
	{unix.SYS_ARCH_PRCTL, []test{{arg: 0, is: []uint64{archSetFS}}}},
	{unix.SYS_OPEN, []test{{arg: 1, mask: unix.O_CREAT, is: []uint64{0}}}},
}

var nativeTripwires = []uintptr{unix.SYS_IOPL, unix.SYS_IOPERM, unix.SYS_MODIFY_LDT, unix.SYS_USELIB, unix.SYS__SYSCTL}
