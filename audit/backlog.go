package audit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

const (
	// takeOverAfter is how long a group stands in the journal alone when nobody reads the log and few write.
	takeOverAfter = 2 * time.Second
	// maxTakeOver bounds the entries of one transaction of taking over.
	maxTakeOver = 4096
)

// group is entries that are durable in the journal and that the store does not have yet.
type group struct {
	before, after state
	signed        []byte
	keep          bool // its checkpoint stays for good
	drafts        []*draft
	start, end    int64 // what it takes of the journal, with what was passed over before it
}

// backlog is the groups between journal and store, oldest first. The committer adds; a goroutine of its own takes over:
// when half the journal is full, when somebody wants to read, and at the latest after takeOverAfter.
type backlog struct {
	take func(groups []group) error // writes to the store, all or none

	mu       sync.Mutex
	groups   []group
	ids      map[string]bool // of entries that the store may not have yet
	greatest string          // no id in the store is greater
	added    int64           // groups ever added …
	moved    int64           // … and taken over
	failures int
	err      error         // of the last failure
	turn     chan struct{} // closed after each try
	timed    bool          // the timer runs

	wake    chan struct{} // room for one
	timer   *time.Timer
	stop    chan struct{}
	stopped chan struct{}
}

func newBacklog(take func([]group) error, greatest string) *backlog {
	q := &backlog{
		take: take, ids: map[string]bool{}, greatest: greatest, turn: make(chan struct{}),
		wake: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	q.timer = time.AfterFunc(time.Hour, q.rouse)
	q.timer.Stop()
	go q.loop()
	return q
}

func (q *backlog) rouse() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// add notes a group that the journal holds. When more than half of the journal is taken the store is to take over.
func (q *backlog) add(g group, half int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.groups = append(q.groups, g)
	q.added++
	for _, d := range g.drafts {
		q.ids[d.id] = true
	}
	if q.taken(g.end) > half {
		q.rouse()
	} else if !q.timed {
		q.timed = true
		q.timer.Reset(takeOverAfter)
	}
}

// knows reports whether an entry with that id waits here, and whether the store may hold one.
func (q *backlog) knows(id string) (here, mayStore bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ids[id], id <= q.greatest
}

// taken returns how much of the journal is not free when a group ends there. It is called under the lock.
func (q *backlog) taken(end int64) int64 {
	if len(q.groups) == 0 {
		return 0
	}
	return end - q.groups[0].start
}

// has notes an id that the store holds.
func (q *backlog) has(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.greatest = max(q.greatest, id)
}

// settle returns when the store has all that was added before the call, or with the error of a failed try.
func (q *backlog) settle(ctx context.Context) error {
	q.mu.Lock()
	target, failures := q.added, q.failures
	q.mu.Unlock()
	return q.await(ctx, func() (bool, error) {
		if q.moved < target && q.failures > failures {
			return true, q.err
		}
		return q.moved >= target, nil
	})
}

// room returns when a journal of that size has room for a group that ends there, or with the error of a failed try.
func (q *backlog) room(ctx context.Context, end, size int64) error {
	q.mu.Lock()
	failures := q.failures
	q.mu.Unlock()
	return q.await(ctx, func() (bool, error) {
		if q.taken(end) > size && q.failures > failures {
			return true, q.err
		}
		return q.taken(end) <= size, nil
	})
}

// await asks after each try, under the lock, whether the wait is over.
func (q *backlog) await(ctx context.Context, over func() (bool, error)) error {
	for {
		q.mu.Lock()
		done, err := over()
		turn := q.turn
		q.mu.Unlock()
		if done || err != nil {
			return err
		}
		q.rouse()
		select {
		case <-turn:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (q *backlog) loop() {
	defer close(q.stopped)
	for {
		select {
		case <-q.wake:
		case <-q.stop:
			return
		}
		for q.takeSome() {
		}
	}
}

// takeSome takes over up to maxTakeOver entries and reports whether there are more to try.
func (q *backlog) takeSome() bool {
	q.mu.Lock()
	n, entries := 0, 0
	for ; n < len(q.groups) && (n == 0 || entries+len(q.groups[n].drafts) <= maxTakeOver); n++ {
		entries += len(q.groups[n].drafts)
	}
	groups := q.groups[:n:n]
	q.mu.Unlock()
	var err error
	if n > 0 {
		err = q.take(groups)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if err != nil {
		q.failures++
		q.err = err
	} else if n > 0 {
		q.moveOn(groups)
	}
	close(q.turn)
	q.turn = make(chan struct{})
	if q.timed = len(q.groups) > 0; q.timed {
		q.timer.Reset(takeOverAfter)
	}
	return err == nil && len(q.groups) > 0
}

// moveOn forgets groups that the store has.
func (q *backlog) moveOn(groups []group) {
	for i := range groups {
		for _, d := range groups[i].drafts {
			delete(q.ids, d.id)
			q.greatest = max(q.greatest, d.id)
		}
	}
	q.moved += int64(len(groups))
	clear(groups) // the slice behind lives on
	if q.groups = q.groups[len(groups):]; len(q.groups) == 0 {
		q.groups = nil
	}
}

// close ends the goroutine; what was not taken over stays in the journal.
func (q *backlog) close() {
	q.timer.Stop()
	close(q.stop)
	<-q.stopped
}

// commitJournal makes a batch durable in the journal and hands it to the backlog.
func (l *Log) commitJournal(b *batch) (written int, err error) {
	if l.head.size < 0 {
		if err := l.reload(); err != nil {
			return 0, err
		}
	}
	drafts, err := l.accepted(b)
	if err != nil || len(drafts) == 0 {
		return 0, err
	}
	next := l.edge.Clone()
	hashes := make([]byte, 0, 2*len(drafts)*len(drafts[0].leaf))
	for _, d := range drafts {
		start := len(hashes)
		hashes = next.Add(d.leaf, hashes)
		d.hashes = hashes[start:len(hashes):len(hashes)]
	}
	g := group{before: l.head, after: state{next.Size, next.Root()}, drafts: drafts}
	if g.signed, err = l.sign(g.after); err != nil {
		return 0, err
	}
	if err := l.writeGroup(&g); err != nil {
		return 0, err
	}
	if now := l.o.Now(); now.Sub(l.kept) >= l.o.Keep {
		g.keep, l.kept = true, now
	}
	l.head, l.edge = g.after, next
	l.backlog.add(g, l.journal.size/2)
	return len(drafts), nil
}

func (l *Log) writeGroup(g *group) error {
	l.journal.begin(g.before.size, g.signed)
	for _, d := range g.drafts {
		l.journal.add(d.row)
	}
	from, to := l.journal.place()
	g.start, g.end = l.journal.next, to
	if err := l.backlog.room(context.Background(), to, l.journal.size); err != nil {
		return err
	}
	return l.journal.write(from, to)
}

// accepted returns the drafts of the callers whose ids are new; the others get their error.
func (l *Log) accepted(b *batch) ([]*draft, error) {
	drafts, err := make([]*draft, 0, b.entries), error(nil)
	here := make(map[string]bool, b.entries)
	for _, p := range b.pending {
		if p.err, err = l.exists(p, here); err != nil {
			return nil, err
		}
		if p.err != nil {
			continue
		}
		for i := range p.drafts {
			here[p.drafts[i].id] = true
			drafts = append(drafts, &p.drafts[i])
		}
	}
	return drafts, nil
}

// exists looks for the ids of a caller in this batch, the backlog and the store. Ids that NewID makes grow with time, so
// that they are seldom looked for in the store.
func (l *Log) exists(p *pending, here map[string]bool) (taken, err error) {
	for i := range p.drafts {
		id := p.drafts[i].id
		waits, mayStore := l.backlog.knows(id)
		found := waits || here[id]
		if !found && mayStore {
			err := l.db.View(context.Background(), Partition, func(tx store.Tx) error {
				found = tx.Get(idKey(id)) != nil
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
		if found {
			return fmt.Errorf("%q: %w", id, ErrExists), nil
		}
	}
	return nil, nil
}

// reload takes the head from the store, after a failure, once the store has what the journal holds.
func (l *Log) reload() error {
	if err := l.backlog.settle(context.Background()); err != nil {
		return err
	}
	return l.db.View(context.Background(), Partition, func(tx store.Tx) error {
		l.backlog.has(greatestID(tx))
		return l.load(tx)
	})
}

func greatestID(tx store.Tx) string {
	for key := range tx.ScanBack([]byte{idRow}, nil) {
		return string(key[1:])
	}
	return ""
}

// takeOver writes groups to the store, in one transaction. Those that an earlier try wrote after all are passed over.
func (l *Log) takeOver(groups []group) error {
	var room scratch
	err := l.db.Update(context.Background(), Partition, func(tx store.Tx) error {
		head, ok := readState(tx)
		if !ok {
			return ErrDamaged
		}
		for i := range groups {
			g := &groups[i]
			if g.after.size <= head.size {
				continue
			}
			if !g.before.is(head) {
				return fmt.Errorf("the store's log ends at %d, the journal goes on at %d: %w", head.size, g.before.size, ErrDamaged)
			}
			for n, d := range g.drafts {
				if err := d.write(tx, g.before.size+int64(n), &room); err != nil {
					return err
				}
			}
			if head = g.after; g.keep {
				if err := tx.Put(seqKey(checkpointRow, head.size), g.signed); err != nil {
					return err
				}
			}
		}
		return putHead(tx, head, groups[len(groups)-1].signed, false)
	})
	if err != nil && l.o.OnError != nil {
		l.o.OnError(err)
	}
	return err
}

// putHead writes head and checkpoint; the checkpoint for good too when keep is set.
func putHead(tx store.Tx, head state, signed []byte, keep bool) error {
	err := errors.Join(tx.Put(stateKey, head.row()), tx.Put(currentKey, signed))
	if keep {
		err = errors.Join(err, tx.Put(seqKey(checkpointRow, head.size), signed))
	}
	return err
}
