//go:build amd64 || arm64

package cage

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// groups is the part of the control group tree (version 2) that was delegated to the warden.
type groups struct {
	base string // the warden's own group; the warden itself moved into a leaf below it
	next int
}

// controllers are what a group must bound.
var controllers = []string{"memory", "pids", "cpu"}

// openGroups takes the warden's own control group over: it moves itself to a leaf, because a group with processes cannot
// have controlled children, and switches the controllers on. It changes nothing where the tree was not delegated.
func openGroups() (*groups, error) {
	base, err := ownGroup()
	if err != nil {
		return nil, err
	}
	have, err := os.ReadFile(filepath.Join(base, "cgroup.controllers"))
	if err != nil {
		return nil, fmt.Errorf("controllers of %s: %w", base, err)
	}
	for _, c := range controllers {
		if !slices.Contains(strings.Fields(string(have)), c) {
			return nil, fmt.Errorf("the controller %q is not delegated to %s", c, base)
		}
	}
	leaf := filepath.Join(base, "warden")
	if err := os.Mkdir(leaf, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(leaf, "cgroup.procs"), []byte("0"), 0); err != nil {
		return nil, fmt.Errorf("the warden cannot move in its own group: %w", err)
	}
	if err := os.WriteFile(filepath.Join(base, "cgroup.subtree_control"), []byte("+"+strings.Join(controllers, " +")), 0); err != nil {
		_ = os.WriteFile(filepath.Join(base, "cgroup.procs"), []byte("0"), 0)
		_ = os.Remove(leaf)
		return nil, fmt.Errorf("the controllers cannot be switched on: %w", err)
	}
	g := &groups{base: base}
	g.sweep()
	return g, nil
}

// ownGroup is the folder of the group that this process is in.
func ownGroup() (string, error) {
	mount, err := groupMount()
	if err != nil {
		return "", err
	}
	raw, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(raw)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			return filepath.Join(mount, strings.TrimSuffix(path, "/warden")), nil
		}
	}
	return "", errors.New("no control groups of version 2")
}

func groupMount() (string, error) {
	file, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		before, after, _ := strings.Cut(lines.Text(), " - ")
		if fields := strings.Fields(before); len(fields) > 4 && strings.HasPrefix(after, "cgroup2 ") {
			return fields[4], nil
		}
	}
	return "", errors.New("control groups of version 2 are not mounted")
}

// sweep removes the groups that a killed warden left. They are empty, as its processes died with it. Those of a warden that
// lives beside this one, as while a configuration is exchanged, stay.
func (g *groups) sweep() {
	left, _ := filepath.Glob(filepath.Join(g.base, "plugin-*"))
	for _, folder := range left {
		var warden, n int
		if _, err := fmt.Sscanf(filepath.Base(folder), "plugin-%d-%d", &warden, &n); err == nil && errors.Is(unix.Kill(warden, 0), unix.ESRCH) {
			_ = os.Remove(folder)
		}
	}
}

// group is one process's control group.
type group struct {
	folder string
	fd     int
}

// make makes a bounded group. A kernel without swap accounting has no memory.swap.max; nothing else may be missing.
func (g *groups) make(l Limits) (*group, error) {
	g.next++
	folder := filepath.Join(g.base, "plugin-"+strconv.Itoa(os.Getpid())+"-"+strconv.Itoa(g.next))
	if err := os.Mkdir(folder, 0o755); err != nil {
		return nil, err
	}
	// Beside what the process has, the kernel counts its page tables, sockets and tmpfs pages here.
	for _, s := range []struct{ file, value string }{
		{"memory.max", strconv.FormatInt(l.Memory+16*mebi, 10)}, {"memory.swap.max", "0"}, {"memory.oom.group", "1"},
		{"pids.max", strconv.Itoa(l.Threads)}, {"cpu.max", strconv.Itoa(100_000*l.Cores) + " 100000"},
	} {
		err := os.WriteFile(filepath.Join(folder, s.file), []byte(s.value), 0)
		if err != nil && !(s.file == "memory.swap.max" && errors.Is(err, os.ErrNotExist)) {
			_ = os.Remove(folder)
			return nil, err
		}
	}
	fd, err := unix.Open(folder, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		_ = os.Remove(folder)
		return nil, err
	}
	return &group{folder, fd}, nil
}

// kill ends everything in the group, where the kernel has that file (5.14).
func (g *group) kill() {
	if g != nil {
		_ = os.WriteFile(filepath.Join(g.folder, "cgroup.kill"), []byte("1"), 0)
	}
}

// remove takes the group away after its last process was waited for. The kernel may still be taking a thread apart.
func (g *group) remove() {
	if g == nil {
		return
	}
	_ = unix.Close(g.fd)
	for range 100 {
		if err := unix.Rmdir(g.folder); err != unix.EBUSY {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}
