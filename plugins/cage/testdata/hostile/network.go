package main

import (
	"io"
	"net"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func sockets(w io.Writer, _ []string) {
	for _, s := range []struct {
		name                  string
		domain, typ, protocol int
	}{
		{"tcp", unix.AF_INET, unix.SOCK_STREAM, 0}, {"udp", unix.AF_INET, unix.SOCK_DGRAM, 0}, {"tcp6", unix.AF_INET6, unix.SOCK_STREAM, 0},
		{"netlink", unix.AF_NETLINK, unix.SOCK_RAW, 0}, {"vsock", unix.AF_VSOCK, unix.SOCK_STREAM, 0}, {"packet", unix.AF_PACKET, unix.SOCK_DGRAM, 0},
		{"alg", unix.AF_ALG, unix.SOCK_SEQPACKET, 0}, {"unix-datagram", unix.AF_UNIX, unix.SOCK_DGRAM, 0},
		{"unix-packets", unix.AF_UNIX, unix.SOCK_SEQPACKET, 0},
	} {
		fd, err := unix.Socket(s.domain, s.typ, s.protocol)
		if err == nil {
			unix.Close(fd)
		}
		say(w, s.name, err)
	}
	_, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	say(w, "pair", err)
}

// connect tries to reach what listens on this machine: a TCP address, a socket without a path, a socket with one.
func connect(w io.Writer, targets []string) {
	for _, t := range targets {
		kind, address, _ := strings.Cut(t, "!")
		var err error
		switch kind {
		case "tcp":
			host, port, _ := net.SplitHostPort(address)
			number, _ := strconv.Atoi(port)
			to := &unix.SockaddrInet4{Port: number}
			copy(to.Addr[:], net.ParseIP(host).To4())
			err = reach(unix.AF_INET, unix.SOCK_STREAM, to)
		case "unix":
			err = reach(unix.AF_UNIX, unix.SOCK_STREAM, &unix.SockaddrUnix{Name: address})
		}
		say(w, kind, err)
	}
}

func reach(domain, typ int, to unix.Sockaddr) error {
	fd, err := unix.Socket(domain, typ, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Connect(fd, to)
}

// datagram sends to an address without connecting.
func datagram(w io.Writer, targets []string) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	say(w, "socket", err)
	if err != nil {
		fd, _ = unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	}
	for _, t := range targets {
		say(w, "sendto", unix.Sendto(fd, []byte("leak"), 0, &unix.SockaddrUnix{Name: t}))
	}
}

func options(w io.Writer, _ []string) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	say(w, "socket", err)
	filter := []unix.SockFilter{{Code: 6, K: 0xffff}}
	say(w, "filter", unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &filter[0]}))
	_, err = unix.IoctlGetInt(fd, unix.TIOCINQ)
	say(w, "ioctl", err)
	_, err = unix.FcntlInt(uintptr(fd), unix.F_SETOWN, 1)
	say(w, "owner", err)
	_, err = unix.FcntlInt(1, unix.F_SETPIPE_SZ, 1<<20)
	say(w, "pipe", err)
}
