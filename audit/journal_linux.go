package audit

import "syscall"

// datasync waits until what was written is on disk. Of the file's metadata it writes what reading needs: in a file of
// fixed length, nothing.
func (f osFile) datasync() error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return err
		}
	}
}
