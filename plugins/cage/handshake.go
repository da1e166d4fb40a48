package cage

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
)

// mostHandshake is how long the one line may be that a process says before it is spoken to.
const mostHandshake = 4 << 10

// handshake is the whole of what go-plugin's line may be here: core and application version, a unix socket, gRPC, no
// certificate (the stock client dereferences nil when it gets one it did not ask for), no multiplexing.
var handshake = regexp.MustCompile(`^1\|[0-9]{1,6}\|unix\|(/[A-Za-z0-9._/-]{1,200})\|grpc\|(\|false)?$`)

// socketName is what the socket's file may be called within its folder.
var socketName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// What is wrong with what a process said first.
var (
	// ErrHandshake is the refusal of what it said.
	ErrHandshake = errors.New("cage: handshake refused")
	// ErrSilent is that it ended, or was ended, before it had said a line. An honest one may: it crashed, or the machine is slow.
	ErrSilent = errors.New("cage: no line came before it ended")
)

// readHandshake reads the one line, without its end, and checks it. folder is where the socket must be.
func readHandshake(r io.Reader, folder string) (string, error) {
	said := &io.LimitedReader{R: r, N: mostHandshake}
	line, err := bufio.NewReaderSize(said, mostHandshake).ReadString('\n')
	switch {
	case err != nil && said.N > 0:
		return "", ErrSilent
	case err != nil:
		return "", fmt.Errorf("%w: no line of at most %d bytes came", ErrHandshake, mostHandshake)
	}
	line = strings.TrimSuffix(line, "\n")
	parts := handshake.FindStringSubmatch(line)
	if parts == nil {
		return "", fmt.Errorf("%w: the line is none that a plugin here may say", ErrHandshake)
	}
	if _, err := nameIn(folder, parts[1]); err != nil {
		return "", err
	}
	return line, nil
}

// nameIn is the name of a socket directly within the folder.
func nameIn(folder, address string) (string, error) {
	if dir, name := path.Split(address); dir == folder+"/" && socketName.MatchString(name) {
		return name, nil
	}
	return "", fmt.Errorf("%w: its socket is not in its own folder", ErrHandshake)
}
