//go:build amd64 || arm64

package cage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"golang.org/x/sys/unix"
)

// PluginToHost turns the address that a process announced into one of this process: a path through the descriptor of the
// very inode that was checked. The socket must lie directly in the process's own folder, and be a socket; no symbolic
// link, no other mount and nothing above the folder is followed.
func (r *Runner) PluginToHost(network, address string) (string, string, error) {
	if network != "unix" {
		return "", "", fmt.Errorf("%w: it is no unix socket", ErrHandshake)
	}
	name, err := nameIn(r.folder, address)
	if err != nil {
		return "", "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.run < 0 {
		return "", "", errors.New("cage: the process was ended")
	}
	if r.socket < 0 {
		if r.socket, err = openSocket(r.run, name); err != nil {
			r.socket = -1
			return "", "", err
		}
	}
	return "unix", descriptorPath(r.socket), nil
}

func descriptorPath(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// openSocket finds a socket's inode in a folder that somebody hostile writes.
func openSocket(folder int, name string) (int, error) {
	fd, err := unix.Openat2(folder, name, &unix.OpenHow{Flags: unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_XDEV})
	if err != nil {
		return -1, fmt.Errorf("cage: the plugin's socket: %w", err)
	}
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil || info.Mode&unix.S_IFMT != unix.S_IFSOCK {
		_ = unix.Close(fd)
		return -1, errors.New("cage: what the plugin announced is no socket")
	}
	return fd, nil
}

// Dial connects to the process's socket, which it must have announced. After Kill it fails, whatever the descriptor's
// number has become.
func (r *Runner) Dial(ctx context.Context) (net.Conn, error) {
	r.mu.Lock()
	if r.socket < 0 {
		r.mu.Unlock()
		return nil, errors.New("cage: the process has no socket, or was ended")
	}
	own, err := unix.FcntlInt(uintptr(r.socket), unix.F_DUPFD_CLOEXEC, 0)
	r.mu.Unlock()
	if err != nil {
		return nil, err
	}
	defer unix.Close(own)
	var d net.Dialer
	return d.DialContext(ctx, "unix", descriptorPath(own))
}
