// Package store keeps ordered keys and values in serialisable transactions, durable when they return.
//
// A transaction names its partition from the start and never spans two, so that partitions may one day live on
// different machines without a change in any caller (design.md §5):
//
//	View(p, fn)   → fn reads the last commit of p
//	Update(p, fn) → queue → committer: many functions, one file transaction, one fdatasync → all callers wake
//	Watch(p, …)   ← a hint after each commit that touched the prefix
//
// The default engine is Bolt: one bbolt file, mode 0600, one top-level bucket for each partition, created on demand.
// Each function of a group runs on an overlay of its own, which is applied only when the function succeeds: one that
// fails or panics leaves nothing behind and disturbs none of its neighbours.
//
// What the keys and values mean belongs to the packages above; Key, KeyParts, GetJSON and PutJSON are the encodings
// they share. The suite in storetest says what any engine must do.
package store
