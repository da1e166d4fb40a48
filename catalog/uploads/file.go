package uploads

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/pontlevis/pontlevis/catalog/manifest"
)

// partial is what the names of files begin with that are not whole.
const partial = ".part-"

// reader reads until a context ends.
type reader struct {
	ctx  context.Context
	from io.Reader
}

func (r reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(b)
}

// copyExactly writes what comes to a file and syncs it. The error is ErrDigest for anything but the artifact's bytes.
func copyExactly(f *os.File, from io.Reader, a manifest.Artifact) error {
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, hash), io.LimitReader(from, a.Size+1))
	switch {
	case err != nil:
		return fmt.Errorf("keeping a binary: %w", err)
	case n != a.Size || hex.EncodeToString(hash.Sum(nil)) != a.SHA256:
		return ErrDigest
	}
	if err := errors.Join(f.Chmod(0o400), f.Sync()); err != nil {
		return fmt.Errorf("keeping a binary: %w", err)
	}
	return nil
}

// remove removes a file; one that is gone already is no error.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
