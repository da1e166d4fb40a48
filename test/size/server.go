package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is a running demo over the store.
type server struct {
	cmd         *exec.Cmd
	base, admin string
	key         string // of the data folder
	client      *http.Client

	readyIn     time.Duration
	readAtStart int64 // bytes from disk
	ownAtStart  int   // MB
}

// start runs the demo twice: the first start loads the cast, which is none of the store's size.
func (c *config) start(data string) (*server, error) {
	if _, err := os.Stat(filepath.Join(data, "demo-cast")); err != nil {
		first, err := c.launch(data)
		if err != nil {
			return nil, err
		}
		first.stop()
	}
	if c.cold {
		if err := forget(filepath.Join(data, "state.db")); err != nil {
			return nil, err
		}
	}
	return c.launch(data)
}

func (c *config) launch(data string) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	s := &server{base: "http://" + address, client: &http.Client{
		Timeout: time.Hour, Transport: &http.Transport{MaxIdleConnsPerHost: 256},
	}}
	s.cmd = exec.Command(c.binary, "demo", "--listen", address, "--data", data)
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "metrics   http://"); ok {
			s.admin = strings.TrimSuffix(rest, "/metrics")
		}
		if strings.HasPrefix(lines.Text(), "ready ") {
			s.readyIn = time.Since(began)
			go io.Copy(io.Discard, out)
			return s, s.started(data)
		}
	}
	return nil, fmt.Errorf("the server ended before it was ready: %w", s.cmd.Wait())
}

func (s *server) started(data string) error {
	key, err := os.ReadFile(filepath.Join(data, "demo.key"))
	s.key = strings.TrimSpace(string(key))
	s.readAtStart = s.proc("io", "read_bytes:")
	s.ownAtStart, _ = s.memory()
	return err
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// proc reads one number of the process from a file of Linux's /proc.
func (s *server) proc(file, name string) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.cmd.Process.Pid, file))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n
		}
	}
	return 0
}

// memory gives the process's own memory and the part of files that it has mapped, in MB.
func (s *server) memory() (own, file int) {
	return int(s.proc("status", "RssAnon:") / 1024), int(s.proc("status", "RssFile:") / 1024)
}

// cpu is the time that the process has used, in user and system mode; Linux counts in hundredths of a second.
func (s *server) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// token mints one for somebody of the cast, about a patient.
func (s *server) token(as, patient string) (string, error) {
	body, err := json.Marshal(map[string]string{"as": as, "patient": patient})
	if err != nil {
		return "", err
	}
	r, err := http.NewRequest(http.MethodPost, s.base+"/demo/token", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+s.key)
	response, err := s.client.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct{ Token, Error string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Error != "" {
		return "", fmt.Errorf("minting a token: %s %w", answer.Error, err)
	}
	return answer.Token, nil
}
