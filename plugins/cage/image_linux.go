//go:build amd64 || arm64

package cage

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Image is a program in sealed memory: the bytes that were checked, which nothing can change any more. One image serves
// every process of its program, and they share its pages.
type Image struct {
	file   *os.File
	digest string
	size   int64
}

// ErrDigest is the refusal of bytes whose digest is not the expected one.
var ErrDigest = errors.New("cage: the program is not the one that was labelled: its SHA-256 differs")

const (
	seals    = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	sealExec = unix.F_SEAL_EXEC // since Linux 6.3
)

// Seal copies a program from r into sealed memory while it computes its digest, so what is checked and what is executed are
// one and the same, whatever becomes of the file. want is the SHA-256 in hexadecimal; max is the greatest size in bytes.
//
// The program must be one static ELF executable for this machine: no interpreter, no shared library, no segment that is
// both writable and executable, no executable stack. Errors: ErrDigest, one of what the ELF header lacks, or the system's.
func Seal(r io.Reader, want string, max int64) (*Image, error) {
	expected, err := hex.DecodeString(want)
	if err != nil || len(expected) != sha256.Size {
		return nil, fmt.Errorf("cage: %q is no SHA-256 in hexadecimal", want)
	}
	file, err := memory()
	if err != nil {
		return nil, err
	}
	img, err := fill(file, r, expected, max)
	if err != nil {
		file.Close()
		return nil, err
	}
	return img, nil
}

// memory makes an anonymous file that may be executed. Kernels before 6.3 do not know MFD_EXEC, and imply it.
func memory() (*os.File, error) {
	fd, err := unix.MemfdCreate("plugin", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_EXEC)
	if errors.Is(err, unix.EINVAL) {
		fd, err = unix.MemfdCreate("plugin", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if errors.Is(err, unix.EACCES) {
		return nil, fmt.Errorf("cage: executable memory files are forbidden here (sysctl vm.memfd_noexec=2): %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("cage: memory file: %w", err)
	}
	return os.NewFile(uintptr(fd), "sealed plugin"), nil
}

func fill(file *os.File, r io.Reader, expected []byte, max int64) (*Image, error) {
	hash := sha256.New()
	size, err := io.Copy(io.MultiWriter(file, hash), io.LimitReader(r, max+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("cage: reading the program: %w", err)
	case size > max:
		return nil, fmt.Errorf("cage: the program has more than %d bytes", max)
	}
	if subtle.ConstantTimeCompare(hash.Sum(nil), expected) != 1 {
		return nil, ErrDigest
	}
	if _, err := unix.FcntlInt(file.Fd(), unix.F_ADD_SEALS, seals|sealExec); err != nil {
		if _, err = unix.FcntlInt(file.Fd(), unix.F_ADD_SEALS, seals); err != nil {
			return nil, fmt.Errorf("cage: sealing: %w", err)
		}
	}
	if err := static(file); err != nil {
		return nil, err
	}
	return &Image{file: file, digest: hex.EncodeToString(expected), size: size}, nil
}

// Digest is the SHA-256 of the bytes, in hexadecimal.
func (i *Image) Digest() string { return i.digest }

// Size is how many bytes the program has.
func (i *Image) Size() int64 { return i.size }

// Close lets the memory go once the last process of the program has ended. No process can be started from it afterwards.
func (i *Image) Close() error { return i.file.Close() }

// sealed says whether an open file can no longer change.
func sealed(fd int) bool {
	have, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	return err == nil && have&seals == seals
}

var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

// static refuses whatever would have the kernel open another file, or give the program memory to write code into.
func static(file *os.File) error {
	var magic [4]byte
	if _, err := file.ReadAt(magic[:], 0); err != nil || !bytes.Equal(magic[:], []byte(elf.ELFMAG)) {
		return errors.New("cage: the program is no ELF executable (scripts need an interpreter, and there is none inside)")
	}
	f, err := elf.NewFile(file)
	if err != nil {
		return fmt.Errorf("cage: the program is no ELF executable: %w", err)
	}
	var bad []string
	if f.Machine != machines[runtime.GOARCH] || f.Class != elf.ELFCLASS64 {
		bad = append(bad, fmt.Sprintf("it is for %v, this machine is %s", f.Machine, runtime.GOARCH))
	}
	if f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		bad = append(bad, fmt.Sprintf("it is of type %v", f.Type))
	}
	for _, p := range f.Progs {
		switch {
		case p.Type == elf.PT_INTERP:
			bad = append(bad, "it asks for an interpreter: it must be linked statically")
		case p.Type == elf.PT_GNU_STACK && p.Flags&elf.PF_X != 0:
			bad = append(bad, "its stack is executable")
		case p.Type == elf.PT_LOAD && p.Flags&(elf.PF_W|elf.PF_X) == elf.PF_W|elf.PF_X:
			bad = append(bad, "it has memory both writable and executable")
		}
	}
	if libraries, err := f.ImportedLibraries(); err == nil && len(libraries) > 0 {
		bad = append(bad, "it needs the libraries "+strings.Join(libraries, ", "))
	}
	if bad != nil {
		return fmt.Errorf("cage: the program cannot be caged: %s", strings.Join(bad, "; "))
	}
	return nil
}
