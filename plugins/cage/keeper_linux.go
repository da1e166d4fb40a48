//go:build amd64 || arm64

package cage

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// keeper is the warden's state.
type keeper struct {
	births   chan birth
	null     int // /dev/null
	root     bool
	landlock int
	lastCap  int
	kernel   string
	users    users
	places   chan struct{} // how many processes may be at once

	mu       sync.Mutex
	groups   *groups
	folder   string // where the folders of processes without a private root are; made when one is needed
	best     Report
	oldClone bool // clone3 is answered ENOSYS
	reduced  bool // namespaces cannot be had
}

// mostProcesses bounds what one warden keeps at a time.
const mostProcesses = 512

// bornWithin is how long a start may take until the process waits for the word.
const bornWithin = 10 * time.Second

// newKeeper finds out what this machine allows by doing it, up to the execution.
func newKeeper() (*keeper, error) {
	k := &keeper{births: make(chan birth), root: unix.Geteuid() == 0, landlock: landlockVersion(), places: make(chan struct{}, mostProcesses), lastCap: 40}
	if err := reserve(); err != nil {
		return nil, err
	}
	var err error
	if k.null, err = unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
		return nil, fmt.Errorf("cage: %s: %w", os.DevNull, err)
	}
	if raw, err := os.ReadFile("/proc/sys/kernel/cap_last_cap"); err == nil {
		if n, err := strconv.Atoi(strings.TrimSpace(string(raw))); err == nil && n < 64 {
			k.lastCap = n
		}
	}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		k.kernel = unix.ByteSliceToString(name.Release[:])
	}
	_ = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	go launcher(k.births)
	k.probe()
	return k, nil
}

// reserve opens descriptors until those that a child uses are taken, so that none that is handed to one is among them.
func reserve() error {
	for {
		fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		if fd > fdNext {
			return unix.Close(fd)
		}
	}
}

// probe starts a child with everything, and where that fails one without namespaces, and keeps what was applied.
func (k *keeper) probe() {
	groups, groupErr := openGroups()
	if groupErr == nil {
		k.groups = groups
	}
	full, ok := k.tryOut()
	k.best = full
	if !ok && !k.reduced {
		k.reduced = true
		if less, _ := k.tryOut(); less.Level >= full.Level {
			for _, m := range measuresOf[S2] {
				lack := Lack{Measure: m, Step: "as the namespaces cannot be had"}
				if i := slices.IndexFunc(full.Missing, func(l Lack) bool { return l.Measure == m }); i >= 0 {
					lack = full.Missing[i]
				}
				less.Missing = append(less.Missing, lack)
			}
			k.best = less
		}
	}
	if groupErr != nil {
		k.best.Missing = slices.DeleteFunc(k.best.Missing, func(l Lack) bool { return l.Measure == ControlGroup })
		k.best.Missing = append(k.best.Missing, Lack{Measure: ControlGroup, Step: "take the delegated group over", Cause: groupErr.Error()})
	}
	for i, lack := range k.best.Missing {
		k.best.Missing[i].Mend = mend(lack)
	}
}

// tryOut performs the jail without executing anything. It is not ok where a step failed that must not.
func (k *keeper) tryOut() (r Report, ok bool) {
	limits, _ := Limits{}.complete()
	c, err := k.bear(request{Limits: limits}, k.null, k.null, k.null, true)
	if err != nil {
		return k.blank(err), false
	}
	defer c.bury()
	return c.report, true
}

// blank is the report of a start that did not even begin.
func (k *keeper) blank(err error) Report {
	r := Report{Level: S0, Landlock: k.landlock, Kernel: k.kernel, UID: unix.Geteuid()}
	var refused *refusal
	if errors.As(err, &refused) {
		r.Applied, r.Missing = refused.applied, refused.missing
	} else {
		r.Missing = []Lack{{Measure: UserSpace, Step: "start a process", Cause: err.Error()}}
	}
	r.Level = reached(r.Applied)
	return r
}

// refusal is a start that failed at a step of the jail.
type refusal struct {
	applied []Measure
	missing []Lack
}

func (r *refusal) Error() string {
	if len(r.missing) == 0 {
		return "the child ended before it reported"
	}
	first := r.missing[0]
	return fmt.Sprintf("%s: %s: %s", first.Measure, first.Step, first.Cause)
}

// placeFor makes the folder of a process that has no private root.
func (k *keeper) placeFor(user int) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.folder == "" {
		folder, err := makeBase()
		if err != nil {
			return "", err
		}
		k.folder = folder
	}
	place, err := os.MkdirTemp(k.folder, "plugin-")
	if err == nil && user >= 0 {
		err = os.Chown(place, user, user)
	}
	return place, err
}

const basePrefix = "pontlevis-cage-"

// makeBase makes the warden's own folder among temporary files, locked for as long as it lives, and removes those whose
// wardens are dead.
func makeBase() (string, error) {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), basePrefix+"*"))
	for _, folder := range left {
		if info, err := os.Lstat(folder); err != nil || !info.IsDir() || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		if fd, err := lockFolder(folder); err == nil {
			_ = os.RemoveAll(folder)
			_ = unix.Close(fd)
		}
	}
	folder, err := os.MkdirTemp("", basePrefix)
	if err != nil {
		return "", err
	}
	if err := os.Chmod(folder, 0o711); err != nil {
		return "", err
	}
	_, err = lockFolder(folder) // held until the warden ends
	return folder, err
}

func lockFolder(folder string) (int, error) {
	fd, err := unix.Open(folder, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// close removes what the warden made on disk.
func (k *keeper) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.folder != "" {
		_ = os.RemoveAll(k.folder)
		k.folder = ""
	}
}

// serve answers one gateway until it goes.
func (k *keeper) serve(c *net.UnixConn) {
	if send(c, news{Hello: &hello{Version: wireVersion, Report: k.best}}) != nil {
		return
	}
	var running sync.WaitGroup
	defer running.Wait()
	for {
		var req request
		fds, err := receive(c, &req)
		if err != nil {
			return
		}
		if len(fds) != packetFiles {
			closeAll(fds)
			return
		}
		talk, err := packets(fds[0])
		if err != nil {
			closeAll(fds[1:])
			continue
		}
		running.Go(func() {
			defer talk.Close()
			k.keep(req, talk, fds[1], fds[2], fds[3])
		})
	}
}
