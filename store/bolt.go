package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

const (
	// openTimeout is how long opening waits for another process to let go of the file.
	openTimeout = 2 * time.Second
	// mapSize is the least address space mapped from the start, and mapShare how many times the file's own size is. A file
	// that outgrows its mapping has to wait for all Views, and all others then wait for it: a Backup is one View, which
	// takes minutes where the file is large. Reserving costs no memory.
	mapSize  = 1 << 30
	mapShare = 4
)

// Bolt is a DB in one bbolt file.
type Bolt struct {
	db       *bbolt.DB
	readOnly bool

	gate    sync.Mutex // guards closing and entering
	closing bool
	inside  sync.WaitGroup // calls that have entered
	closed  chan struct{}  // closed when the file is released

	queue    queue
	watchers watchers
	dates    dates
	broken   error // why nothing more can be committed; the committer alone touches it
}

// OpenBolt opens the database file at path, or creates it with mode 0600; its folder must exist. A file that others may
// read is narrowed to 0600. When another process holds the file for more than two seconds, the error is an *InUseError
// that names it; a file that is no database, or a damaged one, is an error too. The caller closes what it opened.
func OpenBolt(path string) (*Bolt, error) {
	return openBolt(path, bbolt.Options{
		Timeout:         openTimeout,
		FreelistType:    bbolt.FreelistMapType,
		InitialMmapSize: reserve(path),
	})
}

// reserve is how much address space to map for the file at path.
func reserve(path string) int {
	info, err := os.Stat(path)
	if err != nil || strconv.IntSize < 64 {
		return mapSize // a new file; or a machine whose address space is scarce
	}
	return max(mapSize, mapShare*int(info.Size()))
}

// OpenBoltReadOnly opens an existing database file for reading alone: Update returns ErrReadOnly. Several processes may
// do so at once, but none while the file is open for writing; take a Backup of a running one instead.
func OpenBoltReadOnly(path string) (*Bolt, error) {
	return openBolt(path, bbolt.Options{Timeout: openTimeout, ReadOnly: true})
}

func openBolt(path string, o bbolt.Options) (*Bolt, error) {
	_, statErr := os.Stat(path)
	created := errors.Is(statErr, os.ErrNotExist)
	db, err := openFile(path, &o)
	if errors.Is(err, berrors.ErrTimeout) {
		return nil, fmt.Errorf("opening the database: %w", inUse(path))
	}
	if err != nil {
		return nil, fmt.Errorf("opening the database %s: %w", path, err)
	}
	b := &Bolt{db: db, readOnly: o.ReadOnly, closed: make(chan struct{})}
	if err := b.secure(path, created); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	b.queue.init()
	if b.readOnly {
		b.queue.shut()
	} else {
		go b.commitLoop()
	}
	return b, nil
}

// openFile contains the panics by which bbolt answers to a damaged file.
func openFile(path string, o *bbolt.Options) (db *bbolt.DB, err error) {
	defer func() {
		if p := recover(); p != nil {
			db, err = nil, fmt.Errorf("the file is damaged: %v", p)
		}
	}()
	return bbolt.Open(path, 0o600, o)
}

// secure makes a new file's name durable and takes a standing one away from other users.
func (b *Bolt) secure(path string, created bool) error {
	if b.readOnly {
		return nil
	}
	if created {
		return SyncFolder(filepath.Dir(path))
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("checking the database's mode: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(path, 0o600); err != nil {
			return fmt.Errorf("narrowing the database's mode: %w", err)
		}
	}
	return nil
}

// enter lets a call in unless the database is closing; the caller leaves with b.inside.Done.
func (b *Bolt) enter() error {
	b.gate.Lock()
	defer b.gate.Unlock()
	if b.closing {
		return ErrClosed
	}
	b.inside.Add(1)
	return nil
}

// View implements DB.
func (b *Bolt) View(ctx context.Context, p Partition, fn func(Tx) error) error {
	return b.see(ctx, p, nil, fn)
}

func (b *Bolt) see(ctx context.Context, p Partition, writes *overlay, fn func(Tx) error) error {
	if err := check(ctx, p); err != nil {
		return err
	}
	if err := b.enter(); err != nil {
		return err
	}
	defer b.inside.Done()
	return b.db.View(func(btx *bbolt.Tx) error {
		tx := &boltTx{partition: p, bucket: btx.Bucket([]byte(p)), writes: writes}
		defer func() { tx.done = true }()
		return fn(tx)
	})
}

// Rehearse runs fn over the last commit of p and lets it write, and keeps nothing of what it wrote: what would be there
// can be looked at without changing the file, in a database opened for reading too.
func (b *Bolt) Rehearse(ctx context.Context, p Partition, fn func(Tx) error) error {
	return b.see(ctx, p, &overlay{}, fn)
}

// Update implements DB.
func (b *Bolt) Update(ctx context.Context, p Partition, fn func(Tx) error) error {
	if err := check(ctx, p); err != nil {
		return err
	}
	if b.readOnly {
		return ErrReadOnly
	}
	if err := b.enter(); err != nil {
		return err
	}
	defer b.inside.Done()
	r := &request{ctx: ctx, partition: p, fn: fn}
	return r.wait(b.queue.add(r))
}

func check(ctx context.Context, p Partition) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(p) == 0 || len(p) > MaxKey {
		return ErrPartition
	}
	return nil
}

// Watch implements DB. Watching a closed database gives a closed channel.
func (b *Bolt) Watch(p Partition, prefix []byte) (<-chan struct{}, func()) {
	return b.watchers.add(p, prefix)
}

// Backup implements DB. The copy is taken from one View: what is committed meanwhile is not in it.
func (b *Bolt) Backup(ctx context.Context, w io.Writer) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := b.enter(); err != nil {
		return err
	}
	defer b.inside.Done()
	to := &copyWriter{ctx: ctx, w: w}
	err := b.db.View(func(btx *bbolt.Tx) error {
		_, err := btx.WriteTo(to)
		return err
	})
	if to.err != nil {
		err = to.err
	}
	if err != nil {
		return fmt.Errorf("copying the database: %w", err)
	}
	return nil
}

// copyWriter lets a long copy end with its context, and keeps the writer's error, which bbolt reduces to text.
type copyWriter struct {
	ctx context.Context
	w   io.Writer
	err error
}

func (w *copyWriter) Write(p []byte) (n int, err error) {
	if err = w.ctx.Err(); err == nil {
		n, err = w.w.Write(p)
	}
	w.err = err
	return n, err
}

// Close implements DB.
func (b *Bolt) Close() error {
	b.gate.Lock()
	again := b.closing
	b.closing = true
	b.gate.Unlock()
	if again {
		<-b.closed
		return nil
	}
	defer close(b.closed)
	b.inside.Wait()
	b.queue.shut()
	if !b.readOnly {
		<-b.queue.drained
	}
	b.watchers.close()
	if err := b.db.Close(); err != nil {
		return fmt.Errorf("closing the database: %w", err)
	}
	return nil
}

var _ DB = (*Bolt)(nil)
