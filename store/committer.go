package store

import (
	"errors"
	"fmt"
	"syscall"

	"go.etcd.io/bbolt"
)

// maxCommit bounds the bytes that wait in memory for one file transaction; a group that writes more takes several.
const maxCommit = 64 << 20

const (
	// bulk is the size of a file transaction that only a load, or a log under way, makes.
	bulk = 256 << 10
	// packed is how full pages are left by one.
	packed = 0.9
)

// commitLoop serves one group after the other. While one is being written to disk the next gathers, which is what lets
// many Updates share an fdatasync without any of them waiting for company.
func (b *Bolt) commitLoop() {
	var current *group
	finished := false
	defer func() {
		if !finished { // a function called runtime.Goexit: serve the others of its group in a new goroutine
			go b.resume(current)
		}
	}()
	for current = b.queue.next(); current != nil; current = b.queue.next() {
		b.serve(current)
	}
	finished = true
	close(b.queue.drained)
}

// resume serves again a group that a Goexit interrupted, then goes on as commitLoop.
func (b *Bolt) resume(g *group) {
	finished := false
	defer func() {
		if !finished {
			go b.resume(g)
		}
	}()
	b.serve(g)
	finished = true
	b.commitLoop()
}

// serve runs and commits a group and wakes its callers, all at once.
func (b *Bolt) serve(g *group) {
	for rest := g.requests; len(rest) > 0; {
		n, err := b.commitSome(rest)
		settle(rest[:n], err)
		rest = rest[n:]
	}
	close(g.done)
}

// commitSome runs requests in one file transaction until its bytes reach maxCommit, and commits it if anything was
// written. It returns how many requests it served.
func (b *Bolt) commitSome(requests []*request) (served int, err error) {
	if b.broken != nil {
		return len(requests), b.broken
	}
	btx, err := b.db.Begin(true)
	if err != nil {
		return len(requests), err
	}
	// After a commit this does nothing; after a failed one, a panic or a Goexit it releases the file's write lock.
	defer func() { _ = btx.Rollback() }()
	var kept []*boltTx
	written := 0
	for ; served < len(requests) && written < maxCommit; served++ {
		r := requests[served]
		if !r.take() {
			continue
		}
		tx := &boltTx{partition: r.partition, bucket: btx.Bucket([]byte(r.partition)), writes: &overlay{}}
		if !r.run(tx) || tx.writes.written == 0 {
			continue
		}
		kept = append(kept, tx)
		written += tx.writes.written
		if err := apply(btx, tx); err != nil {
			return served + 1, err
		}
	}
	if len(kept) == 0 {
		return served, nil
	}
	if written >= bulk {
		pack(kept)
	}
	err = b.commit(btx)
	for _, tx := range kept {
		b.dates.pass(tx.partition) // also when it failed: the change may show later
	}
	if err != nil {
		return served, err
	}
	for _, tx := range kept {
		b.watchers.tell(tx.partition, tx.writes.changes())
	}
	return served, nil
}

// pack has the pages that a bulk of writes splits filled well: what comes in bulk comes mostly in order, and nothing more
// will go where it went. bbolt otherwise leaves each page half empty.
func pack(kept []*boltTx) {
	for _, tx := range kept {
		if tx.bucket != nil {
			tx.bucket.FillPercent = packed
		}
	}
}

// apply writes an overlay to the file transaction.
func apply(btx *bbolt.Tx, tx *boltTx) (err error) {
	bucket := tx.bucket
	if bucket == nil {
		if bucket, err = btx.CreateBucket([]byte(tx.partition)); err != nil {
			return err
		}
	}
	for _, c := range tx.writes.changes() {
		if c.value == nil {
			err = bucket.Delete(c.key)
		} else {
			err = bucket.Put(c.key, c.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// commit makes the file transaction durable. After an input/output error the kernel may have dropped the pages it could
// not write and call the next sync a success, so that nothing may be promised until the file is opened again; a full
// disk passes. A panic of bbolt means that it found the file damaged.
func (b *Bolt) commit(btx *bbolt.Tx) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the file is damaged: %v", p)
			b.broken = err
		}
	}()
	err = btx.Commit()
	if errors.Is(err, syscall.EIO) {
		b.broken = fmt.Errorf("writing failed before, open the database again: %w", err)
	}
	return err
}
