package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"iter"
)

// Limits that every engine holds, so that no caller comes to rely on more than the smallest of them.
const (
	// MaxKey is the longest key in bytes. It keeps several keys on one page of the file.
	MaxKey = 4096
	// MaxValue is the longest value in bytes. It stops one document from taking the memory of the whole process.
	MaxValue = 64 << 20
)

// Errors that callers compare with errors.Is.
var (
	// ErrClosed says that the database was closed, or is being closed.
	ErrClosed = errors.New("store: closed")
	// ErrReadOnly says that a write was tried in a View, or on a database opened for reading.
	ErrReadOnly = errors.New("store: read only")
	// ErrKey says that a key is empty or longer than MaxKey.
	ErrKey = errors.New("store: key is empty or too long")
	// ErrValue says that a value is longer than MaxValue.
	ErrValue = errors.New("store: value is too long")
	// ErrPartition says that a partition's name is empty or longer than MaxKey.
	ErrPartition = errors.New("store: partition name is empty or too long")
	// ErrDone says that a transaction was used after it ended.
	ErrDone = errors.New("store: transaction has ended")
	// ErrInUse says that another process holds the file; see InUseError for who.
	ErrInUse = errors.New("store: in use by another process")
)

// Partition names a part of the key space that transactions are confined to.
type Partition string

// Global holds what belongs to no patient and no token: the catalogue, clients, the directory.
const Global Partition = "global"

// PatientPartition returns the partition that holds the records of a patient, one of 256. Patients share it, so the
// keys in it begin with the patient.
func PatientPartition(patient string) Partition { return shard(patientShards, patient) }

// TokenPartition returns the partition that holds what a token's signature leads to, one of 256.
func TokenPartition(signature string) Partition { return shard(tokenShards, signature) }

// shard spreads names evenly and for ever: the partition of a name must never change once data is stored under it.
func shard(prefix, name string) Partition {
	sum := sha256.Sum256([]byte(name))
	return shards[prefix][sum[0]]
}

const patientShards, tokenShards = "patient/", "token/"

// shards are the names of the partitions that names are spread over.
var shards = func() map[string]*[256]Partition {
	out := map[string]*[256]Partition{}
	for _, prefix := range []string{patientShards, tokenShards} {
		out[prefix] = new([256]Partition)
		for i := range out[prefix] {
			out[prefix][i] = Partition(prefix + hex.EncodeToString([]byte{byte(i)}))
		}
	}
	return out
}()

// Tx is a transaction over one partition. It belongs to the function that received it and ends with it: afterwards
// Put and Delete return ErrDone, and reads panic, because an answer "absent" could open what it should close.
//
// Keys and values that Get, Scan and ScanBack give are the engine's own memory: valid until the transaction ends, and
// never to be modified. Put and Delete copy what they are given.
type Tx interface {
	// Get returns the value of key, nil when it is absent. A value that is present and empty is not nil.
	Get(key []byte) []byte
	// Put sets the value of key. It returns ErrReadOnly in a View, ErrKey or ErrValue for what is out of bounds.
	Put(key, value []byte) error
	// Delete removes key. Removing what is absent is no error. It returns ErrReadOnly in a View, ErrKey.
	Delete(key []byte) error
	// Scan yields, in ascending order, the keys that begin with prefix (nil: all), from the key `from` on (inclusive;
	// nil: from the start). The scan shows the transaction as it was when the scan began: writes during it are safe and do
	// not show in it.
	Scan(prefix, from []byte) iter.Seq2[[]byte, []byte]
	// ScanBack yields, in descending order, the keys that begin with prefix (nil: all) and are less than `from` (nil: from
	// the end). Writes during the scan are safe and do not show in it.
	ScanBack(prefix, from []byte) iter.Seq2[[]byte, []byte]
}

// DB is a set of partitions. All its methods may be called from many goroutines at once.
type DB interface {
	// View runs fn over the last commit of p and returns its error. Views should be short, and must not call Update: the
	// file may have to wait for all Views before it grows.
	View(ctx context.Context, p Partition, fn func(Tx) error) error
	// Update runs fn over p and commits what it wrote; when it returns nil the change is on disk (fdatasync). Updates are
	// serialisable; those that wait at the same time share one commit. An error of fn is returned and undoes the writes of
	// fn alone; a panic of fn likewise, and goes on in the caller. When the commit itself fails, the error says so and
	// the change may or may not show later.
	//
	// fn may run more than once and must neither block nor call the database. A context that ends before fn has begun
	// returns its error; afterwards it is not looked at.
	Update(ctx context.Context, p Partition, fn func(Tx) error) error
	// Watch returns a channel that receives after a commit that wrote or deleted a key of p with the prefix (nil: any).
	// It is a hint: several commits may give one value, and one commit without effect may give one. The caller ends it
	// with stop, which closes the channel, as closing the database does.
	Watch(p Partition, prefix []byte) (changed <-chan struct{}, stop func())
	// Backup writes a consistent copy of the whole database, which can be opened like the original.
	Backup(ctx context.Context, w io.Writer) error
	// Close waits for what has begun, then releases the database. Later calls return ErrClosed; a second Close nil.
	Close() error
}
