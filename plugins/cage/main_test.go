//go:build linux && (amd64 || arm64)

package cage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// programsVariable names the folder of programs that were built already.
const programsVariable = "CAGE_TEST_PROGRAMS"

// gatewayVariable makes the test binary a gateway that starts plugins and waits to be killed.
const gatewayVariable = "CAGE_TEST_GATEWAY"

// TestMain lets the test binary be its own warden.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[2] == wardenArgs[1] {
		// A descriptor that nobody marked: what the warden's children must not find.
		_, _ = unix.FcntlInt(0, unix.F_DUPFD, 200)
	}
	Main()
	if os.Getenv(gatewayVariable) != "" {
		gatewayMain()
	}
	code := m.Run()
	os.RemoveAll(built.folder)
	os.Exit(code)
}

var built struct {
	mu     sync.Mutex
	folder string
	files  map[string]string
}

// build compiles a program below testdata, once, as a plugin must be: static.
func build(t testing.TB, name string) string {
	t.Helper()
	built.mu.Lock()
	defer built.mu.Unlock()
	if built.folder == "" {
		folder, err := os.MkdirTemp("", "cage-test-")
		if err != nil {
			t.Fatal(err)
		}
		built.folder, built.files = folder, map[string]string{}
	}
	if file, ok := built.files[name]; ok {
		return file
	}
	if folder := os.Getenv(programsVariable); folder != "" {
		return filepath.Join(folder, name)
	}
	file := filepath.Join(built.folder, name)
	if name == "warden" {
		buildOmitting(t, file)
	} else {
		cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", file, "./testdata/"+name)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	built.files[name] = file
	return file
}

func digestOf(t testing.TB, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// image seals a program below testdata.
func image(t testing.TB, name string) *Image {
	t.Helper()
	file := build(t, name)
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := Seal(f, digestOf(t, file), 64*mebi)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { img.Close() })
	return img
}

// open starts a warden that leaves out what is listed.
func open(t testing.TB, least Level, omit ...Measure) *Warden {
	t.Helper()
	o := Options{Least: least, Reason: "a test", Synthetic: true}
	if len(omit) > 0 {
		o.Executable = without(t, omit...)
	}
	w, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// start starts a process, and ends it with the test.
func start(t testing.TB, w *Warden, img *Image, l Limits, need Level, env ...string) *Runner {
	t.Helper()
	r, err := w.Runner(img, l, need, env)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := r.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Kill(context.Background()) })
	return r
}

// ask reads the handshake, connects, and reads what the process has to say.
func ask(t testing.TB, r *Runner) string {
	t.Helper()
	said, err := hear(t, r)
	if err != nil {
		t.Fatalf("%v: %s", err, r.Diagnose(t.Context()))
	}
	return said
}
