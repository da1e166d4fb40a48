package record

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// crashEnv names the file that the test binary, run again, writes to until it is killed.
const crashEnv = "PONTLEVIS_RECORD_CRASH_FILE"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashEnv); path != "" {
		if err := writeForever(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// writeForever writes to three records and the directory, telling of each write once it is acknowledged:
// "patient id version".
func writeForever(path string) error {
	db, err := store.OpenBolt(path)
	if err != nil {
		return err
	}
	e, err := OpenEmbedded(db, time.Now)
	if err != nil {
		return err
	}
	failed := make(chan error)
	for w := range 4 {
		go func() {
			patient := fmt.Sprintf("p%d", w)
			for n := 0; ; n++ {
				id := fmt.Sprintf("%s-%d", patient, n%5)
				ref := Ref{"Observation", id}
				changes := []Change{
					{Ref: ref, Body: []byte(observation(id, patient, fmt.Sprintf("c%d", n)))},
					{Ref: Ref{"Observation", id + "-twin"}, Body: []byte(observation(id, patient, fmt.Sprintf("c%d", n)))},
				}
				if n%7 == 6 {
					changes = []Change{{Ref: ref, Delete: true}, {Ref: Ref{"Observation", id + "-twin"}, Delete: true}}
				}
				out, err := e.Write(context.Background(), patient, changes)
				if err != nil {
					failed <- err
					return
				}
				fmt.Printf("%s %s %d\n", patient, id, out[0].Version)
			}
		}()
	}
	return <-failed
}

// A process killed while it writes loses no acknowledged version, and its indexes are exact at the next start.
func TestKilledWriterLosesNothing(t *testing.T) {
	t.Parallel()
	rounds := 10
	if testing.Short() {
		rounds = 2
	}
	path := filepath.Join(t.TempDir(), "records.db")
	acknowledged := map[string]int{} // "patient id" → version
	for round := range rounds {
		killWriter(t, path, time.Duration(40+17*round)*time.Millisecond, acknowledged)
		checkAfterKill(t, path, acknowledged)
	}
	if len(acknowledged) == 0 {
		t.Error("no write was ever acknowledged: nothing was tested")
	}
}

func killWriter(t *testing.T, path string, after time.Duration, acknowledged map[string]int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	c.Env = append(os.Environ(), crashEnv+"="+path)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	started := false
	for lines.Scan() {
		if !started { // the clock runs from the first acknowledged write
			started = true
			time.AfterFunc(after, func() { _ = c.Process.Kill() })
		}
		f := strings.Fields(lines.Text())
		if len(f) != 3 {
			continue // cut off by the kill: told of by nobody
		}
		version, err := strconv.Atoi(f[2])
		if err != nil {
			t.Fatalf("the writer said %q", lines.Text())
		}
		key := f[0] + " " + f[1]
		acknowledged[key] = max(acknowledged[key], version)
	}
	_ = c.Wait() // killed
	if !started {
		t.Fatal("the writer acknowledged nothing")
	}
}

func checkAfterKill(t *testing.T, path string, acknowledged map[string]int) {
	t.Helper()
	db, err := store.OpenBolt(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	e, err := OpenEmbedded(db, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for key, version := range acknowledged {
		_, id, _ := strings.Cut(key, " ")
		history, err := e.History(t.Context(), Ref{"Observation", id})
		if err != nil {
			t.Errorf("%s, acknowledged at version %d: %v", key, version, err)
			continue
		}
		if history[0].Version < version || len(history) != history[0].Version {
			t.Errorf("%s: acknowledged at version %d, found %d of %d versions", key, version, len(history), history[0].Version)
		}
		twin, err := e.Read(t.Context(), Ref{"Observation", id + "-twin"})
		if err != nil || twin.Version != history[0].Version {
			t.Errorf("%s: half of a write is there: %v, %v", key, twin, err)
		}
	}
	for patient, err := range e.Patients(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		checkIndexes(t, e, patient)
	}
}
