package store

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// InUseError says that the database file is held by another process. It is an ErrInUse.
type InUseError struct {
	Path    string
	PID     int    // 0 when the system does not tell
	Command string // "" when the system does not tell
}

// Error names the file and, where the system tells, the process.
func (e *InUseError) Error() string {
	switch {
	case e.PID == os.Getpid():
		return fmt.Sprintf("%s is already open in this process", e.Path)
	case e.PID == 0:
		return fmt.Sprintf("%s is in use by another process", e.Path)
	case e.Command == "":
		return fmt.Sprintf("%s is in use by another process (pid %d)", e.Path, e.PID)
	}
	return fmt.Sprintf("%s is in use by another process (%s, pid %d)", e.Path, e.Command, e.PID)
}

// Is makes the error an ErrInUse.
func (e *InUseError) Is(target error) bool { return target == ErrInUse }

// inUse looks for who holds path, in Linux's table of locks; elsewhere the error names no one.
func inUse(path string) *InUseError {
	e := &InUseError{Path: path}
	inode := inodeOf(path)
	if inode == "" {
		return e
	}
	locks, err := os.Open("/proc/locks")
	if err != nil {
		return e
	}
	defer locks.Close()
	for lines := bufio.NewScanner(locks); lines.Scan(); {
		// "1: FLOCK ADVISORY WRITE <pid> <major>:<minor>:<inode> 0 EOF"
		f := strings.Fields(lines.Text())
		if len(f) < 6 || f[1] != "FLOCK" || !strings.HasSuffix(f[5], ":"+inode) {
			continue
		}
		if pid, err := strconv.Atoi(f[4]); err == nil && pid > 0 {
			e.PID = pid
			comm, _ := os.ReadFile("/proc/" + f[4] + "/comm")
			e.Command = string(bytes.TrimSpace(comm))
		}
		return e
	}
	return e
}
