package audit

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/pontlevis/pontlevis/merkle"
	"github.com/pontlevis/pontlevis/store"
)

// attestedFormat names the form of a history as it was shown, and its version.
const attestedFormat = "pontlevis access history 2"

// Excerpt is a part of the log as a reader was shown it.
type Excerpt struct {
	Patient      string
	Since, Until time.Time // what was asked for; zero: unbounded
	Made         time.Time
	Events       []Event // in the order in which they are shown
}

// Event is an entry of the log as a reader was shown it: an AuditEvent without what they may not know of.
type Event struct {
	ID   string          // decision id
	Body json.RawMessage // FHIR JSON
}

// Attested is a history as its reader was shown it, that anybody who has the log's verifier key can check offline. Each
// entry comes with the commitment that stands in the log for what was written there, and with that commitment's way up to
// the signed root; the log signs that it showed just these entries. What was written is not told, since the reader may
// not know all of it, and since no entry may look different for that.
type Attested struct {
	Format  string  `json:"format"`
	Log     string  `json:"log"`     // the log's origin
	Key     string  `json:"key"`     // the verifier key; to be compared with the one the log publishes
	Patient string  `json:"patient"` // logical id
	Signed  string  `json:"signed"`  // the Statement, a signed note
	Entries []Shown `json:"entries"`
}

// Shown is one entry of an Attested history.
type Shown struct {
	Sequence int64           `json:"sequence"` // place in the log
	Leaf     []byte          `json:"leaf"`     // hash of the commitment to what the log says (RFC 6962 §2.1), base64 in JSON
	Hashes   [][]byte        `json:"hashes"`   // from the leaf's neighbour up (RFC 6962 §2.1.1)
	Event    json.RawMessage `json:"event"`    // AuditEvent
}

// Attest proves and signs an excerpt. Entries that were erased meanwhile are left out. ErrDamaged when the log does not
// hold what it should.
func (l *Log) Attest(ctx context.Context, x Excerpt) (*Attested, error) {
	out := &Attested{Format: attestedFormat, Log: l.origin, Key: l.vkey, Patient: x.Patient, Entries: []Shown{}}
	s := Statement{Origin: l.origin, Patient: x.Patient, Made: x.Made.UTC().Truncate(time.Second), Since: x.Since, Until: x.Until}
	err := l.view(ctx, func(tx store.Tx) error {
		head, ok := readState(tx)
		if !ok {
			return ErrDamaged
		}
		s.Size, s.Root = head.size, head.root
		for _, event := range x.Events {
			if err := ctx.Err(); err != nil {
				return err
			}
			one, err := show(tx, head.size, x.Patient, event)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			out.Entries = append(out.Entries, one)
		}
		return nil
	})
	if err == nil {
		s.Entries, s.Digest = len(out.Entries), digestOf(out.Entries)
		out.Signed, err = l.state(&s)
	}
	if err != nil {
		return nil, fmt.Errorf("attesting a history: %w", err)
	}
	return out, nil
}

func show(tx store.Tx, size int64, patient string, event Event) (Shown, error) {
	entry, err := entryOf(tx, event.ID)
	if err != nil {
		return Shown{}, err
	}
	seq := entry.Sequence
	if entry.Patient != patient {
		return Shown{}, fmt.Errorf("entry %d is of another patient", seq)
	}
	row := tx.Get(seqKey(hashRow, seq))
	if len(row) < tlog.HashSize {
		return Shown{}, ErrDamaged
	}
	hashes, err := tlog.ProveRecord(size, seq, hashReader{tx})
	if err != nil {
		return Shown{}, fmt.Errorf("proving entry %d: %w", seq, err)
	}
	var body bytes.Buffer
	if err := json.Compact(&body, event.Body); err != nil {
		return Shown{}, fmt.Errorf("entry %d as it was shown: %w", seq, err)
	}
	return Shown{seq, bytes.Clone(row[:tlog.HashSize]), merkle.FromHashes(hashes), body.Bytes()}, nil
}

// digestOf is the root of a tree over the entries in their order (RFC 6962 §2.1): place, commitment, and compact event.
func digestOf(entries []Shown) tlog.Hash {
	var f merkle.Edge
	for _, e := range entries {
		data := binary.BigEndian.AppendUint64(nil, uint64(e.Sequence))
		data = append(append(data, e.Leaf...), e.Event...)
		f.Add(tlog.RecordHash(data), nil)
	}
	return f.Root()
}

// VerifyAttested checks a history that Attest made with the verifier key of the log, as the log publishes it, and returns
// what the log signed of it. The error says what does not hold. White space around the JSON may have changed on its way.
func VerifyAttested(b []byte, verifierKey string) (Statement, error) {
	if len(b) > maxExport {
		return Statement{}, fmt.Errorf("the history is longer than %d bytes", maxExport)
	}
	var x Attested
	if err := json.Unmarshal(b, &x); err != nil {
		return Statement{}, fmt.Errorf("reading the history: %w", err)
	}
	if x.Format != attestedFormat {
		return Statement{}, fmt.Errorf("reading the history: it is not a %q", attestedFormat)
	}
	s, err := ReadStatement(x.Signed, verifierKey)
	if err != nil {
		return Statement{}, err
	}
	seen := make(map[int64]bool, len(x.Entries))
	for k := range x.Entries {
		e := &x.Entries[k]
		if seen[e.Sequence] {
			return Statement{}, fmt.Errorf("entry %d comes twice", e.Sequence)
		}
		seen[e.Sequence] = true
		if err := e.within(s); err != nil {
			return Statement{}, err
		}
	}
	switch {
	case s.Patient != x.Patient || s.Origin != x.Log:
		return Statement{}, errors.New("the history is not of the person, or of the log, that was signed")
	case s.Entries != len(x.Entries):
		return Statement{}, fmt.Errorf("the history has %d entries, of %d that were shown", len(x.Entries), s.Entries)
	case digestOf(x.Entries) != s.Digest:
		return Statement{}, errors.New("the entries are not those that were shown, or not in their order")
	}
	return s, nil
}

// within checks that the tree of a statement holds an entry's commitment, and makes its event compact.
func (e *Shown) within(s Statement) error {
	hashes, err := merkle.ToHashes(e.Hashes)
	if err != nil {
		return fmt.Errorf("entry %d: %w", e.Sequence, err)
	}
	if len(e.Leaf) != tlog.HashSize {
		return fmt.Errorf("entry %d: its commitment is no hash", e.Sequence)
	}
	if err := tlog.CheckRecord(hashes, s.Size, s.Root, e.Sequence, tlog.Hash(e.Leaf)); err != nil {
		return fmt.Errorf("entry %d is not in the log of this statement: %w", e.Sequence, err)
	}
	var body bytes.Buffer
	if err := json.Compact(&body, e.Event); err != nil {
		return fmt.Errorf("entry %d: it is not JSON: %w", e.Sequence, err)
	}
	e.Event = body.Bytes()
	return nil
}
