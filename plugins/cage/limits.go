package cage

import (
	"fmt"
	"time"
)

// Limits bounds one caged process. A zero field means the default; a field beyond its greatest value is refused.
type Limits struct {
	Memory  int64         `json:"memory"`  // bytes of private memory (default 128 MiB, 32 MiB to 4 GiB)
	CPU     time.Duration `json:"cpu"`     // processor time, rounded up to whole seconds (default 2 s, at most 5 min)
	Threads int           `json:"threads"` // threads (default 32, 4 to 256)
	Files   int           `json:"files"`   // open descriptors (default 64, 16 to 1024)
	Cores   int           `json:"cores"`   // processors used at once (default 1, at most 16)
}

const mebi = 1 << 20

// complete fills the defaults in and checks the bounds.
func (l Limits) complete() (Limits, error) {
	if l.Memory == 0 {
		l.Memory = 128 * mebi
	}
	if l.CPU == 0 {
		l.CPU = 2 * time.Second
	}
	if l.Threads == 0 {
		l.Threads = 32
	}
	if l.Files == 0 {
		l.Files = 64
	}
	if l.Cores == 0 {
		l.Cores = 1
	}
	for _, b := range []struct {
		name         string
		v, low, high int64
	}{
		{"memory", l.Memory, 32 * mebi, 4096 * mebi}, {"processor time", int64(l.CPU), 1, int64(5 * time.Minute)},
		{"threads", int64(l.Threads), 4, 256}, {"files", int64(l.Files), 16, 1024}, {"cores", int64(l.Cores), 1, 16},
	} {
		if b.v < b.low || b.v > b.high {
			return l, fmt.Errorf("cage: limit of %s is %d, must be %d to %d", b.name, b.v, b.low, b.high)
		}
	}
	return l, nil
}

// seconds is the processor time in whole seconds, as RLIMIT_CPU counts.
func (l Limits) seconds() uint64 { return uint64((l.CPU + time.Second - 1) / time.Second) }
