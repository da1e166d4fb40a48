package audit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/pontlevis/pontlevis/store"
)

// A journal is a file of fixed length beside the store, written round and round, in which a group of entries becomes
// durable by one write in place and one sync; the store takes them over later, many groups at a time (backlog.go). Each
// group begins at a block of its own, so that no byte of an acknowledged group is ever written again while it counts:
// what a crash can tear is the last group, which nobody was told of.
//
//	magic (8) ‖ CRC-32C of all that follows (4) ‖ length of what follows the header (4) ‖ sequence of its first entry (8)
//	‖ number of entries (4), then the signed checkpoint after the group and the entry rows, each with its length (4)
//
// Numbers are big endian. Whether a group still counts is told by the store's head: what it holds has been taken over.
const (
	journalMagic  = "\x00pvlog\xff\x01" // no JSON holds these bytes
	journalHeader = 8 + 4 + 4 + 8 + 4
	journalBlock  = 4096
	// journalSize is the length of a new journal. Half of it is what the store takes over at once at a high rate, about
	// ten thousand entries.
	journalSize = 16 << 20
	minJournal  = 128 << 10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// journalFile is what a journal needs of its file.
type journalFile interface {
	ReadAt(b []byte, at int64) (int, error)
	WriteAt(b []byte, at int64) (int, error)
	datasync() error
	Close() error
}

// osFile is a journalFile of the system.
type osFile struct{ *os.File }

type journal struct {
	f        journalFile
	size     int64
	next     int64 // where the next group begins, counted on and on; its place is the remainder by size
	failed   bool  // a group whose write failed, and that nobody was told of, may stand at failedAt
	failedAt int64
	broken   error  // why nothing may be promised any more
	buf      []byte // the group being written
	count    uint32
}

// JournalOf names the journal that belongs to the database file of a log.
func JournalOf(database string) string {
	return strings.TrimSuffix(database, filepath.Ext(database)) + ".journal"
}

// openJournal opens the journal at path, or makes one of that length. The database beside it keeps other processes out.
func openJournal(path string, size int64) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if f, err = makeJournal(path, size); err != nil {
			return nil, fmt.Errorf("making the journal: %w", err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("opening the journal: %w", err)
	}
	info, err := f.Stat()
	if err == nil && (info.Size() == 0 || info.Size()%journalBlock != 0) {
		err = fmt.Errorf("the journal %s has %d bytes, not a number of blocks: %w", path, info.Size(), ErrDamaged)
	}
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = f.Chmod(0o600)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &journal{f: osFile{f}, size: info.Size()}, nil
}

// makeJournal writes the whole file before it gets its name, so that later syncs have no length and no block to note.
func makeJournal(path string, size int64) (*os.File, error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".journal-*") // mode 0600
	if err != nil {
		return nil, err
	}
	zeros := make([]byte, 1<<20)
	for at := int64(0); at < size && err == nil; at += int64(len(zeros)) {
		_, err = f.WriteAt(zeros[:min(size-at, int64(len(zeros)))], at)
	}
	err = errors.Join(err, f.Sync())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	if err := store.SyncFolder(dir); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// blocks rounds up to whole blocks.
func blocks(n int64) int64 { return (n + journalBlock - 1) / journalBlock * journalBlock }

// takes reports whether a group is small enough: several must have room, or each would wait for the store.
func (j *journal) takes(rowBytes, entries int) bool {
	return journalHeader+journalBlock+int64(rowBytes)+4*int64(entries) <= j.size/4
}

// begin starts a group.
func (j *journal) begin(first int64, signed []byte) {
	b := append(j.buf[:0], journalMagic...)
	b = append(b, make([]byte, 8)...)
	b = binary.BigEndian.AppendUint64(b, uint64(first))
	b = binary.BigEndian.AppendUint32(b, 0)
	j.buf, j.count = appendPart(b, signed), 0
}

func appendPart(b, part []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(part))), part...)
}

// add puts an entry row into the group.
func (j *journal) add(row []byte) {
	j.buf = appendPart(j.buf, row)
	j.count++
}

// place returns where the group that was begun will stand and end.
func (j *journal) place() (from, to int64) {
	length := blocks(int64(len(j.buf)))
	from = j.next
	if left := j.size - from%j.size; left < length {
		from += left // it does not fit before the end of the file
	}
	return from, from + length
}

// write makes the group durable at its place. After an input or output error the kernel may have dropped what it could
// not write and call the next sync a success: nothing is promised any more until the log is opened again.
func (j *journal) write(from, to int64) error {
	if err := j.forgetFailed(); err != nil {
		return err
	}
	b := j.buf
	binary.BigEndian.PutUint32(b[12:], uint32(len(b)-journalHeader))
	binary.BigEndian.PutUint32(b[24:], j.count)
	binary.BigEndian.PutUint32(b[8:], crc32.Checksum(b[12:], castagnoli))
	_, err := j.f.WriteAt(b, from%j.size)
	if err == nil {
		err = j.f.datasync()
	}
	if err != nil {
		j.failed, j.failedAt = true, from%j.size
		return j.fail(err)
	}
	j.next = to
	return nil
}

func (j *journal) fail(err error) error {
	err = fmt.Errorf("writing the journal: %w", err)
	if errors.Is(err, syscall.EIO) {
		j.broken = fmt.Errorf("writing failed before, open the log again: %w", err)
	}
	return err
}

// forgetFailed makes sure that a group whose write failed is never found, before another takes its sequences.
func (j *journal) forgetFailed() error {
	if !j.failed || j.broken != nil {
		return j.broken
	}
	if _, err := j.f.WriteAt(make([]byte, journalHeader), j.failedAt); err != nil {
		return j.fail(err)
	}
	if err := j.f.datasync(); err != nil {
		return j.fail(err)
	}
	j.failed = false
	return nil
}

// wipe overwrites the whole journal; nothing in it may count any more.
func (j *journal) wipe() error {
	zeros := make([]byte, min(j.size, 1<<20))
	for at := int64(0); at < j.size; at += int64(len(zeros)) {
		if _, err := j.f.WriteAt(zeros[:min(j.size-at, int64(len(zeros)))], at); err != nil {
			return j.fail(err)
		}
	}
	if err := j.f.datasync(); err != nil {
		return j.fail(err)
	}
	j.failed = false
	return nil
}

func (j *journal) close() error {
	if err := j.f.Close(); err != nil {
		return fmt.Errorf("closing the journal: %w", err)
	}
	return nil
}
