package audit_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

// childPath is set in the environment of a child process that logs to the file named there until it is killed.
const childPath = "AUDIT_TEST_CHILD"

// childJournal tells the child which journal to write.
const childJournal = "AUDIT_TEST_JOURNAL"

// killRounds is the environment variable that asks for more rounds than the usual.
const killRounds = "PONTLEVIS_KILL_ROUNDS"

// logForEver is the child: several goroutines append, each prints an id once its Append has returned.
func logForEver(path string) {
	db, err := store.OpenBolt(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	o := audit.Options{Origin: origin, Key: key, Keep: 20 * time.Millisecond, Journal: os.Getenv(childJournal), JournalSize: 256 << 10}
	l, err := audit.Open(ctx, db, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for w := range 8 {
		go func() {
			for {
				e := entry(0, strconv.Itoa(w))
				e.ID = audit.NewID()
				if err := l.Append(ctx, e); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				fmt.Println(e.ID) // one write to the pipe: whole or not at all
			}
		}()
	}
	select {}
}

// TestKill kills a logging process again and again: acknowledged entries are there each time, the log verifies, and the
// next process opens it without a hand.
func TestKill(t *testing.T) {
	t.Parallel()
	for _, journal := range []string{"", "audit.journal"} {
		t.Run(journal, func(t *testing.T) {
			t.Parallel()
			testKill(t, journal)
		})
	}
}

func testKill(t *testing.T, journal string) {
	rounds := 20
	if s := os.Getenv(killRounds); s != "" {
		var err error
		if rounds, err = strconv.Atoi(s); err != nil {
			t.Fatalf("%s: %v", killRounds, err)
		}
	}
	path, o := filepath.Join(t.TempDir(), "audit.db"), options()
	if journal != "" {
		o.Journal = filepath.Join(filepath.Dir(path), journal)
	}
	var acknowledged []string
	for round := range rounds {
		acknowledged = append(acknowledged, logUntilKilled(t, path, o.Journal)...)
		if r, err := audit.VerifyFile(ctx, path, verifierKey(t)); round%5 == 0 && (err != nil || !r.OK() || r.Size < int64(len(acknowledged))) {
			t.Fatalf("round %d: %d acknowledged, as the kill left it: %v\n%s", round, len(acknowledged), err, r)
		}
		db, err := store.OpenBolt(path)
		if err != nil {
			t.Fatalf("round %d: opening after the kill: %v", round, err)
		}
		l, err := audit.Open(ctx, db, o)
		if err != nil {
			t.Fatalf("round %d: opening the log after the kill: %v", round, err)
		}
		for _, id := range acknowledged {
			if _, err := l.Entry(ctx, id); err != nil {
				t.Fatalf("round %d: an acknowledged entry: %v", round, err)
			}
		}
		if round%5 == 0 || round == rounds-1 {
			if r, err := l.Verify(ctx, l.VerifierKey()); err != nil || !r.OK() {
				t.Fatalf("round %d: %v\n%s", round, err, r)
			}
		}
		_ = l.Close()
		_ = db.Close()
	}
	t.Logf("%d acknowledged entries, none lost", len(acknowledged))
}

// logUntilKilled runs this test binary again as the logger, kills it after a moment, and returns the ids it printed.
func logUntilKilled(t *testing.T, path, journal string) (ids []string) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childPath+"="+path, childJournal+"="+journal)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	s := bufio.NewScanner(out)
	for s.Scan() {
		if len(ids) == 0 { // it has begun; let it run on while its lines are read
			time.AfterFunc(time.Duration(rand.IntN(40))*time.Millisecond, func() { _ = child.Process.Kill() })
		}
		ids = append(ids, s.Text())
	}
	_ = child.Wait()
	if len(ids) == 0 {
		t.Fatal("the child logged nothing")
	}
	return ids
}
