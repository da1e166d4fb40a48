package main_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	records "github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/record/generate"
	"github.com/pontlevis/pontlevis/space"
	"github.com/pontlevis/pontlevis/store"
)

// TestKilledImportLosesAndRepeatsNothing kills `record import` with kill -9 while it writes, again and again over the
// same folder, until one run comes to its end: then every resource is there once, at its first version, and every space
// has the state that the files give it.
func TestKilledImportLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	nation, err := generate.New(generate.Options{Patients: 1500, Seed: 9, Resources: 16, Bytes: 100})
	if err != nil {
		t.Fatal(err)
	}
	files, data := filepath.Join(dir, "nation"), filepath.Join(dir, "data")
	made, err := nation.Folder(t.Context(), files, false)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"record", "import", "--data", data, "--spaces", filepath.Join(files, "spaces.csv"), files}
	kills := 0
	for began := time.Now(); ; {
		c := exec.Command(binary, args...)
		c.SysProcAttr = withParent()
		var out bytes.Buffer
		c.Stdout, c.Stderr = io.Discard, &out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		wait := time.Duration(200+rand.IntN(300)+120*kills) * time.Millisecond // each run gets further than the last
		if time.Since(began) > patience {
			wait = patience
		}
		timer := time.AfterFunc(wait, func() { _ = c.Process.Kill() })
		err := c.Wait()
		timer.Stop()
		if err == nil {
			t.Logf("%d kills, then: %s", kills, out.String())
			break
		}
		if !strings.Contains(err.Error(), "killed") {
			t.Fatalf("%v\n%s", err, out.String())
		}
		kills++
	}
	if kills == 0 {
		t.Error("the import ended before it was killed once")
	}
	checkImported(t, nation, data, made.Resources)
	again := command(t, args...)
	if want := fmt.Sprintf("(0 new, %d unchanged, 0 not part of a record, 0 refused)", made.Resources); !strings.Contains(again, want) {
		t.Errorf("importing again says %q, want %q", again, want)
	}
}

// checkImported counts what a stopped data folder holds.
func checkImported(t *testing.T, nation *generate.Nation, data string, want int) {
	t.Helper()
	db, err := store.OpenBolt(filepath.Join(data, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	e, err := records.OpenEmbedded(db, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	count := func(s *records.Stored, err error) {
		if err != nil {
			t.Fatal(err)
		}
		if got++; s.Version != 1 {
			t.Errorf("%s is at version %d", s.Ref, s.Version)
		}
	}
	for s, err := range e.Directory(t.Context(), nil, nil) {
		count(s, err)
	}
	lives := space.Lifecycles{DB: db}
	for i := range nation.Patients {
		for s, err := range e.Compartment(t.Context(), nation.Person(i), nil, nil) {
			count(s, err)
		}
		state, _ := nation.Space(i)
		if state == "" {
			state = space.Open
		}
		if l, err := lives.Of(t.Context(), nation.Person(i)); err != nil || l.State != state || l.Version != 1 {
			t.Errorf("the space of %s is %+v, want %s: %v", nation.Person(i), l, state, err)
		}
	}
	if got != want {
		t.Errorf("%d resources are stored, want %d", got, want)
	}
}
