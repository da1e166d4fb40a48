package notice_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/cases"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/notice"
)

// reviewed is a post whose reviewers are told by mail of what waits for them.
func reviewed(t *testing.T, box *letterbox) (p *post, again func(), register *cases.Register) {
	t.Helper()
	mail := box.open(t, notice.StartTLS)
	change := func(c *notice.Config) {
		c.Mail = mail
		c.Waiting = func(ctx context.Context, within time.Duration, tell func(gate.Actor, *notice.Backlog, *notice.Backlog) error) error {
			for _, key := range []string{"reviewer", "authority", "dr-roux"} { // the last has no part in it
				grants := []*gate.Grant{p.Grant(key, "", ""), p.Grant(key, "", "")} // as in two situations at one place
				w, err := register.Awaits(ctx, grants, within)
				if err != nil {
					return err
				}
				var others notice.Backlog
				for _, late := range w.Late {
					others.Places = append(others.Places, notice.Place{Name: p.Gate.Place(ctx, late.Organization), Late: late.Overdue, Since: late.Since})
				}
				if err := tell(grants[0].Actor, &notice.Backlog{Soon: w.Soon, Next: w.Next, Late: w.Overdue, Many: w.Many}, &others); err != nil {
					return err
				}
			}
			return nil
		}
	}
	p = newPost(t, change)
	var err error
	if register, err = cases.New(t.Context(), cases.Config{DB: p.DB, Log: p.House.Log, Now: p.Clock.Now}); err != nil {
		t.Fatal(err)
	}
	register.Through(p.Gate)
	return p, func() { p.notices = p.service(change) }, register
}

// on moves the clock to an hour of a later day in France.
func (p *post) on(days, hour int) {
	p.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		p.Fatal(err)
	}
	now := p.Clock.Now().In(zone)
	p.Clock.Advance(time.Date(now.Year(), now.Month(), now.Day()+days, hour, 0, 0, 0, zone).Sub(now))
}

// digest tells those who review, sends what waits, and gives the new letters about that, by recipient.
func (p *post) digest(box *letterbox) map[string]string {
	p.Helper()
	before := len(box.got())
	if err := p.notices.Digest(p.Context()); err != nil {
		p.Fatal(err)
	}
	if _, err := p.notices.Send(p.Context()); err != nil {
		p.Fatal(err)
	}
	out := map[string]string{}
	for _, l := range box.got()[before:] {
		plain, html := l.parts(p.TB)
		for _, never := range []string{"Jeanne", "jeanne", "Lefort", "Camille", "camille", "Leroy", "Patient/", "unconscious"} {
			if strings.Contains(plain+html, never) {
				p.Errorf("%q is in\n%s", never, plain)
			}
		}
		if out[l.to] != "" {
			p.Errorf("two letters to %s", l.to)
		}
		out[l.to] = plain
	}
	return out
}

// Whoever reviews is told by one mail a day of what is due soon and of what is late, in numbers; the authority of what is late,
// by establishment; and each once, whatever happens to the process.
func TestReviewersAreReminded(t *testing.T) {
	t.Parallel()
	box := &letterbox{}
	p, again, register := reviewed(t, box)
	p.on(1, 10)
	p.glass("dr-urgence", "jeanne")
	p.Clock.Advance(time.Minute)
	p.glass("dr-urgence", "camille")
	if err := register.Catch(t.Context()); err != nil {
		t.Fatal(err)
	}
	quiet := func(when string) {
		t.Helper()
		if got := p.digest(box); len(got) != 0 {
			t.Fatalf("%s: %v", when, got)
		}
	}
	quiet("nothing is due soon")
	p.on(2, 8)
	quiet("26 hours before")
	p.on(1, 6)
	quiet("before the hour")
	p.on(0, 8)
	said(t, p.digest(box), map[string][]string{"reviewer@exemple.invalid": {"À examiner bientôt : 2 accès ou questions", "à 10 h 00", "http://house.test/pro/cases"}})
	again()
	p.on(0, 9)
	quiet("told already, before the process ended")
	p.on(1, 8)
	late := map[string][]string{
		"reviewer@exemple.invalid":  {"En retard : 2 accès ou questions", "http://house.test/pro/cases"},
		"authority@exemple.invalid": {"Établissement : Hôpital de la Rive : 2 accès ou questions, le plus ancien attendu le", "http://house.test/label/cases"},
	}
	said(t, p.digest(box), late)
	if err := p.notices.Forget(t.Context()); err != nil { // as if the process had ended before it kept the day
		t.Fatal(err)
	}
	again()
	quiet("told already, and not kept")
	p.on(1, 8)
	said(t, p.digest(box), late)
	if diff := cmp.Diff([]string{notice.Reviews, notice.Reviews, notice.Reviews}, p.told("Practitioner/reviewer")); diff != "" {
		t.Error(diff)
	}
}

// said compares letters with what each is to hold.
func said(t *testing.T, got map[string]string, want map[string][]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("letters to %v", got)
	}
	for to, texts := range want {
		for _, text := range texts {
			if !strings.Contains(got[to], text) {
				t.Errorf("%s: %q is not in\n%s", to, text, got[to])
			}
		}
	}
}
