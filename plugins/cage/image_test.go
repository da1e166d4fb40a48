//go:build linux && (amd64 || arm64)

package cage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func sealBytes(raw []byte) (*Image, error) {
	sum := sha256.Sum256(raw)
	return Seal(bytes.NewReader(raw), hex.EncodeToString(sum[:]), 64*mebi)
}

// TestSealRefuses (68, 69) holds that only one static executable for this machine, of the expected digest, is taken.
func TestSealRefuses(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile(build(t, "hello"))
	if err != nil {
		t.Fatal(err)
	}
	img, err := sealBytes(good)
	if err != nil {
		t.Fatalf("a static program is refused: %v", err)
	}
	img.Close()
	for _, c := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"script", []byte("#!/bin/sh\n"), "no ELF"},
		{"empty", nil, "no ELF"},
		{"cut", good[:100], "no ELF"},
		{"header alone", good[:64], ""},
		{"executable stack", edited(t, good, elf.PT_GNU_STACK, elf.PF_R|elf.PF_W|elf.PF_X), "stack is executable"},
		{"writable code", edited(t, good, elf.PT_LOAD, elf.PF_R|elf.PF_W|elf.PF_X), "both writable and executable"},
		{"another machine", machine(good), "it is for"},
		{"dynamic", dynamic(t), "interpreter"},
	} {
		if c.name == "dynamic" && c.raw == nil {
			continue
		}
		if _, err := sealBytes(c.raw); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one that says %q", c.name, err, c.want)
		}
	}
	changed := bytes.Clone(good)
	changed[len(changed)-1] ^= 1
	sum := sha256.Sum256(good)
	if _, err := Seal(bytes.NewReader(changed), hex.EncodeToString(sum[:]), 64*mebi); !errors.Is(err, ErrDigest) {
		t.Errorf("another digest: %v", err)
	}
	if _, err := Seal(bytes.NewReader(good), hex.EncodeToString(sum[:]), int64(len(good)-1)); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("too long: %v", err)
	}
	if _, err := Seal(bytes.NewReader(good), "abc", 64*mebi); err == nil {
		t.Error("half a digest is taken")
	}
}

// edited gives the first segment of a kind other rights.
func edited(t *testing.T, raw []byte, kind elf.ProgType, flags elf.ProgFlag) []byte {
	t.Helper()
	out := bytes.Clone(raw)
	at, size, n := binary.LittleEndian.Uint64(raw[32:]), binary.LittleEndian.Uint16(raw[54:]), binary.LittleEndian.Uint16(raw[56:])
	for i := range uint64(n) {
		if p := at + i*uint64(size); elf.ProgType(binary.LittleEndian.Uint32(raw[p:])) == kind {
			binary.LittleEndian.PutUint32(out[p+4:], uint32(flags))
			return out
		}
	}
	t.Fatalf("no segment of kind %v", kind)
	return nil
}

func machine(raw []byte) []byte {
	out := bytes.Clone(raw)
	binary.LittleEndian.PutUint16(out[18:], uint16(elf.EM_RISCV))
	return out
}

// dynamic is a program of this machine that asks for an interpreter, or nil where there is none.
func dynamic(t *testing.T) []byte {
	path, err := exec.LookPath("true")
	if err != nil {
		t.Log("no program named true: dynamic linking is not tried")
		return nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestSealedForGood holds that nobody who has the image can change what was checked, by any way to write.
func TestSealedForGood(t *testing.T) {
	t.Parallel()
	img := image(t, "hello")
	fd := int(img.file.Fd())
	if _, err := unix.Pwrite(fd, []byte("x"), 0); !errors.Is(err, unix.EPERM) {
		t.Errorf("write: %v", err)
	}
	if err := unix.Ftruncate(fd, 10); !errors.Is(err, unix.EPERM) {
		t.Errorf("truncate: %v", err)
	}
	if _, err := unix.Mmap(fd, 0, 4096, unix.PROT_WRITE, unix.MAP_SHARED); err == nil {
		t.Error("mapped for writing")
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, 0); !errors.Is(err, unix.EPERM) {
		t.Errorf("seals can be changed: %v", err)
	}
	again, err := os.OpenFile(descriptorPath(fd), os.O_RDWR, 0)
	if err == nil {
		if _, err = again.WriteAt([]byte("x"), 0); err == nil {
			t.Error("written after opening it anew")
		}
		again.Close()
	}
}

// TestUnsealedRefused holds that the warden does not take the gateway's word for it. Without its look at the seals, what
// runs is not what was there when it was checked.
func TestUnsealedRefused(t *testing.T) {
	t.Parallel()
	var bits [2][]byte
	for i, name := range []string{"hello", "hostile"} {
		var err error
		if bits[i], err = os.ReadFile(build(t, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, off := range [][]Measure{nil, {SealedImage}} {
		file, err := memory()
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for _, b := range bits { // checked as the first, and then swapped
			if _, err := file.WriteAt(b, 0); err != nil {
				t.Fatal(err)
			}
		}
		r, err := open(t, S0, off...).Runner(&Image{file: file, digest: strings.Repeat("0", 64)}, Limits{}, S0, []string{"PONTLEVIS_PLUGIN=identity"})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Kill(context.Background())
		err = r.Start(t.Context())
		if off == nil && (err == nil || !strings.Contains(err.Error(), "not sealed")) {
			t.Errorf("error %v", err)
		}
		if off != nil && (err != nil || !strings.HasPrefix(ask(t, r), "pid 1 ")) {
			t.Errorf("without the look at the seals the swapped bits do not run: %v", err)
		}
	}
}

// unchecked seals what Seal would refuse.
func unchecked(t *testing.T, raw []byte) *Image {
	t.Helper()
	file, err := memory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	if _, err := file.Write(raw); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(file.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		t.Fatal(err)
	}
	return &Image{file: file, digest: strings.Repeat("0", 64), size: int64(len(raw))}
}

// TestUnchecked (69) runs what Seal refuses. Where the rest of the cage is there, nothing comes of it but for code that the
// program may write to, which Seal alone holds; without the rest, a script and a program with libraries run as anywhere.
func TestUnchecked(t *testing.T) {
	t.Parallel()
	hostile, err := os.ReadFile(build(t, "hostile"))
	if err != nil {
		t.Fatal(err)
	}
	script, linked := []byte("#!/bin/sh\nexit 7\n"), dynamic(t)
	if linked == nil {
		t.Skip("no program named true")
	}
	// The interpreter is a file, with code to be mapped, which reads the script by the descriptor.
	bare := []Measure{PrivateRoot, Landlocked, Syscalls, closedImage}
	for _, c := range []struct {
		name string
		raw  []byte
		off  []Measure
		want string
	}{
		{"script", script, nil, "ENOENT"},
		{"script", script, bare, "status 7"},
		{"dynamic", linked, nil, "ENOENT"},
		{"dynamic", linked, bare, "status 0"},
		{"another machine", machine(hostile), bare, "ENOEXEC"}, // the kernel's own refusal: there is no harm to be seen
		{"writable code", hostile, nil, "patch=SIGSEGV; "},
		{"writable code", edited(t, hostile, elf.PT_LOAD, elf.PF_R|elf.PF_W|elf.PF_X), nil, "patch=OK; "},
	} {
		r, err := open(t, S0, c.off...).Runner(unchecked(t, c.raw), Limits{}, S0, []string{"PONTLEVIS_PLUGIN=patch"})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Kill(context.Background())
		said := ""
		if err = r.Start(t.Context()); err == nil {
			if said, err = hear(t, r); err != nil && r.Wait(t.Context()) == nil {
				end, _ := r.Ended()
				said = end.String()
			}
		} else {
			said = err.Error()
		}
		if !strings.Contains(said, c.want) {
			t.Errorf("%s without %v: %q, %v; want %q", c.name, c.off, said, err, c.want)
		}
	}
}

// TestSwapped (67) swaps a program on disk as fast as it goes, between check and start and afterwards. Every start either
// fails or runs the verified bytes; a start that checks the file and then executes the path runs the others.
func TestSwapped(t *testing.T) {
	t.Parallel()
	good, evil := build(t, "hello"), build(t, "hostile")
	digest := digestOf(t, good)
	path, stop := swapping(t, good, evil)
	w := open(t, S0)
	deadline := time.Now().Add(1500 * time.Millisecond)
	ran, refused := 0, 0
	for time.Now().Before(deadline) || ran == 0 || refused == 0 {
		if time.Since(deadline) > 20*time.Second {
			t.Fatalf("%d ran, %d were refused: the race was not run", ran, refused)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		img, err := Seal(file, digest, 64*mebi)
		file.Close()
		if errors.Is(err, ErrDigest) {
			refused++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second start long after the check
			r := start(t, w, img, Limits{}, S0, "PONTLEVIS_PLUGIN=identity")
			if said := ask(t, r); !strings.HasPrefix(said, "hello from ") {
				t.Fatalf("the swapped bytes ran: %q", said)
			}
			r.Kill(t.Context())
		}
		ran++
		img.Close()
	}
	t.Logf("%d images were taken and started twice, %d refused", ran, refused)
	if !naive(t, path, digest) {
		t.Error("a start that checks and then executes the path never ran the swapped bytes, so the race proves nothing")
	}
	stop()
}

// swapping puts one of two programs at a path, in turns, without a pause.
func swapping(t *testing.T, good, evil string) (path string, stop func()) {
	t.Helper()
	folder := t.TempDir()
	path = filepath.Join(folder, "plugin")
	var over atomic.Bool
	done := make(chan struct{})
	swap := func(from string) {
		next := filepath.Join(folder, "next")
		_ = os.Remove(next)
		if err := os.Link(from, next); err != nil {
			_ = os.Symlink(from, next)
		}
		_ = os.Rename(next, path)
	}
	swap(good)
	go func() {
		defer close(done)
		for !over.Load() {
			swap(evil)
			swap(good)
		}
	}()
	stop = func() {
		if over.CompareAndSwap(false, true) {
			<-done
		}
	}
	t.Cleanup(stop)
	return path, stop
}

// naive checks the file at a path and then executes the path, as go-plugin's SecureConfig does, until it was deceived.
func naive(t *testing.T, path, digest string) bool {
	for range 400 {
		if digestOf(t, path) != digest {
			continue
		}
		cmd := exec.Command(path)
		cmd.Env = []string{"PONTLEVIS_PLUGIN=none", "PLUGIN_UNIX_SOCKET_DIR=/nowhere"}
		err := cmd.Run()
		var status *exec.ExitError
		if errors.As(err, &status) && status.ExitCode() == 90 { // what hostile ends with where it knows no mode
			return true
		}
	}
	return false
}
