//go:build linux && (amd64 || arm64)

package cage

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// TestAsNobody runs the suite once more as an ordinary user, where this one is root: a gateway need not be.
func TestAsNobody(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("this is an ordinary user already")
	}
	folder := filepath.Dir(build(t, "hostile"))
	build(t, "hello")
	build(t, "warden")
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	self := filepath.Join(folder, "cage.test")
	if err := copyFile("/proc/self/exe", self); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.v", "-test.run=^(TestHostile|TestLies|TestTalks|TestKillReachesAll|TestDeaf|TestStrict|TestGatewayKilled|TestRemembers)$")
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), programsVariable + "=" + folder}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
