// Package audit keeps the access log: who asked for what of whom, what was answered and by which rule, in an append-only
// Merkle log with signed checkpoints (design.md §8).
//
//	Append ─ encode, salt, hash ─▶ queue ─▶ committer: many entries, one checkpoint, one sync of the journal ─▶ all wake
//	                                              │ backlog: thousands of entries, one transaction; before any reading
//	   OfPatient, Entry ◀── rows ─────────────────┤
//	   Prove, Export    ◀── rows + hashes ────────┤ partition "log" of a store.DB, in production a file of its own
//	   Verify           ◀── everything, again ────┘
//	   Follow, Since    ◀── entries in order, from the journal too, as they become durable
//	   Follower         ◀── the same, for what is derived from the log and keeps in the store how far it came
//
// Without a journal, for an erasure, and for what would fill the journal, the committer writes the transaction itself.
//
// The leaf of an entry is a commitment, SHA-256(salt ‖ record); record and salt stand beside the tree. Erase removes
// those two and leaves the commitment, so that retention ends without breaking a proof, and hashes and checkpoints may
// be published without telling who was seen by whom.
//
// Rows (version 2; seq and size are 8 bytes, big endian, and so is the time in milliseconds since 1970, its sign turned):
//
//	"s"                       size ‖ root of the tree (32 bytes)
//	"k"                       the checkpoint of that size, a signed note (C2SP tlog-checkpoint)
//	"c" seq                   a checkpoint kept for good, by the size it signs
//	"e" seq                   1 ‖ salt (16 bytes) ‖ record (JSON), or 2 alone when erased
//	"h" seq                   the hash of the leaf, then of each subtree that this leaf completes (32 bytes each)
//	"i" id                    seq, by decision id
//	"t" Key(patient) time seq empty: the entries of a patient by time (version 1 had "p" Key(patient) seq; Open rewrites it)
//
// What an entry says is the gate's to decide; when it may be shown to whom is the policies'; the sentences of reasons
// come from the rules' metadata when an entry is read.
package audit
