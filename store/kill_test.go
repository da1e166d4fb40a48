package store_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// childPath is set in the environment of a child process that writes to the file named there until it is killed.
const childPath = "STORE_TEST_CHILD"

// killRounds is the environment variable that asks for more rounds than the usual.
const killRounds = "PONTLEVIS_KILL_ROUNDS"

// rounds returns how often to kill: few in each run, as many as the environment asks for in a long one.
func rounds(t *testing.T, usual int) int {
	s := os.Getenv(killRounds)
	if s == "" {
		return usual
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatalf("%s: %v", killRounds, err)
	}
	return n
}

// writeForEver is the child: several goroutines write, each prints a key once its Update has returned.
func writeForEver(path string) {
	db, err := store.OpenBolt(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	start := time.Now().UnixNano()
	for w := range 8 {
		go func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d-%d-%d", start, w, i)
				err := db.Update(context.Background(), store.PatientPartition(strconv.Itoa(w)), func(tx store.Tx) error {
					return tx.Put([]byte(key), make([]byte, i%3000))
				})
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				fmt.Println(w, key) // one write to the pipe: whole or not at all
			}
		}()
	}
	select {}
}

// startChild runs this test binary again as the writer, and returns the lines it prints.
func startChild(t *testing.T, path string) (*exec.Cmd, <-chan string) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childPath+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1024)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return child, lines
}

// stopChild kills the child and returns the lines it still printed.
func stopChild(child *exec.Cmd, lines <-chan string) (rest []string) {
	_ = child.Process.Kill()
	for line := range lines {
		rest = append(rest, line)
	}
	_ = child.Wait()
	return rest
}

// TestKill kills a writing process again and again: what it had acknowledged is there each time, and the file opens
// without a hand.
func TestKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "db")
	var acknowledged []string
	for round := range rounds(t, 20) {
		child, lines := startChild(t, path)
		acknowledged = append(acknowledged, <-lines)
		wait := time.After(time.Duration(rand.IntN(40)) * time.Millisecond)
	reading:
		for {
			select {
			case line, ok := <-lines:
				if !ok {
					t.Fatal("the child ended by itself")
				}
				acknowledged = append(acknowledged, line)
			case <-wait:
				break reading
			}
		}
		acknowledged = append(acknowledged, stopChild(child, lines)...)
		if lost := missing(t, path, acknowledged); lost > 0 {
			t.Fatalf("round %d: %d of %d acknowledged writes are lost", round, lost, len(acknowledged))
		}
	}
	t.Logf("%d acknowledged writes, none lost", len(acknowledged))
}

func missing(t *testing.T, path string, acknowledged []string) (lost int) {
	t.Helper()
	db, err := store.OpenBolt(path)
	if err != nil {
		t.Fatalf("opening after the kill: %v", err)
	}
	defer db.Close()
	for w := range 8 {
		err := db.View(context.Background(), store.PatientPartition(strconv.Itoa(w)), func(tx store.Tx) error {
			for _, line := range acknowledged {
				if line[:1] == strconv.Itoa(w) && tx.Get([]byte(line[2:])) == nil {
					lost++
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return lost
}
