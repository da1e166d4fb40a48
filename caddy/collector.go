package pontlevis

import (
	"os"
	"runtime/debug"
)

// garbagePercent is how much garbage may gather, as a share of what lives, before it is collected. What lives (policies,
// remembered records and grants) is much, and little of it changes: at Go's own 100 a fifth of a request's time went into
// looking through it again. Caddy sets a memory limit where there is a cgroup, and near it Go collects as often as it must.
const garbagePercent = 400

// easeCollector is for the whole process. Whoever sets GOGC has the last word.
func easeCollector() {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(garbagePercent)
	}
}
