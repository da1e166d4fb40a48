package plugins

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/pontlevis/pontlevis/test/overlay"
)

// A protection can be taken out: in one source file a text, which must be there once, is replaced by one
// that asks off(name). All of them are built into one test binary by an overlay, each in place until it is named, so that
// the repository never holds a host without one. One that is made of several has several places.
type protection struct {
	file string // below the root of the repository
	old  string
	new  string
}

var protections = []protection{
	{"plugins/invoke.go", `context.WithDeadlineCause(ctx, s.handle.until, errTooLong)`, `context.WithDeadlineCause(ctx, s.handle.until.Add(much("the deadline of a call", time.Duration(0))), errTooLong)`},
	{"plugins/line.go", `launch(ctx, r, l.patience, l.gone)`, `launch(ctx, r, much("the patience with a start", l.patience), l.gone)`},
	{"plugins/conn.go", `grpc.MaxCallRecvMsgSize(maxMessage)`, `grpc.MaxCallRecvMsgSize(much("the size of a message and of all", maxMessage))`},
	{"plugins/process.go", `.left.Add(share(l))`, `.left.Add(much("the size of a message and of all", share(l)))`},
	{"plugins/conn.go", `m.left.Store(helloBytes)`,
		`m.left.Store(much("bytes before the call", much("the streams of go-plugin", much("killed, and never asked", int64(helloBytes)))))`},
	{"plugins/conn.go", "func (p *process) options() []grpc.DialOption {\n\treturn []grpc.DialOption{", "func (p *process) options() []grpc.DialOption {\n\treturn streaming(dialling(p.all()))\n}\n\nfunc (p *process) all() []grpc.DialOption {\n\treturn []grpc.DialOption{"},
	{"plugins/conn.go", `if !p.dialled.CompareAndSwap(false, true) {`, `if !p.dialled.CompareAndSwap(false, true) && !off("dialled once") {`},
	{"plugins/session.go", `s.limits.Reads + extraFrames;`, `s.limits.Reads + much("reads beyond the limit", extraFrames);`},
	{"plugins/process.go", `wire.NewPluginClient(c).Invoke(streaming)`, `wire.NewPluginClient(c).Invoke(streaming, reading()...)`},
	{"plugins/session.go", "\t\tdefault:\n", "\t\tdefault:\n\t\t\tif off(\"what can be read\") || off(\"messages of two kinds\") {\n\t\t\t\tcontinue\n\t\t\t}\n"},
	{"plugins/process.go", `hello := first.GetHello(); hello == nil`, `hello := first.GetHello(); !off("a hello first") && hello == nil`},
	{"plugins/process.go", `HandshakeConfig: wire.Handshake, `, `HandshakeConfig: wire.Handshake, VersionedPlugins: versions(), `},
	{"plugins/process.go", "\t\tp.cancel()\n\t\t_ = p.guard.Kill", "\t\tif off(\"killed, and never asked\") {\n\t\t\tp.client.Kill()\n\t\t}\n\t\tp.cancel()\n\t\t_ = p.guard.Kill"},
	{"plugins/process.go", `Logger: silent,`, `Logger: logger(),`},
	{"plugins/session.go", `Detail: "its handler returned an error"}`, `Detail: map[bool]string{false: "its handler returned an error", true: err.Error()}[off("words of the host alone")]}`},
	{"plugins/line.go", `l.demand, environment)`, `l.demand, hidden(environment))`},
	{"plugins/answer.go", `if !j.listed(out.URL) {`, `if !j.listed(out.URL) && !off("links of the manifest alone") {`},
	{"plugins/detail.go", "\tswitch {\n\tcase source == \"\":", "\tswitch {\n\tcase off(\"no image in a card\"):\n\t\treturn nil\n\tcase source == \"\":"},
	{"plugins/answer.go", `case len(a.GetSystemActions()) > 0:`, `case len(a.GetSystemActions()) > 0 && !off("no system actions"):`},
	{"plugins/handle.go", "\tcase r.GetNext() == \"\":\n", "\tcase r.GetNext() == \"\" && off(\"a list of what may be asked\"):\n\t\treturn r.GetQuery(), nil\n\tcase r.GetNext() == \"\":\n"},
	{"plugins/handle.go", "\tn, err := strconv.Atoi(r.GetNext())\n", "\tif off(\"pages that were offered\") {\n\t\treturn r.GetNext(), nil\n\t}\n\tn, err := strconv.Atoi(r.GetNext())\n"},
	{"plugins/handle.go", `if h.reads <= 0 || h.bytes <= 0 {`, `if h.reads <= 0 && !off("the reads of a call") || h.bytes <= 0 && !off("the bytes of a call") {`},
	{"plugins/handle.go", `case int64(len(body)) > h.bytes:`, `case int64(len(body)) > h.bytes && !off("the bytes of a call"):`},
	{"plugins/handle.go", "\tbegun := time.Now()\n", "\tbegun := time.Now()\n\th.believe(r)\n"},
	{"plugins/session.go", "\t\t\treturn f.Answer, nil\n", "\t\t\tif off(\"the answer is the end\") {\n\t\t\t\tcontinue\n\t\t\t}\n\t\t\treturn f.Answer, nil\n"},
	{"plugins/invoke.go", "\ts.host.ending.Go(p.end)", "\tif off(\"one process a call\") {\n\t\tl.again(p)\n\t\treturn out, nil\n\t}\n\ts.host.ending.Go(p.end)"},

	{"plugins/cage/runner_linux.go", "\tcloseAll([]int{far, outWrite, faultWrite})\n", "\tif off(\"its end of the pipes closed\") {\n\t\tcloseAll([]int{far})\n\t} else {\n\t\tcloseAll([]int{far, outWrite, faultWrite})\n\t}\n"},
	{"plugins/cage/handshake.go", "\tline = strings.TrimSuffix(line, \"\\n\")\n", "\tline = strings.TrimSuffix(line, \"\\n\")\n\tif off(\"the pattern of the first line\") || off(\"where it is dialled\") {\n\t\treturn line, nil\n\t}\n"},
	{"plugins/cage/socket_linux.go", "\tif network != \"unix\" {\n", "\tif off(\"where it is dialled\") {\n\t\treturn network, address, nil\n\t}\n\tif network != \"unix\" {\n"},
	{"plugins/cage/runner_linux.go", "{ return io.NopCloser(bytes.NewReader(nil)) }", "{\n\tif off(\"the standard error is counted\") {\n\t\treturn r.errors.pipe\n\t}\n\treturn io.NopCloser(bytes.NewReader(nil))\n}"},
	{"plugins/cage/streams_linux.go", "\tc := &counted{pipe: pipe}\n", "\tc := &counted{pipe: pipe}\n\tif off(\"the standard error is counted\") {\n\t\treturn c\n\t}\n"},
	{"plugins/cage/streams_linux.go", `for c.n.Load() < mostComplaints {`, `for c.n.Load() < mostComplaints || off("a bound of the standard error") {`},
	{"plugins/cage/environment.go", `ok && slices.Contains(kept, name) &&`, `ok && (slices.Contains(kept, name) || off("the environment")) &&`},
	{"plugins/cage/image_linux.go", `if subtle.ConstantTimeCompare(hash.Sum(nil), expected) != 1 {`, `if subtle.ConstantTimeCompare(hash.Sum(nil), expected) != 1 && !off("the digest") {`},
	{"plugins/cage/jail_linux.go", "\tadd(p.syscalls()...)\n", "\tif !off(\"the filter of system calls\") {\n\t\tadd(p.syscalls()...)\n\t}\n"},
	{"plugins/cage/open_linux.go", `"TMPDIR=" + os.TempDir()}`, `"TMPDIR=" + os.TempDir(), offVariable + "=" + offNow()}`},
}

var guardName = regexp.MustCompile(`(?:off|much)\(\\?"([^"\\]+)\\?"`)

// guardNames are the protections that can be taken out.
func guardNames(t *testing.T) []string {
	t.Helper()
	texts := []string{}
	for _, g := range protections {
		texts = append(texts, g.new)
	}
	for _, file := range []string{"plugins", "cage"} {
		raw, err := os.ReadFile("testdata/unguarded/" + file + ".go")
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(raw))
	}
	return overlay.Names(guardName, texts...)
}

// takeOutSwitch is the test file that the overlay adds here.
const takeOutSwitch = `package plugins

import "github.com/pontlevis/pontlevis/plugins/cage"

func init() {
	takeOut = func(name string) { TakeOut(name); cage.TakeOut(name) }
	seeLogged = Logged
}
`

// takeOut takes the named protection out, "" puts it back; nil in a binary whose guards are all in place.
var takeOut func(name string)

// seeLogged is what go-plugin's logger wrote where a protection is out.
var seeLogged func() string

// TestGuarded holds that each row of the list either has a guard, without which its harm is seen, or says what else than
// this project stops it; and that each guard has a row.
func TestGuarded(t *testing.T) {
	t.Parallel()
	names, used := guardNames(t), map[string]bool{}
	for _, m := range misdeeds {
		used[m.guard] = true
		switch {
		case m.guard == "" && m.held == "":
			t.Errorf("%s: nothing is said of what stops it", m.name)
		case m.guard != "" && !slices.Contains(names, m.guard):
			t.Errorf("%s: there is no guard %q", m.name, m.guard)
		case m.guard != "" && m.then == nil:
			t.Errorf("%s: nothing is looked for without its guard", m.name)
		}
	}
	for _, name := range names {
		if !used[name] {
			t.Errorf("the guard %q has no row", name)
		}
	}
}

// TestUnguarded sees every misdeed do its harm once its guard is out: it builds a binary in which each can be taken out, and
// runs TestEachUnguarded there.
func TestUnguarded(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a build of its own takes some seconds")
	}
	if _, err := warden(); err != nil {
		t.Skipf("NO CAGE ON THIS MACHINE, so plugins are not tested: %v", err)
	}
	t.Log(unguarded(t).Run(t, []string{"TestEachUnguarded"}, "-ldflags=-s -w"))
}

// TestEachUnguarded runs in the binary that TestUnguarded builds.
func TestEachUnguarded(t *testing.T) {
	if takeOut == nil {
		t.Skip("the guards are all in place")
	}
	for _, name := range guardNames(t) {
		takeOut(name)
		t.Run(name, func(t *testing.T) { // its rows together: they are after the same guard
			for _, m := range misdeeds {
				if m.guard != name {
					continue
				}
				t.Run(m.name, func(t *testing.T) {
					t.Parallel()
					m.without(t)
				})
			}
		})
	}
	takeOut("")
}

// unguarded are the sources in which each guard can be taken out.
func unguarded(t *testing.T) *overlay.Sources {
	t.Helper()
	sources, err := overlay.New("..")
	if err != nil {
		t.Fatal(err)
	}
	sources.Put("plugins/takeout_test.go", takeOutSwitch)
	for file, as := range map[string]string{"plugins": "plugins/unguarded.go", "cage": "plugins/cage/unguarded_linux.go"} {
		raw, err := os.ReadFile("testdata/unguarded/" + file + ".go")
		if err != nil {
			t.Fatal(err)
		}
		sources.Put(as, string(raw))
	}
	for _, g := range protections {
		if err := sources.Replace(g.file, g.old, g.new); err != nil {
			t.Errorf("the guard of %s: %v", g.new, err)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	return sources
}
