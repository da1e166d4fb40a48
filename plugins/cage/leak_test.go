//go:build linux && (amd64 || arm64)

package cage

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/test/leftover"
)

// belongings counts what a process holds and what lies about that is its.
func belongings(t *testing.T, pid int) string {
	t.Helper()
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", pid))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d descriptors, %d mounts, %d children", len(fds), strings.Count(string(mounts), "\n"), len(childrenOf(pid)))
}

// dataSize is how much private memory a process has mapped, in bytes.
func dataSize(t *testing.T, pid int) (n int) {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "VmData:")
	if _, err := fmt.Sscan(rest, &n); err != nil {
		t.Fatal(err)
	}
	return n << 10
}

// wardenOf finds the warden of a running process.
func wardenOf(t *testing.T, r *Runner) int {
	t.Helper()
	raw, err := os.ReadFile("/proc/" + r.ID() + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	pid, err := strconv.Atoi(strings.Fields(rest)[1])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// TestNothingLeft starts and ends a thousand processes, with namespaces and without, and then looks for what they left:
// processes, namespaces, descriptors, mounts, memory, files and groups.
func TestNothingLeft(t *testing.T) {
	if err := leftover.Adopt(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		omit   []Measure
		starts int
	}{{"namespaces", nil, 1000}, {"reduced", []Measure{namespaces}, 200}} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() {
				c.starts /= 10
			}
			w, img := open(t, S0, c.omit...), image(t, "hello")
			first := start(t, w, img, Limits{}, S0)
			ask(t, first)
			warden := wardenOf(t, first)
			data := dataSize(t, warden)
			look := func() string { return belongings(t, warden) + keptBy(warden) }
			before, own := look(), ownDescriptors(t)
			var running sync.WaitGroup
			for i := range 4 {
				running.Go(func() {
					for n := i; n < c.starts; n += 4 {
						if err := once(t, w, img, n%10 == 0); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			running.Wait()
			if after := settled(before, look); after != before {
				t.Errorf("the warden had %s, and has %s", before, after)
			}
			if grown := dataSize(t, warden) - data; grown > c.starts*programSize/2 && grown > 32*mebi {
				t.Errorf("the warden's memory grew by %d MiB", grown/mebi)
			}
			if after := settled(own, func() string { return ownDescriptors(t) }); after != own {
				t.Errorf("this process had %s, and has %s", own, after)
			}
			endsLast(t, first, warden, c.omit == nil)
			left, _ := filepath.Glob(filepath.Join(os.TempDir(), basePrefix+"*", "plugin-*"))
			if c.omit != nil && len(left) > 0 {
				t.Errorf("folders are left: %v", left)
			}
			w.Close()
			if left, _ := filepath.Glob(filepath.Join(os.TempDir(), basePrefix+"*")); c.omit != nil && len(left) > 0 {
				t.Errorf("the warden left %v", left)
			}
			if n := leftover.Namespaces(os.Getpid()); len(n) > 0 {
				t.Errorf("namespaces are left: %v", n)
			}
		})
	}
}

// keptBy counts the namespaces and control groups that are there because of a warden.
func keptBy(warden int) string {
	return fmt.Sprintf(", %d namespaces, %d groups", len(leftover.Namespaces(os.Getpid())), len(leftover.Groups(fmt.Sprintf("plugin-%d-", warden))))
}

// endsLast ends the one process that is left, and sees the namespaces go with it; but not one that somebody holds on to,
// as a warden that forgot a descriptor would.
func endsLast(t *testing.T, last *Runner, warden int, namespaced bool) {
	t.Helper()
	if n := len(leftover.Namespaces(os.Getpid())); (n >= 7) != namespaced {
		t.Errorf("%d namespaces are seen of a running process", n)
	}
	held, err := os.Open("/proc/" + last.ID() + "/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if err := last.Kill(t.Context()); err != nil {
		t.Error(err)
	}
	for _, c := range []struct{ leaked, want string }{
		{"one", map[bool]string{true: ", 1 namespaces, 0 groups", false: ", 0 namespaces, 0 groups"}[namespaced]},
		{"none", ", 0 namespaces, 0 groups"},
	} {
		if c.leaked == "none" {
			held.Close()
		}
		if after := settled(c.want, func() string { return keptBy(warden) }); after != c.want {
			t.Errorf("with %s held on to: %s", c.leaked, after)
		}
	}
}

// once starts and ends a process, now and then after speaking with it.
func once(t *testing.T, w *Warden, img *Image, speak bool) error {
	r, err := w.Runner(img, Limits{}, S0, nil)
	if err != nil {
		return err
	}
	if err := r.Start(t.Context()); err != nil {
		return err
	}
	if speak {
		if _, err := hear(t, r); err != nil {
			return err
		}
	}
	return r.Kill(t.Context())
}

func ownDescriptors(t *testing.T) string {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d descriptors", len(fds))
}

// settled looks until it sees what is wanted, for a while.
func settled(want string, look func() string) string {
	for range 100 {
		if look() == want {
			return want
		}
		time.Sleep(20 * time.Millisecond)
	}
	return look()
}
