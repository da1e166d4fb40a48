package audit

import (
	"context"
	"crypto/cipher"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pontlevis/pontlevis/merkle"
	"github.com/pontlevis/pontlevis/store"
	"golang.org/x/mod/sumdb/note"
)

// Options say how a log is named, signed and observed.
type Options struct {
	// Origin names the log in its checkpoints, such as "pontlevis.example.org/node-1": no spaces, no "+".
	Origin string
	// Key signs the checkpoints.
	Key ed25519.PrivateKey
	// Former are verifier keys under which earlier checkpoints were signed, when Key has been replaced.
	Former []string
	// Keep is how often a checkpoint is kept for good, beside the newest that every commit replaces; default a minute.
	Keep time.Duration
	// Now is the clock; default time.Now.
	Now func() time.Time
	// Journal, if set, is the path of a file in which entries become durable before the store takes them over: a commit is
	// then one write in place and one sync. JournalOf names it. JournalSize is the length of a new one; default 16 MiB.
	Journal     string
	JournalSize int64
	// OnCommit, if set, hears of each commit: how many entries it made durable, and how long the oldest of them waited. It
	// runs on the committer and must not block.
	OnCommit func(entries int, took time.Duration)
	// OnError, if set, hears of each commit that failed, and of each failure of the store to take over from the journal. It
	// runs on the goroutine that failed and must not block.
	OnError func(error)
}

// Log is an append-only log of accesses. Its methods may be called from many goroutines at once; only one Log may be
// open over a store.
type Log struct {
	db      store.DB
	o       Options
	origin  string
	vkey    string
	signer  *merkle.Signer
	known   note.Verifiers
	cursors cipher.AEAD

	queue   queue
	size    atomic.Int64 // entries that were acknowledged, or found at the start
	journal *journal     // nil: every commit goes to the store
	backlog *backlog     // between journal and store; nil without a journal
	growth  growth

	// The committer's own: the tree as the last commit left it, and when a checkpoint was last kept.
	head    state
	edge    merkle.Edge
	kept    time.Time
	scratch scratch

	closing sync.Once
	closed  error
}

// Open opens the log that stands in db, or begins one. It checks that the tree's edge fits the newest checkpoint and
// that its own key, or a former one, signed it; if not, the error is ErrDamaged. The caller closes the log, then db.
func Open(ctx context.Context, db store.DB, o Options) (*Log, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Keep <= 0 {
		o.Keep = time.Minute
	}
	if o.JournalSize <= 0 {
		o.JournalSize = journalSize
	}
	o.JournalSize = blocks(max(o.JournalSize, minJournal))
	l := &Log{db: db, o: o, origin: o.Origin}
	if err := l.provideKeys(); err != nil {
		return nil, fmt.Errorf("opening the access log: %w", err)
	}
	if err := l.start(ctx); err != nil {
		if l.journal != nil {
			err = errors.Join(err, l.journal.close())
		}
		return nil, fmt.Errorf("opening the access log: %w", err)
	}
	l.kept = o.Now()
	l.size.Store(l.head.size)
	l.queue.init()
	go l.commitLoop()
	return l, nil
}

// start takes up the store's log and what a journal holds beyond it.
func (l *Log) start(ctx context.Context) (err error) {
	var groups []journalled
	if l.o.Journal != "" {
		if l.journal, err = openJournal(l.o.Journal, l.o.JournalSize); err != nil {
			return err
		}
		if groups, err = readJournal(l.journal.f, l.journal.size); err != nil {
			return err
		}
	}
	var greatest string
	if err := l.reindex(ctx); err != nil {
		return err
	}
	err = l.db.Update(ctx, Partition, func(tx store.Tx) error {
		if _, written := readState(tx); !written {
			if err := l.begin(tx); err != nil {
				return err
			}
		}
		if err := l.resume(tx, groups); err != nil {
			return err
		}
		greatest = greatestID(tx)
		return nil
	})
	if err == nil && l.journal != nil {
		l.backlog = newBacklog(l.takeOver, greatest)
	}
	return err
}

func (l *Log) provideKeys() (err error) {
	if l.signer, err = merkle.NewSigner(l.origin, l.o.Key); err != nil {
		return err
	}
	if l.vkey, err = VerifierKey(l.origin, l.o.Key); err != nil {
		return err
	}
	if l.known, err = verifiers(append([]string{l.vkey}, l.o.Former...)...); err != nil {
		return err
	}
	l.cursors, err = cursorCipher(l.o.Key)
	return err
}

// begin writes the head of an empty log, signed, so that there is a checkpoint from the first moment.
func (l *Log) begin(tx store.Tx) error {
	for range tx.Scan(nil, nil) {
		return fmt.Errorf("the log has entries but no head: %w", ErrDamaged)
	}
	l.edge = merkle.Edge{}
	return l.writeHead(tx, state{0, l.edge.Root()}, true)
}

// resume takes up a log where it ended, in the store and then in the journal. When the newest checkpoint was signed by a former key it is signed anew.
func (l *Log) resume(tx store.Tx, groups []journalled) error {
	if err := l.load(tx); err != nil {
		return err
	}
	s, err := openCheckpoint(tx.Get(currentKey), l.known)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if !s.is(l.head) {
		return fmt.Errorf("the checkpoint is of %d entries, the log has %d: %w", s.size, l.head.size, ErrDamaged)
	}
	if l.head, l.edge, err = replay(tx, groups, l.head, l.edge, l.known); err != nil {
		return err
	}
	own, err := verifiers(l.vkey)
	if err != nil {
		return err
	}
	if _, err := openCheckpoint(tx.Get(currentKey), own); err != nil {
		return l.writeHead(tx, l.head, true)
	}
	return nil
}

// load reads head and edge from the store and checks them against each other.
func (l *Log) load(tx store.Tx) error {
	head, ok := readState(tx)
	if !ok {
		return fmt.Errorf("the log's head is missing: %w", ErrDamaged)
	}
	edge, err := loadEdge(tx, head.size)
	if err != nil {
		return err
	}
	if edge.Root() != head.root {
		return fmt.Errorf("the hashes do not give the root of %d entries: %w", head.size, ErrDamaged)
	}
	l.head, l.edge = head, edge
	return nil
}

// writeHead writes the head and its checkpoint; for good when keep is set.
func (l *Log) writeHead(tx store.Tx, head state, keep bool) error {
	signed, err := l.sign(head)
	if err != nil {
		return err
	}
	if err := putHead(tx, head, signed, keep); err != nil {
		return err
	}
	l.head = head
	return nil
}

// VerifierKey returns the public key that checks this log's checkpoints, in text.
func (l *Log) VerifierKey() string { return l.vkey }

// Checkpoint returns the newest signed checkpoint: a note that anyone with VerifierKey can check (C2SP tlog-checkpoint).
func (l *Log) Checkpoint(ctx context.Context) ([]byte, error) {
	var signed []byte
	err := l.view(ctx, func(tx store.Tx) error {
		signed = append(signed, tx.Get(currentKey)...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the checkpoint: %w", err)
	}
	return signed, nil
}

// Size returns how many entries the log holds: all that were acknowledged. It reads nothing from the store.
func (l *Log) Size(ctx context.Context) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return l.size.Load(), nil
}

// view reads from the store once it holds every entry that was acknowledged before.
func (l *Log) view(ctx context.Context, fn func(store.Tx) error) error {
	if l.backlog != nil {
		if err := l.backlog.settle(ctx); err != nil {
			return err
		}
	}
	return l.db.View(ctx, Partition, fn)
}

// Backup writes a consistent copy of the log's database, with every entry that was acknowledged before. It can be opened
// and verified without a journal.
func (l *Log) Backup(ctx context.Context, w io.Writer) error {
	if l.backlog != nil {
		if err := l.backlog.settle(ctx); err != nil {
			return fmt.Errorf("backing up the access log: %w", err)
		}
	}
	if err := l.db.Backup(ctx, w); err != nil {
		return fmt.Errorf("backing up the access log: %w", err)
	}
	return nil
}

// Close writes what waits, keeps a last checkpoint for good, and ends the committer. It does not close the store. Later
// Appends return ErrClosed. When the store does not take over what the journal holds, the next Open does.
func (l *Log) Close() error {
	l.closing.Do(func() {
		l.queue.shut()
		<-l.queue.drained
		if l.closed = l.finish(); l.closed != nil {
			l.closed = fmt.Errorf("closing the access log: %w", l.closed)
		}
	})
	return l.closed
}

func (l *Log) finish() (err error) {
	if l.journal != nil {
		err = l.backlog.settle(context.Background())
		l.backlog.close()
		err = errors.Join(err, l.journal.close())
	}
	return errors.Join(err, l.db.Update(context.Background(), Partition, func(tx store.Tx) error {
		if err := l.load(tx); err != nil {
			return err
		}
		return l.writeHead(tx, l.head, true)
	}))
}
