package pontlevis

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"golang.org/x/crypto/hkdf"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/oauth/keyring"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
	"github.com/pontlevis/pontlevis/store"
)

// Files of a data folder. The log has a file of its own, so that its commit never waits for another's.
const (
	stateFile    = "state.db"
	AuditFile    = "audit.db"
	keyFile      = "master.key" // 32 random bytes, mode 0600
	VerifierFile = "audit.vkey" // the public key that checks the log (C2SP signed-note)

	AuthorityFile     = "authority.json" // the label authority's public keys, where no setting names another file
	LabelVerifierFile = "labels.vkey"    // the public key that checks the log of labels
)

// states holds the open data folders of the process.
var states = caddy.NewUsagePool()

// state is one data folder, open.
type state struct {
	dir     string
	db      *store.Bolt
	logDB   *store.Bolt
	log     *audit.Log
	records *record.Embedded
	lives   space.Lifecycles
	apps    catalog.Apps
	stops   stops
	runs    runs
	recalls recalls
	behind  behind
	airs    airs
	master  []byte
	commits commitMeter
	keys    atomic.Pointer[keyring.Ring] // of the newest config

	rehearses atomic.Bool // the folder is of the server in which apps rehearse
	labelling sync.Mutex  // held by whoever opens the log of labels
	labels    atomic.Pointer[label.Log]

	labelOptions label.Options // with which it was opened
	freshness    freshness
	labelTrouble atomic.Pointer[error] // why another's log could not be followed the last time
	passing      passing               // requests for records that are under way
}

// openState opens a data folder, or takes the one that another config of this process holds. base is the URL of the FHIR
// endpoint, under which an absolute reference is one to these records; it stays that of the first config.
func openState(dir, base string) (*state, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the data folder: %w", err)
	}
	held, _, err := states.LoadOrNew(abs, func() (caddy.Destructor, error) { return newState(abs, base) })
	if err != nil {
		return nil, fmt.Errorf("opening the data folder %s: %w", abs, err)
	}
	return held.(*state), nil
}

// release gives a state back; the last one closes the files.
func (s *state) release() error {
	_, err := states.Delete(s.dir)
	return err
}

func newState(dir, base string) (*state, error) {
	s := &state{dir: dir}
	if err := s.open(base); err != nil {
		return nil, errors.Join(err, s.Destruct())
	}
	return s, nil
}

// open opens what is in the folder; what is open when it fails, Destruct closes.
func (s *state) open(base string) (err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	if s.master, err = masterKey(filepath.Join(s.dir, keyFile)); err != nil {
		return err
	}
	if s.db, err = store.OpenBolt(filepath.Join(s.dir, stateFile)); err != nil {
		return err
	}
	if s.logDB, err = store.OpenBolt(filepath.Join(s.dir, AuditFile)); err != nil {
		return err
	}
	if s.log, err = s.openLog(); err != nil {
		return err
	}
	if s.records, err = record.OpenEmbedded(s.db, time.Now); err != nil {
		return err
	}
	s.records.Base = base
	s.lives = space.Lifecycles{DB: s.db, Known: &store.Decoded[space.Lifecycle]{}}
	s.apps = catalog.Apps{DB: s.db, Now: time.Now, Known: &store.Decoded[catalog.App]{}, Labels: s.standing, Stopped: s.stop}
	s.apps.Issued, s.apps.Starts, s.apps.Moved = s.issued, s.runs.starts, s.runs.follow
	return nil
}

func (s *state) openLog() (*audit.Log, error) {
	seed := s.derive("audit log signature")
	log, err := audit.Open(context.Background(), s.logDB, audit.Options{
		Origin: "pontlevis/node", Key: ed25519.NewKeyFromSeed(seed), OnCommit: s.commits.observe,
		Journal: audit.JournalOf(filepath.Join(s.dir, AuditFile)),
	})
	if err != nil {
		return nil, err
	}
	return log, writeOnce(filepath.Join(s.dir, VerifierFile), []byte(log.VerifierKey()+"\n"))
}

// Destruct closes what is open, the log before its file.
func (s *state) Destruct() error {
	var errs []error
	if s.log != nil {
		errs = append(errs, s.log.Close())
	}
	if s.logDB != nil {
		errs = append(errs, s.logDB.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	return errors.Join(errs...)
}

// derive makes the key of one use from the master key (HKDF, RFC 5869), so that no key serves two.
func (s *state) derive(use string) []byte {
	key := make([]byte, 32)
	if _, err := io.ReadFull(hkdf.New(sha256.New, s.master, nil, []byte("pontlevis "+use)), key); err != nil {
		panic("HKDF gives 32 bytes: " + err.Error()) // it gives up to 8160
	}
	return key
}

// masterKey reads the master key of a data folder, or makes it the first time.
func masterKey(path string) ([]byte, error) {
	if given := os.Getenv(MasterKeyVariable); given != "" {
		return givenKey(path, given)
	}
	key, err := os.ReadFile(path)
	switch {
	case err == nil && len(key) == 32:
		return key, nil
	case err == nil:
		return nil, fmt.Errorf("%s must hold 32 bytes, it holds %d", path, len(key))
	case !errors.Is(err, os.ErrNotExist):
		return nil, err
	}
	key = make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	return key, writeOnce(path, key)
}

// MasterKeyVariable is the environment variable that stands in the place of master.key: 32 bytes in base64. The folder then
// holds no key, and neither does a backup of it.
const MasterKeyVariable = "PONTLEVIS_MASTER_KEY"

// givenKey reads the key of the environment. One in the folder beside it is refused: which of them had sealed what is there
// could only be guessed.
func givenKey(path, given string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(given)
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("%s must be 32 bytes in base64", MasterKeyVariable)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("both %s and %s are there: keep one of them", MasterKeyVariable, path)
	}
	return key, nil
}

// writeOnce writes a file whole or not at all, readable by its owner alone.
func writeOnce(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(content); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
