// Package badger says that badger is not part of this binary.
//
// Caddy's PKI app reaches badger through smallstep/nosql, which offers it beside bbolt; Caddy itself always
// opens bbolt. Badger's old versions need a cache library (dgraph-io/ristretto before generics) that fosite
// needs in a later, incompatible version, and Go allows one. This module stands in badger's place (a replace
// directive in go.mod), so that a bare go build works; opening a database answers ErrAbsent.
package badger

import (
	"errors"

	"github.com/dgraph-io/badger/options"
)

// ErrAbsent is what every attempt to open a database answers.
var ErrAbsent = errors.New("badger is not built into this binary: use bbolt")

// Errors that callers compare with; none is ever returned.
var (
	ErrKeyNotFound        = errors.New("key not found")
	ErrInvalidLoadingMode = errors.New("invalid loading mode")
)

// Options are the settings that callers fill in before Open.
type Options struct {
	ValueDir            string
	TableLoadingMode    options.FileLoadingMode
	ValueLogLoadingMode options.FileLoadingMode
}

// DefaultOptions returns empty options.
func DefaultOptions(string) Options { return Options{} }

// Open always returns ErrAbsent.
func Open(Options) (*DB, error) { return nil, ErrAbsent }

// DB is never opened; its methods answer ErrAbsent.
type DB struct{}

func (*DB) Close() error                  { return ErrAbsent }
func (*DB) View(func(*Txn) error) error   { return ErrAbsent }
func (*DB) Update(func(*Txn) error) error { return ErrAbsent }
func (*DB) RunValueLogGC(float64) error   { return ErrAbsent }
func (*DB) NewTransaction(bool) *Txn      { return &Txn{} }

// Txn answers ErrAbsent.
type Txn struct{}

func (*Txn) Get([]byte) (*Item, error)             { return nil, ErrAbsent }
func (*Txn) Set(_, _ []byte) error                 { return ErrAbsent }
func (*Txn) Delete([]byte) error                   { return ErrAbsent }
func (*Txn) Commit() error                         { return ErrAbsent }
func (*Txn) Discard()                              {}
func (*Txn) NewIterator(IteratorOptions) *Iterator { return &Iterator{} }

// IteratorOptions are read by nobody.
type IteratorOptions struct{ AllVersions, PrefetchValues bool }

// DefaultIteratorOptions are empty.
var DefaultIteratorOptions IteratorOptions

// Iterator is always at its end.
type Iterator struct{}

func (*Iterator) Seek([]byte)                {}
func (*Iterator) Next()                      {}
func (*Iterator) Close()                     {}
func (*Iterator) Item() *Item                { return &Item{} }
func (*Iterator) ValidForPrefix([]byte) bool { return false }

// Item is empty.
type Item struct{}

func (*Item) KeyCopy([]byte) []byte            { return nil }
func (*Item) ValueCopy([]byte) ([]byte, error) { return nil, ErrAbsent }
