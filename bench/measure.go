package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// warmUp precedes each measured span, so that no server pays for having waited.
const warmUp = 150 * time.Millisecond

// A figure is what one server did in a measurement: medians over its rounds.
type figure struct {
	cpu      time.Duration // user and system, each request
	rate     float64       // requests a second
	p50, p99 time.Duration
	refused  float64 // share of the answers that were not 200: what a starved machine makes a server put off
}

// A row is one workload at one number of clients, on each server, with the ratio of their CPU to the first's.
type row struct {
	workload workload
	clients  int
	note     string
	names    []string
	figures  []figure
	ratios   []float64 // median over rounds of the ratio within a round
	last     contender // the gate, as it was asked
}

// contender is one server with the requests it is asked; their targets are the same everywhere.
type contender struct {
	server   *server
	requests []request
}

// compare lets servers answer the same requests in rounds that alternate between them.
func compare(ctx context.Context, w workload, n, rounds int, span time.Duration, contenders ...contender) (*row, error) {
	pools := make([]*clients, len(contenders))
	for i, c := range contenders {
		var err error
		if pools[i], err = dial(c.server.address, n); err != nil {
			return nil, err
		}
		defer pools[i].close()
	}
	rounds = max(rounds, 1)
	seen := make([][]figure, len(contenders))
	for range rounds {
		for i, c := range contenders {
			f, err := once(ctx, c, pools[i], span)
			if err != nil {
				return nil, fmt.Errorf("%s of %s at %d clients: %w", w.name, c.server.name, n, err)
			}
			seen[i] = append(seen[i], f)
		}
	}
	r := &row{workload: w, clients: n}
	for i, c := range contenders {
		r.names = append(r.names, c.server.name)
		r.figures = append(r.figures, medians(seen[i]))
		ratios := make([]float64, rounds)
		for k := range rounds {
			ratios[k] = float64(seen[i][k].cpu) / float64(seen[0][k].cpu)
		}
		r.ratios = append(r.ratios, median(ratios))
	}
	return r, nil
}

func once(ctx context.Context, c contender, pool *clients, span time.Duration) (figure, error) {
	if _, err := pool.run(ctx, c.requests, warmUp); err != nil {
		return figure{}, err
	}
	before, err := c.server.cpu()
	if err != nil {
		return figure{}, err
	}
	o, err := pool.run(ctx, c.requests, span)
	if err != nil {
		return figure{}, err
	}
	after, err := c.server.cpu()
	if err != nil {
		return figure{}, err
	}
	return figure{
		cpu:  (after - before) / time.Duration(max(o.requests, 1)),
		rate: float64(o.requests) / o.took.Seconds(), p50: o.quantile(.5), p99: o.quantile(.99),
		refused: float64(o.refused) / float64(max(o.requests, 1)),
	}, nil
}

func medians(all []figure) figure {
	pick := func(of func(figure) float64) float64 {
		values := make([]float64, len(all))
		for i, f := range all {
			values[i] = of(f)
		}
		return median(values)
	}
	return figure{
		cpu:  time.Duration(pick(func(f figure) float64 { return float64(f.cpu) })),
		rate: pick(func(f figure) float64 { return f.rate }),
		p50:  time.Duration(pick(func(f figure) float64 { return float64(f.p50) })),
		p99:  time.Duration(pick(func(f figure) float64 { return float64(f.p99) })),

		refused: slices.MaxFunc(all, func(a, b figure) int { return cmp.Compare(a.refused, b.refused) }).refused,
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	if n := len(values); n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[len(values)/2]
}
