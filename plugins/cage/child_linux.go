//go:build amd64 || arm64

package cage

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// child is one caged process, from the warden's side.
type child struct {
	k       *keeper
	program *program
	talk    *net.UnixConn // to the child, until it executes
	pid     int
	pidfd   *os.File
	group   *group
	user    int
	place   string // its folder on this machine, where it has no private root
	run     int    // that folder, or the one on its private root, as a descriptor
	report  Report
	reaped  sync.Once
	buried  sync.Once
	end     End
}

// bear makes a child that has performed the jail and waits for the word. Where a step failed nothing is left of it, and the
// error is a refusal that says which.
func (k *keeper) bear(req request, image, stdout, stderr int, probe bool) (*child, error) {
	k.mu.Lock()
	namespaces, old, groups := !k.reduced, k.oldClone, k.groups
	k.mu.Unlock()
	c := &child{k: k, user: -1, run: -1}
	if err := c.prepare(req.Limits, namespaces, groups, old); err != nil {
		c.bury()
		return nil, err
	}
	talk, far, err := pair()
	if err != nil {
		c.bury()
		return nil, err
	}
	c.talk = talk
	in := plan{namespaces: namespaces, image: image, null: k.null, stdout: stdout, stderr: stderr, talk: far, limits: req.Limits,
		user: c.user, folder: c.place, landlock: k.landlock, lastCap: k.lastCap, argv: []string{"plugin"}, probe: probe, handlers: old}
	for _, e := range req.Env {
		in.env = append(in.env, strings.ReplaceAll(e, "{folder}", c.folder()))
	}
	done := make(chan born, 1)
	k.births <- birth{program: c.program, steps: c.program.jail(in), namespaces: namespaces, group: c.group, old: old, done: done}
	b := <-done
	_ = unix.Close(far) // the child has its own, and its end must be seen
	if errors.Is(b.err, unix.ENOSYS) && !old {
		k.mu.Lock()
		k.oldClone = true
		k.mu.Unlock()
		c.bury()
		return k.bear(req, image, stdout, stderr, probe)
	}
	if b.err != nil {
		c.bury()
		return nil, &refusal{missing: []Lack{{Measure: UserSpace, Step: "clone", Cause: errnoName(b.err)}}}
	}
	c.pid = b.pid
	_ = unix.SetNonblock(b.pidfd, true)
	c.pidfd = os.NewFile(uintptr(b.pidfd), "plugin process")
	return c.jailed(namespaces)
}

// prepare takes what a child needs beside itself.
func (c *child) prepare(l Limits, namespaces bool, groups *groups, old bool) (err error) {
	if c.program, err = newProgram(); err != nil {
		return err
	}
	if c.k.root {
		if c.user, err = c.k.users.take(); err != nil {
			return err
		}
	}
	if !namespaces {
		if c.place, err = c.k.placeFor(c.user); err != nil {
			return err
		}
	}
	if groups != nil && !old {
		c.k.mu.Lock()
		c.group, err = groups.make(l)
		c.k.mu.Unlock()
		if err != nil {
			return &refusal{missing: []Lack{{Measure: ControlGroup, Step: "make a group", Cause: err.Error()}}}
		}
	}
	return nil
}

// folder is what the process calls the place of its socket.
func (c *child) folder() string {
	if c.place != "" {
		return c.place
	}
	return runFolder
}

// jailed waits until the child has reported, or failed.
func (c *child) jailed(namespaces bool) (*child, error) {
	_ = c.talk.SetDeadline(time.Now().Add(bornWithin))
	if namespaces {
		if err := mapUser(c.pid, c.user); err != nil {
			c.bury()
			return nil, &refusal{missing: []Lack{{Measure: UserSpace, Step: "map one user", Cause: err.Error()}}}
		}
	}
	if !namespaces {
		if err := c.program.aim(c.pid); err != nil {
			c.bury()
			return nil, err
		}
	}
	err := c.exchange()
	c.report = c.k.reportOf(c, namespaces)
	if err != nil {
		refused := &refusal{applied: c.report.Applied, missing: c.report.Missing}
		c.bury()
		if len(refused.missing) == 0 {
			return nil, fmt.Errorf("cage: the child did not report: %w", err)
		}
		return nil, refused
	}
	return c, nil
}

// exchange lets the child go through the jail, and takes the folder that it hands over.
func (c *child) exchange() error {
	if _, err := c.talk.Write([]byte("m")); err != nil {
		return err
	}
	rights, one := make([]byte, unix.CmsgSpace(4)), make([]byte, 1)
	for _, want := range []byte("fr") {
		n, rn, _, _, err := c.talk.ReadMsgUnix(one, rights)
		if err != nil {
			return err
		}
		if fds, err := descriptors(rights[:rn]); err == nil && len(fds) == 1 && c.run < 0 {
			c.run = fds[0]
		}
		if n != 1 || one[0] != want {
			return errors.New("it ended")
		}
	}
	if c.run < 0 {
		return errors.New("it handed no folder over")
	}
	return nil
}

// reportOf is what a child applied: what its steps prove, and what its birth does.
func (k *keeper) reportOf(c *child, namespaces bool) Report {
	r := Report{Landlock: k.landlock, Kernel: k.kernel, UID: unix.Geteuid()}
	r.Applied, r.Missing = c.program.outcome()
	born := func(m Measure, have bool) {
		if have {
			r.Applied = append(r.Applied, m)
		}
	}
	born(SealedImage, true) // keep refuses an image that is not sealed
	for _, s := range spaces {
		born(s.measure, namespaces)
	}
	born(ControlGroup, c.group != nil)
	r.Level = reached(r.Applied)
	return r
}

// release lets the child execute, and waits until it has, or has failed to.
func (c *child) release() error {
	if _, err := c.talk.Write([]byte("g")); err != nil {
		return err
	}
	if n, err := c.talk.Read(make([]byte, 1)); n != 0 || err != nil && !errors.Is(err, os.ErrClosed) && err.Error() != "EOF" {
		return fmt.Errorf("cage: the child did not execute: %v", err)
	}
	last := c.program.calls[len(c.program.calls)-1].result
	_ = c.talk.Close()
	c.program.free()
	if last != notReached {
		return fmt.Errorf("cage: executing the image: %s", cause(last))
	}
	return nil
}

// kill ends the process and all that it may have started.
func (c *child) kill() {
	c.group.kill()
	if c.pidfd == nil {
		return
	}
	if conn, err := c.pidfd.SyscallConn(); err == nil { // its number is another's once wait has closed it: then nothing is sent
		_ = conn.Control(func(fd uintptr) { _ = unix.PidfdSendSignal(int(fd), unix.SIGKILL, nil, 0) })
	}
}

// wait waits for the end of the process, once, and gives back what it held.
func (c *child) wait() End {
	c.reaped.Do(func() {
		var status unix.WaitStatus
		var usage unix.Rusage
		reap := func(options int) bool {
			pid, err := unix.Wait4(c.pid, &status, options, &usage)
			return pid == c.pid || err != nil && !errors.Is(err, unix.EINTR)
		}
		if conn, err := c.pidfd.SyscallConn(); err != nil || conn.Read(func(uintptr) bool { return reap(unix.WNOHANG) }) != nil {
			for !reap(0) {
			}
		}
		c.end = End{CPU: time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), Memory: usage.Maxrss << 10}
		if status.Signaled() {
			c.end.Signal = int(status.Signal())
		} else {
			c.end.Exit = status.ExitStatus()
		}
		_ = c.pidfd.Close()
	})
	return c.end
}

// bury ends what there is of a child, and gives back everything.
func (c *child) bury() { c.buried.Do(c.buryOnce) }

func (c *child) buryOnce() {
	if c.pid > 0 {
		c.kill()
		c.wait()
	}
	if c.talk != nil {
		_ = c.talk.Close()
	}
	if c.program != nil {
		c.program.free()
	}
	if c.run >= 0 {
		_ = unix.Close(c.run)
		c.run = -1
	}
	c.group.remove()
	if c.place != "" {
		_ = os.RemoveAll(c.place)
	}
	if c.user >= 0 {
		c.k.users.giveBack(c.user)
		c.user = -1
	}
}

func errnoName(err error) string {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return unix.ErrnoName(errno)
	}
	return err.Error()
}
