package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// idleConnections is how many connections stay open and ask nothing more.
const idleConnections = 10_000

// idle measures what memory each server holds while clients that have asked once keep their connections.
func (b *bench) idle(ctx context.Context) error {
	all, err := read.requests(ctx, b.gate, b.population)
	if err != nil {
		return err
	}
	count, err := roomFor(idleConnections)
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, "\n%d connections that have read once and stay open:\n", count)
	for _, s := range []*server{b.caddy, b.gate} {
		if err := b.hold(ctx, s, all, count); err != nil {
			return fmt.Errorf("idle connections of %s: %w", s.name, err)
		}
	}
	return nil
}

// hold opens connections to a server, asks once on each, and reads what the server's memory has become.
func (b *bench) hold(ctx context.Context, s *server, all []request, count int) error {
	before, err := s.memory()
	if err != nil {
		return err
	}
	pool := &clients{}
	defer pool.close()
	for i := range count {
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			return err
		}
		one := newClient(conn, uint64(i), 4<<10)
		pool.conns = append(pool.conns, one)
	}
	const atOnce = 64
	turns, errs := make(chan *client), make(chan error, atOnce)
	for range atOnce {
		go func() {
			var failed error
			for c := range turns {
				if failed == nil {
					failed = c.ask(all[c.rand.IntN(len(all))])
				}
			}
			errs <- failed
		}()
	}
	for _, c := range pool.conns {
		turns <- c
	}
	close(turns)
	for range atOnce {
		err = errors.Join(err, <-errs)
	}
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Second):
	}
	after, err := s.memory()
	if err != nil {
		return err
	}
	fmt.Fprintf(b.out, "    %-22s %5d MB, %d MB before: %.1f kB a connection\n", s.name, after>>20, before>>20, float64(after-before)/float64(count)/1024)
	return nil
}

// roomFor raises this process's own limit of open files, and gives how many connections fit, at most want.
func roomFor(want int) (int, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	const others = 512
	if limit.Cur < uint64(want)+others {
		return max(1, int(limit.Cur)-others), nil
	}
	return want, nil
}
