package sdk

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/pontlevis/pontlevis/plugins/wire"
)

// Plugin is what an author writes.
type Plugin struct {
	// Handlers by the id of the hook in the manifest; or, where there is none of that id, by the kind of the hook.
	Handlers map[string]Handler
}

// Handler answers one invocation. A nil answer is an empty one. An error ends the process: the one who waits gets no cards,
// and the vendor's diagnosis says that the plugin crashed.
type Handler func(ctx context.Context, c *Call) (*Answer, error)

// Main serves a plugin; it returns when the host is done. It is called from main, before anything is written to the
// standard output, which carries the handshake.
func Main(p Plugin) {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: wire.Handshake,
		Plugins:         plugin.PluginSet{wire.Name: served{plugin: p}},
		GRPCServer:      server,
		Logger:          hclog.New(&hclog.LoggerOptions{Level: hclog.Off, Output: io.Discard}),
	})
}

// maxIncoming is more than any host brings in one message.
const maxIncoming = 20 << 20

// server is a gRPC server with small buffers: a process serves one stream.
func server(options []grpc.ServerOption) *grpc.Server {
	return grpc.NewServer(append(options,
		grpc.MaxRecvMsgSize(maxIncoming), grpc.ReadBufferSize(8<<10), grpc.WriteBufferSize(8<<10), grpc.SharedWriteBuffer(true))...)
}

// served makes a Plugin one that go-plugin serves.
type served struct {
	plugin.NetRPCUnsupportedPlugin
	plugin Plugin
}

func (s served) GRPCServer(_ *plugin.GRPCBroker, to *grpc.Server) error {
	Register(to, s.plugin)
	return nil
}

func (s served) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("a plugin is no host")
}

// Register makes a gRPC server serve a plugin, for those who start the server themselves; [Main] does for everybody else.
func Register(to grpc.ServiceRegistrar, p Plugin) { wire.RegisterPluginServer(to, service{plugin: p}) }

// software names this package to the host.
const software = "sdk 1"

type service struct {
	wire.UnimplementedPluginServer
	plugin Plugin
}

// Invoke is the one invocation of the process.
func (s service) Invoke(stream grpc.BidiStreamingServer[wire.FromHost, wire.FromPlugin]) error {
	if err := stream.Send(&wire.FromPlugin{Frame: &wire.FromPlugin_Hello{Hello: &wire.Hello{Software: software}}}); err != nil {
		return err
	}
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	begin := first.GetBegin()
	if begin == nil {
		return errors.New("the host did not begin")
	}
	handler, ok := s.plugin.Handlers[begin.GetId()]
	if !ok {
		handler, ok = s.plugin.Handlers[begin.GetHook()]
	}
	if !ok {
		return fmt.Errorf("no handler for the hook %q", begin.GetId())
	}
	c, err := newCall(stream, begin)
	if err != nil {
		return err
	}
	answer, err := handler(stream.Context(), c)
	if err != nil {
		return err
	}
	return stream.Send(&wire.FromPlugin{Frame: &wire.FromPlugin_Answer{Answer: answer.wire()}})
}
