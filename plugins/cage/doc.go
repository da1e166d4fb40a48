// Package cage runs one program of somebody else's so that it can touch nothing but the socket it is spoken to over.
//
// Flow: Seal copies the program's bytes into sealed memory while it checks their digest; Open starts (or reaches) the
// warden, a small process that does nothing but start caged ones; Warden.Runner gives go-plugin a runner.Runner. To start,
// the warden clones a child into new namespaces, and the child performs the jail: a list of system calls, each with what it
// proves (jail_linux.go), walked by some forty lines of assembly (launch_*.s), because no Go may run in such a child. The child
// then reports and waits; the gateway compares what was really applied with the level that is required (level.go); only
// then does the child execute the sealed bytes, which become process 1 of a world with an empty root.
//
// What this package leaves to others: what is spoken over the socket, for how long, and about whom (package plugins).
package cage
