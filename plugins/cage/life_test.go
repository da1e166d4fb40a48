//go:build linux && (amd64 || arm64)

package cage

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// alive says whether a process is there and no corpse.
func alive(pid int) bool {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	return !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}

// gone waits for the end of a process: long where it must end, and a moment where it should not.
func gone(pid int, expected bool) bool {
	within := 300 * time.Millisecond
	if expected {
		within = 5 * time.Second
	}
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if !alive(pid) {
			return true
		}
	}
	return false
}

// childrenOf lists the processes that a process started.
func childrenOf(pid int) (out []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(raw), ") ")
		fields := strings.Fields(rest)
		if parent, err := strconv.Atoi(fields[1]); err == nil && parent == pid {
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			out = append(out, child)
		}
	}
	return out
}

func pidOf(t *testing.T, r *Runner) int {
	t.Helper()
	pid, err := strconv.Atoi(r.ID())
	if err != nil || pid < 2 {
		t.Fatalf("process id %q", r.ID())
	}
	return pid
}

// TestKillReachesAll (74) holds that Kill ends what a process started in a session of its own, which the process namespace
// does: without one it lives on.
func TestKillReachesAll(t *testing.T) {
	t.Parallel()
	img := image(t, "hostile")
	for _, off := range [][]Measure{{Syscalls, ControlGroup}, {Syscalls, ControlGroup, PIDSpace}} {
		r := start(t, open(t, S0, off...), img, Limits{}, S0, "PONTLEVIS_PLUGIN=children")
		if said := ask(t, r); said != "left=OK; " {
			t.Fatalf("it said %q", said)
		}
		left := childrenOf(pidOf(t, r))
		if len(left) != 1 {
			t.Fatalf("it left %v", left)
		}
		if err := r.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := !slices.Contains(off, PIDSpace)
		if got := gone(left[0], want); got != want {
			t.Errorf("without %v: what it had started is gone: %v, want %v", off, got, want)
		}
		_ = unix.Kill(left[0], unix.SIGKILL)
	}
}

// TestDeaf (34) holds that a process which ignores every signal is ended at once.
func TestDeaf(t *testing.T) {
	t.Parallel()
	r := start(t, open(t, S0), image(t, "hostile"), Limits{}, S0, "PONTLEVIS_PLUGIN=deaf")
	if said := ask(t, r); said != "deaf" {
		t.Fatalf("it said %q", said)
	}
	pid := pidOf(t, r)
	for _, s := range []unix.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP} {
		_ = unix.Kill(pid, s)
	}
	time.Sleep(50 * time.Millisecond)
	if _, ended := r.Ended(); ended || !alive(pid) {
		t.Fatal("it is not deaf, so the case proves nothing")
	}
	before := time.Now()
	if err := r.Kill(t.Context()); err != nil || alive(pid) {
		t.Errorf("it lives: %v", err)
	}
	if took := time.Since(before); took > time.Second {
		t.Errorf("it took %v", took)
	}
	if end, ok := r.Ended(); !ok || end.Signal != int(unix.SIGKILL) {
		t.Errorf("it ended as %v, %v", end, ok)
	}
}

// TestSpin (30) holds that processor time is bounded, for a process that ignores every signal.
func TestSpin(t *testing.T) {
	t.Parallel()
	img := image(t, "hostile")
	for _, off := range [][]Measure{nil, {Bounds}} {
		r := start(t, open(t, S0, off...), img, Limits{CPU: time.Second}, S0, "PONTLEVIS_PLUGIN=spin")
		if said := ask(t, r); said != "spinning" {
			t.Fatalf("it said %q", said)
		}
		ended, used := false, time.Duration(0)
		most := 1500 * time.Millisecond
		if off == nil {
			most *= 3 // for a look that comes late
		}
		for !ended && used < most {
			time.Sleep(20 * time.Millisecond)
			used = max(used, processorTime(pidOf(t, r)))
			_, ended = r.Ended()
		}
		if ended != (off == nil) {
			t.Errorf("without %v: ended %v after %v of processor time", off, ended, used)
		}
		if end, ok := r.Ended(); ok && (end.Signal != int(unix.SIGKILL) || end.CPU > 1300*time.Millisecond) {
			t.Errorf("%v after %v", end, end.CPU)
		}
		r.Kill(t.Context())
	}
}

func processorTime(pid int) time.Duration {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	fields := strings.Fields(rest)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// TestRemembers (66) holds that nothing is left of one process in the next; asked twice, one process does remember.
func TestRemembers(t *testing.T) {
	t.Parallel()
	for _, reduced := range [][]Measure{nil, {namespaces}} {
		w, img := open(t, S0, reduced...), image(t, "hostile")
		const fresh, kept = "nothing; file=ENOENT; ", "the patient before; file=OK; "
		for range 2 {
			r := start(t, w, img, Limits{}, S0, "PONTLEVIS_PLUGIN=remember")
			if said := ask(t, r); said != fresh {
				t.Errorf("a new process said %q, want %q", said, fresh)
			}
			if said, err := dialled(t, r); said != kept {
				t.Errorf("a used process said %q (%v), want %q", said, err, kept)
			}
			if err := r.Kill(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestEndIsTold kills processes at the very moment at which they end by themselves: how they ended is known all the same.
// Else one that touched a tripwire would pass for one that was merely ended.
func TestEndIsTold(t *testing.T) {
	t.Parallel()
	w, img := open(t, S0), image(t, "hostile")
	for i := range 300 {
		r := start(t, w, img, Limits{}, S0, "PONTLEVIS_PLUGIN=ends")
		time.Sleep(time.Duration(i%30) * 100 * time.Microsecond)
		if err := r.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
		end, ok := r.Ended()
		if !ok {
			t.Fatalf("nobody told how process %d ended", i)
		}
		if end.Exit != 7 && end.Signal != int(unix.SIGKILL) {
			t.Fatalf("process %d, which ends with status 7 or is killed: %s", i, end)
		}
	}
}

// TestStrict (73) holds that nothing is executed where less than the required level was applied.
func TestStrict(t *testing.T) {
	t.Parallel()
	img := image(t, "hello")
	for _, c := range []struct {
		name    string
		omit    []Measure
		need    Level
		missing Measure
	}{
		{"no namespaces", []Measure{namespaces}, S2, UserSpace},
		{"no Landlock", []Measure{Landlocked}, S1, Landlocked},
		{"no filter", []Measure{Syscalls}, S1, Syscalls},
		{"no network namespace", []Measure{NetSpace}, S2, NetSpace},
		{"no control group", []Measure{ControlGroup}, S3, ControlGroup},
		{"gVisor", nil, S4, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := open(t, S0, c.omit...)
			r, err := w.Runner(img, Limits{}, c.need, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Kill(context.Background())
			var refused *Insufficient
			if err := r.Start(t.Context()); !errors.As(err, &refused) || c.missing != "" && (len(refused.Lacks) == 0 || refused.Lacks[0].Measure != c.missing) {
				t.Errorf("error %v, want one that %q is missing", err, c.missing)
			}
			if _, _, err := r.PluginToHost("unix", runFolder+"/hello"); err == nil {
				t.Error("it can be reached")
			}
			if said := ask(t, start(t, w, img, Limits{}, min(c.need-1, w.Report().Level))); !strings.HasPrefix(said, "hello") {
				t.Errorf("where less is demanded it said %q", said)
			}
		})
	}
	w := open(t, S0)
	for _, need := range []Level{Unset, -1, 9} {
		if _, err := w.Runner(img, Limits{}, need, nil); err == nil {
			t.Errorf("level %d is taken for one", need)
		}
	}
}

// gatewayMain is a gateway with plugins, which waits for its end.
func gatewayMain() {
	fail := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	file, err := os.Open(os.Getenv(programsVariable) + "/hostile")
	fail(err)
	img, err := Seal(file, os.Getenv("CAGE_TEST_DIGEST"), 64*mebi)
	fail(err)
	w, err := Open(Options{Least: S0, Reason: "a test", Synthetic: true, Executable: os.Getenv("CAGE_TEST_WARDEN")})
	fail(err)
	for range 4 {
		r, err := w.Runner(img, Limits{}, S0, []string{"PONTLEVIS_PLUGIN=deaf"})
		fail(err)
		fail(r.Start(context.Background()))
		fail(translate(r))
		fmt.Println(r.ID())
	}
	fmt.Println("ready")
	time.Sleep(time.Minute)
	os.Exit(0)
}

// TestGatewayKilled holds that kill -9 of the gateway leaves neither plugins nor warden, and that the death signal is what
// takes the plugins along: without it they live on.
func TestGatewayKilled(t *testing.T) {
	t.Parallel()
	file := build(t, "hostile")
	for _, off := range []Measure{"", DeathSignal} {
		warden := ""
		if off != "" {
			warden = without(t, off)
		}
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), gatewayVariable+"=1", programsVariable+"="+filepath.Dir(file), "CAGE_TEST_DIGEST="+digestOf(t, file), "CAGE_TEST_WARDEN="+warden)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var plugins []int
		for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "ready"; {
			pid, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatal(lines.Text())
			}
			plugins = append(plugins, pid)
		}
		all := append(childrenOf(cmd.Process.Pid), plugins...)
		if off != "" && len(all) > 0 { // else the warden, which sees the gateway's end of each socket close, may kill them before it dies
			_ = unix.Kill(all[0], unix.SIGKILL)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if len(all) != 5 {
			t.Fatalf("there were %v", all)
		}
		if !gone(all[0], true) {
			t.Errorf("without %q: the warden is still there", off)
		}
		for _, pid := range plugins {
			if want := off == ""; gone(pid, want) != want {
				t.Errorf("without %q: plugin %d is gone: %v", off, pid, !want)
			}
		}
		for _, pid := range plugins {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
	}
}

// TestWardenKilled holds that plugins die with the warden, and that the next start has a new one.
func TestWardenKilled(t *testing.T) {
	t.Parallel()
	w, img := open(t, S0), image(t, "hello")
	r := start(t, w, img, Limits{}, S0)
	ask(t, r)
	warden := wardenOf(t, r)
	if err := unix.Kill(warden, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if !gone(pidOf(t, r), true) {
		t.Error("the plugin lives")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := r.Wait(ctx); err != nil {
		t.Error(err)
	}
	if _, ok := r.Ended(); ok {
		t.Error("somebody said how it ended")
	}
	var err error
	for err = errors.New("not tried"); err != nil && ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		var again *Runner
		if again, err = w.Runner(img, Limits{}, S0, nil); err != nil {
			t.Fatal(err)
		}
		if err = again.Start(ctx); err == nil {
			ask(t, again)
			again.Kill(ctx)
			return
		}
		again.Kill(ctx)
	}
	t.Errorf("no new warden: %v", err)
}
