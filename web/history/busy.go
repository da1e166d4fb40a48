package history

import (
	"net/http"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
)

// busy is who takes a copy at the moment: proving a long history is work, and each person has one copy made at a time.
type busy struct {
	mu  sync.Mutex
	who map[string]bool // by the key of their account
}

// begin notes that somebody takes a copy, until end is called; ok is false while they take another.
func (b *busy) begin(who string) (end func(), ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.who[who] {
		return nil, false
	}
	if b.who == nil {
		b.who = map[string]bool{}
	}
	b.who[who] = true
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.who, who)
	}, true
}

// oneAtATime tells somebody whose other copy is being made.
func oneAtATime() error {
	return &gate.Refusal{Status: http.StatusTooManyRequests, Retry: 10 * time.Second, Issues: []fhir.Issue{{
		Severity: "error", Code: "throttled",
		FR: "Une copie de cet historique est déjà en préparation pour vous. Attendez qu'elle soit arrivée, puis recommencez si vous en voulez une autre.",
		EN: "A copy of this history is already being prepared for you. Wait until it has arrived, then start again if you want another.",
	}}}
}
