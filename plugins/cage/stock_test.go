//go:build linux && (amd64 || arm64)

package cage

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
)

type nothing struct{ plugin.NetRPCUnsupportedPlugin }

func (nothing) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error { return nil }

func (nothing) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return struct{}{}, nil
}

// clientConfig is go-plugin's client over a runner, or over a command where that is nil.
func clientConfig(r *Runner, path string) *plugin.ClientConfig {
	c := &plugin.ClientConfig{
		HandshakeConfig:  plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "PONTLEVIS_PLUGIN", MagicCookieValue: "1"},
		Plugins:          plugin.PluginSet{"nothing": nothing{}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC}, SkipHostEnv: true, StartTimeout: 10 * time.Second,
		Logger: hclog.NewNullLogger(),
	}
	if r == nil {
		c.Cmd = exec.Command(path)
		return c
	}
	c.RunnerFunc = func(_ hclog.Logger, cmd *exec.Cmd, _ string) (runner.Runner, error) {
		r.env = environment(cmd.Env, r.limits)
		return r, nil
	}
	c.GRPCDialOptions = []grpc.DialOption{grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return r.Dial(ctx) })}
	return c
}

// firstAnswer starts a client and asks it for its health.
func firstAnswer(c *plugin.Client) error {
	protocol, err := c.Client()
	if err != nil {
		return err
	}
	return protocol.Ping()
}

// TestStockClient runs an unmodified plugin.Serve in the cage, beside the stock client's own way.
func TestStockClient(t *testing.T) {
	t.Parallel()
	w, img := open(t, S0), image(t, "served")
	r, err := w.Runner(img, Limits{}, S1, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := plugin.NewClient(clientConfig(r, ""))
	if err := firstAnswer(client); err != nil {
		t.Fatalf("%v: %s", err, r.Diagnose(t.Context()))
	}
	if err := r.Kill(t.Context()); err != nil {
		t.Error(err)
	}
	before := time.Now()
	client.Kill()
	if took := time.Since(before); took > time.Second {
		t.Errorf("ending the client of a dead process took %v", took)
	}
	if end, ok := r.Ended(); !ok || end.Signal == 0 {
		t.Errorf("it ended as %v, %v", end, ok)
	}
}

// TestUnaskedCertificate (50) holds that the line which has the stock client dereference nil does not reach it.
func TestUnaskedCertificate(t *testing.T) {
	t.Parallel()
	w, img := open(t, S0), image(t, "hostile")
	for _, believed := range []bool{false, true} {
		r, config := lyingClient(t, w, img, "line 1|1|unix|FOLDER/socket|grpc|"+certificate(t), believed)
		panicked, err := caught(func() error { return firstAnswer(plugin.NewClient(config)) })
		if panicked != believed || err == nil && !believed {
			t.Errorf("believed %v: panicked %v, error %v", believed, panicked, err)
		}
		r.Kill(context.Background())
	}
}

// lyingClient is go-plugin's client of a hostile process, over our runner or over one that believes what it says.
func lyingClient(t *testing.T, w *Warden, img *Image, mode string, believed bool) (*Runner, *plugin.ClientConfig) {
	t.Helper()
	r, err := w.Runner(img, Limits{}, S1, []string{"PONTLEVIS_PLUGIN=" + mode})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Kill(context.Background()) })
	config := clientConfig(r, "")
	config.RunnerFunc = func(hclog.Logger, *exec.Cmd, string) (runner.Runner, error) {
		if believed {
			return trusting{r}, nil
		}
		return r, nil
	}
	if believed {
		config.GRPCDialOptions = nil // with ours, only the process's own socket is ever dialled
	}
	return r, config
}

// TestOtherProtocols starts processes that announce another protocol than gRPC over a socket of its own (49), connections
// within the connection (52), or another version of the protocol (43). The first two are held by the pattern of the first
// line and by what go-plugin is told: without both, it speaks as the process likes. The version is go-plugin's to compare.
func TestOtherProtocols(t *testing.T) {
	t.Parallel()
	w, img := open(t, S0), image(t, "hostile")
	for _, c := range []struct {
		name, line, want string
		off              func(*plugin.ClientConfig)
		harm             func(c *plugin.Client, heard <-chan byte) bool
	}{
		{"49 another protocol", "1|1|unix|PATH|netrpc|", noSuchLine,
			func(c *plugin.ClientConfig) { c.AllowedProtocols = []plugin.Protocol{plugin.ProtocolNetRPC} }, speaksYamux},
		{"52 connections within a connection", "1|1|unix|PATH|grpc||true", noSuchLine,
			func(c *plugin.ClientConfig) { c.GRPCBrokerMultiplex = true }, speaksYamux},
		{"43 another version", "1|99|unix|FOLDER/socket|grpc|", "",
			func(c *plugin.ClientConfig) { c.VersionedPlugins = map[int]plugin.PluginSet{99: c.Plugins} },
			func(c *plugin.Client, _ <-chan byte) bool { _, err := c.Start(); return err == nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path, heard := listener(t)
			mode := "line " + strings.ReplaceAll(c.line, "PATH", path)
			r, config := lyingClient(t, w, img, mode, false)
			_, err := plugin.NewClient(config).Start()
			if err == nil || r.Refused() == nil != (c.want == "") || c.want != "" && !strings.Contains(r.Refused().Error(), c.want) {
				t.Errorf("error %v, %v, want one that says %q", err, r.Refused(), c.want)
			}
			if len(heard) > 0 {
				t.Error("a listener of this machine was spoken to")
			}
			_, config = lyingClient(t, w, img, mode, true)
			c.off(config)
			client := plugin.NewClient(config)
			if !c.harm(client, heard) {
				t.Error("without what holds it, nothing comes of it either: the case proves nothing")
			}
		})
	}
}

// speaksYamux sees whether the client speaks to a listener, and what: no frame of HTTP/2, which would begin with "PRI".
func speaksYamux(c *plugin.Client, heard <-chan byte) bool {
	go func() {
		if protocol, err := c.Client(); err == nil {
			_ = protocol.Ping()
		}
	}()
	select {
	case first := <-heard:
		return first == 0 // the version of yamux
	case <-time.After(10 * time.Second):
		return false
	}
}

// listener listens on this machine, and tells the first byte of each connection.
func listener(t *testing.T) (path string, heard <-chan byte) {
	t.Helper()
	folder, err := os.MkdirTemp("", "listener-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	path = filepath.Join(folder, "socket")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	out := make(chan byte, 8)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			first := make([]byte, 1)
			if _, err := c.Read(first); err == nil {
				out <- first[0]
			}
			c.Close()
		}
	}()
	return path, out
}

// certificate is a valid one, as short as they come, in the form of the handshake's sixth field.
func certificate(t *testing.T) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{SerialNumber: big.NewInt(1)}, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawStdEncoding.EncodeToString(raw)
}

func caught(f func() error) (panicked bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			panicked = true
		}
	}()
	return false, f()
}

// BenchmarkColdStart measures from nothing to the first answer, caged and stock in turns, so that both meet the same load.
func BenchmarkColdStart(b *testing.B) {
	img, path := image(b, "served"), build(b, "served")
	w := open(b, S0)
	var caged, stock []time.Duration
	for b.Loop() {
		r, err := w.Runner(img, Limits{}, S1, nil)
		if err != nil {
			b.Fatal(err)
		}
		client := plugin.NewClient(clientConfig(r, ""))
		before := time.Now()
		if err := firstAnswer(client); err != nil {
			b.Fatal(err)
		}
		caged = append(caged, time.Since(before))
		r.Kill(b.Context())
		client.Kill()

		client = plugin.NewClient(clientConfig(nil, path))
		before = time.Now()
		if err := firstAnswer(client); err != nil {
			b.Fatal(err)
		}
		stock = append(stock, time.Since(before))
		client.Kill()
	}
	for name, times := range map[string][]time.Duration{"caged": caged, "stock": stock} {
		slices.Sort(times)
		for _, at := range []int{50, 90} {
			b.ReportMetric(float64(times[len(times)*at/100].Microseconds())/1000, fmt.Sprintf("%s-p%d-ms", name, at))
		}
		b.ReportMetric(float64(times[0].Microseconds())/1000, name+"-min-ms")
	}
}

// BenchmarkIdle tells how much memory an idle process has of its own.
func BenchmarkIdle(b *testing.B) {
	w, img := open(b, S0), image(b, "served")
	for b.Loop() {
		var own, shared int64
		var running []*Runner
		for range 8 {
			r, err := w.Runner(img, Limits{}, S1, nil)
			if err != nil {
				b.Fatal(err)
			}
			if err := firstAnswer(plugin.NewClient(clientConfig(r, ""))); err != nil {
				b.Fatal(err)
			}
			running = append(running, r)
		}
		for _, r := range running {
			p, s := rollup(b, r.ID())
			own, shared = own+p, shared+s
			r.Kill(b.Context())
		}
		b.ReportMetric(float64(own)/8/1024, "private-MiB")
		b.ReportMetric(float64(shared)/8/1024, "PSS-MiB")
	}
}

// rollup reads a process's private and proportional memory, in KiB.
func rollup(b *testing.B, pid string) (private, proportional int64) {
	raw, err := os.ReadFile(filepath.Join("/proc", pid, "smaps_rollup"))
	if err != nil {
		b.Skip(err)
	}
	for line := range strings.Lines(string(raw)) {
		var n int64
		switch name, rest, _ := strings.Cut(line, ":"); name {
		case "Private_Clean", "Private_Dirty":
			fmt.Sscan(rest, &n)
			private += n
		case "Pss":
			fmt.Sscan(rest, &proportional)
		}
	}
	return private, proportional
}
