package main_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pontlevis/pontlevis/store"
)

// TestScripts runs the command line as its readers would: each file of testdata/script is a page of commands and what
// they say.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(e *testscript.Env) error {
			bin := filepath.Join(e.WorkDir, ".bin")
			if err := os.MkdirAll(bin, 0o700); err != nil {
				return err
			}
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			return os.Symlink(binary, filepath.Join(bin, "pontlevis"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"demo": scriptDemo, "persons": scriptPersons, "killed": scriptKilled,
		},
		RequireUniqueNames: true,
	})
}

// scriptDemo runs a demo over a folder until the script ends: demo FOLDER
func scriptDemo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: demo FOLDER")
	}
	var s *server
	var err error
	for range 5 {
		if s, err = launch(ts.MkAbs(args[0]), anyAddress()); err == nil {
			break
		}
	}
	ts.Check(err)
	ts.Defer(s.kill)
}

// scriptPersons writes records of so many persons, each with twenty measures: persons N FILE
func scriptPersons(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: persons N FILE")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	f, err := os.Create(ts.MkAbs(args[1]))
	ts.Check(err)
	for p := range n {
		fmt.Fprintf(f, `{"resourceType":"Patient","id":"p%d","birthDate":"1970-01-01"}`+"\n", p)
		for k := range 20 {
			fmt.Fprintf(f, `{"resourceType":"Observation","id":"p%d-%d","status":"final","subject":{"reference":"Patient/p%d"},"code":{"text":"poids"},"effectiveDateTime":"2026-01-02","valueQuantity":{"value":70.5,"unit":"kg"}}`+"\n", p, k, p)
		}
	}
	ts.Check(f.Close())
}

// scriptKilled runs pontlevis and kills it (kill -9) once a store that it writes holds a row below a key of the global
// partition; it fails when the command ends first: killed STORE KEY ARGS...
func scriptKilled(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: killed STORE KEY ARGS...")
	}
	c := exec.Command(binary, args[2:]...)
	c.Dir, c.SysProcAttr = ts.MkAbs("."), withParent()
	ts.Check(c.Start())
	for start, found := time.Now(), false; !found && time.Since(start) < patience; {
		time.Sleep(10 * time.Millisecond)
		if !halt(c.Process) {
			break // it has ended, which the next lines tell
		}
		found = stands(ts.MkAbs(args[0]), ts.MkAbs(args[0]+".seen"), args[1])
		if !found {
			_ = c.Process.Signal(syscall.SIGCONT)
		}
	}
	_ = c.Process.Kill()
	var killed *exec.ExitError
	if err := c.Wait(); !errors.As(err, &killed) || killed.ExitCode() != -1 {
		ts.Fatalf("the command ended before it was killed: %v", err)
	}
}

// stands looks into a copy of a store whose writer holds still: the file itself is the writer's. What cannot be opened has
// nothing yet.
func stands(file, copied, key string) (found bool) {
	body, err := os.ReadFile(file)
	if err != nil || os.WriteFile(copied, body, 0o600) != nil {
		return false
	}
	defer os.Remove(copied)
	db, err := store.OpenBolt(copied)
	if err != nil {
		return false
	}
	defer db.Close()
	err = db.View(context.Background(), store.Global, func(tx store.Tx) error {
		for range tx.Scan(store.KeyPrefix(key), nil) {
			found = true
			break
		}
		return nil
	})
	return found && err == nil
}
