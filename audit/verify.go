package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/pontlevis/pontlevis/merkle"
	"github.com/pontlevis/pontlevis/store"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Verify recomputes the whole log from its entries and compares it with its hashes, indexes and signed checkpoints. The
// checkpoints `known`, which somebody kept elsewhere, are met too: they alone show that a log was set back to an earlier
// state as a whole. Entries that are appended meanwhile are left to the next time. The error is about the reading; what
// is wrong with the log is in the Result.
func (l *Log) Verify(ctx context.Context, verifierKey string, known ...[]byte) (Result, error) {
	if l.backlog != nil {
		if err := l.backlog.settle(ctx); err != nil {
			return Result{}, fmt.Errorf("verifying the access log: %w", err)
		}
	}
	return VerifyStore(ctx, l.db, append([]string{verifierKey}, l.o.Former...), known...)
}

// VerifyFile verifies the log in a bbolt file that no running server has open: a stopped one's, or a backup's. What a
// killed server left in the journal beside it (JournalOf) is verified with it; nothing is written.
func VerifyFile(ctx context.Context, path, verifierKey string, known ...[]byte) (r Result, err error) {
	var damage error
	db, err := store.OpenBoltReadOnly(path)
	if err != nil {
		return Result{}, fmt.Errorf("verifying the access log: %w", err)
	}
	defer func() {
		if e := db.Close(); err == nil {
			err = e
		}
	}()
	groups, err := journalAt(JournalOf(path))
	if err != nil {
		return Result{}, fmt.Errorf("verifying the access log: %w", err)
	}
	keys, err := verifiers(verifierKey)
	if err != nil {
		return Result{}, err
	}
	err = db.Rehearse(ctx, Partition, func(tx store.Tx) error {
		if damage = replayed(tx, groups, keys); damage != nil {
			return nil
		}
		r, err = verify(ctx, within{tx}, keys, known)
		return err
	})
	if damage == nil || err != nil {
		return r, err
	}
	if r, err = verify(ctx, db, keys, known); err == nil {
		r.find(Finding{Kind: Journal, Sequence: r.Size, Detail: damage.Error()})
	}
	return r, err
}

// replayed adds to a transaction that is never committed what a journal holds beyond it, as the next start will. The
// error tells of a journal that a start would refuse; then nothing was added.
func replayed(tx store.Tx, groups []journalled, keys note.Verifiers) error {
	head, ok := readState(tx)
	if !ok || len(groups) == 0 || groups[len(groups)-1].end() <= head.size {
		return nil
	}
	edge, err := loadEdge(tx, head.size)
	if err != nil {
		return err
	}
	_, _, err = replay(tx, groups, head, edge, keys)
	return err
}

// within gives a verification one transaction for all that it reads.
type within struct{ store.Tx }

func (w within) View(_ context.Context, _ store.Partition, fn func(store.Tx) error) error {
	return fn(w.Tx)
}

// VerifyStore is Verify on a store that no Log need be open over. Checkpoints may be signed by any of the keys.
func VerifyStore(ctx context.Context, db store.DB, verifierKeys []string, known ...[]byte) (Result, error) {
	keys, err := verifiers(verifierKeys...)
	if err != nil {
		return Result{}, err
	}
	return verify(ctx, db, keys, known)
}

// viewer is what a verification needs of a store.
type viewer interface {
	View(ctx context.Context, p store.Partition, fn func(store.Tx) error) error
}

func verify(ctx context.Context, db viewer, keys note.Verifiers, known [][]byte) (Result, error) {
	v := &verification{ctx: ctx, db: db, keys: keys, attested: map[int64]bool{}}
	v.Findings, v.Erased = []Finding{}, []int64{}
	for _, step := range []func() error{
		func() error { return v.readHead(known) },
		v.walkEntries,
		v.judgeLeaves,
		v.judgeErased,
		v.walkIndexes,
	} {
		if err := step(); err != nil {
			return Result{}, fmt.Errorf("verifying the access log: %w", err)
		}
	}
	slices.SortStableFunc(v.Findings, func(a, b Finding) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return v.Result, nil
}

// promise is a signed checkpoint that the log has to keep.
type promise struct {
	state
	from string // where it was found
}

// misfit is an entry whose leaf is not the stored one.
type misfit struct {
	seq              int64
	computed, stored tlog.Hash
}

type verification struct {
	ctx  context.Context
	db   viewer
	keys note.Verifiers
	Result

	promises []promise   // by size
	newest   *state      // of the current checkpoint, nil when it has no valid signature
	entries  merkle.Edge // the tree over what the entries say
	stored   merkle.Edge // the tree over what the leaf hashes say
	sound    int64       // the largest size at which a promise was met
	broken   bool        // a promise was not met by either tree
	misfits  []misfit
	erased   []int64
	attested map[int64]bool
	found    int64 // entries that both indexes lead to
}

// view reads in pieces, so that a long verification does not hold up a log that is being written.
func (v *verification) view(fn func(store.Tx) error) error {
	return v.db.View(v.ctx, Partition, fn)
}

// readHead reads size and checkpoints, and what stands beyond them.
func (v *verification) readHead(known [][]byte) error {
	return v.view(func(tx store.Tx) error {
		head, ok := readState(tx)
		if !ok {
			v.find(Finding{Kind: Head, Detail: "the log's head is missing"})
		}
		v.Size = head.size
		v.readNewest(tx, head)
		for key, signed := range tx.Scan([]byte{checkpointRow}, nil) {
			v.promise(seqOf(key), signed, "kept in the log")
		}
		for i, signed := range known {
			v.promise(-1, signed, fmt.Sprintf("given, number %d", i+1))
		}
		slices.SortStableFunc(v.promises, func(a, b promise) int { return cmp.Compare(a.size, b.size) })
		v.beyond(tx, entryRow, Added)
		v.beyond(tx, hashRow, Hash)
		return nil
	})
}

// readNewest checks the current checkpoint: it is written with each commit and so always fits the head.
func (v *verification) readNewest(tx store.Tx, head state) {
	s := v.promise(head.size, tx.Get(currentKey), "the newest")
	if s == nil {
		return
	}
	v.newest = s
	if s.size <= head.size && !s.is(head) {
		v.find(Finding{Kind: Head, Sequence: head.size, Detail: fmt.Sprintf("the newest checkpoint signs %d entries", s.size)})
	}
}

// promise notes a checkpoint that the tree must meet; nil when it cannot be trusted.
func (v *verification) promise(size int64, signed []byte, from string) *state {
	s, err := openCheckpoint(signed, v.keys)
	switch {
	case err != nil:
		v.find(Finding{Kind: Signature, Sequence: max(size, 0), Detail: fmt.Sprintf("checkpoint %s: %v", from, err)})
		return nil
	case size >= 0 && s.size != size && from != "the newest":
		v.find(Finding{Kind: Signature, Sequence: size, Detail: fmt.Sprintf("checkpoint %s signs %d entries instead", from, s.size)})
	}
	if v.Origin == "" {
		v.Origin, _, _ = parseCheckpoint(string(signed))
	}
	if s.size > v.Size {
		v.find(Finding{Kind: Larger, Sequence: v.Size, Through: s.size - 1, Detail: "checkpoint " + from})
	}
	v.promises = append(v.promises, promise{s, from})
	return &s
}

// beyond finds rows after the log's end.
func (v *verification) beyond(tx store.Tx, row byte, kind Kind) {
	for key := range tx.Scan([]byte{row}, seqKey(row, v.Size)) {
		v.find(Finding{Kind: kind, Sequence: seqOf(key), Detail: "beyond the log's end"})
	}
}

// pieceSize is how many entries one transaction reads.
const pieceSize = 2048

func (v *verification) walkEntries() error {
	v.meet()
	for from := int64(0); from < v.Size; from += pieceSize {
		err := v.view(func(tx store.Tx) error {
			for seq := from; seq < min(from+pieceSize, v.Size); seq++ {
				v.entry(tx, seq)
				v.meet()
			}
			return v.ctx.Err()
		})
		if err != nil {
			return err
		}
	}
	root := v.entries.Root()
	v.Root = root.String()
	return nil
}

// entry adds one entry to both trees and compares its hashes with the stored ones.
func (v *verification) entry(tx store.Tx, seq int64) {
	row := tx.Get(seqKey(hashRow, seq))
	computed, known := v.leaf(tx, seq)
	stored := computed
	if len(row) >= tlog.HashSize {
		stored = tlog.Hash(row[:tlog.HashSize])
	}
	if !known {
		computed = stored
	}
	var a, b [64 * tlog.HashSize]byte
	byEntries := v.entries.Add(computed, a[:0])
	byStored := v.stored.Add(stored, b[:0])
	switch {
	case computed != stored:
		v.misfits = append(v.misfits, misfit{seq, computed, stored})
	case string(row) != string(byEntries) && string(row) != string(byStored):
		v.find(Finding{Kind: Hash, Sequence: seq, Detail: "of a subtree that this entry completes"})
	case known:
		v.indexed(tx, seq)
	}
}

// leaf computes an entry's leaf from its salt and record; false when they are gone.
func (v *verification) leaf(tx store.Tx, seq int64) (tlog.Hash, bool) {
	row := tx.Get(seqKey(entryRow, seq))
	s, ok := parseSealed(row)
	switch {
	case row == nil:
		v.find(Finding{Kind: Removed, Sequence: seq})
		return tlog.Hash{}, false
	case !ok:
		v.find(Finding{Kind: Changed, Sequence: seq, Detail: "its row has no known form"})
		return tlog.Hash{}, false
	case s.erased:
		v.erased = append(v.erased, seq)
		return tlog.Hash{}, false
	}
	return leafHash(row[1:]), true
}

// indexed checks that an untouched entry is found by id and by patient, and notes what it says was erased.
func (v *verification) indexed(tx store.Tx, seq int64) {
	e, err := entryAt(tx, seq)
	if err != nil {
		v.find(Finding{Kind: Changed, Sequence: seq, Detail: err.Error()})
		return
	}
	byID, byTime := seqOf(tx.Get(idKey(e.ID))) == seq, tx.Get(timeKey(e.Patient, e.At, seq)) != nil
	byTime = byTime || tx.Get(formerKey(e.Patient, seq)) != nil // the next start rewrites it
	if byID && byTime {
		v.found++
	}
	if !byID {
		v.find(Finding{Kind: Index, Sequence: seq, Detail: "its id does not lead to it"})
	}
	if !byTime {
		v.find(Finding{Kind: Index, Sequence: seq, Detail: "its patient does not lead to it"})
	}
	for _, s := range e.Erased {
		v.attested[s] = true
	}
}

// meet compares the trees with the promises of their size. After the first that neither tree keeps, the later ones
// cannot be kept either and say nothing new.
func (v *verification) meet() {
	for len(v.promises) > 0 && v.promises[0].size == v.entries.Size {
		p := v.promises[0]
		v.promises = v.promises[1:]
		switch {
		case p.root == v.entries.Root() || p.root == v.stored.Root():
			v.Checkpoints++
			v.sound = p.size
		case !v.broken:
			v.broken = true
			v.find(Finding{Kind: Rewritten, Sequence: min(v.sound, max(p.size-1, 0)), Through: p.size - 1, Detail: "checkpoint " + p.from})
		}
	}
}

// judgeLeaves decides, where an entry and its leaf disagree, which of them was touched: the signed root tells.
func (v *verification) judgeLeaves() error {
	signed := func(f *merkle.Edge) bool { return v.newest != nil && v.newest.is(state{f.Size, f.Root()}) }
	at := make(map[tlog.Hash]int64, len(v.misfits))
	for _, m := range v.misfits {
		at[m.stored] = m.seq
	}
	for _, m := range v.misfits {
		home, moved := at[m.computed]
		switch {
		case signed(&v.entries):
			v.find(Finding{Kind: Hash, Sequence: m.seq, Detail: "of the entry's leaf"})
		case moved:
			v.find(Finding{Kind: Reordered, Sequence: m.seq, Detail: fmt.Sprintf("it is entry %d", home)})
		default:
			v.find(Finding{Kind: Changed, Sequence: m.seq, Detail: "the record or its salt"})
		}
	}
	return nil
}
