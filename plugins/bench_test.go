package plugins

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins/wire"
)

// The benchmarks say the middle of what a thing took ("p50-ms"), and the processor time of this process, which is the
// gateway's ("host-ms"): on a busy machine the clock tells of the neighbours.

// spent is the processor time of this process.
func spent() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// timed runs something n times and reports it.
func timed(b *testing.B, before func(), do func()) {
	b.Helper()
	var took []time.Duration
	var cpu time.Duration
	for b.Loop() {
		b.StopTimer()
		if before != nil {
			before()
		}
		begun, was := time.Now(), spent()
		b.StartTimer()
		do()
		took, cpu = append(took, time.Since(begun)), cpu+spent()-was
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1e3, "p50-ms")
	b.ReportMetric(cpu.Seconds()*1e3/float64(len(took)), "host-ms")
}

// BenchmarkStartStock starts the same binary as go-plugin does by itself: no cage, the gateway's environment and network.
func BenchmarkStartStock(b *testing.B) {
	bits, err := built()
	if err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(b.TempDir(), "plugin")
	if err := os.WriteFile(file, bits, 0o700); err != nil {
		b.Fatal(err)
	}
	timed(b, nil, func() {
		c := plugin.NewClient(&plugin.ClientConfig{
			HandshakeConfig: wire.Handshake, Plugins: plugin.PluginSet{wire.Name: dispenser{}}, Cmd: exec.Command(file),
			AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC}, Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Off, Output: io.Discard}),
		})
		protocol, err := c.Client()
		if err != nil {
			b.Fatal(err)
		}
		raw, err := protocol.Dispense(wire.Name)
		if err != nil {
			b.Fatal(err)
		}
		s, err := wire.NewPluginClient(raw.(*grpc.ClientConn)).Invoke(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Recv(); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		c.Kill()
		b.StartTimer()
	})
}

// BenchmarkStartCaged starts it in the cage, as far as its hello.
func BenchmarkStartCaged(b *testing.B) {
	h, l := lineOf(b)
	timed(b, nil, func() {
		if err := h.host.places.take(b.Context(), "a"); err != nil {
			b.Fatal(err)
		}
		p, f := l.start(b.Context())
		if f != nil {
			b.Fatal(f)
		}
		b.StopTimer()
		p.end()
		b.StartTimer()
	})
}

func lineOf(t testing.TB) (*bench, *line) {
	b := newBench(t)
	a := b.app("a", "")
	if _, err := b.call("a", "nothing"); err != nil {
		t.Fatal(err)
	}
	return b, b.line(a)
}

// awaits waits for a fresh process.
func (l *line) awaits() {
	for l.look().Idle == 0 {
		l.refill()
		time.Sleep(time.Millisecond)
	}
}

// BenchmarkInvoke is an invocation whose process waits for it: what a call of a plugin adds.
func BenchmarkInvoke(b *testing.B) {
	for _, hook := range []string{"nothing", "three"} {
		b.Run(hook, func(b *testing.B) {
			h, l := lineOf(b)
			timed(b, l.awaits, func() {
				if _, err := h.call("a", hook); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// BenchmarkInvokeCold is one for which a process has to be started first.
func BenchmarkInvokeCold(b *testing.B) {
	h, l := lineOf(b)
	timed(b, func() {
		h.host.filling.Wait()
		l.drop()
	}, func() {
		if _, err := h.call("a", "three"); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkRead is one read through the handle of 2.8 KB, without what the gate takes: 200 of them in one invocation.
func BenchmarkRead(b *testing.B) {
	h := newBench(b)
	h.app("a", "", func(a *App) { a.Limits = Limits{Reads: 200, Deadline: 10 * time.Second, Bytes: 4 << 20} })
	pad := strings.Repeat("a note in words, of some length, as people write; ", 40)
	body := fmt.Appendf(nil, `{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"Immunization","id":"i1","status":"completed","patient":{"reference":"Patient/camille"},"vaccineCode":{"coding":[{"system":"urn:oid:1.2.250.1.213.2.59","code":"3400930000000"}]},"note":[{"text":%q}]}}]}`, pad)
	h.gate.answer = func(string) (*gate.Answer, error) { return &gate.Answer{Status: 200, Body: body}, nil }
	var all time.Duration
	n := 0
	was := spent()
	for b.Loop() {
		begun := time.Now()
		if _, err := h.call("a", "200"); err != nil {
			b.Fatal(err)
		}
		all, n = all+time.Since(begun), n+200
	}
	b.ReportMetric(all.Seconds()*1e3/float64(n), "ms/read")
	b.ReportMetric((spent()-was).Seconds()*1e3/float64(n), "host-ms/read")
}

// BenchmarkIdle says what a fresh process that waits has of its own.
func BenchmarkIdle(b *testing.B) {
	_, l := lineOf(b)
	var private int
	for b.Loop() {
		l.awaits()
		l.mu.Lock()
		pid := l.idle[0].guard.ID()
		l.mu.Unlock()
		raw, err := os.ReadFile("/proc/" + pid + "/smaps_rollup")
		if err != nil {
			b.Skip(err)
		}
		private = 0
		for line := range strings.Lines(string(raw)) {
			var n int
			if strings.HasPrefix(line, "Private_") {
				if _, err := fmt.Sscan(strings.Fields(line)[1], &n); err == nil {
					private += n
				}
			}
		}
	}
	b.ReportMetric(float64(private), "KiB-private")
}

// BenchmarkBusy is eight plugins that are called without a pause, alone and beside one that floods.
func BenchmarkBusy(b *testing.B) {
	for name, hostile := range map[string]bool{"eight": false, "eight and one hostile": true} {
		b.Run(name, func(b *testing.B) {
			h := newBench(b)
			r := h.release("1.0.0", "")
			for i := range 8 {
				h.app(fmt.Sprint("busy-", i), "", func(a *App) { a.Release = r })
				if _, err := h.call(fmt.Sprint("busy-", i), "three"); err != nil {
					b.Fatal(err)
				}
			}
			h.app("hostile", "raw")
			var over atomic.Bool
			var floods sync.WaitGroup
			for range 4 {
				if hostile {
					floods.Go(func() {
						for !over.Load() {
							if _, err := h.call("hostile", "reads"); err != nil {
								time.Sleep(time.Millisecond)
							}
						}
					})
				}
			}
			var mu sync.Mutex
			var took []time.Duration
			begun := time.Now()
			for b.Loop() {
				var calls sync.WaitGroup
				for i := range 8 {
					calls.Go(func() {
						at := time.Now()
						if _, err := h.call(fmt.Sprint("busy-", i), "three"); err != nil {
							b.Error(err)
						}
						mu.Lock()
						defer mu.Unlock()
						took = append(took, time.Since(at))
					})
				}
				calls.Wait()
			}
			all := time.Since(begun)
			over.Store(true)
			floods.Wait()
			slices.Sort(took)
			b.ReportMetric(float64(len(took))/all.Seconds(), "invocations/s")
			b.ReportMetric(took[len(took)/2].Seconds()*1e3, "p50-ms")
			b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
		})
	}
}
