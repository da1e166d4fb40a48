//go:build linux && (amd64 || arm64)

package cage

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// socketVariable names the socket of a warden of another user.
const socketVariable = "CAGE_TEST_SOCKET"

// TestTwoUsers is what the shipped units make: warden and gateway are two users, and neither is root. What the warden hands
// over must be of use to the other.
func TestTwoUsers(t *testing.T) {
	t.Parallel()
	if socket := os.Getenv(socketVariable); socket != "" {
		asGatewayOf(t, socket)
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("NOT ROOT, so there are no two users to be: gateway and warden as two users are not tested")
	}
	const warden, gateway = 65533, 65534
	folder, err := os.MkdirTemp("", "cage-users-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	self, socket := filepath.Join(folder, "cage.test"), filepath.Join(folder, "warden", "socket")
	for _, err := range []error{os.Chmod(folder, 0o755), os.Chmod(filepath.Dir(build(t, "hello")), 0o755), copyFile("/proc/self/exe", self),
		os.Mkdir(filepath.Dir(socket), 0o755), os.Chown(filepath.Dir(socket), warden, warden)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	as := func(user uint32, args ...string) *exec.Cmd {
		// With the units' UMask=0077, which a process inherits.
		cmd := exec.Command("/bin/sh", append([]string{"-c", "umask 0077; exec \"$0\" \"$@\"", self}, args...)...)
		cmd.Dir = "/"
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), programsVariable + "=" + filepath.Dir(build(t, "hello")), socketVariable + "=" + socket}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
		return cmd
	}
	service := as(warden, append(wardenArgs, "--listen", socket, "--gateway", strconv.Itoa(gateway))...)
	told, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(folder, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer told.Close()
	if err := os.Chmod(told.LocalAddr().String(), 0o666); err != nil {
		t.Fatal(err)
	}
	service.Env = append(service.Env, "NOTIFY_SOCKET="+told.LocalAddr().String())
	service.Stderr = os.Stderr
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = service.Process.Kill()
		_ = service.Wait()
	})
	_ = told.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := told.Read(make([]byte, 64)); err != nil {
		t.Fatalf("the warden does not listen: %v", err)
	}
	if out, err := as(gateway, "-test.v", "-test.run=^TestTwoUsers$").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func asGatewayOf(t *testing.T, socket string) {
	w, err := Open(Options{Least: S1, Reason: "a test", Socket: socket})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if level := w.Report().Level; level < S2 {
		t.Skipf("NO NAMESPACES HERE (%v), so gateway and warden as two users are not tested: %v", level, w.Report().Missing)
	}
	if said := ask(t, start(t, w, image(t, "hello"), Limits{}, S2)); said != "hello from 1 of 1000\n" {
		t.Errorf("it said %q", said)
	}
}
