//go:build amd64 || arm64

package cage

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// keep is the life of one process: born, reported, let go or not, killed or not, waited for.
func (k *keeper) keep(req request, talk *net.UnixConn, image, stdout, stderr int) {
	theirs := []int{image, stdout, stderr}
	defer func() { closeAll(theirs) }()
	select {
	case k.places <- struct{}{}:
		defer func() { <-k.places }()
	default:
		_ = send(talk, news{Refused: "the warden keeps as many processes as it may"})
		return
	}
	limits, err := req.Limits.complete()
	if err == nil && !sealed(image) {
		err = errors.New("the image is not sealed")
	}
	if err != nil {
		_ = send(talk, news{Refused: err.Error()})
		return
	}
	req.Limits = limits
	c, err := k.bear(req, image, stdout, stderr, false)
	closeAll(theirs)
	theirs = nil
	if err != nil {
		report := k.blank(err)
		_ = send(talk, news{Refused: err.Error(), Report: &report})
		return
	}
	defer c.bury()
	if send(talk, news{Report: &c.report, Folder: c.folder()}, c.run) != nil {
		return
	}
	_ = unix.Close(c.run)
	c.run = -1
	if end, ran := k.oversee(c, talk); ran {
		c.bury() // first: whoever hears of the end finds nothing left
		_ = send(talk, news{Ended: &end})
	}
}

// oversee waits for the gateway's word, and then for the end, whichever side brings it about.
func (k *keeper) oversee(c *child, talk *net.UnixConn) (end End, ran bool) {
	var w word
	if fds, err := receive(talk, &w); err != nil || !w.Go {
		closeAll(fds)
		return End{}, false
	}
	if err := c.release(); err != nil {
		_ = send(talk, news{Refused: err.Error()})
		return End{}, false
	}
	if send(talk, news{Running: c.pid}) != nil {
		return End{}, false
	}
	go func() { // ends at the latest when talk is closed, after the process ended
		for {
			var w word
			fds, err := receive(talk, &w)
			closeAll(fds)
			if err != nil || w.Kill {
				c.kill()
				return
			}
		}
	}()
	return c.wait(), true
}
