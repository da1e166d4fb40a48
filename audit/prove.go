package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/pontlevis/pontlevis/merkle"
	"github.com/pontlevis/pontlevis/store"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Proof shows that an entry is in the log: anyone who has the log's verifier key can check it offline.
type Proof struct {
	// Checkpoint is the signed note that vouches for the tree.
	Checkpoint string `json:"checkpoint"`
	Inclusion
}

// Inclusion is an entry with its way up to the root.
type Inclusion struct {
	Sequence int64           `json:"sequence"`
	Salt     []byte          `json:"salt"`   // 16 bytes, base64 in JSON
	Record   json.RawMessage `json:"record"` // the entry as it was logged, byte for byte
	Hashes   [][]byte        `json:"hashes"` // from the leaf's neighbour up (RFC 6962 §2.1.1), base64 in JSON
}

// Entry returns what the record says.
func (i Inclusion) Entry() (Entry, error) { return decode(i.Sequence, i.Record) }

// Prove returns the proof that the entry with that id is in the log; ErrNotFound when it is not, or was erased.
func (l *Log) Prove(ctx context.Context, id string) (Proof, error) {
	var p Proof
	err := l.view(ctx, func(tx store.Tx) error {
		seq := seqOf(tx.Get(idKey(id)))
		if seq < 0 {
			return fmt.Errorf("%q: %w", id, ErrNotFound)
		}
		head, ok := readState(tx)
		if !ok {
			return ErrDamaged
		}
		i, err := include(tx, head.size, seq)
		p = Proof{Checkpoint: string(tx.Get(currentKey)), Inclusion: i}
		return err
	})
	if err != nil {
		return Proof{}, fmt.Errorf("proving an entry: %w", err)
	}
	return p, nil
}

// include proves that the tree of that size holds an entry.
func include(tx store.Tx, size, seq int64) (Inclusion, error) {
	s, err := sealedAt(tx, seq)
	if err != nil {
		return Inclusion{}, err
	}
	hashes, err := tlog.ProveRecord(size, seq, hashReader{tx})
	if err != nil {
		return Inclusion{}, fmt.Errorf("proving entry %d: %w", seq, err)
	}
	return Inclusion{seq, bytes.Clone(s.salt), bytes.Clone(s.record), merkle.FromHashes(hashes)}, nil
}

// VerifyProof checks a proof with the log's verifier key: the checkpoint is signed, and the tree it vouches for holds
// this very record at this place.
func VerifyProof(p Proof, verifierKey string) error {
	keys, err := verifiers(verifierKey)
	if err != nil {
		return err
	}
	return p.verify(p.Checkpoint, keys)
}

func (i *Inclusion) verify(checkpoint string, keys note.Verifiers) error {
	s, err := openCheckpoint([]byte(checkpoint), keys)
	if err != nil {
		return err
	}
	return i.within(s)
}

// within checks the entry against a tree that is vouched for. White space around the record's JSON may have changed on
// its way.
func (i *Inclusion) within(s state) error {
	if len(i.Salt) != saltSize {
		return fmt.Errorf("entry %d: its salt is not %d bytes", i.Sequence, saltSize)
	}
	var record bytes.Buffer
	if err := json.Compact(&record, i.Record); err != nil {
		return fmt.Errorf("entry %d: its record is not JSON: %w", i.Sequence, err)
	}
	hashes, err := merkle.ToHashes(i.Hashes)
	if err != nil {
		return fmt.Errorf("entry %d: %w", i.Sequence, err)
	}
	if err := tlog.CheckRecord(hashes, s.size, s.root, i.Sequence, leafHash(slices.Concat(i.Salt, record.Bytes()))); err != nil {
		return fmt.Errorf("entry %d is not in the log of this checkpoint, or was changed: %w", i.Sequence, err)
	}
	return nil
}

// Consistency shows that a later tree continues an earlier one: nothing of the earlier was changed or removed.
type Consistency struct {
	Old    int64    `json:"old"` // size of the earlier tree
	Hashes [][]byte `json:"hashes"`
	// Checkpoint is the signed note of the later tree.
	Checkpoint string `json:"checkpoint"`
}

// ProveConsistency returns the proof that the log as it is now continues its first `old` entries.
func (l *Log) ProveConsistency(ctx context.Context, old int64) (Consistency, error) {
	c := Consistency{Old: old}
	err := l.view(ctx, func(tx store.Tx) error {
		head, ok := readState(tx)
		if !ok {
			return ErrDamaged
		}
		if old < 0 || old > head.size {
			return fmt.Errorf("the log has %d entries, not %d", head.size, old)
		}
		c.Checkpoint = string(tx.Get(currentKey))
		if old == 0 {
			return nil
		}
		hashes, err := tlog.ProveTree(head.size, old, hashReader{tx})
		c.Hashes = merkle.FromHashes(hashes)
		return err
	})
	if err != nil {
		return Consistency{}, fmt.Errorf("proving consistency: %w", err)
	}
	return c, nil
}

// VerifyConsistency checks that a log continues what an earlier checkpoint of it vouched for. Both must be signed.
func VerifyConsistency(earlier []byte, c Consistency, verifierKey string) error {
	keys, err := verifiers(verifierKey)
	if err != nil {
		return err
	}
	before, err := openCheckpoint(earlier, keys)
	if err != nil {
		return fmt.Errorf("the earlier checkpoint: %w", err)
	}
	after, err := openCheckpoint([]byte(c.Checkpoint), keys)
	if err != nil {
		return fmt.Errorf("the later checkpoint: %w", err)
	}
	switch {
	case before.size != c.Old:
		return fmt.Errorf("the proof is for %d entries, the earlier checkpoint for %d", c.Old, before.size)
	case before.size > after.size:
		return errors.New("the log has become shorter")
	case before.size == 0:
		return nil
	}
	hashes, err := merkle.ToHashes(c.Hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(hashes, after.size, after.root, before.size, before.root); err != nil {
		return fmt.Errorf("the log does not continue its first %d entries: %w", before.size, err)
	}
	return nil
}
