// Package label keeps what the label authority says of apps: who may run, with which bits and which rights, until when,
// and since when no longer.
//
//	manifest, binaries ── Draft ── Sign (authority, 2 of n) ──────┐
//	manifest, binaries ── DraftPublication ── Sign (publisher) ───┴ Bundle ── Verify ──▶ Label
//	                                                                  │
//	Order (suspend, revoke, reinstate, keys) ── Sign ─────────────────┤
//	                                                                  ▼
//	          Log: Issue, Order ── Record ── store, partition "labels": Merkle tree, signed checkpoint
//	                                  │ replay                      │
//	                    Status, Admits (from memory)     Get, Prove, Handler ──▶ Sync of a gateway that follows
//
// A label is a DSSE envelope around an in-toto Statement v1: its subjects are the digests of the manifest and of each
// binary, its predicate what the app may do. The publisher signs the same subjects in an envelope of its own, by a key
// that the label names: the authority may stop code, and never replace it.
//
// The log is append-only and public; what holds of an app is what its entries say, read in order, each by the keys of the
// moment it was logged. Status answers from memory what every entry that was acknowledged says; OnChange empties what
// others remember before the call that logged returns.
//
// Everything is read strictly: what is not understood, said twice or spelt otherwise is refused. What a label permits at
// a request is for the catalogue and the policies to say; this package reads no manifest and opens no record.
package label
