package main

import (
	"bufio"
	"bytes"
	"encoding/gob"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// startStub starts the stub upstream: this program again, over a file of answers. It answers each target with the bytes
// that the gate gave for it, head and body, so that what Caddy proxies is the same.
func startStub(folder string, answers map[string][]byte) (*server, error) {
	path := filepath.Join(folder, "answers")
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := gob.NewEncoder(f).Encode(answers); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{name: "stub"}
	if s.address, err = freeAddress(); err != nil {
		return nil, err
	}
	return s, launch(s, nil, self, "stub", s.address, path)
}

// serveStub is the stub's own process.
func serveStub(address, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var answers map[string][]byte
	if err := gob.NewDecoder(f).Decode(&answers); err != nil {
		return err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("ready " + address)
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go answerAll(c, answers)
	}
}

// answerAll answers GET requests on one connection until it ends.
func answerAll(c net.Conn, answers map[string][]byte) {
	defer c.Close()
	in := bufio.NewReaderSize(c, 16<<10)
	for {
		target, err := readRequest(in)
		if err != nil {
			return
		}
		answer, ok := answers[target]
		if !ok {
			answer = []byte("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
		}
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}

// readRequest reads a request without a body, and gives its target.
func readRequest(in *bufio.Reader) (target string, err error) {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return "", err
		}
		if len(line) <= 2 {
			return target, nil
		}
		if target == "" {
			if parts := bytes.SplitN(line, []byte(" "), 3); len(parts) == 3 {
				target = string(parts[1])
			}
		}
	}
}
