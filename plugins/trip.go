package plugins

// Kinds of evidence against a plugin.
const (
	TripCall      = "system-call" // a system call by which escapes are tried: the kernel ended the process for it
	TripHandshake = "handshake"   // a first line that is no handshake: it might have led the host elsewhere
	TripProtocol  = "protocol"    // a flood, or messages that the protocol does not have
)

// Trip is evidence against a plugin: a process of it did what no honest one does. All of it is in the host's own words.
type Trip struct {
	App     string
	Version string
	Kind    string // TripCall, TripHandshake, TripProtocol
	Detail  string // what exactly, in English
}

// Escape reports whether somebody tried to get out of the cage. The other kinds may come of a mistake.
func (t Trip) Escape() bool { return t.Kind == TripCall }

// caughtCall is what the evidence of TripCall says.
const caughtCall = "a system call by which escapes are tried; the kernel ended the process for it"
