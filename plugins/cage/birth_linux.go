//go:build amd64 || arm64

package cage

import (
	"fmt"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// birth is one cloning, done on the launcher's thread: the children's lives are tied to that thread.
type birth struct {
	program    *program
	steps      []step
	namespaces bool
	group      *group
	old        bool // by clone, where a filter around the warden answers ENOSYS to clone3
	done       chan<- born
}

type born struct {
	pid, pidfd int
	err        error
}

// launcher is the thread that clones. It never ends before the warden does.
func launcher(births <-chan birth) {
	runtime.LockOSThread()
	for b := range births {
		b.done <- b.clone()
	}
}

// The child shares the warden's memory until it executes (no page table is copied, and the calls' results need not be
// sent), but neither its descriptors nor its signal handlers.
const bornWith = unix.CLONE_VM | unix.CLONE_PIDFD

func (b birth) clone() born {
	p := b.program
	list, stack, size := p.seal(b.steps)
	flags := uint64(bornWith)
	if b.namespaces {
		for _, s := range spaces {
			flags |= uint64(s.flag)
		}
	}
	pidfd := (*int32)(unsafe.Pointer(unsafe.SliceData(p.room(4))))
	place := uintptr(unsafe.Pointer(pidfd))
	var result uintptr
	if b.old {
		args := [5]uintptr{uintptr(flags) | uintptr(unix.SIGCHLD), stack + size, place}
		result = launch(unix.SYS_CLONE, args[0], args[1], args[2], args[3], args[4], list, uintptr(len(b.steps)))
	} else {
		flags |= unix.CLONE_CLEAR_SIGHAND
		var into uint64
		if b.group != nil {
			flags, into = flags|unix.CLONE_INTO_CGROUP, uint64(b.group.fd)
		}
		// struct clone_args: flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup
		args := p.words(flags, uint64(place), 0, 0, uint64(unix.SIGCHLD), uint64(stack), uint64(size), 0, 0, 0, into)
		result = launch(unix.SYS_CLONE3, args, 88, 0, 0, 0, list, uintptr(len(b.steps)))
	}
	if r := int64(result); r < 0 {
		return born{err: unix.Errno(-r)}
	}
	return born{pid: int(result), pidfd: int(*pidfd)}
}

// mapUser says who the child is in its user namespace: one user and one group, and nobody else. An ordinary warden maps
// itself; one that is root gives each child an id of its own.
func mapUser(pid, user int) error {
	uid, gid := user, user
	if user < 0 {
		uid, gid = unix.Geteuid(), unix.Getegid()
		if err := writeProc(pid, "setgroups", "deny"); err != nil {
			return err
		}
	}
	if err := writeProc(pid, "uid_map", fmt.Sprintf("%d %d 1", inside, uid)); err != nil {
		return err
	}
	return writeProc(pid, "gid_map", fmt.Sprintf("%d %d 1", inside, gid))
}

func writeProc(pid int, file, text string) error {
	path := "/proc/" + strconv.Itoa(pid) + "/" + file
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	defer unix.Close(fd)
	if _, err := unix.Write(fd, []byte(text)); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
