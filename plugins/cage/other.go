//go:build !linux || !(amd64 || arm64)

package cage

import (
	"context"
	"errors"
	"io"
	"net"
	"time"
)

// errElsewhere is the answer on systems that have none of what the cage is made of.
var errElsewhere = errors.New("cage: plugins run on Linux on amd64 and arm64 only: not here")

// Image is a program in sealed memory. There is none on this system.
type Image struct{}

// ErrDigest is the refusal of bytes whose digest is not the expected one.
var ErrDigest = errors.New("cage: the program is not the one that was labelled: its SHA-256 differs")

// Seal fails on this system.
func Seal(io.Reader, string, int64) (*Image, error) { return nil, errElsewhere }

// Digest is empty.
func (i *Image) Digest() string { return "" }

// Size is zero.
func (i *Image) Size() int64 { return 0 }

// Close does nothing.
func (i *Image) Close() error { return nil }

// Warden cannot be had on this system.
type Warden struct{}

// Open fails on this system.
func Open(Options) (*Warden, error) { return nil, errElsewhere }

// Probe fails on this system.
func Probe(context.Context, Options) (Report, error) { return Report{}, errElsewhere }

// Report is empty.
func (w *Warden) Report() Report { return Report{} }

// Least is the strictest level.
func (w *Warden) Least() Level { return S3 }

// Reason is empty.
func (w *Warden) Reason() string { return "" }

// Close does nothing.
func (w *Warden) Close() error { return nil }

// Runner fails on this system.
func (w *Warden) Runner(*Image, Limits, Level, []string) (*Runner, error) { return nil, errElsewhere }

// End is how a process ended.
type End struct {
	Exit   int
	Signal int
	CPU    time.Duration
	Memory int64
}

// String is empty.
func (e End) String() string { return "" }

// Tripwire is false.
func (e End) Tripwire() bool { return false }

// Runner is never made on this system.
type Runner struct{}

// Start fails.
func (r *Runner) Start(context.Context) error { return errElsewhere }

// Wait fails.
func (r *Runner) Wait(context.Context) error { return errElsewhere }

// Kill does nothing.
func (r *Runner) Kill(context.Context) error { return nil }

// Stdout is nil.
func (r *Runner) Stdout() io.ReadCloser { return nil }

// Stderr is nil.
func (r *Runner) Stderr() io.ReadCloser { return nil }

// Name is empty.
func (r *Runner) Name() string { return "" }

// ID is empty.
func (r *Runner) ID() string { return "" }

// Diagnose says so.
func (r *Runner) Diagnose(context.Context) string { return errElsewhere.Error() }

// PluginToHost fails.
func (r *Runner) PluginToHost(string, string) (string, string, error) { return "", "", errElsewhere }

// HostToPlugin fails.
func (r *Runner) HostToPlugin(string, string) (string, string, error) { return "", "", errElsewhere }

// Dial fails.
func (r *Runner) Dial(context.Context) (net.Conn, error) { return nil, errElsewhere }

// Ended knows nothing.
func (r *Runner) Ended() (End, bool) { return End{}, false }

// Report is empty.
func (r *Runner) Report() Report { return Report{} }

// Complaints is zero.
func (r *Runner) Complaints() int64 { return 0 }

// Refused is nil.
func (r *Runner) Refused() error { return nil }

// Main returns at once: there is no warden on this system.
func Main() {}
