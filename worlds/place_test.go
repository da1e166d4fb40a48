package worlds

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
	"github.com/pontlevis/pontlevis/store"
)

const base = "http://worlds.test/fhir"

// dawn is when every world begins; requests come a day later.
var dawn = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	os.Exit(m.Run())
}

// engine holds the embedded policies, loaded once; their own tests run with their own package.
var engine = sync.OnceValue(func() *policies.Engine {
	r, err := policies.LoadWith(context.Background(), policies.Embedded(), policies.LoadOptions{SkipTests: true})
	if err != nil {
		panic(err)
	}
	return policies.NewEngine(r)
})

// clock is the time of a world, moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// place is one world: the real gate, records and log over a store in memory.
type place struct {
	clock
	db      *memory
	records *record.Embedded
	log     *audit.Log
	lives   space.Lifecycles
	gate    *gate.Gate
	door    http.Handler
}

var (
	logKey  = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	sealKey = bytes.Repeat([]byte{1}, 32)
)

// open makes a world over a store. The caller closes it.
func open(db *memory, at time.Time) (*place, error) {
	p := &place{db: db}
	p.set(at)
	var err error
	if p.records, err = record.OpenEmbedded(db, p.now); err != nil {
		return nil, err
	}
	p.records.Base = base
	p.lives = space.Lifecycles{DB: db}
	if p.log, err = audit.Open(context.Background(), db, audit.Options{Origin: "worlds.test", Key: logKey, Now: p.now, Keep: 1000 * time.Hour}); err != nil {
		return nil, err
	}
	p.gate, err = gate.New(gate.Config{
		Records: p.records, Lives: p.lives, Policies: engine(), Log: p.log, Grants: cast{}, Base: base, Key: sealKey, Now: p.now,
	})
	if err != nil {
		return nil, err
	}
	p.door = p.gate.Endpoint()
	return p, nil
}

func (p *place) close() { _, _ = p.log.Close(), p.db.Close() }

// put is one write of a world's making, past the gate: nobody decides on it.
type put struct {
	patient string // "" the directory
	ref     record.Ref
	body    []byte
	gone    bool
	at      time.Duration // after dawn
}

func (p *place) make(all []put) error {
	for _, x := range all {
		p.set(dawn.Add(x.at))
		_, err := p.records.Write(context.Background(), x.patient, []record.Change{{Ref: x.ref, Body: x.body, Delete: x.gone}})
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *place) live(patient, state string) error {
	_, err := p.lives.Change(context.Background(), patient, func(space.Lifecycle) (space.Lifecycle, error) {
		return space.Lifecycle{State: state, Since: dawn.AddDate(-1, 0, 0)}, nil
	})
	return err
}

// ask sends one request through the real endpoint.
func (p *place) ask(who, method, target string, headers [][2]string, body string) *httptest.ResponseRecorder {
	r, err := http.NewRequest(method, "http://worlds.test"+target, strings.NewReader(body))
	if err != nil { // what no HTTP client can send
		rec := httptest.NewRecorder()
		rec.WriteHeader(http.StatusBadRequest)
		return rec
	}
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+who)
	}
	for _, h := range headers {
		r.Header.Add(h[0], h[1])
	}
	rec := httptest.NewRecorder()
	p.door.ServeHTTP(rec, r)
	return rec
}

// foundation is the store that every world is a fork of: the cast, who they are to each other, the directory.
var foundation = sync.OnceValue(func() *memory {
	db := newMemory()
	p, err := open(db, dawn)
	if err != nil {
		panic(err)
	}
	for patient, state := range states {
		if err := p.live(patient, state); err != nil {
			panic(err)
		}
	}
	if err := p.make(society()); err != nil {
		panic(err)
	}
	if _, err := p.log.Close(), error(nil); err != nil {
		panic(err)
	}
	return db
})

func parsed(body []byte) *fhir.Resource {
	r, err := fhir.ParseResource(body)
	if err != nil {
		panic(string(body) + ": " + err.Error())
	}
	return r
}

var _ store.DB = (*memory)(nil)
