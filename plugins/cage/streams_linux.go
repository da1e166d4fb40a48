//go:build amd64 || arm64

package cage

import (
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
)

// firstLine reads one checked handshake line from a process's output, then closes the pipe.
type firstLine struct {
	pipe   *os.File
	runner *Runner
	once   sync.Once
	line   *strings.Reader
	mu     sync.Mutex
	err    error
}

func (f *firstLine) Read(p []byte) (int, error) {
	f.once.Do(func() {
		line, err := readHandshake(f.pipe, f.runner.folder)
		f.pipe.Close()
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.line, f.err = strings.NewReader(""), err; err == nil {
			f.line = strings.NewReader(line + "\n")
		}
	})
	return f.line.Read(p)
}

func (f *firstLine) Close() error { return f.pipe.Close() }

// refused is why the line was refused, if it was.
func (f *firstLine) refused() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// mostComplaints is how much is read from a process's standard error before the pipe is closed.
const mostComplaints = 1 << 20

// counted reads a pipe to count it.
type counted struct {
	pipe *os.File
	n    atomic.Int64
}

func count(pipe *os.File) *counted {
	c := &counted{pipe: pipe}
	go func() {
		defer pipe.Close()
		buffer := make([]byte, 4<<10)
		for c.n.Load() < mostComplaints {
			n, err := pipe.Read(buffer)
			c.n.Add(int64(n))
			if err != nil {
				return
			}
		}
	}()
	return c
}

func (c *counted) Close() error { return c.pipe.Close() }

var _ io.ReadCloser = (*firstLine)(nil)
