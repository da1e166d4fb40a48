package oauth_test

import (
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
)

// atEmergency is a professional's browser at the page of emergencies.
func (w *world) atEmergency(login string) (*browser, func() *oauth.Visitor) {
	w.t.Helper()
	b := w.newBrowser()
	b.own(login)
	return b, func() *oauth.Visitor {
		w.t.Helper()
		v, _ := b.visitor(b.request(http.MethodGet, ""))
		if v == nil {
			w.t.Fatal("nobody is signed in")
		}
		return v
	}
}

func refusedBy(err error) bool {
	var no *gate.Refusal
	return errors.As(err, &no)
}

// TestOwnEmergency: an access opened on our own page is a grant for one record, read only, with its stage, reason and
// opening; further stages need the one before, and the end ends all of it.
func TestOwnEmergency(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, v := w.atEmergency("dr.roux")
	asked, err := v().Urgent()
	if err != nil || asked.Patient != "" || asked.Reason != "" || asked.Mode != "bris_de_glace" || asked.Opening != "" || asked.Until.Sub(asked.Since) > time.Minute {
		t.Fatalf("%+v, %v", asked, err)
	}
	s, err := v().KeepSought(&gate.Needed{ID: "question-1", Patient: "camille", Drill: true})
	if err != nil {
		t.Fatal(err)
	}
	e, err := v().OpenEmergency(s.ID, "unconscious", "")
	if err != nil || e.Stage != 1 || !e.Drill || e.Until.Sub(e.Since) > time.Hour {
		t.Fatalf("%+v, %v", e, err)
	}
	g, err := v().EmergencyGrant(e)
	if err != nil || g.Patient != "camille" || g.Opening != e.ID || g.Stage != 1 || g.Purpose != "ETREAT" || !slices.Equal(g.Scopes, []string{"patient/*.rs"}) || g.Actor.Profession == "" {
		t.Fatalf("%+v, %v", g, err)
	}
	if _, err := v().NextStage(e.ID, 3, "x"); !refusedBy(err) {
		t.Errorf("the third stage after the first: %v", err)
	}
	for _, stage := range []int{0, 1, 2, 2} {
		if got, err := v().NextStage(e.ID, stage, ""); err != nil || got.Stage != max(1, stage) || got.ID != e.ID {
			t.Errorf("stage %d: %+v, %v", stage, got, err)
		}
	}
	if _, err := v().NextStage(e.ID, 4, "x"); !refusedBy(err) {
		t.Errorf("a fourth stage: %v", err)
	}
	if all, err := v().Emergencies(); err != nil || len(all) != 1 || all[0].Stage != 2 {
		t.Errorf("%v, %v", all, err)
	}
	if again, err := v().OpenEmergency(s.ID, "unconscious", ""); err != nil || again.ID != e.ID || again.Stage != 2 {
		t.Errorf("submitted again: %+v, %v", again, err)
	}
	for range 2 {
		if got, err := v().EndEmergency(e.ID); err != nil || got.Live(w.clock.Now()) {
			t.Errorf("the end: %+v, %v", got, err)
		}
	}
	w.opened.mu.Lock()
	made, ended := w.opened.opened, w.opened.ended
	w.opened.mu.Unlock()
	if len(made) != 2 || made[0].Opening != "" || made[1].Opening != e.ID || made[1].Stage != 2 || made[0].ID != made[1].ID || !slices.Equal(ended, []string{e.ID}) {
		t.Errorf("openings %+v, ends %v", made, ended)
	}
	if _, err := v().NextStage(e.ID, 3, "x"); !refusedBy(err) {
		t.Errorf("a stage after the end: %v", err)
	}
	if again, err := v().OpenEmergency(s.ID, "unconscious", ""); err != nil || again.Live(w.clock.Now()) {
		t.Errorf("an old form opens again: %+v, %v", again, err)
	}
}

// TestOwnEmergencyEndsWithTheSession: whoever signs out, or ends a session elsewhere, ends what was opened in it, and the log
// says so once; another session goes on.
func TestOwnEmergencyEndsWithTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open := func(v func() *oauth.Visitor, question string) string {
		t.Helper()
		s, err := v().KeepSought(&gate.Needed{ID: question, Patient: "camille"})
		if err != nil {
			t.Fatal(err)
		}
		e, err := v().OpenEmergency(s.ID, "unconscious", "")
		if err != nil {
			t.Fatal(err)
		}
		return e.ID
	}
	ended := func() []string {
		w.opened.mu.Lock()
		defer w.opened.mu.Unlock()
		return slices.Clone(w.opened.ended)
	}
	b, v := w.atEmergency("dr.roux")
	other, elsewhere := w.atEmergency("dr.roux")
	here, there := open(v, "question-1"), open(elsewhere, "question-2")
	b.post("/oauth2/sign-out", nil)
	if got := ended(); !slices.Equal(got, []string{here}) {
		t.Fatalf("after the sign-out the log says that %v ended, not %s", got, here)
	}
	if e, err := elsewhere().Emergency(there); err != nil || !e.Live(w.clock.Now()) {
		t.Errorf("the other session's: %+v, %v", e, err)
	}
	other.post("/oauth2/sign-out", nil)
	other.post("/oauth2/sign-out", nil)
	if got := ended(); !slices.Equal(got, []string{here, there}) {
		t.Errorf("ended %v", got)
	}
}

// TestOwnEmergencyTimes: what was found is forgotten, the access ends with its time and with the session, and more time is
// given once for one gesture.
func TestOwnEmergencyTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, v := w.atEmergency("dr.roux")
	s, _ := v().KeepSought(&gate.Needed{ID: "q1", Patient: "camille"})
	w.clock.Advance(9 * time.Minute)
	if _, err := v().Sought(s.ID); err != nil {
		t.Errorf("after nine minutes: %v", err)
	}
	w.clock.Advance(time.Minute)
	if _, err := v().OpenEmergency(s.ID, "unconscious", ""); !errors.Is(err, oauth.ErrNotFound) {
		t.Errorf("after ten: %v", err)
	}
	s, _ = v().KeepSought(&gate.Needed{ID: "q2", Patient: "camille"})
	e, err := v().OpenEmergency(s.ID, "unconscious", "")
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(29 * time.Minute)
	longer, err := v().ExtendEmergency(e.ID, e.Since, "unconscious", "Toujours inconsciente")
	if err != nil || longer.Until.Sub(e.Until) != 29*time.Minute || longer.Typed == "" || longer.ID != e.ID {
		t.Fatalf("extended: %+v, %v", longer, err)
	}
	if again, err := v().ExtendEmergency(e.ID, e.Since, "unconscious", "Toujours inconsciente"); err != nil || !again.Until.Equal(longer.Until) {
		t.Errorf("submitted twice: %+v, %v", again, err)
	}
	for range 3 {
		w.clock.Advance(20 * time.Minute)
		v()
	}
	if got, err := v().Emergency(e.ID); err != nil || got.Live(w.clock.Now()) {
		t.Errorf("an hour later: %+v, %v", got, err)
	}
	if _, err := v().ExtendEmergency(e.ID, longer.Since, "unconscious", "x"); !refusedBy(err) {
		t.Errorf("extended after its end: %v", err)
	}
	if _, err := v().NextStage(e.ID, 2, ""); !refusedBy(err) {
		t.Errorf("a stage after its time: %v", err)
	}
	w.opened.mu.Lock()
	w.opened.life = 24 * time.Hour
	w.opened.mu.Unlock()
	s, _ = v().KeepSought(&gate.Needed{ID: "q3", Patient: "camille"})
	if e, err = v().OpenEmergency(s.ID, "unconscious", ""); err != nil || e.Until.Sub(e.Since) > 8*time.Hour {
		t.Errorf("past the end of the session: %v, %v", e.Until.Sub(e.Since), err)
	}
}

// TestOwnEmergencyRefused: what is refused, and what fails, leaves nothing open; what the gate said is kept with what was
// found.
func TestOwnEmergencyRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, v := w.atEmergency("dr.roux")
	s, err := v().KeepSought(&gate.Needed{ID: "q1", Patient: "lucas", No: &gate.Refusal{Rule: "E4.enough", Issues: []fhir.Issue{{FR: "Suffit.", EN: "Enough."}}}})
	if err != nil || s.Rule != "E4.enough" || len(s.Said) != 1 || s.Said[0].FR != "Suffit." {
		t.Fatalf("%+v, %v", s, err)
	}
	if _, err := v().OpenEmergency(s.ID, "unconscious", ""); !refusedBy(err) {
		t.Errorf("where a link is enough: %v", err)
	}
	for _, id := range []string{"", "q2", "../q1"} {
		if _, err := v().OpenEmergency(id, "unconscious", ""); !errors.Is(err, oauth.ErrNotFound) {
			t.Errorf("of %q: %v", id, err)
		}
		if _, err := v().Emergency(id); !errors.Is(err, oauth.ErrNotFound) {
			t.Errorf("%q is an access: %v", id, err)
		}
	}
	s, _ = v().KeepSought(&gate.Needed{ID: "q3", Patient: "camille"})
	broken := errors.New("the disk is gone")
	now := v()
	w.db.breakWith(broken)
	if _, err := now.OpenEmergency(s.ID, "unconscious", ""); !errors.Is(err, broken) {
		t.Errorf("with a broken store: %v", err)
	}
	w.db.breakWith(nil)
	if all, err := v().Emergencies(); err != nil || len(all) != 0 {
		t.Errorf("open all the same: %v, %v", all, err)
	}
	_, other := w.atEmergency("dr.roux")
	if _, err := other().Sought(s.ID); !errors.Is(err, oauth.ErrNotFound) {
		t.Errorf("in another session of the same person: %v", err)
	}
}

// TestSeek: attempts to find somebody are bounded for a person, whatever browser they use, and come back with time.
func TestSeek(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, v := w.atEmergency("dr.roux")
	_, other := w.atEmergency("dr.roux")
	for i := range 5 {
		if wait := []func() *oauth.Visitor{v, other}[i%2]().Seek(true); wait > 0 {
			t.Fatalf("attempt %d waits %v", i, wait)
		}
	}
	if wait := v().Seek(true); wait <= 0 || wait > time.Minute {
		t.Errorf("the sixth waits %v", wait)
	}
	for i := range 15 {
		if wait := v().Seek(false); wait > 0 {
			t.Fatalf("number %d waits %v", i, wait)
		}
	}
	if v().Seek(false) == 0 {
		t.Error("numbers are not bounded")
	}
	w.clock.Advance(time.Minute)
	if wait := v().Seek(true); wait > 0 {
		t.Errorf("a minute later: %v", wait)
	}
}

// TestOwnEmergencyAtOnce: of many gestures at once one counts.
func TestOwnEmergencyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, v := w.atEmergency("dr.roux")
	s, _ := v().KeepSought(&gate.Needed{ID: "q1", Patient: "camille"})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			e, err := v().OpenEmergency(s.ID, "unconscious", "")
			if err == nil {
				_, err = v().NextStage(e.ID, 2, "")
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	w.opened.mu.Lock()
	defer w.opened.mu.Unlock()
	if n := len(w.opened.opened); n != 2 {
		t.Errorf("%d openings", n)
	}
}
