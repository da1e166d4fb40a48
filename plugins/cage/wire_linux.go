//go:build amd64 || arm64

package cage

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Between gateway and warden: packets of JSON over sequenced unix sockets, with descriptors beside them. One socket takes
// requests to start; each start brings a socket of its own, over which that one process is reported, let go, killed and
// mourned. Closing it kills the process, so whoever forgets one leaves none behind.

// request asks for a process. With it come four descriptors: its socket, the image, and where its output and errors go.
type request struct {
	Limits Limits   `json:"limits"`
	Env    []string `json:"env"` // with {folder} where the socket's folder is meant
}

// word is what the gateway says about a process that was asked for.
type word struct {
	Go   bool `json:"go,omitempty"`
	Kill bool `json:"kill,omitempty"`
}

// news is what the warden says.
type news struct {
	Hello   *hello  `json:"hello,omitempty"`
	Report  *Report `json:"report,omitempty"` // with the socket's folder as a descriptor, unless refused
	Folder  string  `json:"folder,omitempty"` // what the process calls that folder
	Refused string  `json:"refused,omitempty"`
	Running int     `json:"running,omitempty"` // its process id
	Ended   *End    `json:"ended,omitempty"`
}

// hello is a warden's first packet: what it can do on this machine.
type hello struct {
	Version int    `json:"version"`
	Report  Report `json:"report"`
}

const wireVersion = 1

// End is how a process ended.
type End struct {
	Exit   int           `json:"exit"`             // its exit status, where it ended by itself
	Signal int           `json:"signal,omitempty"` // the signal that ended it, such as 31 (SIGSYS): it touched a tripwire
	CPU    time.Duration `json:"cpu"`
	Memory int64         `json:"memory"` // the greatest resident size, in bytes
}

// String says it in words.
func (e End) String() string {
	if e.Signal == 0 {
		return fmt.Sprintf("it ended by itself with status %d", e.Exit)
	}
	name := unix.SignalName(unix.Signal(e.Signal))
	if e.Tripwire() {
		return "it made a system call that no plugin needs, and was killed (" + name + ")"
	}
	return "it was ended by " + name
}

// Tripwire says whether the process was killed for a system call by which escapes are tried.
func (e End) Tripwire() bool { return e.Signal == int(unix.SIGSYS) }

const (
	packetSize  = 64 << 10
	packetFiles = 4
)

func send(c *net.UnixConn, v any, fds ...int) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(raw) > packetSize {
		return fmt.Errorf("cage: a packet of %d bytes", len(raw))
	}
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	_, _, err = c.WriteMsgUnix(raw, rights, nil)
	return err
}

// receive reads one packet and its descriptors, which the caller closes. At the end of the stream it is io.EOF.
func receive(c *net.UnixConn, v any) ([]int, error) {
	raw, rights := make([]byte, packetSize), make([]byte, unix.CmsgSpace(4*packetFiles))
	n, rn, flags, _, err := c.ReadMsgUnix(raw, rights)
	if err != nil {
		return nil, err
	}
	fds, err := descriptors(rights[:rn])
	switch {
	case err != nil:
	case n == 0:
		err = io.EOF
	case flags&(unix.MSG_CTRUNC|unix.MSG_TRUNC) != 0:
		err = errors.New("cage: a packet too large")
	default:
		err = json.Unmarshal(raw[:n], v)
	}
	if err != nil {
		closeAll(fds)
		return nil, err
	}
	return fds, nil
}

func descriptors(rights []byte) ([]int, error) {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		return nil, err
	}
	var out []int
	for i := range messages {
		if fds, err := unix.ParseUnixRights(&messages[i]); err == nil {
			out = append(out, fds...)
		}
	}
	return out, nil
}

func closeAll(fds []int) {
	for _, fd := range fds {
		_ = unix.Close(fd)
	}
}

// pair makes two ends of a sequenced socket: one for this process, one to give away.
func pair() (*net.UnixConn, int, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, -1, fmt.Errorf("cage: socket pair: %w", err)
	}
	conn, err := packets(fds[0])
	if err != nil {
		_ = unix.Close(fds[1])
		return nil, -1, err
	}
	return conn, fds[1], nil
}

// packets wraps a sequenced socket, and takes the descriptor over.
func packets(fd int) (*net.UnixConn, error) {
	file := os.NewFile(uintptr(fd), "warden")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, fmt.Errorf("cage: socket: %w", err)
	}
	unixConn, ok := conn.(*net.UnixConn)
	if !ok {
		conn.Close()
		return nil, errors.New("cage: no unix socket")
	}
	return unixConn, nil
}
