package catalog

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestQueueAndFigures(t *testing.T) {
	t.Parallel()
	w, ctx := open(t), context.Background()
	submit := func(app string) {
		t.Helper()
		if err := w.Save(ctx, vendor, app, example(t, `"id": "glycare"`, `"id": "`+app+`"`)); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Take(ctx, Step{App: app, Step: "submit", By: vendor}); err != nil {
			t.Fatal(err)
		}
	}
	submit("first")
	*w.now = w.now.Add(24 * time.Hour)
	submit("second")
	*w.now = w.now.Add(2 * 24 * time.Hour)
	if at, ok, err := w.Place(ctx, "second", "2.3.1"); err != nil || !ok || at.Place != 2 || at.Days != 2 || at.Late(*w.now) || at.Name.EN != "Glycare" {
		t.Errorf("the second's place: %+v %v %v", at, ok, err)
	}
	if _, err := w.Take(ctx, Step{App: "first", Version: "2.3.1", Step: "return", By: authority, Reason: why}); err != nil {
		t.Fatal(err)
	}
	if at, ok, _ := w.Place(ctx, "second", "2.3.1"); !ok || at.Place != 1 {
		t.Errorf("once the first was returned: %+v", at)
	}
	if _, ok, _ := w.Place(ctx, "first", "2.3.1"); ok {
		t.Error("what was returned waits for its publisher, and is in the queue")
	}
	*w.now = w.now.Add(9 * 24 * time.Hour)
	if at, _, _ := w.Place(ctx, "second", "2.3.1"); !at.Late(*w.now) {
		t.Errorf("after nine days the authority is late: %+v", at)
	}
	all, err := w.Figures(ctx)
	if err != nil || all[0].State != Submitted || all[0].Done != 1 || all[0].Median != 3*24*time.Hour || all[0].Waiting != 1 || all[0].Late != 1 || all[0].Promised != 5*24*time.Hour {
		t.Errorf("the figures: %+v %v", all, err)
	}
	submit("first") // again, with other bytes than the version that was returned
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	if got := quantile(nil, 50); got != 0 {
		t.Error(got)
	}
	values := []time.Duration{5, 1, 3, 2, 4}
	if a, b, c := quantile(values, 50), quantile(values, 90), quantile(values, 100); a != 3 || b != 5 || c != 5 {
		t.Error(a, b, c)
	}
}

func TestComplaints(t *testing.T) {
	t.Parallel()
	w, ctx := open(t), context.Background()
	person := Actor{Part: Person, ID: "Patient/camille", Name: "Camille Durand"}
	if _, err := w.Complain(ctx, person, "glycare", "data", "It reads too much."); !errors.Is(err, ErrNotFound) {
		t.Errorf("of an app that is not there: %v", err)
	}
	w.publish(example(t))
	one, err := w.Complain(ctx, person, "glycare", "data", " It reads too much. ")
	if err != nil || one.State != Open || one.Version != "2.3.1" {
		t.Fatalf("%+v %v", one, err)
	}
	if twice, err := w.Complain(ctx, person, "glycare", "data", "It reads too much."); err != nil || twice.ID != one.ID {
		t.Errorf("the same words twice: %+v %v", twice, err)
	}
	for name, err := range map[string]error{
		"no words":   second(w.Complain(ctx, person, "glycare", "data", "")),
		"no kind":    second(w.Complain(ctx, person, "glycare", "nonsense", "x")),
		"too long":   second(w.Complain(ctx, person, "glycare", "data", strings.Repeat("x", MaxComplaint+1))),
		"by nobody":  second(w.Complain(ctx, Actor{Part: Person}, "glycare", "data", "x")),
		"a vendor's": second(w.Complain(ctx, vendor, "glycare", "data", "x")),
		"a rival":    second(w.Answer(ctx, rival, "glycare", one.ID, "x")),
		"no reason":  second(w.Close(ctx, authority, "glycare", one.ID, Upheld, Text{FR: "Oui."})),
		"no outcome": second(w.Close(ctx, authority, "glycare", one.ID, "", why)),
		"a person":   second(w.Close(ctx, person, "glycare", one.ID, Upheld, why)),
	} {
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	*w.now = w.now.Add(16 * 24 * time.Hour)
	all, _ := w.Complaints(ctx, "glycare")
	if len(all) != 1 || !all[0].Late(*w.now) || all[0].ForPublisher().By.ID != "" || all[0].ForPublisher().By.Name != "" || all[0].By.ID == "" {
		t.Errorf("a publisher that does not answer, or learns who complains: %+v", all)
	}
	if one, err = w.Answer(ctx, vendor, "glycare", one.ID, "We mended it."); err != nil || one.State != Answered || one.Late(*w.now) {
		t.Errorf("answered: %+v %v", one, err)
	}
	if _, err := w.Answer(ctx, vendor, "glycare", one.ID, "Something else."); !errors.Is(err, ErrStep) {
		t.Errorf("a second answer: %v", err)
	}
	if one, err = w.Close(ctx, authority, "glycare", one.ID, Upheld, why); err != nil || one.State != Closed || one.Judge.ID != authority.ID {
		t.Errorf("closed: %+v %v", one, err)
	}
	if _, err := w.Close(ctx, authority, "glycare", one.ID, Dismissed, why); !errors.Is(err, ErrStep) {
		t.Errorf("another verdict: %v", err)
	}
}
