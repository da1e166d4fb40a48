package label

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// childPath is set in the environment of a child process that logs into the file named there until it is killed.
const childPath = "LABEL_TEST_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		logForEver(path)
	}
	os.Exit(m.Run())
}

// logForEver is the child: it issues labels and suspends every other, and says so once each call has returned.
func logForEver(path string) {
	ctx := context.Background()
	db := must(store.OpenBolt(path))
	c := newClock()
	l := must(Open(ctx, db, options(c)))
	for i := l.Size(); ; i = l.Size() {
		app := fmt.Sprintf("app-%06d", i)
		p := predicate()
		p.ID, p.App, p.Publisher.Key = "label-"+app+"-1", app, PublicText(Public(keyOf(app)))
		b := Bundle{
			Label:       must(Sign(must(Draft(p, manifest, binaries)), authority[:2]...)),
			Publication: must(Sign(must(DraftPublication(app, p.Version, manifest, binaries)), keyOf(app))),
		}
		must(l.Issue(ctx, b))
		fmt.Println("issued", app) // one write to the pipe: whole or not at all
		o := Order{
			ID: "order-" + app, Kind: Suspend, Authority: trust().Authority, App: app, Label: p.ID, Reason: "security",
			Words: &Text{"a", "b"}, From: c.Now(), Until: c.Now().Add(SuspendAtMost),
		}
		must(l.Order(ctx, must(Sign(must(o.Draft()), authority[2]))))
		fmt.Println("suspended", app)
	}
}

// TestKill kills a process that logs, again and again: what it said was logged is there each time, no entry is there by
// half, and the next process goes on without a hand.
func TestKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "labels.db")
	said := map[string]string{}
	for round := range 6 {
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
		lines, heard := bufio.NewScanner(out), 0
		for lines.Scan() {
			if heard++; heard == 1 { // it has begun; let it run on while its lines are read
				time.AfterFunc(time.Duration(rand.IntN(60))*time.Millisecond, func() { _ = child.Process.Kill() })
			}
			what, app, _ := strings.Cut(lines.Text(), " ")
			said[app] = what
		}
		_ = child.Wait() // killed
		if heard == 0 {
			t.Fatal("the child logged nothing")
		}
		db := must(store.OpenBolt(path))
		c := newClock()
		l, err := Open(t.Context(), db, options(c))
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for app, what := range said {
			at, known := l.Status(app, c.Now())
			if !known || what == "suspended" && at.Status != Suspended {
				t.Errorf("round %d: %s was %s, and is %s", round, app, what, at.Status)
			}
		}
		for index := range l.Size() {
			if _, _, err := VerifyProof(must(l.Prove(t.Context(), index)), l.VerifierKey()); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d apps in the log, none lost", len(said))
}
