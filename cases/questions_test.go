package cases_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/pontlevis/pontlevis/cases"
)

// accessOf is an access of the médecin traitant to camille's record that a question may be about.
func (d *desk) accessOf() string {
	d.Helper()
	if _, err := d.Gate.Ask(d.Context(), d.Grant("dr-roux", "camille", ""), "GET", "Patient/camille", nil, nil); err != nil {
		d.Fatal(err)
	}
	for _, e := range d.entries() {
		if e.Patient == "camille" && e.Interaction == "read" {
			return e.ID
		}
	}
	d.Fatal("the access is not in the log")
	return ""
}

// TestQuestionsAreBounded: so many questions of a person wait at a time, however they are sent; further ones are refused in
// words, one that was put already is given, others ask all the same, and an answer makes room.
func TestQuestionsAreBounded(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	about, camille := d.accessOf(), d.Grant("camille", "camille", "")
	const most = 20 // settings.review.questions
	var sending sync.WaitGroup
	var mu sync.Mutex
	var put []*cases.Case
	for k := range most + 6 {
		sending.Go(func() {
			c, err := d.cases.Ask(t.Context(), camille, about, fmt.Sprintf("Pourquoi %d ?", k))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				put = append(put, c)
			} else if no := refused(err); no != "" && !strings.Contains(no, "already wait for an answer") {
				t.Errorf("question %d: %v", k, err)
			}
		})
	}
	sending.Wait()
	for k := 0; len(put) < most; k++ { // those that gave way to others at the same moment
		c, err := d.cases.Ask(t.Context(), camille, about, fmt.Sprintf("Et %d ?", k))
		if err != nil {
			t.Fatal(err)
		}
		put = append(put, c)
	}
	if len(put) != most {
		t.Fatalf("%d questions were taken", len(put))
	}
	if _, err := d.cases.Ask(t.Context(), camille, about, "Encore ?"); !strings.Contains(refused(err), "already wait for an answer") {
		t.Errorf("one more: %v", err)
	}
	if c, err := d.cases.Ask(t.Context(), camille, about, put[3].Question); err != nil || c.ID != put[3].ID {
		t.Errorf("one of them again: %v, %v", c, err)
	}
	reviewer := d.Grant("inf-martin", "", "")
	reviewer.Actor.Roles, reviewer.Actor.Organizations = []string{"reviewer"}, []string{put[0].Opener.Organization}
	if _, err := d.cases.Close(t.Context(), reviewer, put[0].ID, "answered", "Pour vous soigner."); err != nil {
		t.Fatal(err)
	}
	if _, err := d.cases.Ask(t.Context(), camille, about, "Encore ?"); err != nil {
		t.Errorf("after an answer: %v", err)
	}
}

// TestOwnQuestion: a reviewer whose account says that they are the patient who asked neither sees, nor answers, nor finds
// in the queue what they asked; another reviewer does.
func TestOwnQuestion(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	about := d.accessOf()
	q, err := d.cases.Ask(t.Context(), d.Grant("camille", "camille", ""), about, "Pourquoi ?")
	if err != nil {
		t.Fatal(err)
	}
	d.catch()
	own := d.Grant("inf-martin", "", "")
	own.Actor.Roles, own.Actor.Organizations, own.Actor.Space = []string{"reviewer"}, []string{q.Opener.Organization}, "camille"
	other := *own
	other.ID, other.Actor.Space = "other", ""
	if _, err := d.cases.Close(t.Context(), own, q.ID, "answered", "Parce que."); !strings.Contains(refused(err), "Your own") && !strings.Contains(refused(err), "your own") {
		t.Errorf("their own question: %v", err)
	}
	if _, err := d.cases.See(t.Context(), own, q.ID); err == nil || errors.Is(err, cases.ErrNotFound) {
		t.Errorf("they see it: %v", err)
	}
	if queue, err := d.cases.Queue(t.Context(), own); err != nil || len(queue) != 0 {
		t.Errorf("their queue: %v, %v", queue, err)
	}
	if queue, err := d.cases.Queue(t.Context(), &other); err != nil || len(queue) != 1 {
		t.Errorf("the other's queue: %v, %v", queue, err)
	}
	if _, err := d.cases.Close(t.Context(), &other, q.ID, "answered", "Pour vous soigner."); err != nil {
		t.Error(err)
	}
}
