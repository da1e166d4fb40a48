//go:build !linux

package audit

// datasync waits until what was written is on disk.
func (f osFile) datasync() error { return f.Sync() }
