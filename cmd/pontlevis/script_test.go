package main_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
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

// scriptKilled runs pontlevis and kills it (kill -9) before its end, once a file that it writes is larger than so many
// bytes; it fails when the command ends first: killed FILE BYTES ARGS...
func scriptKilled(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: killed FILE BYTES ARGS...")
	}
	enough, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	c := exec.Command(binary, args[2:]...)
	c.Dir, c.SysProcAttr = ts.MkAbs("."), withParent()
	ts.Check(c.Start())
	for start := time.Now(); time.Since(start) < patience; time.Sleep(time.Millisecond) {
		if info, err := os.Stat(ts.MkAbs(args[0])); err == nil && info.Size() > enough {
			break
		}
	}
	_ = c.Process.Kill() // it may have ended, which the next lines tell
	var killed *exec.ExitError
	if err := c.Wait(); !errors.As(err, &killed) || killed.ExitCode() != -1 {
		ts.Fatalf("the command ended before it was killed: %v", err)
	}
}
