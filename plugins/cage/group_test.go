//go:build linux && (amd64 || arm64)

package cage

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestControlGroup holds what the control group adds, where one is delegated: bounds that hold alone, and nothing left.
// Run it in a delegated group, from a leaf named warden:
//
//	systemd-run --user --scope -p Delegate=yes sh -c 'g=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup) && mkdir $g/warden &&
//	    echo $$ > $g/warden/cgroup.procs && go test -run ControlGroup -v ./plugins/cage'
func TestControlGroup(t *testing.T) {
	w := open(t, S0)
	if level := w.Report().Level; level != S3 {
		t.Skipf("no control group is delegated here (%v): %v", level, w.Report().Missing)
	}
	base, err := ownGroup()
	if err != nil {
		t.Fatal(err)
	}
	img := image(t, "hostile")
	r := start(t, w, img, Limits{Memory: 64 * mebi, Threads: 20}, S3, "PONTLEVIS_PLUGIN=identity")
	if said := ask(t, r); !strings.HasPrefix(said, "pid 1 ") {
		t.Errorf("it said %q", said)
	}
	raw, err := os.ReadFile("/proc/" + r.ID() + "/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(base, filepath.Base(strings.TrimSpace(string(raw))))
	for file, want := range map[string]string{"memory.max": "83886080\n", "pids.max": "20\n", "cpu.max": "100000 100000\n", "cgroup.procs": r.ID() + "\n"} {
		if got, err := os.ReadFile(filepath.Join(folder, file)); err != nil || string(got) != want {
			t.Errorf("%s: %q %v, want %q", file, got, err, want)
		}
	}
	if err := r.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !vanished(folder) {
		t.Error("the group is still there")
	}
	for _, c := range []attempt{
		{number: "29a memory bomb, by the group alone", mode: "memory 256", signal: unix.SIGKILL, without: []Measure{Bounds}, off: []Measure{ControlGroup}, limits: Limits{Memory: 48 * mebi}},
		{number: "28a thread bomb, by the group alone", mode: "threads 200", exit: 2, without: []Measure{Bounds}, off: []Measure{ControlGroup}},
	} {
		ws := &wardens{t: t}
		if err := c.judge(t, ws.without(c.without...), img, false); err != nil {
			t.Errorf("%s: %v", c.number, err)
		}
		if err := c.judge(t, ws.without(append(c.without, c.off...)...), img, false); err == nil {
			t.Errorf("%s: without %v it is stopped just the same, so the case proves nothing", c.number, c.off)
		}
	}
	left, _ := filepath.Glob(filepath.Join(base, "plugin-*"))
	for _, folder := range left {
		if !vanished(folder) {
			t.Errorf("%s is left", folder)
		}
	}
}

func vanished(path string) bool {
	for range 100 {
		if _, err := os.Stat(path); os.IsNotExist(err) {
			return true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return false
}
