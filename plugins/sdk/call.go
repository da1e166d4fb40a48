package sdk

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/pontlevis/pontlevis/plugins/wire"
)

// Call is one invocation: what is asked, of whom, and the way to read.
type Call struct {
	ID, Hook string              // of the hook: its id in the manifest, and its kind
	Language string              // "fr" or "en": of the one who will read the cards
	Now      time.Time           // the instant of the invocation
	Context  Value               // of the hook (CDS Hooks 2.0); ids in it are aliases
	Prefetch map[string]Resource // under the keys of the manifest; absent where nothing was there to be read
	Limits   Limits

	mu     sync.Mutex
	stream grpc.BidiStreamingServer[wire.FromHost, wire.FromPlugin]
	asked  uint32
}

// Limits are what the invocation may take.
type Limits struct {
	Reads    int // searches and reads; each page counts
	Bytes    int // of resources that all of them bring
	Deadline time.Duration
	Answer   int // bytes
}

// Refusal is a read that the gate or a limit refused. Status is as in HTTP: 400 not understood or not allowed, 403 with
// the reason, 404 nothing that may be seen (refused or absent: it looks the same), 429 a limit, 503 not now.
type Refusal struct {
	Status int
	Reason string
}

func (r *Refusal) Error() string {
	if r.Reason == "" {
		return fmt.Sprintf("refused with %d", r.Status)
	}
	return fmt.Sprintf("refused with %d: %s", r.Status, r.Reason)
}

// Nothing reports whether an error of a read says that there is nothing that may be seen.
func Nothing(err error) bool {
	var r *Refusal
	return errors.As(err, &r) && r.Status == 404
}

func newCall(stream grpc.BidiStreamingServer[wire.FromHost, wire.FromPlugin], b *wire.Begin) (*Call, error) {
	now, err := time.Parse(time.RFC3339, b.GetNow())
	if err != nil {
		return nil, fmt.Errorf("the instant of the invocation: %w", err)
	}
	c := &Call{ID: b.GetId(), Hook: b.GetHook(), Language: b.GetLanguage(), Now: now, Prefetch: map[string]Resource{}, stream: stream}
	if c.Context, err = parse(b.GetContext()); err != nil {
		return nil, fmt.Errorf("the context: %w", err)
	}
	for key, raw := range b.GetPrefetch() {
		if c.Prefetch[key], err = ParseResource(raw); err != nil {
			return nil, fmt.Errorf("prefetched %s: %w", key, err)
		}
	}
	l := b.GetLimits()
	c.Limits = Limits{
		Reads: int(l.GetReads()), Bytes: int(l.GetBytes()), Answer: int(l.GetAnswerBytes()),
		Deadline: time.Duration(l.GetMilliseconds()) * time.Millisecond,
	}
	return c, nil
}

// Read reads one resource by its alias ("Patient/~", "Immunization/~3"), or one page of a search as a Bundle.
// The error is a *[Refusal] when it was refused.
func (c *Call) Read(ctx context.Context, query string) (Resource, error) {
	r, _, err := c.ask(ctx, &wire.Read{Query: query})
	return r, err
}

// Search yields what a search finds, page after page, without the patient: "Immunization?status=completed&_count=50".
// It ends with an error (a *[Refusal] when it was refused) or when there is no more.
func (c *Call) Search(ctx context.Context, query string) iter.Seq2[Resource, error] {
	return func(yield func(Resource, error) bool) {
		for ask := (&wire.Read{Query: query}); ask != nil; {
			bundle, next, err := c.ask(ctx, ask)
			if err != nil {
				yield(Resource{}, err)
				return
			}
			for e := range bundle.At("entry").Each() {
				if e.At("search", "mode").Text() != "outcome" && !yield(Resource{e.At("resource")}, nil) {
					return
				}
			}
			if ask = nil; next != "" {
				ask = &wire.Read{Next: next}
			}
		}
	}
}

// ask sends one read and takes its answer. Reads of several goroutines follow one another.
func (c *Call) ask(ctx context.Context, read *wire.Read) (r Resource, next string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return Resource{}, "", err
	}
	c.asked++
	read.Id = c.asked
	if err := c.stream.Send(&wire.FromPlugin{Frame: &wire.FromPlugin_Read{Read: read}}); err != nil {
		return Resource{}, "", fmt.Errorf("asking: %w", err)
	}
	frame, err := c.stream.Recv()
	if err != nil {
		return Resource{}, "", fmt.Errorf("asking: %w", err)
	}
	result := frame.GetResult()
	if result.GetId() != read.Id {
		return Resource{}, "", errors.New("the host answered another read")
	}
	if result.GetStatus() != 200 {
		return Resource{}, "", &Refusal{Status: int(result.GetStatus()), Reason: result.GetReason()}
	}
	r, err = ParseResource(result.GetBody())
	return r, result.GetNext(), err
}
