package label

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/pontlevis/pontlevis/merkle"
	"github.com/pontlevis/pontlevis/store"
)

// Proof shows that an entry is in the log: whoever has the log's verifier key checks it offline.
type Proof struct {
	Checkpoint string          `json:"checkpoint"` // the signed note that vouches for the tree
	Index      int64           `json:"index"`
	Entry      json.RawMessage `json:"entry"`  // the Record as it was logged
	Hashes     [][]byte        `json:"hashes"` // from the leaf's neighbour up (RFC 6962 §2.1.1), base64
}

// Consistency shows that the log continues its first Old entries: nothing of them was changed or removed.
type Consistency struct {
	Old        int64    `json:"old"`
	Hashes     [][]byte `json:"hashes"`
	Checkpoint string   `json:"checkpoint"` // of the later tree
}

// Checkpoint is the newest signed checkpoint. One's own log signs it anew every minute, with the date: whoever follows the
// log sees so that it is not kept from news.
func (l *Log) Checkpoint(ctx context.Context) ([]byte, error) {
	var signed []byte
	err := l.db.View(ctx, Partition, func(tx store.Tx) (err error) {
		signed, err = l.current(tx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the checkpoint of the label log: %w", err)
	}
	return signed, nil
}

// current is the checkpoint of the entries that a transaction sees.
func (l *Log) current(tx store.Tx) ([]byte, error) {
	head, ok := readHead(tx)
	if !ok {
		return nil, fmt.Errorf("no checkpoint yet: %w", ErrNotFound)
	}
	if l.o.follows() {
		return bytes.Clone(tx.Get(currentKey)), nil
	}
	now := l.o.Now()
	if s := l.signed.Load(); s != nil && s.size == head.Size && now.Sub(s.at).Abs() < signAgain {
		return s.note, nil
	}
	signed, err := l.checkpoint(head)
	if err == nil {
		l.signed.Store(&dated{signed, now, head.Size})
	}
	return signed, err
}

// Prove returns the proof that the log holds the entry of that index; ErrNotFound beyond its end.
func (l *Log) Prove(ctx context.Context, index int64) (Proof, error) {
	p := Proof{Index: index}
	err := l.db.View(ctx, Partition, func(tx store.Tx) error {
		head, ok := readHead(tx)
		if !ok || index < 0 || index >= head.Size {
			return fmt.Errorf("%d: %w", index, ErrNotFound)
		}
		raw, err := readEntry(tx, index)
		if err != nil {
			return err
		}
		hashes, err := tlog.ProveRecord(head.Size, index, rowsOf(tx))
		if err != nil {
			return err
		}
		signed, err := l.current(tx)
		p.Entry, p.Hashes, p.Checkpoint = raw, merkle.FromHashes(hashes), string(signed)
		return err
	})
	if err != nil {
		return Proof{}, fmt.Errorf("proving an entry of the label log: %w", err)
	}
	return p, nil
}

// ProveConsistency returns the proof that the log as it is now continues its first `old` entries.
func (l *Log) ProveConsistency(ctx context.Context, old int64) (Consistency, error) {
	c := Consistency{Old: old, Hashes: [][]byte{}}
	err := l.db.View(ctx, Partition, func(tx store.Tx) error {
		head, ok := readHead(tx)
		if !ok || old < 0 || old > head.Size {
			return fmt.Errorf("%d: %w", old, ErrNotFound)
		}
		if old > 0 {
			hashes, err := tlog.ProveTree(head.Size, old, rowsOf(tx))
			if err != nil {
				return err
			}
			c.Hashes = merkle.FromHashes(hashes)
		}
		signed, err := l.current(tx)
		c.Checkpoint = string(signed)
		return err
	})
	if err != nil {
		return Consistency{}, fmt.Errorf("proving that the label log goes on: %w", err)
	}
	return c, nil
}

// ParseProof reads a proof from a file or an answer.
func ParseProof(raw []byte) (Proof, error) { return parseAnswer[Proof](raw) }

// ParseConsistency reads what ProveConsistency gave, from a file or an answer.
func ParseConsistency(raw []byte) (Consistency, error) { return parseAnswer[Consistency](raw) }

func parseAnswer[T any](raw []byte) (v T, err error) {
	if len(raw) > 4*maxRecord {
		return v, fmt.Errorf("%w: the proof is too long", ErrEnvelope)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, fmt.Errorf("%w: this is no proof: %w", ErrEnvelope, err)
	}
	return v, nil
}

// VerifyProof checks a proof with the log's verifier key: the checkpoint is signed, and the tree it vouches for holds this
// very entry at this place. It returns what the entry says; who signed the label or the order in it is checked by the keys
// of the authority (Entry.Verify).
func VerifyProof(p Proof, verifierKey string) (Entry, merkle.Head, error) {
	known, err := merkle.Verifiers(verifierKey)
	if err != nil {
		return Entry{}, merkle.Head{}, err
	}
	head, err := merkle.Open([]byte(p.Checkpoint), known)
	if err != nil {
		return Entry{}, head, err
	}
	var raw bytes.Buffer // white space may have changed on its way
	if err := json.Compact(&raw, p.Entry); err != nil {
		return Entry{}, head, fmt.Errorf("%w: the entry is not JSON: %w", ErrEnvelope, err)
	}
	hashes, err := merkle.ToHashes(p.Hashes)
	if err != nil {
		return Entry{}, head, err
	}
	if p.Index < 0 || p.Index >= head.Size {
		return Entry{}, head, fmt.Errorf("entry %d of a log of %d entries: %w", p.Index, head.Size, ErrNotFound)
	}
	if err := tlog.CheckRecord(hashes, head.Size, head.Root, p.Index, tlog.RecordHash(raw.Bytes())); err != nil {
		return Entry{}, head, fmt.Errorf("entry %d is not in the log of this checkpoint, or was changed: %w", p.Index, err)
	}
	r, err := parseRecord(raw.Bytes())
	if err != nil {
		return Entry{}, head, err
	}
	e, err := entryOf(p.Index, r)
	return e, head, err
}

// Verify checks the signatures of an entry against the authority's keys of the moment it was logged.
func (e *Entry) Verify(t Trust) error {
	if e.Bundle != nil {
		_, err := e.Bundle.verify(t, e.At)
		return err
	}
	_, _, err := openOrder(e.Record.Order, t, e.At)
	return err
}

// VerifyConsistency checks that a log continues what an earlier checkpoint of it vouched for. Both must be signed.
func VerifyConsistency(earlier []byte, c Consistency, verifierKey string) error {
	known, err := merkle.Verifiers(verifierKey)
	if err != nil {
		return err
	}
	before, err := merkle.Open(earlier, known)
	if err != nil {
		return fmt.Errorf("the earlier checkpoint: %w", err)
	}
	after, err := merkle.Open([]byte(c.Checkpoint), known)
	if err != nil {
		return fmt.Errorf("the later checkpoint: %w", err)
	}
	switch {
	case before.Size != c.Old:
		return fmt.Errorf("the proof is for %d entries, the earlier checkpoint for %d", c.Old, before.Size)
	case before.Size > after.Size:
		return ErrRollback
	case before.Size == 0:
		return nil
	}
	hashes, err := merkle.ToHashes(c.Hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(hashes, after.Size, after.Root, before.Size, before.Root); err != nil {
		return fmt.Errorf("%w: it does not continue its first %d entries: %w", ErrSplit, before.Size, err)
	}
	return nil
}
