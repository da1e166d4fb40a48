//go:build linux && (amd64 || arm64)

package cage

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

// follow does what a client does with whatever a process says first: reads, translates, connects.
func follow(t *testing.T, r *Runner) error {
	t.Helper()
	line := make([]byte, mostHandshake)
	n, err := r.Stdout().Read(line)
	if err != nil {
		return errors.Join(err, r.out.refused())
	}
	fields := strings.Split(strings.TrimSpace(string(line[:n])), "|")
	network, address, err := r.PluginToHost(fields[2], fields[3])
	if err != nil {
		return err
	}
	c, err := net.DialTimeout(network, address, time.Second)
	if err == nil {
		time.Sleep(20 * time.Millisecond) // the listener counts
		c.Close()
	}
	return err
}

// TestLies starts processes that lie about where they listen, so that the gateway would connect where they like. A runner
// that believes them, as the stock client does, is led astray; ours refuses.
func TestLies(t *testing.T) {
	t.Parallel()
	img := image(t, "hostile")
	whole, open := open(t, S0), open(t, S0, Syscalls, Landlocked, namespaces)
	for _, c := range []struct {
		name, mode string
		free       bool // for want of namespaces and filter, a link can be made, and means something to the gateway
	}{
		{"45 a TCP address", "line 1|1|tcp|TCP|grpc|", false},
		{"46 a socket of the host", "line 1|1|unix|PATH|grpc|", false},
		{"46a a socket without a path", "line 1|1|unix|ABSTRACT|grpc|", false},
		{"46b a path that climbs", "line 1|1|unix|FOLDER/../../../..PATH|grpc|", true},
		{"48 a symbolic link", "link PATH", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := whole
			if c.free {
				w = open
			}
			for _, trusting := range []bool{false, true} {
				b := newBait(t)
				mode := strings.NewReplacer("TCP", b.tcp, "PATH", b.path, "ABSTRACT", b.abstract).Replace(c.mode)
				r, err := w.Runner(img, Limits{}, S0, []string{"PONTLEVIS_PLUGIN=" + mode})
				if err != nil {
					t.Fatal(err)
				}
				r.trusting = trusting
				if err := r.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				err = follow(t, r)
				r.Kill(context.Background())
				if err == nil && !trusting || b.taken() > 0 != trusting {
					t.Errorf("trusting %v: error %v, %d connections to a listener of this machine", trusting, err, b.taken())
				}
			}
		})
	}
}

// TestFirstWords holds the rest of what may go wrong with the first line.
func TestFirstWords(t *testing.T) {
	t.Parallel()
	w, img := open(t, S0), image(t, "hostile")
	for _, c := range []struct{ name, mode, want string }{
		{"40 ends before it says anything", "ends", "no line"},
		{"42 a line without end", "endless", "no line"},
		{"47 a folder of its own making", "line 1|1|unix|FOLDER/a/socket|grpc|", "not in its own folder"},
		{"49 another protocol", "line 1|1|unix|FOLDER/socket|netrpc|", "none that a plugin here may say"},
		{"50 a certificate that nobody asked for", "line 1|1|unix|FOLDER/socket|grpc|QUJD", "none that a plugin here may say"},
		{"52 connections within a connection", "line 1|1|unix|FOLDER/socket|grpc||true", "none that a plugin here may say"},
		{"53 a file that is no socket", "file", "no socket"},
		{"53a nothing at all", "line 1|1|unix|FOLDER/absent|grpc|", "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := start(t, w, img, Limits{}, S0, "PONTLEVIS_PLUGIN="+c.mode)
			if err := follow(t, r); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
			if _, err := r.Dial(t.Context()); err == nil {
				t.Error("it can be connected to all the same")
			}
		})
	}
}

// TestTalks holds that output after the line meets a closed pipe (57), and that complaints are bounded (58).
func TestTalks(t *testing.T) {
	t.Parallel()
	w, img := open(t, S0), image(t, "hostile")
	for _, trusting := range []bool{false, true} {
		r, err := w.Runner(img, Limits{}, S0, []string{"PONTLEVIS_PLUGIN=talks"})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer r.Kill(context.Background())
		want := "more=EPIPE; "
		if trusting { // reads its line, and leaves the pipe open
			line := make([]byte, 200)
			n, err := r.out.pipe.Read(line)
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
