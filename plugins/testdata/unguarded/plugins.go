// This file is laid over package plugins where the tests take a protection out, with what takes its place. The package itself
// has no way to take one out.

package plugins

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	_ "google.golang.org/grpc/encoding/proto" // the codec that lenient asks

	"github.com/pontlevis/pontlevis/plugins/wire"
)

var current atomic.Value

// TakeOut takes the named protection out, and puts the one before back.
func TakeOut(name string) { current.Store(name) }

func off(name string) bool {
	n, _ := current.Load().(string)
	return n == name
}

// much is a bound, or one that nobody reaches.
func much[T int | int64 | time.Duration](name string, bound T) T {
	if off(name) {
		return bound + 1<<40
	}
	return bound
}

// hidden is what the host must not have: a variable of the gateway.
func hidden(kept []string) []string {
	if off("the environment") {
		return append(slices.Clone(kept), "PONTLEVIS_TEST_SECRET="+os.Getenv("PONTLEVIS_TEST_SECRET"))
	}
	return kept
}

func versions() map[int]plugin.PluginSet {
	if off("the version of the protocol") {
		return map[int]plugin.PluginSet{99: {wire.Name: dispenser{}}}
	}
	return nil
}

// lenient takes whatever comes for a message, of which it keeps what can be read.
type lenient struct{ encoding.CodecV2 }

func (l lenient) Unmarshal(data mem.BufferSlice, v any) error {
	_ = l.CodecV2.Unmarshal(data, v)
	return nil
}

func reading() []grpc.CallOption {
	if off("what can be read") {
		return []grpc.CallOption{grpc.ForceCodecV2(lenient{encoding.GetCodecV2("proto")})}
	}
	if off("dialled once") { // the call would else fail with the first connection
		return []grpc.CallOption{grpc.WaitForReady(true)}
	}
	return nil
}

// dialling are options without our dialer, so that go-plugin's own takes the address that the process announced.
func dialling(own []grpc.DialOption) []grpc.DialOption {
	if off("where it is dialled") {
		return own[1:]
	}
	return own
}

// streaming are the options without the interceptors, which come last.
func streaming(own []grpc.DialOption) []grpc.DialOption {
	if off("the streams of go-plugin") || off("killed, and never asked") {
		return own[:len(own)-2]
	}
	return own
}

// believe takes what a message holds for the person that it is about.
func (h *handle) believe(r *wire.Read) {
	if raw := r.ProtoReflect().GetUnknown(); off("no capability but the stream") && strings.Contains(string(raw), "lucas") {
		g := *h.given
		g.Patient = "lucas"
		h.given, h.grant = &g, nil
	}
}

// again has a process serve once more, as a pool of long-lived ones would.
func (l *line) again(p *process) {
	var streaming context.Context
	streaming, p.cancel = context.WithCancel(context.Background())
	if err := p.greet(streaming); err != nil {
		p.end()
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle = append(l.idle, p)
}

// logged is what go-plugin's logger wrote.
var logged struct {
	sync.Mutex
	bytes.Buffer
}

type loggedWriter struct{}

func (loggedWriter) Write(p []byte) (int, error) {
	logged.Lock()
	defer logged.Unlock()
	return logged.Buffer.Write(p)
}

// Logged is what go-plugin's logger wrote.
func Logged() string {
	logged.Lock()
	defer logged.Unlock()
	return logged.String()
}

func logger() hclog.Logger {
	if off("the standard error is counted") {
		return hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: loggedWriter{}})
	}
	return silent
}
