package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// A workload is what clients ask, of many patients in turn, each with a token of its own.
type workload struct {
	name    string
	aim     float64 // CPU beside Caddy's that it may cost, 0 for none
	targets func(n int, p *population) []string
	records int // how many patients it is asked of; 0 for all
}

// readsEach is how many documents of each record are read.
const readsEach = 10

var (
	read = workload{name: "read", aim: 1.0, targets: func(n int, p *population) (all []string) {
		for _, k := range p.readable()[:readsEach] {
			all = append(all, "/fhir/DocumentReference/"+documentID(n, k))
		}
		return all
	}}
	page = workload{name: "page of 50, 10 hidden", aim: 0.8, targets: func(n int, _ *population) []string {
		return []string{fmt.Sprintf("/fhir/DocumentReference?patient=%s&_count=%d", patientID(n), pageSize)}
	}}
	large = workload{name: "1 MB document", aim: 1.05, records: largeRecords, targets: func(n int, _ *population) []string {
		return []string{"/fhir/Binary/" + largeID(n)}
	}}
)

// requests are the requests of a workload, with fresh tokens.
func (w workload) requests(ctx context.Context, gate *server, p *population) ([]request, error) {
	count := p.patients
	if w.records > 0 {
		count = min(count, w.records)
	}
	var all []request
	for n := range count {
		token, err := gate.token(ctx, reader, patientID(n))
		if err != nil {
			return nil, err
		}
		for _, target := range w.targets(n, p) {
			all = append(all, newRequest(target, token))
		}
	}
	return all, nil
}

// fetchers is how many connections take answers at the same time: their entries in the log then share commits.
const fetchers = 16

// answers asks each request once, and gives what came by target: it is what the stub serves.
func answers(gate *server, all []request, into map[string][]byte) error {
	pool, err := dial(gate.address, fetchers)
	if err != nil {
		return err
	}
	defer pool.close()
	var wg sync.WaitGroup
	var mu sync.Mutex
	errs := make([]error, fetchers)
	for i, c := range pool.conns {
		wg.Go(func() {
			for k := i; k < len(all) && errs[i] == nil; k += fetchers {
				var answer []byte
				if answer, errs[i] = c.fetch(all[k]); errs[i] == nil {
					mu.Lock()
					into[all[k].target] = answer
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
