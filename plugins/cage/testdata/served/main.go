// Command served is a plugin as go-plugin makes them, which serves nothing but gRPC's own health.
package main

import (
	"context"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
)

type nothing struct{ plugin.NetRPCUnsupportedPlugin }

func (nothing) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error { return nil }

func (nothing) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "PONTLEVIS_PLUGIN", MagicCookieValue: "1"},
		Plugins:         plugin.PluginSet{"nothing": nothing{}},
		GRPCServer:      plugin.DefaultGRPCServer,
	})
}
