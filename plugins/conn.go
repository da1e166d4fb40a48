package plugins

import (
	"context"
	"errors"
	"net"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/pontlevis/pontlevis/plugins/wire"
)

// meter is the one connection to a process. It counts every byte that comes, whatever HTTP/2 makes of it: pings, settings,
// headers and empty frames cost the host time, and none of them is a message.
type meter struct {
	net.Conn
	left    atomic.Int64
	flooded atomic.Bool
}

var errFlood = errors.New("the plugin sent more than its share")

func (m *meter) Read(p []byte) (int, error) {
	if m.flooded.Load() {
		return 0, errFlood
	}
	n, err := m.Conn.Read(p)
	if m.left.Add(-int64(n)) < 0 {
		m.flooded.Store(true)
		m.Conn.Close()
		return 0, errFlood
	}
	return n, err
}

// Bounds of what a process may send. What it says before it is asked anything is small; an invocation adds its reads and
// its answer, and the window updates for what it was brought.
const (
	helloBytes   = 16 << 10
	maxAnswer    = 128 << 10
	maxMessage   = maxAnswer + 1<<10
	maxOutgoing  = 20 << 20
	slack        = 64 << 10
	bytesPerRead = maxQuery + 512
)

// share is what an invocation adds to what may come.
func share(l Limits) int64 {
	return slack + maxMessage + int64(l.Reads+extraFrames)*bytesPerRead + l.Bytes/64
}

// method is the only one that is ever called.
const method = wire.Plugin_Invoke_FullMethodName

// refuseStreams keeps go-plugin from opening its broker (with which a plugin makes the host keep a goroutine and an entry
// for each id it announces), its stdio stream and its shutdown call.
func refuseStreams(ctx context.Context, d *grpc.StreamDesc, cc *grpc.ClientConn, m string, next grpc.Streamer, o ...grpc.CallOption) (grpc.ClientStream, error) {
	if m != method {
		return nil, status.Error(codes.Unimplemented, "not with a plugin in the cage")
	}
	return next(ctx, d, cc, m, o...)
}

func refuseCalls(context.Context, string, any, any, *grpc.ClientConn, grpc.UnaryInvoker, ...grpc.CallOption) error {
	return status.Error(codes.Unimplemented, "not with a plugin in the cage")
}

// options are what gRPC is told. They come after go-plugin's own, so they hold.
func (p *process) options() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithContextDialer(p.dial),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxOutgoing)),
		grpc.WithMaxHeaderListSize(8 << 10),
		grpc.WithInitialWindowSize(64 << 10), grpc.WithInitialConnWindowSize(64 << 10), // fixed: nothing a plugin does makes them grow
		grpc.WithReadBufferSize(4 << 10), grpc.WithWriteBufferSize(8 << 10), grpc.WithSharedWriteBuffer(true),
		grpc.WithDisableRetry(), grpc.WithDisableServiceConfig(), grpc.WithDisableHealthCheck(), grpc.WithNoProxy(),
		grpc.WithUserAgent("pontlevis"),
		grpc.WithStreamInterceptor(refuseStreams), grpc.WithUnaryInterceptor(refuseCalls),
	}
}

var errOnce = errors.New("a process is dialled once")

// dial connects to the process, once: a plugin that closes its connection is not given another.
func (p *process) dial(ctx context.Context, _ string) (net.Conn, error) {
	if !p.dialled.CompareAndSwap(false, true) {
		return nil, errOnce
	}
	c, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	m := &meter{Conn: c}
	m.left.Store(helloBytes)
	p.meter.Store(m)
	return m, nil
}
