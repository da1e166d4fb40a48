// Package uploads keeps the binaries that publishers send for their plugins, apart from those that the operator put in place.
//
//	manifest: digest and size ──▶ room is set aside in the store ──▶ a file of another name, hashed as it comes
//	                          ──▶ size and digest exact ──▶ synced, and renamed to its digest ──▶ kept while a manifest names it
//
// A file goes by its digest alone: nothing that was sent is part of a path. Room is set aside before a byte is taken, for each
// publisher and for all, so that a disk is never filled; where all is taken, drafts of whoever has most give way (yield.go); what is
// broken off leaves nothing. Being kept lets nothing run: a process starts from bytes whose digest the label names, and plugins sees
// to that.
//
// Rows, in the partition of the catalogue:
//
//	"upload" owner digest     the size, when, and whether the file is whole (JSON)
package uploads
