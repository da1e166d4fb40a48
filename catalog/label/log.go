package label

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/pontlevis/pontlevis/merkle"
	"github.com/pontlevis/pontlevis/store"
)

// Options say whose log it is.
type Options struct {
	// Origin names the log in its checkpoints. It holds neither spaces nor "+".
	Origin string
	// Key signs the checkpoints of one's own log; nil for a log that is followed. It decides nothing: labels and orders are
	// signed by the authority's keys, which are not here.
	Key ed25519.PrivateKey
	// Verifier checks the checkpoints of a log that is followed, in the text form of C2SP signed-note.
	Verifier string
	// Trust are the authority's keys as they were when the log began; the log itself says how they changed.
	Trust Trust
	// Witnesses are keys of cosigners (C2SP tlog-cosignature); Quorum of them must have signed a checkpoint that is followed.
	Witnesses []string
	Quorum    int
	// Budget is how long a log that is followed may not be seen.
	Budget Budget
	// OnChange, if set, hears of each app whose standing changed, before the call that changed it returns. When it is
	// called, Status tells the new standing already.
	OnChange func(app string)
	// Manifest, if set, gives the bytes of the manifest of a version that has a label, which are published beside the log: whoever
	// follows it finds there what the labels are about. It gives ErrNotFound for one that is not here.
	Manifest func(ctx context.Context, app, version string) ([]byte, error)
	// Now is the clock; default time.Now.
	Now func() time.Time
}

func (o *Options) follows() bool { return o.Key == nil }

// Log is the log of labels of one authority: one's own, to which Issue and Order append, or another's, which Sync follows.
// Its methods may be called from many goroutines at once; only one Log may be open over a store.
type Log struct {
	db store.DB
	o  Options

	vkey      string
	known     note.Verifiers
	signers   []note.Signer // of one's own log: the plain signature, and the one that says when
	dated     *merkle.CosignatureVerifier
	witnesses []*merkle.CosignatureVerifier

	mu   sync.Mutex // held by whoever appends
	edge merkle.Edge

	now  atomic.Pointer[state]
	deny atomic.Pointer[map[string]string]
	seen atomic.Int64 // of a log that is followed: the date of its newest checkpoint, in seconds since 1970

	signed atomic.Pointer[dated]
}

// signAgain is how long a checkpoint of one's own log is shown before it is signed anew.
const signAgain = time.Minute

// dated is a checkpoint with the moment it was signed.
type dated struct {
	note []byte
	at   time.Time
	size int64
}

// Open opens the log that stands in db, or begins one. Every entry is read again, and held against the tree, the signed
// checkpoint and the keys of its moment: a byte that was changed is ErrDamaged. The caller closes db, after use.
func Open(ctx context.Context, db store.DB, o Options) (*Log, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Budget = o.Budget.orDefault()
	l := &Log{db: db, o: o}
	if err := errors.Join(o.Trust.Check(), l.keys()); err != nil {
		return nil, fmt.Errorf("opening the label log: %w", err)
	}
	if err := l.begin(ctx); err != nil {
		return nil, fmt.Errorf("opening the label log: %w", err)
	}
	if err := l.load(ctx); err != nil {
		return nil, fmt.Errorf("opening the label log: %w", err)
	}
	return l, nil
}

// keys prepares what signs and checks checkpoints.
func (l *Log) keys() (err error) {
	l.vkey = l.o.Verifier
	if !l.o.follows() {
		s, err := merkle.NewSigner(l.o.Origin, l.o.Key)
		if err != nil {
			return err
		}
		when, err := merkle.NewCosigner(l.o.Origin, l.o.Key, func() time.Time { return l.o.Now() })
		if err != nil {
			return err
		}
		if l.vkey, err = merkle.VerifierKey(l.o.Origin, l.o.Key); err != nil {
			return err
		}
		l.signers = []note.Signer{s, when}
	}
	if l.known, err = merkle.Verifiers(l.vkey); err != nil {
		return err
	}
	if l.dated, err = merkle.TimeOf(l.vkey); err != nil {
		return err
	}
	for _, vkey := range l.o.Witnesses {
		v, err := merkle.NewCosignatureVerifier(vkey)
		if err != nil {
			return err
		}
		l.witnesses = append(l.witnesses, v)
	}
	if l.o.Quorum < 0 || l.o.Quorum > len(l.witnesses) {
		return fmt.Errorf("%w: %d of %d witnesses cannot sign", ErrWitness, l.o.Quorum, len(l.witnesses))
	}
	return nil
}

// checkpoint signs a head of one's own log.
func (l *Log) checkpoint(h merkle.Head) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: h.Text(l.o.Origin)}, l.signers...)
	if err != nil {
		return nil, fmt.Errorf("signing the checkpoint of %d entries: %w", h.Size, err)
	}
	return signed, nil
}

// begin writes the head of one's own empty log, signed. A log that is followed begins with the first Sync.
func (l *Log) begin(ctx context.Context) error {
	if l.o.follows() {
		return nil
	}
	return l.db.Update(ctx, Partition, func(tx store.Tx) error {
		for range tx.Scan(nil, nil) {
			return nil
		}
		var edge merkle.Edge
		signed, err := l.checkpoint(edge.Head())
		if err != nil {
			return err
		}
		return putEntries(tx, edge, nil, signed)
	})
}

// load reads the whole log again.
func (l *Log) load(ctx context.Context) error {
	return l.db.View(ctx, Partition, func(tx store.Tx) error {
		head, ok := readHead(tx)
		if !ok {
			for range tx.Scan(nil, nil) {
				return fmt.Errorf("it has entries and no head: %w", ErrDamaged)
			}
			l.edge = merkle.Edge{}
			l.now.Store(newState(l.o.Trust))
			return nil
		}
		signed := tx.Get(currentKey)
		vouched, err := merkle.Open(signed, l.known)
		if err != nil || vouched != head {
			return fmt.Errorf("%w: its checkpoint is not of these %d entries, or not by the key of this log (%v)", ErrDamaged, head.Size, err)
		}
		now, edge, err := l.replay(tx, head)
		if err != nil {
			return err
		}
		times, err := merkle.Cosigned(signed, l.dated)
		if err != nil {
			return err
		}
		if at, ok := times[l.dated.Name()]; ok {
			l.seen.Store(at.Unix())
		}
		l.edge = edge
		l.now.Store(now)
		return nil
	})
}

// replay reads every entry in order.
func (l *Log) replay(tx store.Tx, head merkle.Head) (*state, merkle.Edge, error) {
	now, edge := newState(l.o.Trust).loosen(), merkle.Edge{}
	for index := range head.Size {
		raw, err := readEntry(tx, index)
		if err != nil {
			return nil, edge, err
		}
		row := edge.Add(tlog.RecordHash(raw), nil)
		if string(row) != string(tx.Get(rowKey(hashRow, index))) {
			return nil, edge, fmt.Errorf("the hashes of entry %d: %w", index, ErrDamaged)
		}
		r, err := parseRecord(raw)
		if err == nil {
			now, _, err = now.next(r)
		}
		if err != nil {
			return nil, edge, fmt.Errorf("entry %d: %w", index, err)
		}
	}
	if edge.Head() != head {
		return nil, edge, fmt.Errorf("%w: the entries do not give the root of the checkpoint", ErrDamaged)
	}
	for range tx.Scan([]byte{entryRow}, rowKey(entryRow, head.Size)) {
		return nil, edge, fmt.Errorf("%w: there are entries beyond the checkpoint", ErrDamaged)
	}
	now.loose = false
	return now, edge, nil
}

// Entry is one entry of the log, with what it did.
type Entry struct {
	Index int64
	Record
	App   string // whose standing it changed, "" for keys
	Label *Label // of issue and supersede
	Order *Order // of every other
}

// Issue logs a label, the first of an app or one that replaces another, and returns when it is durable and in force.
func (l *Log) Issue(ctx context.Context, b Bundle) (Entry, error) {
	kind := Issue
	if p, err := b.peek(); err == nil && p.Replaces != "" {
		kind = Supersede
	}
	return l.append(ctx, &Record{Kind: kind, Bundle: &b})
}

// Order logs an order that the authority signed: a suspension, a revocation, a reinstatement, new keys. When it returns the
// order is durable, in force for every Status, and OnChange has heard of it.
func (l *Log) Order(ctx context.Context, envelope []byte) (Entry, error) {
	o, err := PeekOrder(envelope)
	if err != nil {
		return Entry{}, fmt.Errorf("logging an order: %w", err)
	}
	return l.append(ctx, &Record{Kind: o.Kind, Order: envelope})
}

// append takes an entry into one's own log.
func (l *Log) append(ctx context.Context, r *Record) (Entry, error) {
	if l.o.follows() {
		return Entry{}, ErrReadOnly
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.now.Load()
	r.At = l.o.Now().UTC().Truncate(time.Second)
	if r.At.Before(was.at) {
		r.At = was.at
	}
	raw, err := r.encode()
	if err != nil {
		return Entry{}, fmt.Errorf("logging: %w", err)
	}
	if r, err = parseRecord(raw); err != nil { // what a later start will read
		return Entry{}, fmt.Errorf("logging: %w", err)
	}
	if err := was.free(r); err != nil {
		return Entry{}, fmt.Errorf("logging: %w", err)
	}
	next, app, err := was.next(r)
	if err != nil {
		return Entry{}, fmt.Errorf("logging: %w", err)
	}
	if err := l.commit(ctx, [][]byte{raw}, next, nil); err != nil {
		return Entry{}, err
	}
	l.tell([]string{app})
	return entryOf(was.size, r)
}

// commit makes entries durable, then puts them in force. When the store fails nobody knows what it holds: the log is read
// again, so that what is in force is what a later start would find.
func (l *Log) commit(ctx context.Context, entries [][]byte, next *state, checkpoint []byte) error {
	edge := l.edge.Clone()
	for _, raw := range entries {
		edge.Add(tlog.RecordHash(raw), nil)
	}
	if checkpoint == nil {
		var err error
		if checkpoint, err = l.checkpoint(edge.Head()); err != nil {
			return err
		}
	}
	err := l.db.Update(ctx, Partition, func(tx store.Tx) error {
		head, ok := readHead(tx)
		if was := l.edge.Head(); ok && head != was || !ok && was.Size > 0 {
			return fmt.Errorf("%w: the store has other entries than were read", ErrDamaged)
		}
		return putEntries(tx, l.edge.Clone(), entries, checkpoint)
	})
	if err != nil {
		return fmt.Errorf("writing the label log: %w", errors.Join(err, l.load(context.WithoutCancel(ctx))))
	}
	l.edge = edge
	l.now.Store(next)
	return nil
}

// entryOf describes an entry that the log holds.
func entryOf(index int64, r *Record) (Entry, error) {
	e := Entry{Index: index, Record: *r}
	if r.Bundle != nil {
		s, err := r.Bundle.statement()
		if err != nil {
			return e, err
		}
		e.Label = labelOf(s)
		e.App = e.Label.App
		return e, nil
	}
	o, err := PeekOrder(r.Order)
	if err != nil {
		return e, err
	}
	e.Order, e.App = o, o.App
	return e, nil
}

// Get reads one entry of the log; ErrNotFound beyond its end.
func (l *Log) Get(ctx context.Context, index int64) (e Entry, raw []byte, err error) {
	err = l.db.View(ctx, Partition, func(tx store.Tx) error {
		head, ok := readHead(tx)
		if !ok || index < 0 || index >= head.Size {
			return fmt.Errorf("%d: %w", index, ErrNotFound)
		}
		raw, err = readEntry(tx, index)
		return err
	})
	if err != nil {
		return e, nil, fmt.Errorf("reading the label log: %w", err)
	}
	r, err := parseRecord(raw)
	if err != nil {
		return e, nil, fmt.Errorf("reading entry %d: %w", index, err)
	}
	e, err = entryOf(index, r)
	return e, raw, err
}

// Size is how many entries the log has.
func (l *Log) Size() int64 { return l.now.Load().size }

// Trust are the authority's keys as the log leaves them.
func (l *Log) Trust() Trust { return l.now.Load().trust }

// VerifierKey is the public key that checks the log's checkpoints, in text.
func (l *Log) VerifierKey() string { return l.vkey }

// Own reports whether this is one's own log, to which labels and orders may be added.
func (l *Log) Own() bool { return !l.o.follows() }
