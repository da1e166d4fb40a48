package gate

import (
	"syscall"
	"time"
)

// rest blocks its thread until a moment that is about a millisecond away; the kernel keeps it to some ten microseconds.
func rest(until time.Time) {
	for left := time.Until(until); left > 0; left = time.Until(until) { // a signal ends a sleep early
		t := syscall.NsecToTimespec(left.Nanoseconds())
		_ = syscall.Nanosleep(&t, nil)
	}
}
