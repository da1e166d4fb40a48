// Package house is the invented cast behind a real gate, for the tests of what stands on one: store, access log, records
// and policies are the real ones; only the clock is moved by hand, and nobody has to sign in.
package house

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/demo"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/record/importer"
	"github.com/pontlevis/pontlevis/space"
	"github.com/pontlevis/pontlevis/store"
	"github.com/pontlevis/pontlevis/test/clock"
)

// Base is the URL of the FHIR endpoint.
const Base = "http://house.test/fhir"

// House is a gate with the cast behind it.
type House struct {
	Folder  string
	DB      *store.Bolt
	Log     *audit.Log
	Records *record.Embedded
	Gate    *gate.Gate
	Clock   *clock.Clock

	close sync.Once
}

var rules = sync.OnceValues(func() (*policies.Revision, error) {
	return policies.LoadWith(context.Background(), policies.Embedded(), policies.LoadOptions{SkipTests: true})
})

// nobody authenticates nobody: tests make their grants themselves.
type nobody struct{}

func (nobody) Authenticate(context.Context, gate.Presented) (*gate.Grant, error) {
	return nil, &gate.TokenError{Code: "invalid_token"}
}

// New opens a house in a fresh folder, at the time of now, and closes it with the test.
func New(t testing.TB) *House {
	t.Helper()
	h, err := Open(t.TempDir(), time.Now().UTC().Truncate(time.Second), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// Open opens the house of a folder, which gets the cast the first time. overdue is gate.Config.Overdue.
func Open(folder string, at time.Time, overdue func([]string) int) (*House, error) {
	revision, err := rules()
	if err != nil {
		return nil, err
	}
	h := &House{Folder: folder, Clock: clock.New(at)}
	if h.DB, err = store.OpenBolt(filepath.Join(folder, "state.db")); err != nil {
		return nil, err
	}
	if h.Records, err = record.OpenEmbedded(h.DB, h.Clock.Now); err != nil {
		return nil, err
	}
	h.Records.Base = Base
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	h.Log, err = audit.Open(context.Background(), h.DB, audit.Options{
		Origin: "house.test", Key: key, Now: h.Clock.Now, Journal: filepath.Join(folder, "audit.journal"), JournalSize: 1 << 20,
	})
	if err != nil {
		return nil, err
	}
	lives := space.Lifecycles{DB: h.DB}
	h.Gate, err = gate.New(gate.Config{
		Records: h.Records, Lives: lives, Policies: policies.NewEngine(revision), Log: h.Log, Grants: nobody{},
		Base: Base, Key: bytes.Repeat([]byte{1}, 32), Now: h.Clock.Now, Overdue: overdue,
	})
	if err != nil {
		return nil, err
	}
	return h, h.furnish(lives)
}

// furnish loads the cast, once.
func (h *House) furnish(lives space.Lifecycles) error {
	file := filepath.Join(h.Folder, "cast.ndjson")
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	all, err := demo.Cast{Base: Base, Now: h.Clock.Now()}.Resources()
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, append(bytes.Join(all, []byte("\n")), '\n'), 0o600); err != nil {
		return err
	}
	ctx := context.Background()
	im := importer.Importer{Source: h.Records, Base: Base}
	if report, err := im.Import(ctx, file); err != nil || len(report.Refused) > 0 {
		return errors.Join(err, errors.New("a resource of the cast was refused"))
	}
	states, err := demo.Lifecycles(h.Clock.Now())
	if err != nil {
		return err
	}
	for patient, want := range states {
		if _, err := lives.Change(ctx, patient, func(space.Lifecycle) (space.Lifecycle, error) { return want, nil }); err != nil {
			return err
		}
	}
	return nil
}

// Close closes what is open.
func (h *House) Close() { h.close.Do(func() { _, _ = h.Log.Close(), h.DB.Close() }) }

// Person is one of the cast.
func Person(key string) *oauth.Person {
	for _, p := range demo.People("") {
		if p.Key == key {
			return &p
		}
	}
	panic("nobody of the cast is called " + key)
}

// Grant is what one of the cast may do through our own pages, for a patient ("" for none). Somebody who acts for the
// patient does so as kind: representative or carer; "" is the person's own kind.
func (h *House) Grant(key, patient, kind string) *gate.Grant {
	p := Person(key)
	if p.Kind == "professional" {
		p = p.In(first(p))
	}
	if kind == "" {
		kind = p.Kind
	}
	now := h.Clock.Now()
	g := &gate.Grant{
		ID: "own-" + key + "-" + patient, Client: gate.Client{ID: "pontlevis", Kind: "portal", Category: "health", Label: gate.Label{Status: "online"}},
		Actor: gate.Actor{
			Kind: kind, ID: p.Reference, Name: p.Name, Identities: append([]string{p.Reference}, p.Identities...), Organizations: p.Organizations,
			Profession: p.Profession, Speciality: p.Speciality, Regulation: p.Regulation, Roles: p.Roles,
		},
		Scopes: []string{"patient/*.cruds"}, Patient: patient, Purpose: "PATRQT", Mode: "normal",
		Since: now.Add(-time.Minute), Until: now.Add(8 * time.Hour),
	}
	if p.Kind == "professional" {
		g.Purpose, g.Scopes = "TREAT", []string{"user/*.cruds"}
	} else {
		g.Actor.Organizations, g.Actor.Profession = nil, ""
	}
	return g
}

func first(p *oauth.Person) string {
	if len(p.Situations) == 0 {
		return ""
	}
	return p.Situations[0].ID
}

// Glass opens an emergency access of one of the cast to a patient's record, and returns its grant.
func (h *House) Glass(ctx context.Context, id, key, patient string, stage int) (*gate.Grant, error) {
	g := h.Grant(key, "", "")
	g.ID, g.Mode, g.Reason, g.Stage = id, "bris_de_glace", "unconscious", stage
	g.Since, g.Until = h.Clock.Now(), h.Clock.Now().Add(time.Hour)
	if stage > 2 {
		g.TypedReason = "Contre-indication à vérifier avant l'anesthésie"
	}
	opening, err := h.Gate.OpenEmergency(ctx, g, "Patient/"+patient)
	if err != nil {
		return nil, err
	}
	g.Patient = opening.Patient
	return g, nil
}
