// Command hostile is a plugin that tries one thing that it must not be able to do, and says what the system answered.
//
// PONTLEVIS_PLUGIN is "mode argument...": before the handshake for the modes of lies.go, else once somebody connects.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// atBirth is what this process found open before it opened anything.
var atBirth = descriptors()

func descriptors() (open []string) {
	for fd := range 1024 {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
			open = append(open, strconv.Itoa(fd))
		}
	}
	return open
}

var folder = os.Getenv("PLUGIN_UNIX_SOCKET_DIR")

func main() {
	words := strings.Fields(os.Getenv("PONTLEVIS_PLUGIN"))
	mode, args := words[0], words[1:]
	if lie, ok := lies[mode]; ok {
		lie(args)
		return
	}
	act, ok := acts[mode]
	if !ok {
		os.Exit(90)
	}
	l := listen("socket")
	fmt.Printf("1|1|unix|%s/socket|grpc|\n", folder)
	for {
		c, err := l.Accept()
		if err != nil {
			os.Exit(91)
		}
		act(c, args)
		c.Close()
	}
}

func listen(name string) net.Listener {
	l, err := net.Listen("unix", folder+"/"+name)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(92)
	}
	return l
}

// say writes "what=ERRNO; ", or "what=OK; ".
func say(w io.Writer, what string, err error) {
	answer := "OK"
	if errno, ok := err.(unix.Errno); ok {
		if answer = unix.ErrnoName(errno); errno == 0 {
			answer = "OK"
		}
	} else if err != nil {
		answer = err.Error()
	}
	fmt.Fprintf(w, "%s=%s; ", what, answer)
}

// call makes a raw system call and says what it answered.
func call(w io.Writer, what string, nr uintptr, args ...uintptr) {
	var a [6]uintptr
	copy(a[:], args)
	_, _, errno := unix.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	say(w, what, errno)
}

// acts are tried once somebody connects, who is told the answers.
var acts = map[string]func(io.Writer, []string){
	"read":        read,
	"list":        list,
	"create":      create,
	"fill":        fill,
	"inodes":      inodes,
	"links":       links,
	"descriptors": func(w io.Writer, _ []string) { fmt.Fprint(w, strings.Join(atBirth, " ")) },
	"environment": environment,
	"identity":    identity,
	"execute":     execute,
	"become":      become,
	"code":        code,
	"sockets":     sockets,
	"connect":     connect,
	"datagram":    datagram,
	"signals":     signals,
	"fork":        fork,
	"trip":        trip,
	"rights":      rights,
	"options":     options,
	"nest":        nest,
	"threads":     threads,
	"memory":      memory,
	"spin":        spin,
	"exhaust":     exhaust,
	"deaf":        deaf,
	"children":    children,
	"remember":    remember,
	"shm":         shm,
	"patch":       patch,
	"find":        find,
}

func environment(w io.Writer, _ []string) {
	names := []string{}
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		names = append(names, name)
	}
	sort.Strings(names)
	host, _ := os.Hostname()
	var u unix.Utsname
	_ = unix.Uname(&u)
	if host == "" {
		host = unix.ByteSliceToString(u.Nodename[:])
	}
	fmt.Fprintf(w, "%s; host %s; args %v", strings.Join(names, " "), host, os.Args)
}

func identity(w io.Writer, _ []string) {
	fmt.Fprintf(w, "pid %d parent %d user %d group %d", os.Getpid(), os.Getppid(), os.Getuid(), os.Getgid())
}

// remember keeps what it was told before, in memory and in a file, and says what it still knows.
var before = "nothing"

func remember(w io.Writer, _ []string) {
	_, err := unix.Open(folder+"/kept", unix.O_RDONLY, 0)
	say(w, before+"; file", err)
	before = "the patient before"
	if fd, err := unix.Open(folder+"/kept", unix.O_CREAT|unix.O_RDWR, 0o600); err == nil {
		unix.Close(fd)
	}
}

func deaf(w io.Writer, _ []string) {
	ignoreSignals()
	fmt.Fprint(w, "deaf")
	if c, ok := w.(net.Conn); ok {
		c.Close()
	}
	for {
		time.Sleep(time.Hour)
	}
}
