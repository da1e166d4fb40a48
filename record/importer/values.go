package importer

import (
	"context"
	"sync"

	"github.com/pontlevis/pontlevis/fhir"
)

// Bounds of what is read ahead of the batch that is being written.
const (
	aheadLines = 512
	aheadBytes = 2 * MaxValue // two of the longest lines
)

// value is one line of a file, read.
type value struct {
	line    int
	at      int64 // bytes of the file read so far
	size    int
	skipped bool // nobody asked for it
	fits    bool // it was read within the limits of one resource
	node    *fhir.Node
	bad     error
}

// values calls each for every line of the file, in order. Lines are parsed side by side, ahead of each, as far as the
// bounds let them; those that skip says yes to are counted and not parsed.
func (f file) values(ctx context.Context, skip func(line int) bool, each func(value) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	order := make(chan chan value, aheadLines)
	room := newAllowance(aheadBytes)
	var failed error
	go func() {
		defer close(order)
		failed = f.lines(func(n int, at int64, text []byte, bad error) error {
			v := value{line: n, at: at, size: len(text), bad: bad, skipped: skip(n)}
			if v.skipped {
				v.size = 0
			}
			room.take(ctx, v.size)
			made := make(chan value, 1)
			select {
			case order <- made:
			case <-ctx.Done():
				return ctx.Err()
			}
			if v.skipped || bad != nil {
				made <- v
				return nil
			}
			go func() { v.parse(text); made <- v }()
			return nil
		})
	}()
	var err error
	for made := range order {
		v := <-made
		room.give(v.size)
		if err == nil {
			if err = each(v); err != nil {
				stop()
			}
		}
	}
	if err == nil {
		err = failed // written before order was closed
	}
	return err
}

func (v *value) parse(text []byte) {
	if v.node, v.bad = fhir.Parse(text, fhir.Limits{}); v.bad == nil {
		v.fits = true
		return
	}
	v.node, v.bad = fhir.Parse(text, fhir.Limits{Bytes: MaxValue, Nodes: 4 << 20}) // a Bundle may be larger than a resource
}

// allowance is a number of bytes that may be held at a time.
type allowance struct {
	mu   sync.Mutex
	left int
	back chan struct{} // room for one hint that some were given back
}

func newAllowance(bytes int) *allowance {
	return &allowance{left: bytes, back: make(chan struct{}, 1)}
}

// take waits until so many are left, or the context ends. There is one taker.
func (a *allowance) take(ctx context.Context, n int) {
	for {
		a.mu.Lock()
		if a.left >= n {
			a.left -= n
			a.mu.Unlock()
			return
		}
		a.mu.Unlock()
		select {
		case <-a.back:
		case <-ctx.Done():
			return
		}
	}
}

func (a *allowance) give(n int) {
	a.mu.Lock()
	a.left += n
	a.mu.Unlock()
	select {
	case a.back <- struct{}{}:
	default:
	}
}
