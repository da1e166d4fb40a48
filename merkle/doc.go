// Package merkle is what the append-only logs of pontlevis share: a Merkle tree of which each leaf's row holds the hashes
// that this leaf completes (RFC 6962 §2.1, golang.org/x/mod/sumdb/tlog), and signed checkpoints of it (C2SP
// tlog-checkpoint over C2SP signed-note), which the log or a witness dates (C2SP tlog-cosignature).
//
//	leaf ── Edge.Add ──▶ row of hashes, next edge ── Edge.Root ──▶ Head ── Signer.Sign ──▶ checkpoint ── Open ──▶ Head
//	Rows (leaf → row) ── tlog.ProveRecord, tlog.ProveTree, tlog.ReadTileData
//
// What a leaf stands for, where rows are kept and when a checkpoint is signed belong to the log.
package merkle
