//go:build amd64 || arm64

package cage

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// landlockVersion is the version of Landlock's interface, or 0 where the kernel has none or has it switched off.
func landlockVersion() int {
	v, _, errno := unix.RawSyscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(v)
}

// landlockHandled is every access to files that the given version can restrict (Documentation/userspace-api/landlock.rst).
func landlockHandled(version int) uint64 {
	all := uint64(1)<<13 - 1
	for _, since := range []struct {
		version int
		access  uint64
	}{{2, unix.LANDLOCK_ACCESS_FS_REFER}, {3, unix.LANDLOCK_ACCESS_FS_TRUNCATE}, {5, unix.LANDLOCK_ACCESS_FS_IOCTL_DEV}, {9, unix.LANDLOCK_ACCESS_FS_RESOLVE_UNIX}} {
		if version >= since.version {
			all |= since.access
		}
	}
	return all
}

// What a process may do in its own folder: make its socket, by way of the temporary file whose name it takes.
const inRunFolder = unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
	unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE

// landlock denies all files but those in the socket's folder; from version 4 on TCP, and from 6 on sockets without a path
// and signals to anybody outside.
func (p *program) landlock(in plan) []step {
	size, net, scope := uintptr(8), uint64(0), uint64(0)
	if in.landlock >= 4 {
		size, net = 16, unix.LANDLOCK_ACCESS_NET_BIND_TCP|unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if in.landlock >= 6 {
		size, scope = 24, unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET|unix.LANDLOCK_SCOPE_SIGNAL
	}
	beneath := make([]byte, 12) // struct landlock_path_beneath_attr is packed
	binary.NativeEndian.PutUint64(beneath, inRunFolder)
	binary.NativeEndian.PutUint32(beneath[8:], fdRun)
	return []step{
		do(Landlocked, "a rule set", unix.SYS_LANDLOCK_CREATE_RULESET, p.words(landlockHandled(in.landlock), net, scope), size, 0).yields(fdNext),
		do(Landlocked, "but for the socket's folder", unix.SYS_LANDLOCK_ADD_RULE, fdNext, unix.LANDLOCK_RULE_PATH_BENEATH, p.bytes(beneath), 0),
		do(Landlocked, "restrict itself", unix.SYS_LANDLOCK_RESTRICT_SELF, fdNext, 0),
		do(Landlocked, "forget the rule set", unix.SYS_CLOSE, fdNext),
	}
}
