package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"
)

// bench is one run: the servers and what they hold.
type bench struct {
	o          options
	folder     string
	population *population
	rounds     int
	span       time.Duration

	out io.Writer

	caddy, gate, stub *server
}

// start starts the gate, takes its answers, and starts the stub and Caddy in front of it.
func (b *bench) start(ctx context.Context) (err error) {
	records := filepath.Join(b.folder, "records.ndjson")
	if err := b.population.write(records); err != nil {
		return fmt.Errorf("inventing records: %w", err)
	}
	if b.gate, err = startGate("gate", b.o.binary, filepath.Join(b.folder, "gate"), records); err != nil {
		return err
	}
	known := map[string][]byte{}
	for _, w := range []workload{read, page, large} {
		all, err := w.requests(ctx, b.gate, b.population)
		if err != nil {
			return err
		}
		if err := answers(b.gate, all, known); err != nil {
			return fmt.Errorf("taking the answers of the gate: %w\n%s", err, b.gate.said())
		}
	}
	if b.stub, err = startStub(b.folder, known); err != nil {
		return err
	}
	b.caddy, err = startCaddy("Caddy reverse_proxy", b.o.binary, filepath.Join(b.folder, "caddy"), b.stub.address)
	if err != nil {
		return err
	}
	return b.gate.settle(ctx)
}

func (b *bench) close() {
	for _, s := range []*server{b.caddy, b.gate, b.stub} {
		if s != nil {
			s.stop()
		}
	}
}

// all measures and prints each part.
func (b *bench) all(ctx context.Context) error {
	for _, part := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"read", func(ctx context.Context) error { return b.beside(ctx, read, 1, 16, 64, 256) }},
		{"page", func(ctx context.Context) error { return b.beside(ctx, page, b.few(16)...) }},
		{"large", func(ctx context.Context) error { return b.beside(ctx, large, b.few(16)...) }},
		{"writer", func(ctx context.Context) error { return b.whileWriting(ctx, 16) }},
		{"idle", b.idle},
	} {
		if b.o.only != "" && b.o.only != part.name {
			continue
		}
		if err := part.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// few is one number of clients in a short run, and all of them in a long one.
func (b *bench) few(n int) []int {
	if b.o.long {
		return []int{1, 16, 64, 256}
	}
	return []int{n}
}

// beside measures a workload on the gate beside Caddy.
func (b *bench) beside(ctx context.Context, w workload, clients ...int) error {
	if b.o.clients > 0 {
		clients = []int{b.o.clients}
	}
	for _, n := range clients {
		r, err := b.row(ctx, w, n)
		if err != nil {
			return err
		}
		if err := b.logShare(ctx, r); err != nil {
			return err
		}
		r.print(b.out)
	}
	return nil
}

// row measures a workload with fresh tokens.
func (b *bench) row(ctx context.Context, w workload, n int) (*row, error) {
	all, err := w.requests(ctx, b.gate, b.population)
	if err != nil {
		return nil, err
	}
	r, err := compare(ctx, w, n, b.rounds, b.span, contender{b.caddy, all}, contender{b.gate, all})
	if err == nil {
		r.last = contender{b.gate, all}
	}
	return r, err
}
