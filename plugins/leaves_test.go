//go:build linux

package plugins

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins/cage"
	"github.com/pontlevis/pontlevis/test/leftover"
)

// belongings is what there is because of this process, as the kernel shows it. The tests that compare it run alone.
type belongings struct {
	Processes, Namespaces, Groups, Goroutines, Descriptors, Files int
}

func present(t *testing.T) belongings {
	t.Helper()
	files, err := os.ReadDir(os.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	self := os.Getpid()
	groups := 0
	for _, p := range leftover.Processes(self) {
		groups += len(leftover.Groups(fmt.Sprintf("plugin-%d-", p)))
	}
	return belongings{len(leftover.Processes(self)), len(leftover.Namespaces(self)), groups, runtime.NumGoroutine(), descriptors(t), len(files)}
}

// within reports whether nothing is more than it was.
func (b belongings) within(before belongings) bool {
	return b.Processes <= before.Processes && b.Namespaces <= before.Namespaces && b.Groups <= before.Groups &&
		b.Goroutines <= before.Goroutines && b.Descriptors <= before.Descriptors && b.Files <= before.Files
}

// settles waits until nothing is more than it was.
func settles(t *testing.T, before belongings) {
	t.Helper()
	var after belongings
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if after = present(t); after.within(before) {
			return
		}
	}
	stack := make([]byte, 1<<20)
	t.Fatalf("there was %+v, and is %+v\n%s", before, after, stack[:runtime.Stack(stack, true)][:8<<10])
}

// heap is what this process holds in memory, in bytes.
func heap() int64 {
	runtime.GC()
	runtime.GC() // the first lets go of what has finalizers
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestIdleCostsNothing lists a hundred plugins: nothing comes of that. Then some of them are called, which is to be seen, and
// after a while they have neither process, goroutine, descriptor nor sealed binary, and next to no memory.
func TestIdleCostsNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	b := newBench(t, func(o *Options) { o.Idle = 300 * time.Millisecond })
	first := b.app("idle-0", "")
	if _, err := b.call("idle-0", "count"); err != nil { // what gRPC and this host make once
		t.Fatal(err)
	}
	b.host.Stop("idle-0", "a test")
	before, memory := present(t), heap()
	for i := range 100 {
		one := *first
		one.ID = fmt.Sprint("idle-", i)
		b.list(&one)
	}
	if after := present(t); after != before {
		t.Errorf("there was %+v, and with a hundred plugins %+v", before, after)
	}
	const called = 10
	for i := range called {
		if _, err := b.call(fmt.Sprint("idle-", i*7), "count"); err != nil {
			t.Fatal(err)
		}
	}
	if during := present(t); during.Processes <= before.Processes || during.Namespaces < before.Namespaces+7 || during.Descriptors <= before.Descriptors {
		t.Errorf("of the plugins that were called nothing is seen: before %+v, now %+v", before, during)
	}
	settles(t, before)
	if d := b.host.Diagnoses(""); len(d) != called || slices.ContainsFunc(d, func(d Diagnosis) bool { return d.Idle > 0 }) {
		t.Errorf("%+v", d)
	}
	grown := heap() - memory
	t.Logf("a hundred plugins, of which %d were called, take %d KiB", called, grown>>10)
	if grown > 1<<20 {
		t.Errorf("they take %d KiB of memory", grown>>10)
	}
}

// TestNothingIsLeft runs a thousand invocations, good and bad, and looks for what they left.
func TestNothingIsLeft(t *testing.T) {
	invocations := 1000
	if testing.Short() {
		invocations = 60
	}
	if err := leftover.Adopt(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	b := newBench(t)
	b.app("a", "raw")
	if _, err := b.call("a", "state"); err != nil {
		t.Fatal(err)
	}
	b.host.Stop("a", "a test")
	before, memory := present(t), heap()
	var calling sync.WaitGroup
	for i := range 3 {
		calling.Go(func() {
			for n := i; n < invocations; n += 3 {
				hook := []string{"state", "late", "state", "fails", "stderr", "state", "late"}[n%7]
				for {
					if _, err := b.call("a", hook); !errors.Is(err, ErrBroken) { // it rests where by chance three in a row fail
						break
					}
					time.Sleep(20 * time.Millisecond)
				}
			}
		})
	}
	calling.Wait()
	d := b.host.Diagnoses("a")[0]
	if d.Invocations != invocations || d.Starts < d.Invocations || d.Answered < d.Invocations/2 {
		t.Errorf("of %d calls it took %d, answered %d, with %d processes", invocations, d.Invocations, d.Answered, d.Starts)
	}
	b.host.Stop("a", "a test")
	settles(t, before)
	if grown := heap() - memory; grown > 4<<20 {
		t.Errorf("the host's memory grew by %d KiB", grown>>10)
	}
	t.Logf("%d invocations, %d processes, %d answered", d.Invocations, d.Starts, d.Answered)
}

// TestCloseEndsAll closes a host while one process waits for its call and another is busy: once it is
// closed none is left.
func TestCloseEndsAll(t *testing.T) {
	b := newBench(t)
	b.app("a", "raw")
	before := leftover.Processes(os.Getpid())
	if _, err := b.call("a", "state"); err != nil {
		t.Fatal(err)
	}
	var busy sync.WaitGroup
	busy.Go(func() { _, _ = b.call("a", "never") })
	until(t, func() bool { return b.host.Diagnoses("a")[0].Running == 1 })
	if _, err := b.call("a", "state"); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return len(leftover.Processes(os.Getpid())) >= len(before)+2 })
	b.host.Close()
	if after := leftover.Processes(os.Getpid()); !slices.Equal(after, before) {
		t.Errorf("there were %v, and after the end %v", before, after)
	}
	busy.Wait()
}

func init() { beGateway = gatewayMain }

// gatewayMain is a gateway with plugins: some wait for a call, and two never answer theirs. It waits for its end.
func gatewayMain() {
	fail := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	w, err := warden()
	fail(err)
	name := os.Getenv(gatewayVariable)
	raw, err := os.ReadFile(name)
	fail(err)
	app := &App{ID: "a", Label: gate.Label{Status: "online", Exchange: true}, Level: cage.S1, Hooks: []Hook{{ID: "state"}, {ID: "never"}},
		Release: Release{Version: "1.0.0", SHA256: filepath.Base(name), Size: int64(len(raw))}, Limits: Limits{Deadline: 10 * time.Second}}
	host, err := Open(Options{Gate: &recorder{}, Base: base, Warden: w, Patience: 20 * time.Second,
		Apps: func(context.Context, string) (*App, error) { return app, nil },
		Open: func(context.Context, string, Release) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(string(raw))), nil
		}})
	fail(err)
	call := func(hook string) error {
		_, err := host.Invoke(context.Background(), Invocation{App: "a", Hook: hook, Context: []byte(`{}`), Grant: &gate.Grant{ID: "g", Patient: "camille", Until: time.Now().Add(time.Hour)}})
		return err
	}
	fail(call("state"))
	for range 2 {
		go call("never")
	}
	for {
		if d := host.Diagnoses("a")[0]; d.Running == 2 {
			fail(call("state")) // and has spares started
		} else {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if d := host.Diagnoses("a")[0]; d.Running == 2 && d.Idle > 0 {
			break
		}
	}
	fmt.Println("ready")
	time.Sleep(time.Minute)
	os.Exit(0)
}

// TestGatewayKilled kills -9 a gateway whose plugins wait and run: no process of it is left, nor any namespace or file. (That they
// would live on without the death signal is a test of the cage.)
func TestGatewayKilled(t *testing.T) {
	if err := leftover.Adopt(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	b := newBench(t)
	a := b.app("a", "raw")
	file := filepath.Join(t.TempDir(), a.Release.SHA256)
	if err := os.WriteFile(file, b.bits[a.Release.SHA256], 0o600); err != nil {
		t.Fatal(err)
	}
	self := os.Getpid()
	before, namespaces := leftover.Processes(self), leftover.Namespaces(self)
	cmd := exec.Command("/proc/self/exe")
	temporary := t.TempDir()
	cmd.Env = append(os.Environ(), gatewayVariable+"="+file, "TMPDIR="+temporary)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // the signal comes when this thread ends
	defer runtime.UnlockOSThread()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if lines.Scan(); lines.Text() != "ready" {
		t.Errorf("the gateway says %q", lines.Text())
	}
	running, spaces := leftover.Processes(cmd.Process.Pid), leftover.Namespaces(cmd.Process.Pid)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if len(running) < 4 || len(spaces) < 3*7 {
		t.Errorf("the gateway had the processes %v and the namespaces %v: too few of them", running, spaces)
	}
	if files, err := os.ReadDir(temporary); err != nil || len(files) > 0 {
		t.Errorf("left are the files %v, %v", files, err)
	}
	var left []int
	var held []string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		left, held = leftover.Processes(self), leftover.Namespaces(self)
		if slices.Equal(left, before) && slices.Equal(held, namespaces) {
			return
		}
	}
	t.Errorf("left are the processes %v (before %v) and the namespaces %v (before %v)", left, before, held, namespaces)
}
