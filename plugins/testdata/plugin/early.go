package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc"

	"github.com/pontlevis/pontlevis/plugins/wire"
)

// early is what a process may do before it is asked anything.
var early = map[string]func(){
	"exit":     func() { os.Exit(0) },
	"garbage":  func() { fmt.Println("hello, I am a plugin"); hang() },
	"tcp":      func() { fmt.Printf("1|1|tcp|%s|grpc|\n", argument); hang() },
	"cert":     func() { listen(); fmt.Printf("1|1|unix|%s|grpc|%s\n", path, certificate()); hang() },
	"version":  func() { l := listen(); fmt.Printf("1|99|unix|%s|grpc|\n", path); serveOn(l, raw{}, nil) },
	"hangsup":  func() { serveOn(&hangsUp{Listener: announce()}, raw{}, nil) },
	"mute":     func() { fmt.Fprintln(os.Stderr, "I say nothing on the standard output"); hang() },
	"accepts":  func() { l := announce(); accept(l, func(*http2.Framer) {}) },
	"silent":   func() { serve(silent{}, nil) },
	"trips":    trace,
	"restless": func() { serve(restless{}, nil) },
	"answers":  func() { serve(answers{}, nil) },
	"raw":      func() { serve(raw{}, nil) },
	"brokers":  func() { serve(raw{}, brokers) },
	"deaf":     func() { serve(raw{}, deaf) },
	"pings":    func() { flood(func(f *http2.Framer) error { return f.WritePing(false, [8]byte{1}) }) },
	"settings": func() { flood(func(f *http2.Framer) error { return f.WriteSettings() }) },
	"empty":    func() { flood(func(f *http2.Framer) error { return f.WriteData(1, false, nil) }) },
	"windows":  func() { flood(func(f *http2.Framer) error { return f.WriteWindowUpdate(0, 1) }) },
	"unknown":  func() { flood(func(f *http2.Framer) error { return f.WriteRawFrame(0x77, 0, 0, nil) }) },
	"headers": func() {
		flood(func(f *http2.Framer) error {
			return f.WriteRawFrame(http2.FrameContinuation, 0, 1, make([]byte, 1<<10))
		})
	},
}

// hang waits for ever, where Go would notice that nothing can wake it.
func hang() { time.Sleep(time.Hour) }

// path is where it listens, argument what the tests wrote behind its mode.
var path, argument string

func listen() net.Listener {
	path = os.Getenv("PLUGIN_UNIX_SOCKET_DIR") + "/s"
	l, err := net.Listen("unix", path)
	if err != nil {
		panic(err)
	}
	return l
}

func announce() net.Listener {
	l := listen()
	fmt.Printf("1|1|unix|%s|grpc|\n", path)
	return l
}

// serve is a gRPC server without go-plugin.
func serve(p wire.PluginServer, more func(*grpc.Server)) {
	serveOn(announce(), p, more)
}

func serveOn(l net.Listener, p wire.PluginServer, more func(*grpc.Server)) {
	s := grpc.NewServer(grpc.MaxSendMsgSize(1 << 30))
	wire.RegisterPluginServer(s, p)
	if more != nil {
		more(s)
	}
	s.Serve(l)
}

// accept speaks HTTP/2 by hand.
func accept(l net.Listener, do func(*http2.Framer)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			preface := make([]byte, len(http2.ClientPreface))
			c.Read(preface)
			do(http2.NewFramer(c, c))
		}()
	}
}

// flood greets as a server does, and then sends frames for ever, each of a few bytes.
func flood(frame func(*http2.Framer) error) {
	accept(announce(), func(f *http2.Framer) {
		f.AllowIllegalWrites = true
		f.WriteSettings()
		time.Sleep(20 * time.Millisecond) // the host opens its stream
		for frame(f) == nil {
		}
	})
}

// hangsUp closes the first connections, and serves the third.
type hangsUp struct {
	net.Listener
	n int
}

func (h *hangsUp) Accept() (net.Conn, error) {
	for {
		c, err := h.Listener.Accept()
		if h.n++; err != nil || h.n > 2 {
			return c, err
		}
		c.Close()
	}
}

// certificate is a valid one, as short as they come, in the form of the handshake's sixth field.
func certificate() string {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		panic(err)
	}
	raw, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{SerialNumber: big.NewInt(1)}, public, private)
	if err != nil {
		panic(err)
	}
	return base64.RawStdEncoding.EncodeToString(raw)
}

type silent struct{ wire.UnimplementedPluginServer }

func (silent) Invoke(grpc.BidiStreamingServer[wire.FromHost, wire.FromPlugin]) error { select {} }

// trace asks to follow another process, as whoever looks for a way out of the cage does.
func trace() { syscall.RawSyscall(syscall.SYS_PTRACE, 0, 0, 0) }

// restless says hello, and does not wait to be asked.
type restless struct{ wire.UnimplementedPluginServer }

func (restless) Invoke(s stream) error {
	s.Send(&wire.FromPlugin{Frame: &wire.FromPlugin_Hello{Hello: &wire.Hello{Software: "restless"}}})
	time.Sleep(100 * time.Millisecond)
	trace()
	return nil
}

type answers struct{ wire.UnimplementedPluginServer }

func (answers) Invoke(s grpc.BidiStreamingServer[wire.FromHost, wire.FromPlugin]) error {
	for range 2 {
		answer(s, card("never asked"))
	}
	select {}
}

// brokers announces as many go-plugin brokers as it can: each costs the host an entry and a goroutine for five seconds.
func brokers(s *grpc.Server) {
	handler := func(_ any, stream grpc.ServerStream) error {
		for id := uint32(1); id <= 50_000; id++ { // ConnInfo has a number and two texts, as Read has
			if err := stream.SendMsg(&wire.Read{Id: id, Query: "unix", Next: "/nowhere"}); err != nil {
				return err
			}
		}
		select {}
	}
	s.RegisterService(&grpc.ServiceDesc{ServiceName: "plugin.GRPCBroker", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{
		{StreamName: "StartStream", Handler: handler, ServerStreams: true, ClientStreams: true},
	}}, nil)
}

// deaf never answers go-plugin's request to shut down.
func deaf(s *grpc.Server) {
	s.RegisterService(&grpc.ServiceDesc{ServiceName: "plugin.GRPCController", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{
		{StreamName: "Shutdown", Handler: func(any, grpc.ServerStream) error { select {} }, ServerStreams: true, ClientStreams: true},
	}}, nil)
}
