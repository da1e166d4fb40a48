//go:build linux && (amd64 || arm64)

package cage

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-plugin/runner"
	"golang.org/x/sys/unix"
)

// trusting is a runner that believes whatever the process says, as go-plugin's own does: none of our checks of the first
// line, and none of where it leads, is in place.
type trusting struct{ *Runner }

func (r trusting) Stdout() io.ReadCloser { return r.out.pipe }

func (trusting) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

// follow does what a client does with whatever a process says first: reads, translates, connects.
func follow(r runner.Runner) error {
	line := make([]byte, mostHandshake)
	n, err := r.Stdout().Read(line)
	if err != nil {
		if own, ok := r.(*Runner); ok {
			err = errors.Join(err, own.out.refused())
		}
		return err
	}
	fields := strings.Split(strings.TrimSpace(string(line[:n])), "|")
	network, address, err := r.PluginToHost(fields[2], fields[3])
	if err != nil {
		return err
	}
	c, err := net.DialTimeout(network, address, 5*time.Second)
	if err == nil {
		c.Close()
	}
	return err
}

// lie is a first line that would have the gateway connect where the process likes.
type lie struct {
	name, mode string
	want       string // in the refusal
	// free: the process is without namespaces, filter and Landlock, which would keep it from making what it announces.
	free bool
	// held says why a runner without our checks is not led astray either, so that there is no counter-proof.
	held string
}

const (
	notInFolder = "not in its own folder"
	noSuchLine  = "none that a plugin here may say"
)

// The first line is held by its pattern, by the name that the socket must have directly in the process's own folder, and by
// how that name is looked up (openat2, beneath, no links; S_ISSOCK). All of them are off where the runner is trusting.
var toldLies = []lie{
	{name: "45 a TCP address", mode: "line 1|1|tcp|TCP|grpc|", want: noSuchLine},
	{name: "46 a socket of the host", mode: "line 1|1|unix|PATH|grpc|", want: notInFolder},
	{name: "46a a socket without a path", mode: "line 1|1|unix|ABSTRACT|grpc|", want: noSuchLine},
	{name: "46b a path that climbs", mode: "line 1|1|unix|FOLDER/../../../..PATH|grpc|", want: notInFolder, free: true},
	{name: "47 a folder of its own making", mode: "inner PATH", want: notInFolder, free: true},
	{name: "48 a symbolic link", mode: "link PATH", want: "is no socket", free: true},
	{name: "53 a file that is no socket", mode: "file", want: "no socket", held: "the kernel connects to sockets alone"},
	{name: "53a nothing at all", mode: "line 1|1|unix|FOLDER/absent|grpc|", want: "no such file", held: "there is nothing to connect to"},
	{name: "40 ends before it says anything", mode: "ends", want: "no line", held: "the kernel closes the pipe of a process that has ended"},
}

// TestLies starts processes that lie about where they listen. A runner that believes them, as the stock client's does, is led
// astray; ours refuses.
func TestLies(t *testing.T) {
	t.Parallel()
	img := image(t, "hostile")
	whole, open := open(t, S0), open(t, S0, Syscalls, Landlocked, namespaces)
	for _, l := range toldLies {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			w := whole
			if l.free {
				w = open
			}
			for _, believed := range []bool{false, true} {
				b := newBait(t)
				mode := strings.NewReplacer("TCP", b.tcp, "PATH", b.path, "ABSTRACT", b.abstract).Replace(l.mode)
				r := start(t, w, img, Limits{}, S0, "PONTLEVIS_PLUGIN="+mode)
				if !believed {
					if err := follow(r); err == nil || !strings.Contains(err.Error(), l.want) {
						t.Errorf("error %v, want one that says %q", err, l.want)
					}
					if _, err := r.Dial(t.Context()); err == nil {
						t.Error("it can be connected to all the same")
					}
				} else if err := follow(trusting{r}); (err == nil) != (l.held == "") {
					t.Errorf("believed: %v; and what holds it besides: %q", err, l.held)
				}
				if led := believed && l.held == ""; !led && b.taken() > 0 || led && !b.reached() {
					t.Errorf("believed %v: %d connections to a listener of this machine", believed, b.taken())
				}
			}
		})
	}
}

// TestEndless (42) says a line without end: no more of it is read than a line may have. Without the bound it is read for as
// long as it comes.
func TestEndless(t *testing.T) {
	t.Parallel()
	w, img := open(t, S0), image(t, "hostile")
	r := start(t, w, img, Limits{}, S0, "PONTLEVIS_PLUGIN=endless")
	if err := follow(r); err == nil || !strings.Contains(err.Error(), "no line of at most 4096 bytes") {
		t.Errorf("error %v", err)
	}
	if err := r.Wait(t.Context()); err != nil { // it writes until it meets a closed pipe
		t.Error(err)
	}
	r = start(t, w, img, Limits{}, S0, "PONTLEVIS_PLUGIN=endless")
	if n, err := io.CopyN(io.Discard, trusting{r}.Stdout(), 4*mebi); err != nil {
		t.Errorf("without the bound %d bytes were read, %v", n, err)
	}
}

// TestNumberReused ends a process between its first line and the connection, and has something else get the number of the
// descriptor that its socket had. Dial does not go there; whoever dials the address that it gave does, as go-plugin would.
func TestNumberReused(t *testing.T) {
	w, img, b := open(t, S0), image(t, "hello"), newBait(t)
	r := start(t, w, img, Limits{}, S0)
	line, err := io.ReadAll(r.Stdout())
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Split(strings.TrimSpace(string(line)), "|")
	network, address, err := r.PluginToHost(fields[2], fields[3])
	if err != nil {
		t.Fatal(err)
	}
	number := r.socket
	if err := r.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	other, err := unix.Open(b.path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(other)
	if other != number {
		again, err := unix.FcntlInt(uintptr(other), unix.F_DUPFD_CLOEXEC, number)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(again)
		if again != number {
			t.Skipf("descriptor %d was taken by something else", number)
		}
	}
	if _, err := r.Dial(t.Context()); err == nil || b.taken() > 0 {
		t.Errorf("dialled after the end: %v, %d connections elsewhere", err, b.taken())
	}
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatalf("the number is not reused, so the case proves nothing: %v", err)
	}
	c.Close()
	if !b.reached() {
		t.Error("the address leads nowhere")
	}
}

// TestTalks holds that output after the line meets a closed pipe (57), and that complaints are bounded (58).
func TestTalks(t *testing.T) {
	t.Parallel()
	w, img := open(t, S0), image(t, "hostile")
	for _, believed := range []bool{false, true} {
		r, err := w.Runner(img, Limits{}, S0, []string{"PONTLEVIS_PLUGIN=talks"})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer r.Kill(context.Background())
		want := "more=EPIPE; "
		if believed { // reads its line, and leaves the pipe open
			line := make([]byte, 200)
			n, err := trusting{r}.Stdout().Read(line)
			if err != nil {
				t.Fatal(err)
			}
			fields := strings.Split(strings.TrimSpace(string(line[:n])), "|")
			if _, _, err := r.PluginToHost(fields[2], fields[3]); err != nil {
				t.Fatal(err)
			}
			want = "more=OK; "
		} else if err := translate(r); err != nil {
			t.Fatal(err)
		}
		if said, err := dialled(t, r); said != want {
			t.Errorf("it said %q (%v), want %q", said, err, want)
		}
	}
	r := start(t, w, img, Limits{CPU: 20 * time.Second}, S0, "PONTLEVIS_PLUGIN=complains")
	if said, err := hear(t, r); said != "complained" {
		t.Errorf("it said %q: %v", said, err)
	}
	if n := r.Complaints(); n < mostComplaints || n > mostComplaints+(8<<10) {
		t.Errorf("%d bytes were read from its standard error, want about %d", n, mostComplaints)
	}
}
