//go:build amd64 || arm64

package cage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-plugin/runner"
	"golang.org/x/sys/unix"
)

// Runner is one caged process, as go-plugin wants it. It is used once.
//
// Kill ends the process at once and never asks it; call it before go-plugin's Client.Kill, which would ask. Dial reaches
// its socket, and is what gRPC's dialer should call: the address that PluginToHost gives names a descriptor of this
// process, which is open only until Kill.
type Runner struct {
	w      *Warden
	img    *Image
	limits Limits
	need   Level
	env    []string

	talk   *net.UnixConn
	report Report
	folder string // the socket's folder as the process names it
	pid    int
	out    *firstLine
	errors *counted

	mu     sync.Mutex
	run    int // that folder, as a descriptor
	socket int // the socket's inode, once it was named

	done  chan struct{} // closed when the process ended
	end   End
	known atomic.Bool // whether end was told by the warden
}

var _ runner.Runner = (*Runner)(nil)

func newRunner(w *Warden, img *Image, l Limits, need Level, env []string) *Runner {
	return &Runner{w: w, img: img, limits: l, need: need, env: environment(env, l), run: -1, socket: -1, done: make(chan struct{})}
}

// Start has the process born, compares what was applied with what is required, and lets it execute only then. Errors:
// *Insufficient when isolation is below the required level, the context's, or what the warden says.
func (r *Runner) Start(ctx context.Context) error {
	if r.talk != nil {
		return errors.New("cage: a runner starts one process, once")
	}
	talk, far, err := pair()
	if err != nil {
		return err
	}
	r.talk = talk
	stop := context.AfterFunc(ctx, func() { _ = talk.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := r.begin(far); err != nil {
		r.release()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return err
	}
	if !stop() { // the context ended while the last word came
		r.release()
		return ctx.Err()
	}
	_ = talk.SetDeadline(time.Time{})
	go r.follow()
	return nil
}

// begin is the two phases: asked for and reported, compared and let go.
func (r *Runner) begin(far int) error {
	out, outWrite, err := pipe()
	if err != nil {
		_ = unix.Close(far)
		return err
	}
	fault, faultWrite, err := pipe()
	if err != nil {
		closeAll([]int{far, outWrite})
		out.Close()
		return err
	}
	r.out, r.errors = &firstLine{pipe: out, runner: r}, count(fault)
	err = r.w.ask(request{Limits: r.limits, Env: r.env}, far, int(r.img.file.Fd()), outWrite, faultWrite)
	closeAll([]int{far, outWrite, faultWrite})
	if err != nil {
		return err
	}
	_ = r.talk.SetDeadline(time.Now().Add(bornWithin + 5*time.Second))
	first, fds, err := r.hear()
	switch {
	case err != nil:
		return err
	case first.Report == nil || len(fds) > 1:
		closeAll(fds)
		return errors.New("cage: the warden did not report: " + first.Refused)
	}
	r.report, r.folder = *first.Report, first.Folder
	if len(fds) == 1 {
		r.run = fds[0]
	}
	if err := r.report.Admits(r.need); err != nil {
		return err
	}
	if first.Refused != "" || r.run < 0 {
		return errors.New("cage: refused: " + first.Refused)
	}
	if err := send(r.talk, word{Go: true}); err != nil {
		return err
	}
	second, fds, err := r.hear()
	closeAll(fds)
	if err == nil && second.Running == 0 {
		err = errors.New("cage: not executed: " + second.Refused)
	}
	r.pid = second.Running
	return err
}

func (r *Runner) hear() (news, []int, error) {
	var n news
	fds, err := receive(r.talk, &n)
	if err != nil {
		err = fmt.Errorf("cage: the warden is gone: %w", err)
	}
	return n, fds, err
}

// follow waits for the end.
func (r *Runner) follow() {
	var n news
	fds, err := receive(r.talk, &n)
	closeAll(fds)
	if err == nil && n.Ended != nil {
		r.end = *n.Ended
		r.known.Store(true)
	}
	close(r.done)
	_ = r.talk.Close()
}

// pipe makes a pipe of which this process reads.
func pipe() (*os.File, int, error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return nil, -1, fmt.Errorf("cage: pipe: %w", err)
	}
	_ = unix.SetNonblock(p[0], true)
	return os.NewFile(uintptr(p[0]), "plugin output"), p[1], nil
}

// release closes what this side holds; the warden then kills the process.
func (r *Runner) release() {
	if r.talk != nil {
		_ = r.talk.Close()
	}
	if r.out != nil {
		r.out.Close()
	}
	if r.errors != nil {
		r.errors.Close()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	closeAll(slicesOf(r.run, r.socket))
	r.run, r.socket = -1, -1
}

func slicesOf(fds ...int) []int {
	var out []int
	for _, fd := range fds {
		if fd >= 0 {
			out = append(out, fd)
		}
	}
	return out
}

// Kill ends the process and everything in its namespace and control group, and waits until it is gone. It is safe to call
// at any time, and more than once.
func (r *Runner) Kill(ctx context.Context) error {
	defer r.release()
	if r.pid == 0 {
		return nil
	}
	_ = send(r.talk, word{Kill: true}) // fails where the process has ended
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Wait waits until the process has ended.
func (r *Runner) Wait(ctx context.Context) error {
	if r.pid == 0 {
		return errors.New("cage: nothing was started")
	}
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Ended says how the process ended; ok is false while it runs, and when the warden died with it.
func (r *Runner) Ended() (end End, ok bool) {
	select {
	case <-r.done:
		return r.end, r.known.Load()
	default:
		return End{}, false
	}
}

// Report is what was applied to the process, known from Start on.
func (r *Runner) Report() Report { return r.report }

// Stdout gives the one line that go-plugin needs, checked; whatever the process writes afterwards meets a closed pipe.
func (r *Runner) Stdout() io.ReadCloser { return r.out }

// Stderr gives nothing: what a plugin complains of is counted, not kept, because it may say what it read.
func (r *Runner) Stderr() io.ReadCloser { return io.NopCloser(bytes.NewReader(nil)) }

// Complaints is how many bytes the process wrote to its standard error.
func (r *Runner) Complaints() int64 {
	if r.errors == nil {
		return 0
	}
	return r.errors.n.Load()
}

// Refused is why the process's first line was refused; nil where it was not, or has not come.
func (r *Runner) Refused() error {
	if r.out == nil {
		return nil
	}
	return r.out.refused()
}

// Name says which program it is.
func (r *Runner) Name() string { return "plugin " + r.img.digest[:12] }

// ID is the process id on this machine.
func (r *Runner) ID() string { return strconv.Itoa(r.pid) }

// Diagnose says in words what is known of a process that did not come up.
func (r *Runner) Diagnose(context.Context) string {
	text := fmt.Sprintf("isolation %s; %d bytes on standard error", r.report.Level, r.Complaints())
	if r.out != nil {
		if err := r.out.refused(); err != nil {
			text += "; " + err.Error()
		}
	}
	if end, ok := r.Ended(); ok {
		text += "; " + end.String()
	}
	return text
}

// HostToPlugin refuses: nothing of this process is reachable from inside.
func (r *Runner) HostToPlugin(string, string) (string, string, error) {
	return "", "", errors.New("cage: no address of the gateway means anything inside")
}
