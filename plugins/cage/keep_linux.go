//go:build amd64 || arm64

package cage

import (
	"errors"
	"net"
	"time"

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
	if end, gone := k.oversee(c, talk); gone != nil {
		c.bury() // first: whoever hears of the end finds nothing left
		_ = send(talk, news{Ended: &end})
		// A socket that is closed over a word that nobody has read, such as to kill what has ended, takes the news along.
		_ = talk.SetReadDeadline(time.Now().Add(heardWithin))
		<-gone
	}
}

// heardWithin is how long the gateway may take to hear how a process ended.
const heardWithin = 5 * time.Second

// oversee waits for the gateway's word, and then for the end, whichever side brings it about. gone is closed when the
// gateway has closed its side; it is nil where nothing ran.
func (k *keeper) oversee(c *child, talk *net.UnixConn) (end End, gone <-chan struct{}) {
	var w word
	if fds, err := receive(talk, &w); err != nil || !w.Go {
		closeAll(fds)
		return End{}, nil
	}
	if err := c.release(); err != nil {
		_ = send(talk, news{Refused: err.Error()})
		return End{}, nil
	}
	if send(talk, news{Running: c.pid}) != nil {
		return End{}, nil
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		for {
			var w word
			fds, err := receive(talk, &w)
			closeAll(fds)
			if err != nil || w.Kill {
				c.kill()
			}
			if err != nil {
				return
			}
		}
	}()
	return c.wait(), closed
}
