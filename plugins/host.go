package plugins

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/hashicorp/go-plugin/runner"

	"github.com/pontlevis/pontlevis/gate"
)

// Gate is what the host asks of the gate: [gate.Gate.Ask].
type Gate interface {
	Ask(ctx context.Context, grant *gate.Grant, method, target string, header http.Header, body []byte) (*gate.Answer, error)
}

// Image is a sealed, verified binary, from which processes are started.
type Image interface{ Close() error }

// Cage makes images and processes. The one of the product is plugins/cage.
type Cage interface {
	// Seal copies a binary to where nobody changes it, and fails when its digest is another or it is longer than size.
	Seal(r io.Reader, sha256 string, size int64) (Image, error)
	// Runner is one process that has not started. Its Start fails when less than the level can be had.
	Runner(image Image, limits Limits, level string) (runner.Runner, error)
}

// Options are what a host stands on. Gate, Base, Cage, Apps and Open are required.
type Options struct {
	Gate Gate
	Base string // absolute URL of the FHIR endpoint, without a trailing slash
	Cage Cage
	// Apps says what the catalogue says of an app at this instant; nil, nil when it has no such plugin. It is asked at
	// each read, so it must be quick.
	Apps func(ctx context.Context, app string) (*App, error)
	// Open opens the binary of a release. What it gives is verified against the digest.
	Open func(ctx context.Context, app string, r Release) (io.ReadCloser, error)

	Level     string        // isolation that the operator demands, S1 to S4; "" is S3
	Processes int           // processes of all plugins together; 0 is 16
	Spares    int           // fresh processes that a plugin in use keeps ready at most; 0 is 2
	Idle      time.Duration // after which a plugin that nobody calls has no process; 0 is a minute
	Now       func() time.Time
	Log       *slog.Logger
	Meter     Meter
}

// Meter is told what the host does. No identity of a person passes through it. Nil functions are not called.
type Meter struct {
	Invoked func(app, kind string, took time.Duration) // kind as in [End]
	Read    func(app string, status int, took time.Duration)
	Tripped func(app, version, detail string) // a process did what no honest plugin does
}

// Invoker is what stands in front of a host: the CDS Hooks service, schedules. Its errors are [*Failure]s, but for that of
// a context that ended.
type Invoker interface {
	Invoke(ctx context.Context, i Invocation) (*Outcome, error)
}
