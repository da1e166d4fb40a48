//go:build amd64 || arm64

package cage

import "golang.org/x/sys/unix"

// The child's descriptors, before it executes: 0 is /dev/null, 1 and 2 are pipes to the gateway.
const (
	fdImage = 3 // the sealed bytes; closed by the execution
	fdTalk  = 4 // to the warden; closed by the execution
	fdRun   = 5 // the folder in which the socket will be; closed by the execution
	fdNext  = 6 // what the next opened file gets, as everything above is closed
)

// inside is the id that a caged process has in its own user namespace. It is not 0, so that executing gives nothing back.
const inside = 1000

// runFolder is where a process with a private root makes its socket.
const runFolder = "/run"

// plan is one way to start a process: what the jail is built from.
type plan struct {
	namespaces bool
	image      int // descriptors of the warden, all above the child's
	null       int
	stdout     int
	stderr     int
	talk       int
	limits     Limits
	user       int    // the host's id that the process gets, or -1 where the warden is nobody special
	folder     string // where the socket will be, when there is no private root
	landlock   int    // version of Landlock's interface
	lastCap    int    // greatest capability this kernel knows
	argv, env  []string
	probe      bool // report, and end instead of executing
	handlers   bool // the child was born with the warden's signal handlers
}

// spaces are the namespaces that a child is born into.
var spaces = []struct {
	flag    uintptr
	measure Measure
}{
	{unix.CLONE_NEWUSER, UserSpace}, {unix.CLONE_NEWPID, PIDSpace}, {unix.CLONE_NEWNET, NetSpace}, {unix.CLONE_NEWIPC, IPCSpace},
	{unix.CLONE_NEWUTS, UTSSpace}, {unix.CLONE_NEWNS, MountSpace}, {unix.CLONE_NEWCGROUP, CgroupSpace},
}

// jail is what a child does between its birth and its first own instruction, in order.
func (p *program) jail(in plan) []step {
	var steps []step
	add := func(more ...step) { steps = append(steps, more...) }
	add(p.descriptors(in)...)
	if in.handlers {
		add(p.defaultSignals()...)
	}
	add(p.waitForMaps())
	add(p.powerBound(in)...)
	add(p.identity(in)...)
	if in.namespaces {
		add(p.nestNothing()...)
		add(p.privateRoot()...)
	} else {
		add(p.folderOnly(in)...)
	}
	add(p.bounds(in)...)
	add(p.withoutPower()...)
	add(p.landlock(in)...)
	add(p.handOver())
	add(p.syscalls()...)
	add(p.report(), p.waitForGo())
	if !in.probe {
		add(p.execute(in)...)
	}
	return steps
}

func do(proves Measure, name string, nr uintptr, args ...uintptr) step {
	s := step{proves: proves, name: name, nr: nr}
	copy(s.args[:], args)
	return s
}

// yields makes a step succeed only with a result of at least n.
func (s step) yields(n int64) step { s.least = n; return s }

// try lets the child go on when the step fails; it is reported.
func (s step) try() step { s.optional = true; return s }

// descriptors leaves the child the five that it needs, whatever the warden had open.
func (p *program) descriptors(in plan) []step {
	dup := func(name string, from, to, flags int) step {
		return do("", name, unix.SYS_DUP3, uintptr(from), uintptr(to), uintptr(flags)).yields(int64(to))
	}
	const last = ^uint32(0)
	return []step{
		// No session of its own: the scheduler would put it in a group of its own, which doubles the time of a start on
		// a busy machine. The warden's session has no terminal.
		do("", "a process group of its own", unix.SYS_SETPGID, 0, 0),
		dup("standard input", in.null, 0, 0), dup("standard output", in.stdout, 1, 0), dup("standard error", in.stderr, 2, 0),
		dup("the image", in.image, fdImage, unix.O_CLOEXEC), dup("the warden", in.talk, fdTalk, unix.O_CLOEXEC),
		do(Descriptors, "close all others", unix.SYS_CLOSE_RANGE, fdRun, uintptr(last), 0),
	}
}

// waitForMaps waits until the warden has said who the child is in its user namespace.
func (p *program) waitForMaps() step {
	return do("", "who it is", unix.SYS_READ, fdTalk, address(p.room(1)), 1).yields(1)
}

// identity takes the mapped user, without groups, and ties the child's life to the warden's. The death signal comes after,
// because a change of user clears it.
func (p *program) identity(in plan) []step {
	id := uintptr(max(in.user, 0))
	if in.namespaces {
		id = inside
	}
	var out []step
	if in.user >= 0 {
		out = append(out,
			do(OwnUser, "no groups", unix.SYS_SETGROUPS, 0, 0),
			do(OwnUser, "a group of its own", unix.SYS_SETRESGID, id, id, id),
			do(OwnUser, "a user of its own", unix.SYS_SETRESUID, id, id, id),
			do("", "files of /proc stay the warden's", unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 1))
	}
	out = append(out, do(DeathSignal, "killed when the warden ends", unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL)))
	if in.namespaces {
		name := p.text("plugin")
		out = append(out, do("", "a host name that says nothing", unix.SYS_SETHOSTNAME, name, 6), do("", "and no domain", unix.SYS_SETDOMAINNAME, name, 0))
	}
	return out
}

// nestNothing forbids user namespaces below this one, and with them every other. Where /proc/sys is read-only it is only
// reported: the filter kills for trying.
func (p *program) nestNothing() []step {
	return []step{
		do(NoNesting, "open max_user_namespaces", unix.SYS_OPENAT, at(unix.AT_FDCWD), p.text("/proc/sys/user/max_user_namespaces"), unix.O_WRONLY|unix.O_CLOEXEC).yields(fdRun).try(),
		do(NoNesting, "allow none", unix.SYS_WRITE, fdRun, p.text("0"), 1).yields(1).try(),
		do("", "close it", unix.SYS_CLOSE, fdRun).try(),
	}
}

// at is a negative descriptor number, such as AT_FDCWD, as an argument.
func at(fd int) uintptr { return uintptr(fd) }

// privateRoot is a root of one page with one folder in it, in which eight files of one page have room; all else is unmounted.
// That folder may be entered, and the socket in it connected to, by whoever is given a descriptor of it: a gateway of another
// user than the warden's. No path leads there from outside.
func (p *program) privateRoot() []step {
	const hard = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	tmpfs, dot, base, run := p.text("tmpfs"), p.text("."), p.text("/proc"), p.text("/proc/run")
	return []step{
		do("", "a socket that the gateway may connect to", unix.SYS_UMASK, 0),
		do(PrivateRoot, "mounts reach nobody else", unix.SYS_MOUNT, 0, p.text("/"), 0, unix.MS_REC|unix.MS_PRIVATE, 0),
		do(PrivateRoot, "an empty root", unix.SYS_MOUNT, tmpfs, base, tmpfs, hard, p.text("size=4k,nr_inodes=4,mode=0755")),
		do(PrivateRoot, "a place for the socket", unix.SYS_MKDIRAT, at(unix.AT_FDCWD), run, 0o700),
		do(PrivateRoot, "of one page", unix.SYS_MOUNT, tmpfs, run, tmpfs, hard, p.text("size=4k,nr_inodes=8,mode=0711")),
		do(PrivateRoot, "go there", unix.SYS_CHDIR, base),
		do(PrivateRoot, "make it the root", unix.SYS_PIVOT_ROOT, dot, dot),
		do(PrivateRoot, "let go of the old one", unix.SYS_UMOUNT2, dot, unix.MNT_DETACH),
		do(PrivateRoot, "go to the new one", unix.SYS_CHDIR, p.text("/")),
		do(PrivateRoot, "which is read-only", unix.SYS_MOUNT, 0, p.text("/"), 0, unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY|hard, 0),
		do("", "hold the socket's folder", unix.SYS_OPENAT, at(unix.AT_FDCWD), p.text(runFolder), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC).yields(fdRun),
	}
}

// folderOnly is what stands for a private root where there are no namespaces: the warden's folder for this process.
func (p *program) folderOnly(in plan) []step {
	folder := p.text(in.folder)
	return []step{
		do("", "go to the socket's folder", unix.SYS_CHDIR, folder),
		do("", "hold the socket's folder", unix.SYS_OPENAT, at(unix.AT_FDCWD), folder, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC).yields(fdRun),
	}
}

// bounds sets the resource limits. Threads are counted per user of a namespace, so only a process that has a user of its
// own, or a namespace, is bounded in them.
func (p *program) bounds(in plan) []step {
	limit := func(name string, which int, n uint64) step {
		return do(Bounds, name, unix.SYS_PRLIMIT64, 0, uintptr(which), p.words(n, n), 0)
	}
	out := []step{
		limit("memory", unix.RLIMIT_DATA, uint64(in.limits.Memory)), limit("stack", unix.RLIMIT_STACK, 8*mebi),
		limit("processor time", unix.RLIMIT_CPU, in.limits.seconds()), limit("files", unix.RLIMIT_NOFILE, uint64(in.limits.Files)),
		limit("file size", unix.RLIMIT_FSIZE, 0), limit("core dumps", unix.RLIMIT_CORE, 0), limit("locked memory", unix.RLIMIT_MEMLOCK, 0),
		limit("message queues", unix.RLIMIT_MSGQUEUE, 0), limit("signals", unix.RLIMIT_SIGPENDING, 64),
	}
	if in.namespaces || in.user >= 0 {
		out = append(out, limit("threads", unix.RLIMIT_NPROC, uint64(in.limits.Threads)))
	}
	return out
}

// secureBits: no rights by being root, none kept by a change of user, none ambient, and all of it locked (linux/securebits.h).
const secureBits = 1<<0 | 1<<1 | 1<<2 | 1<<3 | 1<<5 | 1<<6 | 1<<7

// powerBound sees to it that no execution and no change of user gives a capability again. Outside of a user namespace an
// ordinary user may not shrink the set that bounds an execution; no new privileges covers that.
func (p *program) powerBound(in plan) []step {
	if !in.namespaces && in.user < 0 {
		return nil
	}
	var out []step
	for c := 0; c <= in.lastCap; c++ {
		out = append(out, do(NoCaps, "empty the bounding set", unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, uintptr(c)))
	}
	return append(out, do(NoCaps, "lock the secure bits", unix.SYS_PRCTL, unix.PR_SET_SECUREBITS, secureBits))
}

// withoutPower gives up every capability, for good.
func (p *program) withoutPower() []step {
	const version3 = 0x20080522 // linux/capability.h
	return []step{
		do(NoCaps, "clear the ambient set", unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL),
		do(NoCaps, "give up all capabilities", unix.SYS_CAPSET, p.words(version3), p.words(0, 0, 0)),
		do(NoNewPrivs, "no new privileges", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1),
	}
}

// handOver gives the warden the folder in which the socket will be.
func (p *program) handOver() step {
	rights := p.bytes(unix.UnixRights(fdRun))
	iov := p.words(uint64(p.text("f")), 1)
	header := p.words(0, 0, uint64(iov), 1, uint64(rights), uint64(unix.CmsgSpace(4)), 0)
	return do("", "hand the folder over", unix.SYS_SENDMSG, fdTalk, header).yields(1)
}

func (p *program) report() step {
	return do("", "report", unix.SYS_WRITE, fdTalk, p.text("r"), 1).yields(1)
}

func (p *program) waitForGo() step {
	return do("", "wait for the word", unix.SYS_READ, fdTalk, address(p.room(1)), 1).yields(1)
}

// execute gives the signals back, none of which has a handler any more, and becomes the sealed bytes.
func (p *program) execute(in plan) []step {
	return []step{
		do("", "no signal blocked", unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, p.words(0), 0, 8),
		do("", "execute the sealed bytes", unix.SYS_EXECVEAT, fdImage, p.text(""), p.strings(in.argv), p.strings(in.env), unix.AT_EMPTY_PATH),
	}
}

// defaultSignals forgets the warden's signal handlers, where the kernel could not be asked to.
func (p *program) defaultSignals() []step {
	var out []step
	none := p.words(0, 0, 0, 0)
	for signal := uintptr(1); signal <= 64; signal++ {
		out = append(out, do("", "no handler", unix.SYS_RT_SIGACTION, signal, none, 0, 8).try())
	}
	return out
}

// syscalls loads the filter. Whoever has no process namespace is told its id when it is born (aim).
func (p *program) syscalls() []step {
	filter, err := filterFor(1)
	if err != nil {
		panic(err) // the table is constant, and its tests compile it
	}
	p.filter = p.room(len(filter))
	copy(p.filter, filter)
	prog := p.words(uint64(len(filter)/8), uint64(address(p.filter)))
	return []step{do(Syscalls, "load the filter", unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, prog)}
}

// aim makes the filter that of a process which knows itself as pid. It has the same length for every one.
func (p *program) aim(pid int) error {
	filter, err := filterFor(pid)
	if err == nil {
		copy(p.filter, filter)
	}
	return err
}
