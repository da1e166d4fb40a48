package store

import (
	"os"
	"strconv"
	"syscall"
)

// inodeOf returns the file's inode as /proc/locks writes it, "" when it cannot be known.
func inodeOf(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return strconv.FormatUint(st.Ino, 10)
}
