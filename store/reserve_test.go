package store

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// A file that grows while a Backup runs must find room in its mapping, or everybody waits for the Backup.
func TestLargeFilesAreMappedWithRoomToGrow(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	if got := reserve(path); got != mapSize {
		t.Errorf("%d for a file that is not there", got)
	}
	const size = 15 << 30
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(size), f.Close()); err != nil { // sparse: it takes no room
		t.Fatal(err)
	}
	if got := reserve(path); strconv.IntSize == 64 && got < 2*size {
		t.Errorf("%d for a file of %d", got, size)
	}
}
