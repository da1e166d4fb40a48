package plugins

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/gate"
)

// Invocation is one call of one hook of one app for one person.
type Invocation struct {
	App string // id of the catalogue entry
	// Grant is what the human may do who will see the cards: Actor, Client (the calling system), Patient, Purpose, Mode
	// and Until are taken from it; its client becomes the Via of each read. Patient is required.
	Grant *gate.Grant
	// Within are the scopes that the calling systems have for this record, "patient/…": the plugin reads within its own and
	// within these. nil does not bound it.
	Within   []string
	Hook     string // id of the hook in the app's manifest
	Instance string // hookInstance of the call (CDS Hooks 2.0); it appears nowhere but in the host's log
	Language string // fr or en, of the one who will read; "" is fr

	// Context is the JSON object of the call, as it came: its ids become aliases before the plugin sees it.
	Context json.RawMessage
	// Prefetch holds, under the keys of the manifest, what the gate has already given for this very invocation. Never
	// what a client sent: nobody decided on that. Keys of the manifest that are absent here are read by the host, as the plugin.
	Prefetch map[string]json.RawMessage
}

// Outcome is what a plugin answered, checked, in the words of CDS Hooks 2.0, with the real ids put back.
type Outcome struct {
	Cards []Card
	Page  *Page // nil: none

	// Withdrawn are the things of the agenda whose reason has ended. Only a schedule looks at them.
	Withdrawn []Thing

	Version string // of the release that answered
	Level   string // isolation it ran at, S1 to S4
	Reads   []Asked
	Took    time.Duration // from the call of Invoke
}

// Asked is one read through the handle and what became of it, for the one who writes a plugin.
type Asked struct {
	Query  string // as the plugin asked it
	Status int    // as it was told
	Reason string // why it was refused, in English; "" when it was not
	Bytes  int    // that the plugin was given
	Took   time.Duration
}

// Gave reports whether the gate gave something of the record to one of the reads.
func Gave(reads []Asked) bool {
	return slices.ContainsFunc(reads, func(a Asked) bool { return a.Status == http.StatusOK })
}

// Invoker is what stands in front of a host: the CDS Hooks service, schedules. Its errors are [*Failure]s, but for that of
// a context that ended.
type Invoker interface {
	Invoke(ctx context.Context, i Invocation) (*Outcome, error)
}

var _ Invoker = (*Host)(nil)
