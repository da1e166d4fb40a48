// Package options names the loading modes that callers of badger set.
package options

// FileLoadingMode says how badger would have loaded a file.
type FileLoadingMode int

// The two modes that smallstep/nosql chooses between.
const (
	FileIO FileLoadingMode = iota
	MemoryMap
)
