package cage

import "golang.org/x/sys/unix"

const (
	auditArch = unix.AUDIT_ARCH_AARCH64
	fstatat   = unix.SYS_FSTATAT
)

// This architecture came late and has no older calls.
var (
	nativePlain     []uintptr
	nativeGuarded   []rule
	nativeTripwires []uintptr
)
