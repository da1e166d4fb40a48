//go:build amd64 || arm64

package cage

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/user"
	"strconv"

	"golang.org/x/sys/unix"
)

// wardenArgs start a process as the warden.
var wardenArgs = []string{"plugin", "warden"}

// fdControl is the descriptor on which a warden that was started by a gateway finds it.
const fdControl = 3

// Main must be the first call of a program's main function. When the process was started as the warden it never returns;
// otherwise it returns at once.
//
//	pontlevis plugin warden                                   started by a gateway, with a socket as descriptor 3
//	pontlevis plugin warden --listen FILE --gateway USER      a service of its own, for the gateway of that user
func Main() {
	if len(os.Args) < 3 || os.Args[1] != wardenArgs[0] || os.Args[2] != wardenArgs[1] {
		return
	}
	if err := wardenMain(os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func wardenMain(args []string) error {
	flags := flag.NewFlagSet("pontlevis plugin warden", flag.ContinueOnError)
	listen := flags.String("listen", "", "unix socket `FILE` on which the gateway asks; without it a gateway must have started this process")
	gateway := flags.String("gateway", "", "the `USER` that the gateway runs as")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *listen == "" {
		return wardenOfParent()
	}
	return wardenListens(*listen, *gateway)
}

// wardenOfParent serves the gateway that started this process, and ends with it.
func wardenOfParent() error {
	kind, err := unix.GetsockoptInt(fdControl, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || kind != unix.SOCK_SEQPACKET {
		return fmt.Errorf("cage: the warden is started by the gateway, or with --listen")
	}
	control, err := unix.FcntlInt(fdControl, unix.F_DUPFD_CLOEXEC, fdNext+1)
	if err != nil {
		return err
	}
	_ = unix.SetNonblock(control, true)
	conn, err := packets(control)
	if err != nil {
		return err
	}
	_ = unix.Dup3(0, fdControl, unix.O_CLOEXEC) // the number stays taken; the gateway's end must close when it ends
	k, err := newKeeper()
	if err != nil {
		return err
	}
	k.serve(conn)
	k.close()
	return nil
}

// wardenListens serves the gateway of one user, over a socket that only that user's processes may speak on.
func wardenListens(path, gateway string) error {
	uid, err := userID(gateway)
	if err != nil {
		return err
	}
	k, err := newKeeper()
	if err != nil {
		return err
	}
	defer k.close()
	_ = os.Remove(path)
	l, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: path, Net: "unixpacket"})
	if err != nil {
		return fmt.Errorf("cage: %w", err)
	}
	if err := os.Chmod(path, 0o666); err != nil { // the peer is checked below
		return err
	}
	ready()
	for {
		c, err := l.AcceptUnix()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			if peer, err := peerOf(c); err != nil || int(peer.Uid) != uid {
				fmt.Fprintf(os.Stderr, "cage: a process that is not of user %s asked the warden, and was not answered\n", gateway)
				return
			}
			k.serve(c)
		}()
	}
}

// ready tells whoever supervises this process that it listens (sd_notify(3)). Where nobody wants to know, nothing happens; a
// supervisor that cannot be told gives up by itself.
func ready() {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"}) // a name with an @ is an abstract one to Go too
	if err == nil {
		_, err = c.Write([]byte("READY=1"))
		c.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cage: the service manager is not told that the warden listens:", err)
	}
}

func userID(name string) (int, error) {
	if id, err := strconv.Atoi(name); err == nil && id >= 0 {
		return id, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return -1, fmt.Errorf("cage: --gateway: %w", err)
	}
	return strconv.Atoi(u.Uid)
}

// peerOf asks the kernel who is at the other end.
func peerOf(c *net.UnixConn) (*unix.Ucred, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	var peer *unix.Ucred
	var asked error
	if err := raw.Control(func(fd uintptr) { peer, asked = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); err != nil {
		return nil, err
	}
	return peer, asked
}
