package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// patience bounds every wait on a server; a loaded machine with two cores still answers well within it.
const patience = 90 * time.Second

// server is a running demo.
type server struct {
	data, base, admin string // folder, URL of the server, URL of Caddy's admin endpoint

	cmd    *exec.Cmd
	client *http.Client
	ready  chan struct{} // closed when the ready line was printed
	ended  chan struct{} // closed when the process is gone
	err    error         // of the process, once ended

	mu     sync.Mutex
	out    []string // lines on standard output
	stderr bytes.Buffer
	tokens map[string]string
}

// start runs a demo over a fresh data folder until the test ends.
func start(t testing.TB, flags ...string) *server {
	t.Helper()
	return startOver(t, filepath.Join(t.TempDir(), "data"), flags...)
}

// startOver runs a demo over a data folder until the test ends, or until it is stopped or killed.
func startOver(t testing.TB, data string, flags ...string) *server {
	t.Helper()
	for try := 0; ; try++ {
		s, err := launch(data, freeAddress(t), flags...)
		if err == nil {
			t.Cleanup(func() { s.finish(t) })
			return s
		}
		if try == 5 || !strings.Contains(err.Error(), "address already in use") {
			t.Fatal(err)
		}
	}
}

// launch starts a demo and waits until it is ready.
func launch(data, address string, flags ...string) (*server, error) {
	s := &server{
		data: data, base: "http://" + address, ready: make(chan struct{}), ended: make(chan struct{}), tokens: map[string]string{},
		client: &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 64}, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
	}
	s.cmd = exec.Command(binary, append([]string{"demo", "--listen", address, "--data", data}, flags...)...)
	s.cmd.SysProcAttr = withParent()
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.cmd.Stderr = &lockedWriter{&s.mu, &s.stderr}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go s.follow(stdout)
	select {
	case <-s.ready:
		return s, nil
	case <-s.ended:
		return nil, fmt.Errorf("the demo ended before it was ready: %w\n%s", s.err, s.errors())
	case <-time.After(patience):
		s.kill()
		return nil, fmt.Errorf("the demo was not ready after %s\n%s", patience, s.errors())
	}
}

var adminLine = regexp.MustCompile(`^\s*metrics\s+(http://\S+)/metrics$`)

// follow reads what the demo prints, then waits for its end.
func (s *server) follow(stdout io.Reader) {
	defer close(s.ended)
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		line := lines.Text()
		s.mu.Lock()
		s.out = append(s.out, line)
		if m := adminLine.FindStringSubmatch(line); m != nil {
			s.admin = m[1]
		}
		s.mu.Unlock()
		if strings.HasPrefix(line, "ready ") {
			close(s.ready)
		}
	}
	s.err = s.cmd.Wait()
}

type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// printed is what the demo wrote on standard output.
func (s *server) printed() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.out, "\n")
}

// errors is what the demo wrote on standard error.
func (s *server) errors() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stderr.String()
}

// alive reports whether the process runs.
func (s *server) alive() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// kill ends the process as a power cut would: kill -9.
func (s *server) kill() {
	_ = s.cmd.Process.Kill() // it may be gone
	<-s.ended
	s.client.CloseIdleConnections()
}

// stop ends the process as an operator does, and fails the test when it does not end well.
func (s *server) stop(t testing.TB) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("stopping the demo: %v", err)
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.kill()
		t.Errorf("the demo did not stop within %s", patience)
	}
	s.client.CloseIdleConnections()
	if s.err != nil {
		t.Errorf("the demo did not stop well: %v\n%s", s.err, s.errors())
	}
}

// finish kills what a test left running, and fails it for anything that no server may say.
func (s *server) finish(t testing.TB) {
	s.kill()
	for _, bad := range []string{"panic:", "http: panic serving", "DATA RACE", "goroutine 1 ["} {
		if said := s.errors(); strings.Contains(said, bad) {
			t.Errorf("the demo said %q:\n%s", bad, said)
		}
	}
}

// ports are given out in fours, the second for Caddy's admin endpoint, the third for rehearsals and the fourth for the app
// from outside, below the range from which the kernel takes the ports of outgoing connections.
var ports = func() *atomic.Uint32 {
	var n atomic.Uint32
	n.Store(10000 + 4*rand.Uint32N(4500))
	return &n
}()

func freeAddress(t testing.TB) string {
	t.Helper()
	address := anyAddress()
	if address == "" {
		t.Fatal("no free port")
	}
	return address
}

// anyAddress is a free address, "" when there is none.
func anyAddress() string {
	for range 1000 {
		port := 10000 + (ports.Add(4)-10000)%20000
		at := func(n uint32) string { return fmt.Sprintf("127.0.0.1:%d", n) }
		if isFree(at(port)) && isFree(at(port+1)) && isFree(at(port+2)) && isFree(at(port+3)) {
			return at(port)
		}
	}
	return ""
}

func isFree(address string) bool {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// together is the demo that tests share which change nothing; it starts with the first of them.
var together shared

type shared struct {
	dir  string
	once sync.Once
	s    *server
	err  error
}

func readOnly(t testing.TB) *server {
	t.Helper()
	together.once.Do(func() { together.s, together.err = launch(together.dir, freeAddress(t)) })
	if together.err != nil {
		t.Fatal(together.err)
	}
	return together.s
}

// end kills the shared demo, and tells when it did not live until then.
func (s *shared) end() {
	if s.s == nil {
		return
	}
	if !s.s.alive() {
		fmt.Fprintf(os.Stderr, "the shared demo ended before its tests did: %v\n%s\n", s.s.err, s.s.errors())
	}
	s.s.kill()
}

// command runs pontlevis to its end, which must be a success, and returns what it printed.
func command(t testing.TB, args ...string) string {
	t.Helper()
	out, code := exits(t, args...)
	if code != 0 {
		t.Fatalf("pontlevis %s: exit %d\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

// exits runs pontlevis to its end and returns what it printed, errors included, with its exit code.
func exits(t testing.TB, args ...string) (string, int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), binary, args...)
	c.SysProcAttr = withParent()
	out, err := c.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatalf("pontlevis %s: %v", strings.Join(args, " "), err)
	}
	return string(out), c.ProcessState.ExitCode()
}

// description is demo.json (design.md §9).
type description struct {
	Base, Issuer, FHIR string
	People             []struct {
		Key, Kind, Login, Password, Name, Patient, INS, RPPS, Profession, Organization string
	}
	Clients []struct {
		Key          string
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
		JWK          *jose.JSONWebKey
		AuthMethod   string   `json:"auth_method"`
		RedirectURIs []string `json:"redirect_uris"`
		Scopes       []string
	}
}

func (s *server) description(t testing.TB) description {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.data, "demo.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d description
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// ins is the national identifier of one of the cast, as a token "system|value" of a query.
func (s *server) ins(t testing.TB, key string) string {
	t.Helper()
	for _, p := range s.description(t).People {
		if p.Key == key && p.INS != "" {
			return insSystem + "|" + p.INS
		}
	}
	t.Fatalf("demo.json knows no INS of %s", key)
	return ""
}
