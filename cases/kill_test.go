package cases_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/cases"
	"github.com/pontlevis/pontlevis/notice"
	"github.com/pontlevis/pontlevis/test/house"
)

// childFolder is set in the environment of a child process that opens records in an emergency, in the house of that
// folder, until it is killed; childIdle tells it to follow nothing.
const (
	childFolder = "PONTLEVIS_CASES_CHILD"
	childIdle   = "PONTLEVIS_CASES_IDLE"
	childRound  = "PONTLEVIS_CASES_ROUND"
)

// roundAt is the time at which a round begins: openings are two hours apart, and none of one round is under way in another.
func roundAt(round int) time.Time {
	return time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC).AddDate(0, round, 0)
}

// openForEver is the child: it breaks the glass again and again, closes a case now and then, and prints a line for each
// once it was acknowledged.
func openForEver(folder string) {
	ctx := context.Background()
	round, err := strconv.Atoi(os.Getenv(childRound))
	fail(err)
	h, err := house.Open(folder, roundAt(round), nil)
	fail(err)
	r, err := cases.New(ctx, cases.Config{DB: h.DB, Log: h.Log, Now: h.Clock.Now})
	fail(err)
	r.Through(h.Gate)
	told, err := notice.New(notice.Config{DB: h.DB, Log: h.Log, Now: h.Clock.Now})
	fail(err)
	told.Through(h.Gate)
	if os.Getenv(childIdle) == "" {
		go r.Run(ctx)
		go told.Run(ctx)
	}
	reviewer := h.Grant("reviewer", "", "")
	for n := 0; ; n++ {
		_, err := h.Glass(ctx, audit.NewID(), "dr-urgence", []string{"camille", "jeanne", "lucas"}[n%3], 1)
		fail(err)
		fmt.Println("opened")
		h.Clock.Advance(2 * time.Hour)
		if n%5 == 4 && os.Getenv(childIdle) == "" {
			open, err := r.Queue(ctx, reviewer)
			fail(err)
			if len(open) > 0 {
				_, err = r.Close(ctx, reviewer, open[0].ID, "justified", "Vu.")
				fail(err)
				fmt.Println("closed")
			}
		}
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestKill kills a process that opens records, in the middle of it, again and again: the next start completes what was
// left, and each opening has its case, its entry and its place in the queue. In the first round the register follows
// nothing at all: the whole of it is left to the next start.
func TestKill(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	opened, closed, left := 0, 0, 0
	for round := range 5 {
		o, c := untilKilled(t, folder, round)
		opened, closed = opened+o, closed+c
		left += completes(t, folder, round, opened, closed)
	}
	if opened < 10 || left == 0 {
		t.Errorf("%d openings, of which %d were left to the next start: the test shows nothing", opened, left)
	}
	t.Logf("%d openings and %d verdicts, %d cases left to the next start", opened, closed, left)
}

// untilKilled runs this test binary again as the opener and kills it in the middle; it returns what was acknowledged.
func untilKilled(t *testing.T, folder string, round int) (opened, closed int) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childFolder+"="+folder, childRound+"="+strconv.Itoa(round))
	if round == 0 {
		child.Env = append(child.Env, childIdle+"=yes")
	}
	var said strings.Builder
	child.Stderr = &said
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		switch lines.Text() {
		case "opened":
			opened++
		case "closed":
			closed++
		}
		if opened == 7 {
			_ = child.Process.Kill() // and what was on its way meanwhile is counted below
		}
	}
	_ = child.Wait()
	if opened < 7 {
		t.Fatalf("the child ended by itself: %s", said.String())
	}
	return opened, closed
}

// completes starts over what the kill left, and returns how many cases that made.
func completes(t *testing.T, folder string, round, opened, closed int) (made int) {
	t.Helper()
	h, err := house.Open(folder, roundAt(round).AddDate(0, 0, 27), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	r, err := cases.New(t.Context(), cases.Config{DB: h.DB, Log: h.Log, Now: h.Clock.Now, Slog: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	r.Through(h.Gate)
	before := beginnings(t, h)
	if err := r.Catch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Catch(t.Context()); err != nil { // over its own entries
		t.Fatal(err)
	}
	after := beginnings(t, h)
	report, err := r.Verify(t.Context())
	if err != nil || !report.OK() || report.Cases < opened || report.Cases != after {
		t.Fatalf("%d openings, %d logged cases, %+v, %v", opened, after, report, err)
	}
	if open, _ := r.Standing(); report.Cases-open < closed {
		t.Fatalf("%d cases of which %d are open, and %d were closed", report.Cases, open, closed)
	}
	everybodyIsTold(t, h)
	return after - before
}

// everybodyIsTold holds that each opening was told once to the person, to the treating doctor, and to jeanne's carer.
func everybodyIsTold(t *testing.T, h *house.House) {
	t.Helper()
	s, err := notice.New(notice.Config{DB: h.DB, Log: h.Log, Now: h.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	s.Through(h.Gate)
	if err := s.Catch(t.Context()); err != nil {
		t.Fatal(err)
	}
	openings := map[string]int{}
	for _, e := range entries(t, h) {
		if e.Interaction == "open-emergency" && e.Outcome == audit.Granted {
			openings[e.Patient]++
		}
	}
	for _, told := range [][2]string{
		{"Patient/camille", "camille"}, {"Patient/jeanne", "jeanne"}, {house.Person("sofia").Reference, "jeanne"}, {"Patient/lucas", "lucas"},
		{house.Person("karim").Reference, "lucas"}, {"Practitioner/dr-roux", "camille"},
	} {
		all, err := s.Inbox(t.Context(), told[:1], told[1], notice.MaxInbox)
		all = slices.DeleteFunc(all, func(n notice.Notice) bool { return n.About != notice.Emergency })
		if err != nil || len(all) != openings[told[1]] || len(all) == 0 {
			t.Fatalf("%s was told of %d of the %d openings of %s, %v", told[0], len(all), openings[told[1]], told[1], err)
		}
	}
}

// beginnings counts the entries that say that a case was begun.
func beginnings(t *testing.T, h *house.House) (n int) {
	t.Helper()
	for _, e := range entries(t, h) {
		if e.Interaction == "open-case" {
			n++
		}
	}
	return n
}

// entries are the whole log.
func entries(t *testing.T, h *house.House) (all []audit.Entry) {
	t.Helper()
	for from := int64(0); ; {
		some, next, err := h.Log.Since(t.Context(), from, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if next == from {
			return all
		}
		all, from = append(all, some...), next
	}
}
