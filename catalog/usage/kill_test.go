package usage_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/catalog/usage"
)

// childFolder is set in the environment of a child process that writes accesses and follows them until it is killed.
const childFolder = "PONTLEVIS_USAGE_CHILD"

func TestMain(m *testing.M) {
	if folder := os.Getenv(childFolder); folder != "" {
		useForEver(folder)
		return
	}
	os.Exit(m.Run())
}

// useForEver is the child: one access after another, each acknowledged on a line; every third is one that was not declared.
func useForEver(folder string) {
	o, err := openOffice(nil, folder)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go o.Run(context.Background())
	for n := 0; ; n++ {
		resource := "Observation/a"
		if n%3 == 2 {
			resource = "DocumentReference/a"
		}
		e := audit.Entry{
			ID: audit.NewID(), At: november, Patient: fmt.Sprint("patient-", n%7), Client: "glycare", Action: "R", Outcome: audit.Granted, Resources: []string{resource},
		}
		if err := o.log.Append(context.Background(), e); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println("read")
	}
}

// TestKill kills a process that counts, in the middle of it, again and again: what is counted in the end is what the log has, each
// entry once, and the difference is that of its first entry.
func TestKill(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for range 4 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childFolder+"="+folder)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		seen := 0
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if seen++; seen == 40 {
				_ = child.Process.Kill()
			}
		}
		if _ = child.Wait(); seen < 40 {
			t.Fatalf("the child ended by itself after %d accesses", seen)
		}
	}
	o, err := openOffice(t, folder)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = o.log.Close(); _ = o.db.Close() }()
	want, first := map[string]int{}, ""
	for from := int64(0); ; {
		entries, next, err := o.log.Since(t.Context(), from, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if next == from {
			break
		}
		for _, e := range entries {
			category := names("Observation")[0]
			if e.Resources[0] == "DocumentReference/a" {
				if category = "documents"; first == "" {
					first = e.ID
				}
			}
			want[category]++
		}
		from = next
	}
	m := o.month("glycare", "2026-11")
	for _, line := range m.Lines {
		if line.Accesses != want[line.Category] || line.Persons != 7 {
			t.Errorf("%+v, want %d accesses of 7 persons", line, want[line.Category])
		}
	}
	if len(m.Lines) != 2 || m.Persons != 7 {
		t.Errorf("%+v", m)
	}
	for _, d := range append(o.told, usage.Difference{Entry: first}) { // whoever told it again told the same one
		if d.Entry != first {
			t.Errorf("the case is of %s, want %s", d.Entry, first)
		}
	}
}
