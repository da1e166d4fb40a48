// Package jwks reads the public key sets of clients: those registered by value, and those a client publishes at a URL.
//
//	Parse ─ one set, strict: what could not be trusted to check a signature is refused
//	Find  ─ the one key of a set that an assertion's header names
//
//	Fetcher.Keys ─ fresh in memory? ─┬─ yes, and it has the kid → the set
//	                                 └─ no → one fetch for all who wait ─ dial (public address?) ─ 64 KB, 3 s → Parse
//
// The URL comes from a stranger, so a fetch may reach public addresses alone (checked on the address actually dialled,
// which no name can change), follows no redirect, and is rare: at most one per second for a URL, and at most one per
// minute because of a kid that is not in a fresh set. A set is never used for longer than its Cache-Control says (SMART
// App Launch 2.2, client-confidential-asymmetric, R341), nor longer than 20 minutes, also when its server fails.
//
// The package leaves to others: whose keys they are, and which assertion they check.
package jwks
