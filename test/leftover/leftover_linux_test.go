package leftover

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain lets the test binary be what is looked for.
func TestMain(m *testing.M) {
	if os.Getenv("LEFTOVER_TEST_SLEEPS") != "" {
		time.Sleep(time.Minute)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestLook sees a process in a namespace of its own, the namespace alone in a descriptor and in a mount once the process has
// ended, and nothing once those are gone.
func TestLook(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting takes root")
	}
	if err := Adopt(); err != nil {
		t.Fatal(err)
	}
	look := func() (int, int) { return len(Processes(os.Getpid())), len(Namespaces(os.Getpid())) }
	expect := func(what string, processes, namespaces int) {
		t.Helper()
		if p, n := look(); p != processes || n != namespaces {
			t.Fatalf("%s: %d processes and %d namespaces, want %d and %d", what, p, n, processes, namespaces)
		}
	}
	expect("before", 0, 0)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "LEFTOVER_TEST_SLEEPS=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUTS | unix.CLONE_NEWIPC, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Skipf("no namespaces here: %v", err)
	}
	if p := Processes(os.Getpid()); !slices.Contains(p, cmd.Process.Pid) {
		t.Errorf("the process is not seen in %v", p)
	}
	expect("while it runs", 1, 2)
	link := "/proc/" + strconv.Itoa(cmd.Process.Pid) + "/ns/uts"
	held, err := os.Open(link)
	if err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(t.TempDir(), "uts")
	if err := os.WriteFile(place, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	mountErr := unix.Mount(link, place, "", unix.MS_BIND, "")
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	expect("by a descriptor", 0, 1)
	held.Close()
	if mountErr == nil {
		expect("by a mount", 0, 1)
		if err := unix.Unmount(place, unix.MNT_DETACH); err != nil {
			t.Fatal(err)
		}
	} else {
		t.Logf("a namespace cannot be mounted here: %v", mountErr)
	}
	expect("afterwards", 0, 0)
}

// TestGroups makes a control group where that is allowed, and finds it.
func TestGroups(t *testing.T) {
	name := "leftover-" + strconv.Itoa(os.Getpid())
	if found := Groups(name); len(found) > 0 {
		t.Fatalf("%v", found)
	}
	folder := ""
	for _, top := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		if _, err := os.Stat(filepath.Join(top, "cgroup.procs")); err == nil && os.Mkdir(filepath.Join(top, name), 0o755) == nil {
			folder = filepath.Join(top, name)
			break
		}
	}
	if folder == "" {
		t.Skip("no control group can be made here")
	}
	t.Cleanup(func() { os.Remove(folder) })
	if found := Groups(name); !slices.Equal(found, []string{folder}) {
		t.Errorf("found %v, want %s", found, folder)
	}
}
