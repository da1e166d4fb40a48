package cases_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/cases"
)

// An opening becomes a case with its facts; further stages, under grants of their own, are stages of the same one.
func TestOpening(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	began := d.Clock.Now()
	d.glass("g1", "dr-urgence", "camille", 1)
	d.Clock.Advance(10 * time.Minute)
	d.glass("g2", "dr-urgence", "camille", 2)
	d.glass("g2", "dr-urgence", "camille", 2) // the same gesture again is another entry of the same case
	c := d.only("camille")
	if c.Kind != cases.Emergency || c.Patient != "camille" || c.Opener.ID != "Practitioner/dr-urgence" || c.Opener.Organization != "Organization/hopital-rive" ||
		c.Mode != "bris_de_glace" || c.Reason != "unconscious" || !c.Since.Equal(began) || !c.Due.Equal(began.Add(72*time.Hour)) ||
		!c.Until.Equal(began.Add(time.Hour)) || c.Closed() || c.Overdue(d.Clock.Now()) || !c.Live(d.Clock.Now()) {
		t.Errorf("%+v", c)
	}
	var stages []int
	for _, s := range c.Stages {
		stages = append(stages, s.Stage)
	}
	if diff := cmp.Diff([]int{1, 2, 2}, stages); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"g1", "g2"}, c.Grants); diff != "" {
		t.Error(diff)
	}
	d.Clock.Advance(5 * time.Hour) // another emergency, not the first one's extension
	d.glass("g3", "dr-urgence", "camille", 1)
	all, err := d.cases.Of(t.Context(), d.Grant("camille", "camille", ""))
	if err != nil || len(all) != 2 || all[0].Grants[0] != "g3" {
		t.Errorf("%d cases, %v", len(all), err)
	}
}

// More time for an access under way, and an opening of another app while it lasts, belong to the case of the first.
func TestGoesOn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	began := d.Clock.Now()
	d.glass("g1", "dr-urgence", "camille", 1)
	d.Clock.Advance(20 * time.Minute)
	d.glass("g2", "dr-urgence", "camille", 1) // of another app: it ends with the first
	more := d.Grant("dr-urgence", "", "")
	more.ID, more.Mode, more.Reason, more.Stage, more.Extend = "g1", "bris_de_glace", "vital-risk", 1, true
	more.Since, more.Until = d.Clock.Now(), d.Clock.Now().Add(time.Hour)
	if _, err := d.Gate.OpenEmergency(t.Context(), more, "Patient/camille"); err != nil {
		t.Fatal(err)
	}
	d.catch()
	c := d.only("camille")
	if len(c.Stages) != 3 || c.Stages[2].Reason != "vital-risk" || !c.Until.Equal(began.Add(80*time.Minute)) {
		t.Errorf("%+v", c)
	}
	more.Patient = "camille"
	if err := d.Gate.EndEmergency(t.Context(), more); err != nil {
		t.Fatal(err)
	}
	d.catch()
	if c = d.only("camille"); !c.Ended.Equal(d.Clock.Now()) || c.Live(d.Clock.Now()) {
		t.Errorf("ended at %v", c.Ended)
	}
	if faults := d.faults(); len(faults) > 0 {
		t.Error(faults)
	}
}

// A drill is no case, and nobody is told of it.
func TestDrill(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.Gate.Drills = []string{"camille"}
	g := d.glass("g1", "dr-urgence", "camille", 1)
	if _, err := d.Gate.Ask(t.Context(), g, "GET", "AllergyIntolerance?patient=camille", nil, nil); err != nil {
		t.Fatal(err)
	}
	d.catch()
	if all, err := d.cases.Of(t.Context(), d.Grant("camille", "camille", "")); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}

// A case is logged once, with its digest, however often the log is followed anew.
func TestFollowedAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.glass("g1", "dr-urgence", "camille", 1)
	before := d.only("camille")
	entries, _, err := d.House.Log.Since(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := d.cases.Again(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(before, d.only("camille")); diff != "" {
		t.Error(diff)
	}
	var logged []audit.Entry
	for _, e := range d.entries() {
		if e.Interaction == "open-case" {
			logged = append(logged, e)
		}
	}
	if len(logged) != 1 || logged[0].Details["digest"] != before.Digest() || logged[0].Details["case"] != before.ID {
		t.Errorf("%+v", logged)
	}
}

func (d *desk) entries() []audit.Entry {
	d.Helper()
	all, _, err := d.House.Log.Since(d.Context(), 0, 1000)
	if err != nil {
		d.Fatal(err)
	}
	return all
}

// What is no opening makes no case: a refused one, a record of which a link already opens the way.
func TestNoOpening(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, key := range []string{"dr-roux", "dr-bloque"} {
		if _, err := d.Glass(t.Context(), "g-"+key, key, "camille", 1); err == nil {
			t.Errorf("%s broke the glass", key)
		}
	}
	d.catch()
	if all, err := d.cases.Of(t.Context(), d.Grant("camille", "camille", "")); err != nil || len(all) != 0 {
		t.Errorf("%d cases, %v", len(all), err)
	}
}

// An access under an emergency grant that no opening stands for is a case all the same.
func TestAccessWithoutOpening(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	g := d.Grant("dr-urgence", "camille", "")
	g.ID, g.Mode, g.Reason, g.Stage = "minted", "bris_de_glace", "vital-risk", 1
	for range 2 {
		if _, err := d.Gate.Ask(t.Context(), g, "GET", "AllergyIntolerance?patient=camille", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	d.catch()
	if c := d.only("camille"); c.Reason != "vital-risk" || len(c.Stages) != 1 {
		t.Errorf("%+v", c)
	}
}

// What is opened after the verdict is a case of its own: nobody judged it. Read again, the log makes the same cases.
func TestStageAfterVerdict(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.glass("g1", "dr-urgence", "camille", 1)
	first, reviewer := d.only("camille"), d.Grant("reviewer", "", "")
	d.Clock.Advance(time.Minute)
	if _, err := d.cases.Close(t.Context(), reviewer, first.ID, "justified", ""); err != nil {
		t.Fatal(err)
	}
	d.Clock.Advance(time.Minute)
	d.glass("g1", "dr-urgence", "camille", 2)
	d.Clock.Advance(time.Minute)
	d.glass("g1", "dr-urgence", "camille", 3)
	for range 2 {
		all, err := d.cases.Of(t.Context(), d.Grant("camille", "camille", ""))
		if err != nil || len(all) != 2 || all[0].Closed() || len(all[0].Stages) != 2 || all[1].ID != first.ID || len(all[1].Stages) != 1 {
			t.Fatalf("%+v, %v", all, err)
		}
		if queue, err := d.cases.Queue(t.Context(), reviewer); err != nil || len(queue) != 1 || queue[0].ID != all[0].ID {
			t.Errorf("%+v, %v", queue, err)
		}
		if report, err := d.cases.Verify(t.Context()); err != nil || !report.OK() {
			t.Errorf("%+v, %v", report, err)
		}
		if err := d.cases.Again(t.Context(), d.entries()); err != nil {
			t.Fatal(err)
		}
	}
}

// The reviewer of the establishment sees the queue and the case, with what was opened, and closes it; then it is closed.
func TestReview(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	g := d.glass("g1", "dr-urgence", "camille", 1)
	for range 2 {
		if _, err := d.Gate.Ask(t.Context(), g, "GET", "AllergyIntolerance?patient=camille", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	id := d.only("camille").ID
	reviewer := d.Grant("reviewer", "", "")
	queue, err := d.cases.Queue(t.Context(), reviewer)
	if err != nil || len(queue) != 1 || queue[0].ID != id {
		t.Fatalf("%v, %v", queue, err)
	}
	if _, err := d.cases.Say(t.Context(), d.Grant("camille", "camille", ""), id, "  Je dormais.\r\nTout simplement. "); err != nil {
		t.Fatal(err)
	}
	f, err := d.cases.See(t.Context(), reviewer, id)
	if err != nil {
		t.Fatal(err)
	}
	if f.View == nil || f.View.Text != "Je dormais.\nTout simplement." || f.View.By.ID != "Patient/camille" || f.Name != "Camille Durand" {
		t.Errorf("%+v of %q", f.View, f.Name)
	}
	if len(f.Opened) != 1 || f.Opened[0].Type != "AllergyIntolerance" || f.Opened[0].Accesses != 2 || f.Opened[0].Resources != 1 {
		t.Errorf("opened: %+v", f.Opened)
	}
	if open, late := d.cases.Standing(); open != 1 || late != 0 {
		t.Errorf("%d open, %d late", open, late)
	}
	closed, err := d.cases.Close(t.Context(), reviewer, id, "justified", "Appel du SAMU à 3 h.")
	if err != nil || !closed.Closed() || closed.Verdict.Code != "justified" || closed.Verdict.By.ID != "Practitioner/reviewer" {
		t.Fatalf("%+v, %v", closed, err)
	}
	if _, err := d.cases.Close(t.Context(), reviewer, id, "not-justified", ""); !strings.Contains(refused(err), "already closed") {
		t.Errorf("a second verdict: %v", err)
	}
	if _, err := d.cases.Say(t.Context(), d.Grant("camille", "camille", ""), id, "Encore un mot."); !strings.Contains(refused(err), "already closed") {
		t.Errorf("a word too late: %v", err)
	}
	if queue, err = d.cases.Queue(t.Context(), reviewer); err != nil || len(queue) != 0 {
		t.Errorf("%v, %v", queue, err)
	}
	if c := d.only("camille"); c.Verdict == nil || c.Verdict.Note != "Appel du SAMU à 3 h." {
		t.Errorf("%+v", c)
	}
}

// Whoever opened the record does not see its case as a reviewer, and does not close it: in the log either way.
func TestOpenerNeverReviews(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.glass("g1", "dr-urgence", "camille", 1)
	id := d.only("camille").ID
	opener := d.Grant("dr-urgence", "", "")
	opener.Actor.Roles = []string{"reviewer", "authority"}
	if queue, err := d.cases.Queue(t.Context(), opener); err != nil || len(queue) != 0 {
		t.Errorf("the queue: %v, %v", queue, err)
	}
	d.Clock.Advance(80 * time.Hour)
	if _, err := d.cases.See(t.Context(), opener, id); !strings.Contains(refused(err), "your own") {
		t.Errorf("seeing it: %v", err)
	}
	if _, err := d.cases.Close(t.Context(), opener, id, "justified", ""); !strings.Contains(refused(err), "your own") {
		t.Errorf("closing it: %v", err)
	}
	if c := d.only("camille"); c.Closed() {
		t.Error("it is closed")
	}
	tried := 0
	for _, e := range d.entries() {
		if e.Outcome == audit.Refused && e.Rule == "E5.opener" && e.Patient == "camille" && e.Details["case"] == id {
			tried++
		}
	}
	if tried != 2 {
		t.Errorf("%d attempts are in the log, want 2", tried)
	}
}

// Nobody else finds a case: what one may not see and what is not there look alike.
func TestNobodyElse(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.glass("g1", "dr-urgence", "camille", 1)
	id := d.only("camille").ID
	other := d.Grant("dr-noel", "", "")
	other.Actor.Roles = []string{"reviewer"}
	for name, ask := range map[string]func(id string) error{
		"a reviewer elsewhere": func(id string) error { _, err := d.cases.See(t.Context(), other, id); return err },
		"no reviewer":          func(id string) error { _, err := d.cases.See(t.Context(), d.Grant("dr-roux", "", ""), id); return err },
		"the authority, in time": func(id string) error {
			_, err := d.cases.See(t.Context(), d.Grant("authority", "", ""), id)
			return err
		},
		"closing elsewhere": func(id string) error {
			_, err := d.cases.Close(t.Context(), other, id, "justified", "")
			return err
		},
		"another patient": func(id string) error {
			_, err := d.cases.Say(t.Context(), d.Grant("jeanne", "jeanne", ""), id, "Bonjour")
			return err
		},
	} {
		for _, which := range []string{id, "nothing"} {
			if err := ask(which); !errors.Is(err, cases.ErrNotFound) {
				t.Errorf("%s, %s: %v", name, which, err)
			}
		}
	}
	if _, err := d.cases.Queue(t.Context(), d.Grant("dr-roux", "", "")); refused(err) == "" {
		t.Errorf("no reviewer has a queue: %v", err)
	}
	if queue, err := d.cases.Queue(t.Context(), other); err != nil || len(queue) != 0 {
		t.Errorf("a reviewer elsewhere: %v, %v", queue, err)
	}
}

// A case past its date counts for its establishment, is on the authority's list, and asks the next opener for words.
func TestOverdue(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.glass("g1", "dr-urgence", "camille", 1)
	names := d.Grant("dr-urgence", "", "").Actor.Organizations
	if n := d.cases.Due(names); n != 0 {
		t.Errorf("%d are overdue at once", n)
	}
	d.Clock.Advance(73 * time.Hour)
	if n := d.cases.Due(append(names, names...)); n != 1 {
		t.Errorf("%d are overdue, want 1", n)
	}
	if n := d.cases.Due([]string{"Organization/clinique-est"}); n != 0 {
		t.Errorf("%d are overdue elsewhere", n)
	}
	if n := d.register().Due(names); n != 1 {
		t.Errorf("%d are overdue after a restart", n)
	}
	if _, err := d.Glass(t.Context(), "g2", "dr-urgence", "camille", 1); !strings.Contains(refused(err), "reason in writing") {
		t.Errorf("the next opening: %v", err)
	}
	authority := d.Grant("authority", "", "")
	list, err := d.cases.Overdue(t.Context(), authority)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	if _, err := d.cases.See(t.Context(), authority, list[0].ID); err != nil {
		t.Error(err)
	}
	if _, err := d.cases.Close(t.Context(), authority, list[0].ID, "justified", ""); !errors.Is(err, cases.ErrNotFound) {
		t.Errorf("the authority closes for the establishment: %v", err)
	}
	if _, err := d.cases.Overdue(t.Context(), d.Grant("reviewer", "", "")); refused(err) == "" {
		t.Errorf("a reviewer has the authority's list: %v", err)
	}
	if _, err := d.cases.Close(t.Context(), d.Grant("reviewer", "", ""), list[0].ID, "justified", ""); err != nil {
		t.Fatal(err)
	}
	if n := d.cases.Due(names); n != 0 {
		t.Errorf("%d are overdue after the verdict", n)
	}
	d.glass("g3", "dr-urgence", "camille", 1)
}

// A person's question about an access goes to the establishment and comes back with its answer.
func TestQuestion(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if _, err := d.Gate.Ask(t.Context(), d.Grant("dr-roux", "camille", ""), "GET", "Patient/camille", nil, nil); err != nil {
		t.Fatal(err)
	}
	about := d.entries()[0].ID
	camille := d.Grant("camille", "camille", "")
	for text, want := range map[string]error{"": cases.ErrText, "a\x00b": cases.ErrText, strings.Repeat("a", cases.MaxText+1): cases.ErrText} {
		if _, err := d.cases.Ask(t.Context(), camille, about, text); !errors.Is(err, want) {
			t.Errorf("%q: %v", text[:min(9, len(text))], err)
		}
	}
	if _, err := d.cases.Ask(t.Context(), d.Grant("jeanne", "jeanne", ""), about, "Pourquoi ?"); !errors.Is(err, cases.ErrNotFound) {
		t.Errorf("another patient asks: %v", err)
	}
	const why = "Pourquoi le docteur Roux a-t-elle ouvert ma fiche ?"
	var twice sync.WaitGroup
	for range 4 { // as an impatient finger does: one question
		twice.Go(func() {
			if _, err := d.cases.Ask(t.Context(), camille, about, why); err != nil {
				t.Error(err)
			}
		})
	}
	twice.Wait()
	q, err := d.cases.Ask(t.Context(), camille, about, why)
	if err != nil {
		t.Fatal(err)
	}
	d.catch()
	if q.Kind != cases.Question || q.About != about || q.Opener.ID != "Practitioner/dr-roux" || !q.Due.Equal(q.Since.Add(720*time.Hour)) {
		t.Errorf("%+v", q)
	}
	reviewer := d.Grant("inf-martin", "", "")
	reviewer.Actor.Roles, reviewer.Actor.Organizations = []string{"reviewer"}, []string{q.Opener.Organization}
	if _, err := d.cases.Close(t.Context(), reviewer, q.ID, "answered", " "); !errors.Is(err, cases.ErrText) {
		t.Errorf("no answer: %v", err)
	}
	if _, err := d.cases.Close(t.Context(), reviewer, q.ID, "justified", "Pour vous."); !strings.Contains(refused(err), "not in the list") {
		t.Errorf("a verdict of the other kind: %v", err)
	}
	if _, err := d.cases.Close(t.Context(), reviewer, q.ID, "answered", "Renouvellement d'ordonnance."); err != nil {
		t.Fatal(err)
	}
	if c := d.only("camille"); c.Verdict == nil || c.Verdict.Note != "Renouvellement d'ordonnance." || c.Question == "" {
		t.Errorf("%+v", c)
	}
}

// What a minor keeps secret is no case to a representative, and nothing they could ask about.
func TestSecretOfAMinor(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	g := d.Grant("dr-urgence", "", "")
	g.ID, g.Mode, g.Reason, g.Stage, g.Secret = "g1", "bris_de_glace", "unconscious", 1, true
	g.Since, g.Until = d.Clock.Now(), d.Clock.Now().Add(time.Hour)
	if _, err := d.Gate.OpenEmergency(t.Context(), g, "Patient/lucas"); err != nil {
		t.Fatal(err)
	}
	d.catch()
	own := d.only("lucas")
	karim := d.Grant("karim", "lucas", "")
	if all, err := d.cases.Of(t.Context(), karim); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	if _, err := d.cases.Say(t.Context(), karim, own.ID, "Et alors ?"); !errors.Is(err, cases.ErrNotFound) {
		t.Errorf("a word: %v", err)
	}
	if _, err := d.cases.Ask(t.Context(), karim, own.ID, "Qui était-ce ?"); !errors.Is(err, cases.ErrNotFound) {
		t.Errorf("a question: %v", err)
	}
	if _, err := d.cases.Ask(t.Context(), d.Grant("lucas", "lucas", ""), own.ID, "Qui était-ce ?"); err != nil {
		t.Errorf("his own question: %v", err)
	}
	if all, err := d.cases.Of(t.Context(), karim); err != nil || len(all) != 0 {
		t.Errorf("the question shows: %v, %v", all, err)
	}
	for _, e := range d.entries() {
		if e.Patient == "lucas" && e.Actor.ID != karim.Actor.ID && !e.Hidden("INVISIBLE_REPRESENTANTS_LEGAUX") && e.Interaction != "review-own" {
			t.Errorf("%s by %s shows to representatives", e.Interaction, e.Actor.Name)
		}
	}
}
