package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the path of pontlevis itself: these tests drive the real program, as a process, from outside.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "pontlevis-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if binary = os.Getenv("PONTLEVIS_BINARY"); binary == "" { // a name spares the build to whoever has just built
		binary = filepath.Join(dir, "pontlevis")
		err = build()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building pontlevis:", err)
		return 1
	}
	together.dir = filepath.Join(dir, "shared")
	defer together.end()
	return m.Run()
}

// build builds the program once, with the plugins of the cast beside it; PONTLEVIS_RACE=1 builds it with the race detector, whose reports fail the tests.
func build() error {
	args := []string{"build", "-o", binary}
	if os.Getenv("PONTLEVIS_RACE") != "" {
		args = append(args, "-race")
	}
	c := exec.Command("go", append(args, ".")...)
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	if err := c.Run(); err != nil {
		return err
	}
	const apps = "github.com/pontlevis/pontlevis/plugins/apps/"
	c = exec.Command("go", "build", "-o", filepath.Dir(binary)+string(filepath.Separator), apps+"rappel-vaccins", apps+"interactions")
	c.Stdout, c.Stderr, c.Env = os.Stderr, os.Stderr, append(os.Environ(), "CGO_ENABLED=0")
	return c.Run()
}
