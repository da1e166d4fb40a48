package store

import (
	"errors"
	"fmt"
	"os"
)

// SyncFolder makes durable which names a folder has: a file that was made, renamed or removed in it stays so when the power fails
// (fsync(2)). The error is that of opening or syncing the folder.
func SyncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening a folder to sync it: %w", err)
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return fmt.Errorf("syncing the folder %s: %w", path, err)
	}
	return nil
}
