package leftover

import "golang.org/x/sys/unix"

// Adopt has this process be the parent of whatever loses its own below it, so that it stays to be found.
func Adopt() error { return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }
