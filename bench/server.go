package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// readyWithin bounds how long a server may take to start, import of the invented records included.
const readyWithin = 5 * time.Minute

// A server is a process that answers, and whose CPU time is read.
type server struct {
	name, address, admin string
	data                 string // folder of its state, "" when it has none
	cmd                  *exec.Cmd
	ended                chan error
	log                  lockedBuffer
}

// lockedBuffer keeps what a process writes on standard error, to be shown when something fails.
type lockedBuffer struct {
	mu   sync.Mutex
	text []byte
}

const maxLog = 64 << 10

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p[:min(len(p), max(0, maxLog-len(l.text)))]...)
	return len(p), nil
}

// said is what the process wrote on standard error.
func (s *server) said() string {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return string(s.log.text)
}

// freeAddress finds a loopback address that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// launch starts a process that prints a line beginning with "ready " once it answers.
func launch(s *server, env []string, name string, args ...string) error {
	s.cmd, s.ended = exec.Command(name, args...), make(chan error, 1)
	s.cmd.Env = append(os.Environ(), env...)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	s.cmd.Stderr = &s.log
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", s.name, err)
	}
	ready := make(chan struct{})
	go s.follow(out, ready)
	select {
	case <-ready:
		return nil
	case err := <-s.ended:
		return fmt.Errorf("%s ended before it was ready: %w\n%s", s.name, err, s.said())
	case <-time.After(readyWithin):
		s.stop()
		return fmt.Errorf("%s was not ready after %s", s.name, readyWithin)
	}
}

func (s *server) follow(out io.Reader, ready chan struct{}) {
	lines := bufio.NewScanner(out)
	for said := false; lines.Scan(); {
		if !said && strings.HasPrefix(lines.Text(), "ready ") {
			said = true
			close(ready)
		}
	}
	s.ended <- s.cmd.Wait()
}

func (s *server) stop() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(10 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
}

// caddyfile begins every configuration alike: no certificates, no access log, nothing kept.
const caddyfile = "{\n\tadmin %s\n\tauto_https off\n\tpersist_config off\n\tlog {\n\t\tlevel WARN\n\t}\n%s}\nhttp://%s {\n\tbind 127.0.0.1\n\t%s\n}\n"

// startGate starts the gate over a fresh data folder that holds the records of a file.
func startGate(name, binary, folder, records string, env ...string) (*server, error) {
	s := &server{name: name, data: filepath.Join(folder, "data")}
	option := fmt.Sprintf("\tpontlevis {\n\t\tdata %q\n\t\tissuer http://%%s\n\t\tdemo\n\t\tload %q\n\t}\n", s.data, records)
	return s, s.run(binary, folder, option, "pontlevis", env)
}

// startCaddy starts the same binary as a reverse proxy and no more. Its pool of connections is large enough that none is
// ever opened twice.
func startCaddy(name, binary, folder, upstream string, env ...string) (*server, error) {
	s := &server{name: name}
	return s, s.run(binary, folder, "", fmt.Sprintf("reverse_proxy %s {\n\t\ttransport http {\n\t\t\tkeepalive_idle_conns_per_host 1024\n\t\t}\n\t}", upstream), env)
}

func (s *server) run(binary, folder, option, site string, env []string) (err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if s.address, err = freeAddress(); err != nil {
		return err
	}
	if s.admin, err = freeAddress(); err != nil {
		return err
	}
	if option != "" {
		option = fmt.Sprintf(option, s.address)
	}
	config := filepath.Join(folder, "Caddyfile")
	if err := os.WriteFile(config, fmt.Appendf(nil, caddyfile, s.admin, option, s.address, site), 0o600); err != nil {
		return err
	}
	return launch(s, env, binary, "demo", "--config", config, "--listen", s.address, "--data", folder)
}

// token asks the gate's demonstration for a token.
func (s *server) token(ctx context.Context, as, patient string) (string, error) {
	key, err := os.ReadFile(filepath.Join(s.data, "demo.key"))
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(map[string]string{"as": as, "patient": patient})
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.address+"/demo/token", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+string(key))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var said struct{ Token, Error string }
	if err := json.NewDecoder(answer.Body).Decode(&said); err != nil {
		return "", err
	}
	if said.Token == "" {
		return "", fmt.Errorf("no token for %s: %s", as, said.Error)
	}
	return said.Token, nil
}

// ticks of /proc/*/stat per second, which Linux fixes for user space (proc(5), sysconf(_SC_CLK_TCK)).
const ticks = 100

// cpu is the user and system time that the process has taken so far. The kernel adds it up exactly and shows it in ticks.
func (s *server) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The name of the program stands in parentheses and may hold anything; user and system time are fields 14 and 15.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0, errors.New("reading /proc/PID/stat: too short")
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * time.Second / ticks, errors.Join(err1, err2)
}

// settle waits until the process does next to nothing of its own accord: what a server does once after it has started
// (proving its policies' plan, writing out its log) is no part of what requests cost.
func (s *server) settle(ctx context.Context) error {
	const look, quiet, most = 500 * time.Millisecond, 20 * time.Millisecond, 3 * time.Minute
	for end := time.Now().Add(most); time.Now().Before(end); {
		before, err := s.cpu()
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
		after, err := s.cpu()
		if err != nil || after-before <= quiet {
			return err
		}
	}
	return nil
}

// memory is what the process holds of real memory, in bytes.
func (s *server) memory() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, is := strings.CutPrefix(line, "VmRSS:"); is {
			kb, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kb << 10, err
		}
	}
	return 0, errors.New("reading /proc/PID/status: no VmRSS")
}
