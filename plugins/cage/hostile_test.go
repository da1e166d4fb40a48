//go:build linux && (amd64 || arm64)

package cage

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// attempt is one hostile behaviour: what is tried, and what must come of it. With the protections of off switched off the
// same expectation must fail; without are others that stand in the way of seeing this one hold.
type attempt struct {
	number  string // in the list of hostile behaviours (docs/plugins.md)
	mode    string
	said    string // a regular expression for the whole answer
	reduced string // the same without namespaces; "" where it is the same, "-" where the row means nothing there
	signal  unix.Signal
	exit    int // how it ends by itself, instead of answering
	limits  Limits
	off     []Measure
	without []Measure
	harm    string // what is to be seen with the protections off; "": any other answer
}

func trapped(number, call string) attempt {
	return attempt{number: number, mode: "trip " + call, signal: unix.SIGSYS, off: []Measure{Syscalls}}
}

// attempts lists what is judged by the answer, or by the signal that answers.
func attempts(bait *bait) []attempt {
	files := []Measure{PrivateRoot, Landlocked}
	filter, group := []Measure{Syscalls}, []Measure{ControlGroup} // what the group holds alone is in TestControlGroup
	out := []attempt{
		{number: "1 host's files", mode: "read /etc/passwd /proc/1/environ /proc/self/maps /sys/kernel/notes /dev/zero " + bait.file, off: files,
			said: `(\S+=ENOENT; ){6}`, reduced: `(\S+=EACCES; ){6}`},
		{number: "1a host's files, by the root alone", mode: "read /etc/passwd " + bait.file, off: []Measure{PrivateRoot}, without: []Measure{Landlocked},
			said: `(\S+=ENOENT; ){2}`, reduced: "-"},
		{number: "1b host's files, by Landlock alone", mode: "read /etc/passwd " + bait.file, off: []Measure{Landlocked}, without: []Measure{PrivateRoot},
			said: `(\S+=EACCES; ){2}`},
		{number: "2 list the root", mode: "list /", said: `/=EACCES; `, off: []Measure{Landlocked}},
		{number: "3 write elsewhere", mode: "create /x " + bait.folder + "/made", off: files, said: `create=EROFS; create=ENOENT; `, reduced: `(create=EACCES; ){2}`},
		{number: "3a fill the disk", mode: "fill", off: []Measure{Bounds}, said: `create=OK; write=EFBIG; `},
		{number: "3b fill the inodes", mode: "inodes", off: []Measure{PrivateRoot}, said: `full=ENOSPC; `, reduced: "-"},
		{number: "3c links, folders, devices", mode: "links", off: []Measure{Syscalls, Landlocked},
			said: `symlink=EPERM; link=EPERM; rename=EPERM; mkdir=EPERM; mknod=EPERM; chmod=EPERM; truncate=EPERM; `},
		{number: "3d links, by Landlock alone", mode: "links", off: []Measure{Landlocked}, without: filter, said: `symlink=EACCES; .*mkdir=EACCES; mknod=EACCES; .*`},
		{number: "4 inherited descriptors", mode: "descriptors", off: []Measure{Descriptors}, said: `0 1 2`},
		{number: "5 environment and host name", mode: "environment", off: []Measure{UTSSpace},
			said:    `GOMAXPROCS GOMEMLIMIT GOTRACEBACK PLUGIN_UNIX_SOCKET_DIR PONTLEVIS_PLUGIN TMPDIR; host plugin; args \[plugin\]`,
			reduced: "-"},
		{number: "5a process ids of the host", mode: "identity", off: []Measure{PIDSpace}, said: `pid 1 parent 0 user 1000 group 1000`, reduced: "-"},
		{number: "6 run a program", mode: "execute", off: filter, said: `execveat=EPERM; memfd=EPERM; execve=EPERM; `},
		{number: "6b become another program", mode: "become " + bait.program, off: []Measure{Syscalls, PrivateRoot, Landlocked}, said: `execve=EPERM; `,
			harm: "said nothing, and it ended by itself with status 0"},
		{number: "6a make code", mode: "code", off: filter, said: `mmap=EPERM; mprotect=EPERM; pkey_mprotect=EPERM; `},
		{number: "7 sockets of other kinds", mode: "sockets", off: filter, said: `(\S+=EPERM; ){10}`},
		{number: "7a options, ioctl, ownership", mode: "options", off: filter, said: `socket=OK; filter=EPERM; ioctl=EPERM; owner=EPERM; pipe=EPERM; `},
		{number: "8 sockets of the host", mode: "connect tcp!" + bait.tcp + " unix!" + bait.abstract + " unix!" + bait.path,
			off: []Measure{Syscalls, NetSpace, Landlocked, PrivateRoot}, said: `tcp=EPERM; unix=EPERM; unix=EPERM; `},
		{number: "8a sockets of the host, by namespaces alone", mode: "connect tcp!" + bait.tcp + " unix!" + bait.abstract + " unix!" + bait.path,
			without: []Measure{Syscalls, Landlocked}, off: []Measure{NetSpace, PrivateRoot}, said: `tcp=ENETUNREACH; unix=ECONNREFUSED; unix=ENOENT; `, reduced: "-"},
		{number: "8b datagrams to the host", mode: "datagram " + bait.datagram, off: []Measure{Syscalls, NetSpace, Landlocked},
			said: `socket=EPERM; sendto=EPERM; `},
		{number: "10 signals", mode: "signals 1 2 " + fmt.Sprint(os.Getpid()), off: filter,
			said: `all=EPERM; self=EPERM; other=EPERM; thread=(OK|EPERM); (other=EPERM; thread=EPERM; ){2}pidfd=EPERM; queue=EPERM; `},
		{number: "10a signals, by the namespace alone", mode: "signals " + fmt.Sprint(os.Getpid()), without: []Measure{Syscalls, Landlocked}, off: []Measure{PIDSpace},
			said: `.*other=ESRCH; thread=ESRCH; .*`, reduced: "-"},
		{number: "11 fork bomb", mode: "fork", off: filter, said: `forks 0, then=EPERM; clone3=ENOSYS; `},
		{number: "11a fork bomb, by the limit alone", mode: "fork", without: []Measure{Syscalls, ControlGroup}, off: []Measure{Bounds}, limits: Limits{Threads: 10}, said: `forks \d, then=EAGAIN; clone3=EAGAIN; `, reduced: "-"},
		{number: "19 further namespaces, with no filter", mode: "nest", without: filter, off: []Measure{NoNesting}, said: `nest=ENOSPC; `, reduced: "-"},
		{number: "26 more rights", mode: "rights", off: filter, said: `(\S+=EPERM; ){11}`},
		{number: "27 shared memory of the host", mode: "shm", off: filter, said: `(\S+=EPERM; ){3}`},
		{number: "27a shared memory of the host, by the namespace alone", mode: fmt.Sprint("find ", bait.key), without: filter, off: []Measure{IPCSpace},
			said: `shmget=ENOENT; `, reduced: "-", harm: "shmget=OK"},
		{number: "28 thread bomb", mode: "threads 400", exit: 2, off: []Measure{Bounds}, without: group, reduced: "-"},
		{number: "29 memory bomb", mode: "memory 256", exit: 2, off: []Measure{Bounds}, without: group},
		{number: "32 descriptor bomb", mode: "exhaust", off: []Measure{Bounds}, said: `stopped=EMFILE; `},
	}
	for i, call := range []string{"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd", "move_pages",
		"perf_event_open", "unshare", "setns", "mount", "umount2", "pivot_root", "chroot", "fsopen", "open_tree", "move_mount", "mount_setattr",
		"open_by_handle_at", "name_to_handle_at", "sethostname", "bpf", "io_uring_setup", "userfaultfd", "keyctl", "add_key", "request_key",
		"fanotify_init", "quotactl", "personality", "init_module", "finit_module", "kexec_load", "reboot", "swapon", "acct", "syslog", "clock_settime"} {
		out = append(out, trapped(fmt.Sprintf("12.%d %s", i+1, call), call))
	}
	return append(out, native()...)
}

// bait is what a hostile process is tempted with on this machine.
type bait struct {
	folder, file, path, abstract, datagram, tcp string
	program                                     string // one that ends at once, with status 0
	key                                         int    // of shared memory that all may use
	mu                                          sync.Mutex
	hits                                        int
}

func newBait(t *testing.T) *bait {
	t.Helper()
	folder, err := os.MkdirTemp("", "bait-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	name := filepath.Base(folder)
	b := &bait{folder: folder, file: folder + "/secret", path: folder + "/path", program: "/bin/true", abstract: "@" + name, datagram: "@" + name + "-d"}
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.file, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	if path, err := exec.LookPath("true"); err == nil {
		b.program = path
	}
	b.key = int(time.Now().UnixNano()&0x3fffffff) | 1
	shared, err := unix.SysvShmGet(b.key, 4096, unix.IPC_CREAT|unix.IPC_EXCL|0o666)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = unix.SysvShmCtl(shared, unix.IPC_RMID, nil) })
	for _, l := range []struct{ network, address string }{{"tcp", "127.0.0.1:0"}, {"unix", b.abstract}, {"unix", b.path}} {
		listener, err := net.Listen(l.network, l.address)
		if err != nil {
			t.Fatal(err)
		}
		if l.network == "tcp" {
			b.tcp = listener.Addr().String()
		}
		t.Cleanup(func() { listener.Close() })
		go b.count(listener)
	}
	_ = os.Chmod(b.path, 0o777)
	d, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: b.datagram, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return b
}

func (b *bait) count(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		b.mu.Lock()
		b.hits++
		b.mu.Unlock()
		c.Close()
	}
}

// reached waits until somebody has connected.
func (b *bait) reached() bool {
	for end := time.Now().Add(10 * time.Second); b.taken() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

func (b *bait) taken() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.hits
}

// wardens are started once for each set of omitted protections.
type wardens struct {
	t       testing.TB
	reduced bool
	mu      sync.Mutex
	made    map[string]*Warden
}

func (ws *wardens) without(omit ...Measure) *Warden {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	omit = slices.Clone(omit)
	slices.Sort(omit)
	key := fmt.Sprint(omit)
	if w, ok := ws.made[key]; ok {
		return w
	}
	if ws.made == nil {
		ws.made = map[string]*Warden{}
	}
	if ws.reduced {
		omit = append(omit, namespaces)
	}
	w := open(ws.t, S0, omit...)
	ws.made[key] = w
	return w
}

// judge performs an attempt and says in what it went other than expected.
func (a attempt) judge(t *testing.T, w *Warden, img *Image, reduced bool) error {
	t.Helper()
	want := a.said
	if reduced && a.reduced != "" {
		want = a.reduced
	}
	r, err := w.Runner(img, a.limits, S0, []string{"PONTLEVIS_PLUGIN=" + a.mode})
	if err != nil {
		return err
	}
	defer r.Kill(context.Background())
	if err := r.Start(t.Context()); err != nil {
		return fmt.Errorf("not started: %w", err)
	}
	said, err := hear(t, r)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if a.signal == 0 && a.exit == 0 {
		switch {
		case err == nil && said == "" && r.Wait(ctx) == nil:
			end, _ := r.Ended()
			return fmt.Errorf("it said nothing, and %s", end)
		case err != nil:
			return fmt.Errorf("no answer: %w: %s", err, r.Diagnose(t.Context()))
		case !regexp.MustCompile("^(?:" + want + ")$").MatchString(said):
			return fmt.Errorf("it said %q, want %q", said, want)
		}
		return nil
	}
	if said != "" {
		return fmt.Errorf("it lived to say %q", said)
	}
	if err := r.Wait(ctx); err != nil {
		return err
	}
	end, ok := r.Ended()
	if !ok || end.Signal != int(a.signal) || end.Exit != a.exit {
		return fmt.Errorf("%s; want signal %d, status %d", end, a.signal, a.exit)
	}
	return nil
}

// hear reads the handshake, connects, and reads whatever comes.
func hear(t testing.TB, r *Runner) (string, error) {
	t.Helper()
	if err := translate(r); err != nil {
		return "", err
	}
	return dialled(t, r)
}

// translate reads the handshake and finds the socket.
func translate(r *Runner) error {
	line, err := io.ReadAll(r.Stdout())
	if err != nil || len(line) == 0 {
		return fmt.Errorf("no handshake: %v", err)
	}
	fields := strings.Split(strings.TrimSpace(string(line)), "|")
	_, _, err = r.PluginToHost(fields[2], fields[3])
	return err
}

// dialled connects and reads whatever comes.
func dialled(t testing.TB, r *Runner) (string, error) {
	t.Helper()
	c, err := r.Dial(t.Context())
	if err != nil {
		return "", err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	said, err := io.ReadAll(c)
	return string(said), err
}

// TestHostile performs every attempt in the whole cage, where it must be stopped as expected, and again with the
// protection that stops it switched off, where the same expectation must fail.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, reduced := range []bool{false, true} {
		t.Run(map[bool]string{false: "namespaces", true: "reduced"}[reduced], func(t *testing.T) {
			t.Parallel()
			perform(t, reduced)
		})
	}
}

func perform(t *testing.T, reduced bool) {
	img, caged, free := image(t, "hostile"), newBait(t), newBait(t)
	ws := &wardens{t: t, reduced: reduced}
	if level := ws.without().Report().Level; level < S1 || level < S2 && !reduced {
		t.Skipf("this machine reaches %v only: %+v", level, ws.without().Report().Missing)
	}
	proofs := attempts(free)
	var running sync.WaitGroup
	places := make(chan struct{}, 4)
	for i, a := range attempts(caged) {
		if reduced && a.reduced == "-" {
			continue
		}
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			if err := a.judge(t, ws.without(a.without...), img, reduced); err != nil {
				t.Errorf("%s: %v", a.number, err)
			}
			p := proofs[i]
			err := p.judge(t, ws.without(append(slices.Clone(p.without), p.off...)...), img, reduced)
			if err == nil || strings.HasPrefix(err.Error(), "not started") || !strings.Contains(err.Error(), p.harm) {
				t.Errorf("%s: without %v it is stopped just the same, so the case proves nothing: %v", p.number, p.off, err)
			}
			t.Logf("%s: without %v: %v", p.number, p.off, err)
		})
	}
	running.Wait()
	if n := caged.taken(); n > 0 {
		t.Errorf("9: %d connections reached the host's listeners", n)
	}
	if free.taken() == 0 {
		t.Error("9: without protections nobody reached the host's listeners either, so the case proves nothing")
	}
}
