//go:build amd64 || arm64

package cage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Warden is the gateway's side of the process that starts caged ones. One that this package started is started again when
// it dies; one that is a service of its own is reached again.
type Warden struct {
	options Options
	least   Level

	mu      sync.Mutex
	control *net.UnixConn
	report  Report
	stop    func() // ends a warden that was started here, and waits for it
	closed  bool
	again   time.Time // when a warden that died may be started again
}

// Open starts or reaches the warden, and finds out what it can do. It does not fail because that is little: each start
// compares again. Errors: options that do not go together, and a warden that cannot be had.
func Open(o Options) (*Warden, error) {
	least, err := o.check()
	if err != nil {
		return nil, err
	}
	w := &Warden{options: o, least: least}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.reach(); err != nil {
		return nil, err
	}
	if o.Socket == "" && os.Geteuid() != 0 {
		// The processes' user is this one's, outside of their namespace: nobody of that user may look into this process.
		_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	}
	return w, nil
}

// reach gives the control socket, of a new warden where there is none. The lock is held.
func (w *Warden) reach() (*net.UnixConn, error) {
	switch {
	case w.closed:
		return nil, errors.New("cage: the warden was closed")
	case w.control != nil:
		return w.control, nil
	case time.Now().Before(w.again):
		return nil, errors.New("cage: the warden died, and is started again in a moment")
	}
	w.again = time.Now().Add(time.Second)
	conn, stop, err := w.connect()
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	var first news
	fds, err := receive(conn, &first)
	closeAll(fds)
	if err == nil && (first.Hello == nil || first.Hello.Version != wireVersion) {
		err = errors.New("it is of another version")
	}
	if err != nil {
		conn.Close()
		stop()
		return nil, fmt.Errorf("cage: the warden did not answer: %w", err)
	}
	_ = conn.SetReadDeadline(time.Time{})
	w.control, w.stop, w.report = conn, stop, first.Hello.Report
	w.ownUser()
	return conn, nil
}

// ownUser adds what only the gateway can tell: whether the warden is somebody else.
func (w *Warden) ownUser() {
	if w.report.UID != os.Geteuid() && !slices.Contains(w.report.Applied, OwnUser) {
		w.report.Applied = append(w.report.Applied, OwnUser)
	}
	if !slices.Contains(w.report.Applied, OwnUser) {
		l := Lack{Measure: OwnUser, Step: "be somebody else than the gateway", Cause: fmt.Sprintf("both are user %d", w.report.UID)}
		l.Mend = mend(l)
		w.report.Missing = append(w.report.Missing, l)
	}
}

func (w *Warden) connect() (*net.UnixConn, func(), error) {
	if w.options.Socket != "" {
		c, err := net.DialUnix("unixpacket", nil, &net.UnixAddr{Name: w.options.Socket, Net: "unixpacket"})
		if err != nil {
			return nil, nil, fmt.Errorf("cage: the warden's socket: %w", err)
		}
		return c, func() {}, nil
	}
	return w.spawn()
}

// spawn starts the warden: this program once more. It dies with the thread that starts it, so that thread waits for it.
func (w *Warden) spawn() (*net.UnixConn, func(), error) {
	conn, far, err := pair()
	if err != nil {
		return nil, nil, err
	}
	program := w.options.Executable
	if program == "" {
		program = "/proc/self/exe"
	}
	control := os.NewFile(uintptr(far), "warden")
	defer control.Close()
	cmd := exec.Command(program, wardenArgs...)
	cmd.Args[0] = "pontlevis"
	cmd.Env = []string{"GOGC=50", "HOME=/", "TMPDIR=" + os.TempDir()}
	cmd.ExtraFiles, cmd.Stderr = []*os.File{control}, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true}
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("cage: starting the warden: %w", err)
	}
	stop := func() {
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
	}
	return conn, stop, nil
}

// ask sends a request with its descriptors, to a new warden where the old one died.
func (w *Warden) ask(r request, fds ...int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range 2 {
		conn, err := w.reach()
		if err != nil {
			return err
		}
		if err = send(conn, r, fds...); err == nil {
			return nil
		}
		w.drop()
	}
	return errors.New("cage: the warden does not take requests")
}

// drop lets go of a warden that does not answer. What it kept dies with it. The lock is held.
func (w *Warden) drop() {
	if w.control != nil {
		w.control.Close()
		w.stop()
		w.control = nil
	}
}

// Report is what the warden can do on this machine, as it found out by doing it.
func (w *Warden) Report() Report {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.report
	r.Applied, r.Missing = slices.Clone(r.Applied), slices.Clone(r.Missing)
	return r
}

// Least is the level below which nothing is started, whatever a label says.
func (w *Warden) Least() Level { return w.least }

// Reason is why that level was lowered, or "".
func (w *Warden) Reason() string { return w.options.Reason }

// Close ends the warden, and with it every process that it keeps.
func (w *Warden) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop()
	w.closed = true
	return nil
}

// Runner prepares one process of an image, for go-plugin's RunnerFunc. need is the level that the label demands; the
// operator's may be higher, and a level that is not known is refused. env is what go-plugin prepared (exec.Cmd.Env), of
// which only its own variables are kept. Nothing is started before Start.
func (w *Warden) Runner(img *Image, l Limits, need Level, env []string) (*Runner, error) {
	limits, err := l.complete()
	if err != nil {
		return nil, err
	}
	if need < S0 || need > S4 {
		return nil, fmt.Errorf("cage: the label demands %v, which is no level", need)
	}
	return newRunner(w, img, limits, max(need, w.least), env), nil
}

// Probe starts a warden for as long as it takes to ask what this machine can do.
func Probe(ctx context.Context, o Options) (Report, error) {
	w, err := Open(o)
	if err != nil {
		return Report{}, err
	}
	defer w.Close()
	return w.Report(), ctx.Err()
}
