//go:build linux

package cage

import "golang.org/x/sys/unix"

// native are the attempts that this architecture alone has.
func native() []attempt {
	return []attempt{
		trapped("23 x32 numbers", "x32"), trapped("23a iopl", "iopl"), trapped("23b modify_ldt", "modify_ldt"),
		{number: "23c 32-bit door", mode: "trip foreign", signal: unix.SIGSYS, off: []Measure{Syscalls}},
	}
}
