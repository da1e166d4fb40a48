package plugins

import (
	"errors"
	"fmt"
)

// Why an invocation gave nothing. Each is told apart with errors.Is; the words of a [Failure] are for the vendor and the
// operator, never for the one who waits for cards.
var (
	ErrUnknown    = errors.New("there is no such plugin or hook")
	ErrRequest    = errors.New("the call cannot be understood")
	ErrStopped    = errors.New("the label of the plugin does not let it run")
	ErrLevel      = errors.New("the isolation that is demanded cannot be had here")
	ErrBroken     = errors.New("the plugin failed too often and rests")
	ErrBusy       = errors.New("all places are taken")
	ErrStart      = errors.New("the plugin did not start")
	ErrCrashed    = errors.New("the plugin ended before it answered")
	ErrDeadline   = errors.New("the plugin did not answer in time")
	ErrMisbehaved = errors.New("the plugin broke the protocol")
	ErrAnswer     = errors.New("the plugin's answer was refused")
)

// Failure is an invocation that gave nothing. Reads are what it had asked by then.
type Failure struct {
	App    string
	Kind   error  // one of the errors above
	Detail string // what exactly, for the vendor; nothing of a record, and nothing that the plugin chose to say
	Reads  []Asked

	evidence string // the kind, where no honest plugin does this: see [Trip]
}

func (f *Failure) Error() string {
	if f.Detail == "" {
		return fmt.Sprintf("plugin %s: %v", f.App, f.Kind)
	}
	return fmt.Sprintf("plugin %s: %v: %s", f.App, f.Kind, f.Detail)
}

func (f *Failure) Unwrap() error { return f.Kind }

// Trip is the kind of evidence against the plugin that a failure is; "" where an honest one may fail like this.
func (f *Failure) Trip() string { return f.evidence }

// code is the word for the kind of a failure in metrics and diagnoses.
func (f *Failure) code() string {
	for kind, word := range words {
		if errors.Is(f.Kind, kind) {
			return word
		}
	}
	return "failed"
}

var words = map[error]string{
	ErrUnknown: "unknown", ErrRequest: "request", ErrStopped: "stopped", ErrLevel: "level", ErrBroken: "rests", ErrBusy: "busy", ErrStart: "start",
	ErrCrashed: "crashed", ErrDeadline: "deadline", ErrMisbehaved: "misbehaved", ErrAnswer: "answer",
}

// blames reports whether a failure is the plugin's own, which counts against it.
func (f *Failure) blames() bool {
	switch f.Kind {
	case ErrStart, ErrCrashed, ErrDeadline, ErrMisbehaved, ErrAnswer:
		return true
	}
	return false
}
