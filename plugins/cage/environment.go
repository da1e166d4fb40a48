package cage

import (
	"fmt"
	"slices"
	"strings"
)

// kept are the variables of go-plugin that a process is given. Its socket folder is the cage's, and there are no others.
var kept = []string{"PLUGIN_PROTOCOL_VERSIONS", "PONTLEVIS_PLUGIN"}

// environment is all that a process is told: go-plugin's variables, where its socket goes, and how Go is to behave in
// little room (other languages ignore that).
func environment(from []string, l Limits) []string {
	out := []string{"PLUGIN_UNIX_SOCKET_DIR={folder}", "TMPDIR={folder}", "GOTRACEBACK=none",
		fmt.Sprintf("GOMAXPROCS=%d", l.Cores), fmt.Sprintf("GOMEMLIMIT=%d", l.Memory/4*3)}
	for _, e := range from {
		if name, _, ok := strings.Cut(e, "="); ok && slices.Contains(kept, name) && !strings.ContainsAny(e, "{}\x00") && len(e) < 1024 {
			out = append(out, e)
		}
	}
	return out
}
