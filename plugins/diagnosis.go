package plugins

import "time"

// Diagnosis is what a vendor can act on: how the processes of an app fared on this node since it was first called. It
// holds nothing of a record, and nothing that the plugin wrote.
type Diagnosis struct {
	App, Version string
	State        string // serves, starts, ends or refused: see the constants below
	Level        string // isolation of the last start, S1 to S4; "" before one
	Starts       int    // processes begun
	Invocations  int    // that reached a process
	Answered     int    // of these, with an answer that was accepted
	Running      int    // invocations under way
	Idle         int    // fresh processes that wait
	Failures     int    // in a row, of starts and invocations
	RestsUntil   time.Time
	Stderr       int64 // bytes written to the standard error by all processes; they are counted, not kept
	Last         End   // of the last process that ended
}

// States of a version of a plugin on a node.
const (
	Serves = "serves" // new calls go to it
	Starts = "starts" // it takes the place of the one that serves, once it has said its first hello
	Ends   = "ends"   // another took its place: what it runs is finished, and nothing begins

	Refused = "refused" // it was tried and did not come up, so it did not go on the air
)

// End is how a process ended.
type End struct {
	At       time.Time
	Kind     string // answered, stopped, idle, start, crashed, deadline, misbehaved, answer
	Detail   string // what exactly: "too many frames", "link not in the manifest"
	Status   string // as the kernel told: "exit status 2", "signal: killed"
	Tripwire bool   // it did what no honest plugin does: evidence for the authority
	Stderr   int64
	Lived    time.Duration
	CPU      time.Duration // processor time, where the cage tells it
}
