package audit

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"

	"github.com/pontlevis/pontlevis/merkle"
	"github.com/pontlevis/pontlevis/store"
	"golang.org/x/mod/sumdb/note"
)

// journalled is a group as it stands in a journal.
type journalled struct {
	first  int64
	signed []byte
	rows   [][]byte
}

func (g *journalled) end() int64 { return g.first + int64(len(g.rows)) }

// readJournal finds the whole groups of a journal, by the order of their entries. What is torn, or was overwritten in
// part, is none.
func readJournal(f io.ReaderAt, size int64) ([]journalled, error) {
	all := make([]byte, size)
	if _, err := f.ReadAt(all, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	var groups []journalled
	for at := int64(0); at < size; {
		g, length, ok := parseGroup(all[at:])
		if !ok {
			at += journalBlock
			continue
		}
		groups = append(groups, g)
		at += blocks(length)
	}
	slices.SortFunc(groups, func(a, b journalled) int { return cmp.Compare(a.first, b.first) })
	return groups, nil
}

// parseGroup reads the group at the beginning of b and tells its length.
func parseGroup(b []byte) (g journalled, length int64, ok bool) {
	if len(b) < journalHeader || !bytes.HasPrefix(b, []byte(journalMagic)) {
		return g, 0, false
	}
	payload := int64(binary.BigEndian.Uint32(b[12:]))
	if payload > int64(len(b)-journalHeader) {
		return g, 0, false
	}
	length = journalHeader + payload
	if crc32.Checksum(b[12:length], castagnoli) != binary.BigEndian.Uint32(b[8:]) {
		return g, 0, false
	}
	g.first = int64(binary.BigEndian.Uint64(b[16:]))
	parts := b[journalHeader:length]
	for n := int64(binary.BigEndian.Uint32(b[24:])) + 1; n > 0; n-- {
		if len(parts) < 4 || uint64(binary.BigEndian.Uint32(parts)) > uint64(len(parts)-4) {
			return g, 0, false
		}
		end := 4 + int(binary.BigEndian.Uint32(parts))
		g.rows, parts = append(g.rows, parts[4:end:end]), parts[end:]
	}
	g.signed, g.rows = g.rows[0], g.rows[1:]
	return g, length, len(parts) == 0 && g.first >= 0 && len(g.rows) > 0
}

// outstanding returns the groups that a store whose log has that size lacks. Each continues the one before it: one that
// is missing between others was not torn by a crash, for those after it were written only once it was durable.
func outstanding(groups []journalled, size int64) ([]journalled, error) {
	groups = slices.DeleteFunc(slices.Clone(groups), func(g journalled) bool { return g.end() <= size })
	for _, g := range groups {
		if g.first != size {
			return nil, fmt.Errorf("the journal goes on at entry %d, the log ends at %d: %w", g.first, size, ErrDamaged)
		}
		size = g.end()
	}
	return groups, nil
}

// replay writes to the store what a journal holds beyond it and returns the tree then. Nothing is taken that a signed
// checkpoint does not vouch for.
func replay(tx store.Tx, groups []journalled, head state, edge merkle.Edge, known note.Verifiers) (state, merkle.Edge, error) {
	groups, err := outstanding(groups, head.size)
	if err != nil {
		return head, edge, err
	}
	var room scratch
	for _, g := range groups {
		next := edge.Clone()
		for _, row := range g.rows {
			d, err := draftOf(row)
			if err != nil {
				return head, edge, fmt.Errorf("entry %d of the journal: %w", next.Size, err)
			}
			seq := next.Size
			d.hashes = next.Add(d.leaf, room.hashes[:0])
			if err := d.write(tx, seq, &room); err != nil {
				return head, edge, err
			}
		}
		after := state{next.Size, next.Root()}
		if s, err := openCheckpoint(g.signed, known); err != nil {
			return head, edge, fmt.Errorf("the journal's checkpoint of %d entries: %w: %w", after.size, ErrDamaged, err)
		} else if !s.is(after) {
			return head, edge, fmt.Errorf("the journal's entries %d to %d are not those signed: %w", g.first, g.end()-1, ErrDamaged)
		}
		head, edge = after, next
		if err := putHead(tx, head, g.signed, false); err != nil {
			return head, edge, err
		}
	}
	return head, edge, nil
}

// draftOf makes a draft of an entry row again.
func draftOf(row []byte) (draft, error) {
	s, ok := parseSealed(row)
	if !ok || s.erased {
		return draft{}, fmt.Errorf("its row has no known form: %w", ErrDamaged)
	}
	e, err := decode(0, s.record)
	if err != nil {
		return draft{}, err
	}
	return draft{id: e.ID, patient: e.Patient, at: e.At, row: row, leaf: leafHash(row[1:])}, nil
}

// journalAt reads the journal of a database file that no server has open; none is an empty one.
func journalAt(path string) ([]journalled, error) {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	return readJournal(f, info.Size())
}
