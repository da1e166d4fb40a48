package main

import (
	"fmt"
	"io"
	"os/signal"
	"reflect"
	"runtime/debug"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func read(w io.Writer, paths []string) {
	for _, p := range paths {
		fd, err := unix.Open(p, unix.O_RDONLY, 0)
		if err == nil {
			_, err = unix.Read(fd, make([]byte, 1))
			unix.Close(fd)
		}
		say(w, p, err)
	}
}

func list(w io.Writer, paths []string) {
	for _, p := range paths {
		_, err := unix.Open(p, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		say(w, p, err)
	}
}

func create(w io.Writer, paths []string) {
	for _, p := range paths {
		fd, err := unix.Open(p, unix.O_CREAT|unix.O_WRONLY, 0o600)
		if err == nil {
			unix.Close(fd)
		}
		say(w, "create", err)
	}
}

// fill writes to a file where it may make one.
func fill(w io.Writer, _ []string) {
	signal.Ignore(syscall.SIGXFSZ)
	fd, err := unix.Open(folder+"/big", unix.O_CREAT|unix.O_WRONLY, 0o600)
	say(w, "create", err)
	_, err = unix.Write(fd, make([]byte, 100))
	say(w, "write", err)
}

func inodes(w io.Writer, _ []string) {
	for i := range 64 {
		fd, err := unix.Open(fmt.Sprintf("%s/n%d", folder, i), unix.O_CREAT|unix.O_WRONLY, 0o600)
		if err != nil {
			say(w, "full", err)
			return
		}
		unix.Close(fd)
	}
	say(w, "full", nil)
}

func links(w io.Writer, _ []string) {
	say(w, "symlink", unix.Symlinkat("/etc/passwd", unix.AT_FDCWD, folder+"/l"))
	say(w, "link", unix.Linkat(unix.AT_FDCWD, folder+"/socket", unix.AT_FDCWD, folder+"/h", 0))
	say(w, "rename", unix.Renameat(unix.AT_FDCWD, folder+"/l", unix.AT_FDCWD, folder+"/m"))
	say(w, "mkdir", unix.Mkdirat(unix.AT_FDCWD, folder+"/d", 0o700))
	say(w, "mknod", unix.Mknodat(unix.AT_FDCWD, folder+"/p", unix.S_IFIFO|0o600, 0))
	say(w, "chmod", unix.Fchmodat(unix.AT_FDCWD, folder+"/socket", 0o777, 0))
	say(w, "truncate", unix.Truncate(folder+"/socket", 0))
}

func execute(w io.Writer, _ []string) {
	path, _ := unix.BytePtrFromString("/bin/sh")
	empty, _ := unix.BytePtrFromString("")
	none := []uintptr{0}
	vector := uintptr(unsafe.Pointer(&none[0]))
	call(w, "execveat", unix.SYS_EXECVEAT, 0, uintptr(unsafe.Pointer(empty)), vector, vector, unix.AT_EMPTY_PATH)
	fd, err := unix.MemfdCreate("x", 0)
	say(w, "memfd", err)
	if err == nil {
		unix.Close(fd)
	}
	call(w, "execve", unix.SYS_EXECVE, uintptr(unsafe.Pointer(path)), vector, vector)
}

// become executes a program in its own place.
func become(w io.Writer, args []string) {
	say(w, "execve", unix.Exec(args[0], args[:1], nil))
}

// code makes memory that it could write instructions into.
func code(w io.Writer, _ []string) {
	_, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_ANON)
	say(w, "mmap", err)
	m, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err == nil {
		err = unix.Mprotect(m, unix.PROT_READ|unix.PROT_EXEC)
	}
	say(w, "mprotect", err)
	call(w, "pkey_mprotect", unix.SYS_PKEY_MPROTECT, uintptr(unsafe.Pointer(&m[0])), 4096, unix.PROT_READ|unix.PROT_EXEC, ^uintptr(0))
}

// patched is what patch would change; nobody calls it.
//
//go:noinline
func patched() {}

// patch writes an instruction over its own code.
func patch(w io.Writer, _ []string) {
	debug.SetPanicOnFault(true)
	defer func() {
		if recover() != nil {
			fmt.Fprint(w, "patch=SIGSEGV; ")
		}
	}()
	*(*byte)(unsafe.Pointer(reflect.ValueOf(patched).Pointer())) = 0xcc
	fmt.Fprint(w, "patch=OK; ")
}

// find looks for the shared memory of somebody else by its key.
func find(w io.Writer, args []string) {
	key, _ := strconv.Atoi(args[0])
	_, _, errno := unix.Syscall(unix.SYS_SHMGET, uintptr(key), 0, 0)
	say(w, "shmget", errno)
}

// shm makes objects that any process of the machine could find by their number, and takes them away again.
func shm(w io.Writer, _ []string) {
	for _, o := range []struct {
		name   string
		args   []uintptr
		remove []uintptr
	}{
		{"shmget", []uintptr{unix.SYS_SHMGET, 0x7e57, 4096, unix.IPC_CREAT | 0o600}, []uintptr{unix.SYS_SHMCTL, 0, unix.IPC_RMID, 0}},
		{"semget", []uintptr{unix.SYS_SEMGET, 0x7e57, 1, unix.IPC_CREAT | 0o600}, []uintptr{unix.SYS_SEMCTL, 0, 0, unix.IPC_RMID}},
		{"msgget", []uintptr{unix.SYS_MSGGET, 0x7e57, unix.IPC_CREAT | 0o600, 0}, []uintptr{unix.SYS_MSGCTL, 0, unix.IPC_RMID, 0}},
	} {
		id, _, errno := unix.Syscall(o.args[0], o.args[1], o.args[2], o.args[3])
		say(w, o.name, errno)
		if errno == 0 {
			unix.Syscall6(o.remove[0], id, o.remove[2], o.remove[3], 0, 0, 0)
		}
	}
}
