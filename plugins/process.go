package plugins

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/pontlevis/pontlevis/plugins/cage"
	"github.com/pontlevis/pontlevis/plugins/wire"
)

// process is one process of a plugin: it says hello, waits for its one invocation, and is killed.
type process struct {
	guard   *guard
	client  *plugin.Client
	connect func(context.Context) (net.Conn, error)
	dialled atomic.Bool
	meter   atomic.Pointer[meter]
	stream  grpc.BidiStreamingClient[wire.FromHost, wire.FromPlugin]
	cancel  context.CancelFunc // ends the stream
	born    time.Time
	level   string
	once    sync.Once
	gone    chan struct{}  // closed when nothing of it is left
	after   func(*process) // once nothing is left
}

// dispenser gives the connection of a plugin.
type dispenser struct {
	plugin.NetRPCUnsupportedPlugin
}

func (dispenser) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("a host serves no plugin")
}

func (dispenser) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return c, nil
}

// silent is go-plugin's logger: what it would say holds what plugins write.
var silent = hclog.New(&hclog.LoggerOptions{Level: hclog.Off, Output: io.Discard})

// launch starts a process and waits for its hello. Of one that failed nothing is left but how it ended.
func launch(ctx context.Context, r *cage.Runner, patience time.Duration, after func(*process)) (*process, *Failure) {
	p := &process{guard: newGuard(r), connect: r.Dial, born: time.Now(), gone: make(chan struct{}), after: after}
	p.client = plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: wire.Handshake, Plugins: plugin.PluginSet{wire.Name: dispenser{}},
		RunnerFunc:       p.runner,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC}, SkipHostEnv: true, Logger: silent,
		StartTimeout:        2 * patience, // the context below ends first: whoever asks it why learns that it was the time
		PluginLogBufferSize: 1 << 10, GRPCDialOptions: p.options(),
	})
	var streaming context.Context
	streaming, p.cancel = context.WithCancel(context.Background())
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	defer context.AfterFunc(ctx, func() { p.cancel(); _ = p.guard.Kill(context.Background()) })()
	if err := p.greet(streaming); err != nil {
		why := p.unstarted(ctx, err)
		p.end()
		return p, why
	}
	p.level = r.Report().Level.String()
	return p, nil
}

// runner gives go-plugin the guarded runner. The folder that go-plugin makes for sockets is of no use, and would be left by a
// gateway that is killed.
func (p *process) runner(_ hclog.Logger, _ *exec.Cmd, sockets string) (runner.Runner, error) {
	_ = os.Remove(sockets)
	return p.guard, nil
}

// greet goes as far as the hello.
func (p *process) greet(streaming context.Context) error {
	protocol, err := p.client.Client()
	if err != nil {
		return err
	}
	raw, err := protocol.Dispense(wire.Name)
	if err != nil {
		return err
	}
	return p.hello(streaming, raw.(*grpc.ClientConn))
}

// hello opens the stream and waits for the first message on it.
func (p *process) hello(streaming context.Context, c *grpc.ClientConn) (err error) {
	if p.stream, err = wire.NewPluginClient(c).Invoke(streaming); err != nil {
		return err
	}
	first, err := p.stream.Recv()
	if err != nil {
		return err
	}
	if hello := first.GetHello(); hello == nil || len(hello.GetSoftware()) > 64 {
		return errNoHello
	}
	return nil
}

var errNoHello = errors.New("the first message was no hello")

// unstarted says why a process did not come up, in our own words.
func (p *process) unstarted(ctx context.Context, err error) *Failure {
	var below *cage.Insufficient
	said := p.guard.caged.Refused()
	switch {
	case errors.As(err, &below):
		return &Failure{Kind: ErrLevel, Detail: err.Error()}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &Failure{Kind: ErrStart, Detail: "it said nothing in time"}
	case errors.Is(said, cage.ErrSilent):
		return &Failure{Kind: ErrStart, Detail: said.Error()}
	case said != nil:
		return &Failure{Kind: ErrStart, Detail: said.Error(), evidence: TripHandshake}
	case p.flooded():
		return &Failure{Kind: ErrStart, Detail: "it sent more than a hello before it was asked anything", evidence: TripProtocol}
	case errors.Is(err, errNoHello):
		return &Failure{Kind: ErrStart, Detail: err.Error()}
	case p.dialled.Load():
		return &Failure{Kind: ErrStart, Detail: "it ended, or did not speak the protocol, before its hello"}
	}
	return &Failure{Kind: ErrStart, Detail: "it could not be started, or ended before it was spoken to"}
}

func (p *process) flooded() bool {
	m := p.meter.Load()
	return m != nil && m.flooded.Load()
}

// begin lets the process send what an invocation needs.
func (p *process) begin(l Limits) { p.meter.Load().left.Add(share(l)) }

// alive reports whether a fresh process can still be used.
func (p *process) alive() bool { return !p.client.Exited() && p.stream.Context().Err() == nil }

// end kills the process and waits until nothing of it is left: first the process, then what go-plugin holds of it.
func (p *process) end() {
	p.once.Do(func() {
		p.cancel()
		_ = p.guard.Kill(context.Background())
		if m := p.meter.Load(); m != nil {
			m.Close()
		}
		p.client.Kill()
		close(p.gone)
		p.after(p)
	})
	<-p.gone
}

// escaped reports whether the kernel ended the process for a system call by which escapes are tried. It is known once the
// process is gone, whatever it had done before: also of one that had answered, or that nobody waited for any more.
func (p *process) escaped() bool {
	how, ok := p.guard.caged.Ended()
	return ok && how.Tripwire()
}

// stderr is how many bytes it wrote, in whole KiB: a number that it chose could carry something out.
func (p *process) stderr() int64 { return (p.guard.caged.Complaints() + 1023) &^ 1023 }
