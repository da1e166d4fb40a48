package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// A request is written as it stands, each time anew.
type request struct {
	target string
	bytes  []byte
}

func newRequest(target, token string) request {
	return request{target, fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\nAccept: application/fhir+json\r\nUser-Agent: bench\r\n\r\n", target, token)}
}

// outcome is what a closed loop of clients saw.
type outcome struct {
	requests  int
	refused   int             // answers other than 200, among requests
	latencies []time.Duration // sorted
	took      time.Duration
}

func (o *outcome) quantile(q float64) time.Duration {
	if len(o.latencies) == 0 {
		return 0
	}
	return o.latencies[min(len(o.latencies)-1, int(q*float64(len(o.latencies))))]
}

// errRefused says that an answer other than 200 came.
var errRefused = errors.New("the answer was not 200")

// A pool of clients, each with one connection that stays.
type clients struct {
	conns []*client
}

type client struct {
	conn net.Conn
	in   *bufio.Reader
	rand *rand.Rand

	seen    []time.Duration
	refused int
}

func dial(address string, n int) (*clients, error) {
	all := &clients{}
	for i := range n {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			all.close()
			return nil, err
		}
		all.conns = append(all.conns, newClient(conn, uint64(i), 64<<10))
	}
	return all, nil
}

func newClient(conn net.Conn, seed uint64, buffer int) *client {
	return &client{conn: conn, in: bufio.NewReaderSize(conn, buffer), rand: rand.New(rand.NewPCG(seed, 7))}
}

func (c *clients) close() {
	for _, one := range c.conns {
		one.conn.Close()
	}
}

// run lets every client ask one request after the other, drawn at random, until the time is over.
func (c *clients) run(ctx context.Context, requests []request, d time.Duration) (*outcome, error) {
	var stop atomic.Bool
	var wg sync.WaitGroup
	errs := make([]error, len(c.conns))
	began := time.Now()
	timer := time.AfterFunc(d, func() { stop.Store(true) })
	defer timer.Stop()
	defer context.AfterFunc(ctx, func() { stop.Store(true) })()
	for i, one := range c.conns {
		wg.Go(func() {
			one.seen, one.refused = one.seen[:0], 0
			for !stop.Load() {
				if errs[i] = one.ask(requests[one.rand.IntN(len(requests))]); errs[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	o := &outcome{took: time.Since(began)}
	for _, one := range c.conns {
		o.requests += len(one.seen)
		o.refused += one.refused
		o.latencies = append(o.latencies, one.seen...)
	}
	slices.Sort(o.latencies)
	return o, errors.Join(append(errs, ctx.Err())...)
}

func (c *client) ask(r request) error {
	began := time.Now()
	if _, err := c.conn.Write(r.bytes); err != nil {
		return err
	}
	status, length, err := readHead(c.in, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", r.target, err)
	}
	if _, err := c.in.Discard(length); err != nil {
		return err
	}
	c.seen = append(c.seen, time.Since(began))
	if status != 200 {
		c.refused++
	}
	return nil
}

// fetch asks once, and again when the server is too busy, and gives the whole answer, head and body.
func (c *client) fetch(r request) (answer []byte, err error) {
	for range 10 {
		if answer, err = c.fetchOnce(r); !errors.Is(err, errBusy) {
			return answer, err
		}
		time.Sleep(time.Second)
	}
	return nil, err
}

var errBusy = errors.New("the server is too busy")

func (c *client) fetchOnce(r request) ([]byte, error) {
	if _, err := c.conn.Write(r.bytes); err != nil {
		return nil, err
	}
	var head bytes.Buffer
	status, length, err := readHead(c.in, &head)
	if err != nil {
		return nil, err
	}
	whole := make([]byte, head.Len()+length)
	copy(whole, head.Bytes())
	if _, err := io.ReadFull(c.in, whole[head.Len():]); err != nil {
		return nil, err
	}
	switch status {
	case 200:
		return whole, nil
	case 503:
		return nil, fmt.Errorf("%s: %w", r.target, errBusy)
	}
	return nil, fmt.Errorf("%s: %w but %d: %.300s", r.target, errRefused, status, whole[head.Len():])
}

var contentLength = []byte("content-length:")

// readHead reads the head of an answer, and copies it to keep when that is given.
func readHead(in *bufio.Reader, keep *bytes.Buffer) (status, length int, err error) {
	length = -1
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, 0, err
		}
		if keep != nil {
			keep.Write(line)
		}
		switch {
		case first:
			if len(line) < 12 {
				return 0, 0, errors.New("no status line")
			}
			if status, err = strconv.Atoi(string(line[9:12])); err != nil {
				return 0, 0, err
			}
		case len(line) <= 2:
			if length < 0 {
				return 0, 0, errors.New("an answer without Content-Length")
			}
			return status, length, nil
		case len(line) > len(contentLength) && bytes.EqualFold(line[:len(contentLength)], contentLength):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(contentLength):]))); err != nil {
				return 0, 0, err
			}
		}
	}
}
