//go:build linux && (amd64 || arm64)

package cage

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// service starts a warden that is a service of its own, for the gateway of a user.
func service(t *testing.T, gateway int) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "warden-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	path := filepath.Join(folder, "socket")
	told, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(folder, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer told.Close()
	cmd := exec.Command("/proc/self/exe", append(wardenArgs, "--listen", path, "--gateway", strconv.Itoa(gateway))...)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+told.LocalAddr().String())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	// As systemd does for a service of Type=notify: whoever is ordered after it starts at this word.
	word := make([]byte, 64)
	_ = told.SetReadDeadline(time.Now().Add(time.Minute))
	n, err := told.Read(word)
	if err != nil || string(word[:n]) != "READY=1" {
		t.Fatalf("the warden says %q, %v, and not that it listens", word[:n], err)
	}
	return path
}

// TestService reaches a warden that is a service, whose processes end when the gateway lets go of them; and is not
// answered by one that serves somebody else.
func TestService(t *testing.T) {
	t.Parallel()
	w, err := Open(Options{Least: S1, Reason: "a test", Socket: service(t, os.Geteuid())})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r := start(t, w, image(t, "hello"), Limits{}, S1)
	if said := ask(t, r); said != "hello from 1 of 1000\n" {
		t.Errorf("it said %q", said)
	}
	r.release() // what the kernel does when the gateway is killed
	if !gone(pidOf(t, r), true) {
		t.Error("the process lives though its gateway has let go of it")
	}
	if w, err := Open(Options{Least: S1, Reason: "a test", Socket: service(t, os.Geteuid()+1)}); err == nil {
		w.Close()
		t.Error("a warden for another user answers")
	}
}
