package notice_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/notice"
)

// slow has the server hold letters of a subject until it is let go of, and counts how many it holds.
func (b *letterbox) slow(subject string) (held func() int, letGo func()) {
	gate := make(chan struct{})
	var mu sync.Mutex
	n := 0
	b.hold = func(got string) {
		if !strings.Contains(got, subject) {
			return
		}
		mu.Lock()
		n++
		mu.Unlock()
		<-gate
	}
	return func() int { mu.Lock(); defer mu.Unlock(); return n }, sync.OnceFunc(func() { close(gate) })
}

// TestEmergencyMailsFirst: what a slow server holds up is not an emergency, however many other mails wait; and of neither
// are there more than a few at a time.
func TestEmergencyMailsFirst(t *testing.T) {
	t.Parallel()
	box := &letterbox{}
	held, letGo := box.slow("Un premier accès")
	p := newPost(t, func(c *notice.Config) { c.Mail = box.open(t, notice.Plain) })
	t.Cleanup(letGo) // before the server is closed
	for _, key := range []string{"inf-martin", "dr-roux", "dr-benali", "dr-lam"} {
		for _, patient := range []string{"camille", "jeanne"} {
			_, _ = p.Gate.Ask(t.Context(), p.Grant(key, patient, ""), "GET", "Patient/"+patient, nil, nil)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); p.notices.Run(ctx) }()
	until(t, "two mails are held", func() bool { return held() == 2 })
	for k := range 3 {
		g := p.Grant("dr-urgence", "", "")
		g.ID, g.Mode, g.Reason, g.Stage = fmt.Sprintf("g%d", k), "bris_de_glace", "unconscious", 1
		if _, err := p.Gate.OpenEmergency(t.Context(), g, "Patient/jeanne"); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "nine emergency mails arrive", func() bool { return len(box.got()) == 9 })
	if n := held(); n != 2 {
		t.Errorf("the server holds %d mails at a time", n)
	}
	letGo()
	until(t, "the others arrive", func() bool { return len(box.got()) > 9 })
	stop()
	<-ended
}

// until waits for something to be so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never comes that %s", what)
		}
	}
}
