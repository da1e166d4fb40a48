package uploads

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/store"
)

// Errors that callers compare with errors.Is.
var (
	ErrLarge  = errors.New("the manifest says a size that is not taken here")
	ErrDigest = errors.New("the file has not the size or the digest that the manifest says")
	ErrQuota  = errors.New("the publisher has as much here as it may have")
	ErrFull   = errors.New("there is no more room for anybody")
	ErrBusy   = errors.New("another file comes from this publisher, or too many from others")
)

// Bounds, where a Shelf does not say otherwise.
const (
	MaxSize      = 64 << 20  // bytes of one binary
	perPublisher = 256 << 20 // bytes
	total        = 2 << 30   // bytes of all publishers
	maxFiles     = 32        // of one publisher
	atOnce       = 4         // files that come at the same time
)

// How long what nothing rests on is kept.
const (
	unfinished = time.Hour           // a file that does not come any more
	unasked    = 30 * 24 * time.Hour // one of a draft that nobody submits, or of a version that another took the place of
)

// Shelf is a folder of binaries. It is safe for concurrent use.
type Shelf struct {
	Folder string // made when the first file comes
	DB     store.DB
	Apps   catalog.Apps

	PerPublisher, Total int64 // bytes; 0: the usual

	mu     sync.Mutex
	coming map[string]bool // owners whose file comes
}

// kept is one row.
type kept struct {
	Size  int64     `json:"size"`
	At    time.Time `json:"at"`
	Whole bool      `json:"whole,omitempty"`
}

func rowKey(owner, digest string) []byte { return store.Key("upload", owner, digest) }

var digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Has tells whether the binary of an artifact is here.
func (s *Shelf) Has(a manifest.Artifact) bool {
	if !digestForm.MatchString(a.SHA256) {
		return false
	}
	info, err := os.Lstat(filepath.Join(s.Folder, a.SHA256))
	return err == nil && info.Mode().IsRegular() && info.Size() == a.Size
}

// Take keeps what comes as the binary of an artifact that a manifest of this publisher declares. It reads no more than the size that
// is declared, and one byte. Errors: ErrLarge, ErrDigest, ErrQuota, ErrFull, ErrBusy, what reading says.
func (s *Shelf) Take(ctx context.Context, owner string, a manifest.Artifact, from io.Reader) error {
	if owner == "" || !digestForm.MatchString(a.SHA256) || a.Size < 1 || a.Size > MaxSize {
		return ErrLarge
	}
	if !s.begin(owner) {
		return ErrBusy
	}
	defer s.end(owner)
	had, err := s.reserve(ctx, owner, a)
	if err != nil {
		return err
	}
	temporary, err := s.receive(ctx, a, from)
	if err == nil {
		err = s.place(ctx, owner, a, temporary)
	}
	if err != nil && !had { // the room is free again, also when whoever sent it has gone
		err = errors.Join(err, s.drop(context.WithoutCancel(ctx), owner, a.SHA256))
	}
	return err
}

// begin lets one file of a publisher come at a time, and few of all.
func (s *Shelf) begin(owner string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.coming[owner] || len(s.coming) >= atOnce {
		return false
	}
	if s.coming == nil {
		s.coming = map[string]bool{}
	}
	s.coming[owner] = true
	return true
}

func (s *Shelf) end(owner string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.coming, owner)
}

// receive writes what comes under a name of its own, and gives that name once the bytes are what the artifact says and durable.
func (s *Shelf) receive(ctx context.Context, a manifest.Artifact, from io.Reader) (name string, err error) {
	if err := os.MkdirAll(s.Folder, 0o700); err != nil {
		return "", fmt.Errorf("keeping a binary: %w", err)
	}
	f, err := os.CreateTemp(s.Folder, partial+"*")
	if err != nil {
		return "", fmt.Errorf("keeping a binary: %w", err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := copyExactly(f, reader{ctx, from}, a); err != nil {
		return "", err
	}
	return f.Name(), nil
}

// place gives a file that is whole the name of its digest, and writes that it is.
func (s *Shelf) place(ctx context.Context, owner string, a manifest.Artifact, temporary string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := os.Rename(temporary, filepath.Join(s.Folder, a.SHA256))
	if err == nil {
		err = store.SyncFolder(s.Folder)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("keeping a binary: %w", err), remove(temporary))
	}
	return s.DB.Update(ctx, store.Global, func(tx store.Tx) error {
		return store.PutJSON(tx, rowKey(owner, a.SHA256), kept{a.Size, s.Apps.Now().UTC(), true})
	})
}
