// Package wire is the language of plugins and their host: plugin.proto, what protoc made of it, and the constants of the
// handshake.
//
// The protocol is go-plugin's over gRPC: the host starts the process with [CookieKey] in its environment, the process
// writes one line to its standard output and serves the service Plugin. Everything of the handshake that go-plugin knows
// besides (TCP, TLS, brokers, multiplexing) is refused by the host. docs/plugins.md says it for other languages.
package wire

//go:generate sh -c "protoc --plugin=protoc-gen-go=$(go tool -n protoc-gen-go) --plugin=protoc-gen-go-grpc=$(go tool -n protoc-gen-go-grpc) --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative plugin.proto"
