package rehearsal

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/store"
)

// Parts that the invented people play.
const (
	Agrees  = "agrees"  // lets the app in, and changes nothing
	Refuses = "refuses" // says no when an app asks
	Masks   = "masks"   // hides a document once the app has begun to read
	Leaves  = "leaves"  // disconnects the app while it reads
	Doctor  = "doctor"  // the médecin traitant of the four
)

// ErrNotFound says that the app has no rehearsal.
var ErrNotFound = errors.New("the app has no rehearsal")

// Person is one invented person of a rehearsal, and how to sign in as them.
type Person struct {
	Part    string `json:"part"`
	Name    string `json:"name"`
	Login   string `json:"login"`
	Patient string `json:"patient,omitempty"` // logical id of the record; "" for the doctor
	INS     string `json:"ins,omitempty"`
}

// Admission is how an app presents itself in the rehearsal.
type Admission struct {
	Client string `json:"client"`
	Secret string `json:"secret,omitempty"` // of client_secret_basic; shown once
}

// Stage is the server in which apps rehearse.
type Stage interface {
	// Invent makes the people and records of a rehearsal that are not there yet, and gives all their accounts a password.
	Invent(ctx context.Context, prefix string, number int, password string) ([]Person, error)
	// Admit enters an app as its manifest says into the rehearsal's own catalogue, and registers its client anew. redirect is
	// one more address to which the browser may return: our own page on which the app can be tried.
	Admit(ctx context.Context, m *manifest.Manifest, redirect string) (Admission, error)
	// Hide hides, as the person, a document of their record.
	Hide(ctx context.Context, patient string) error
	// Leave ends, as the person, what they agreed with an app.
	Leave(ctx context.Context, patient, client string) error
	// Log is the access log of the rehearsal.
	Log() *audit.Log
}

// Rehearsals keeps the rehearsals of all apps.
type Rehearsals struct {
	DB    store.DB
	Stage Stage
	Now   func() time.Time

	begin sync.Mutex // one at a time gets a number
}

// Rehearsal is that of one app.
type Rehearsal struct {
	App      string    `json:"app"`
	Number   int       `json:"number"`
	Prefix   string    `json:"prefix"` // of every id of its people
	Password string    `json:"password"`
	People   []Person  `json:"people"`
	Manifest string    `json:"manifest"` // digest of the manifest that it was last opened for
	Opened   time.Time `json:"opened"`
	Findings Findings  `json:"findings"`
}

// Player is the person of the rehearsal who plays a part.
func (r *Rehearsal) Player(part string) Person {
	for _, p := range r.People {
		if p.Part == part {
			return p
		}
	}
	return Person{}
}

func rehearsalKey(app string) []byte { return store.Key("rehearsal", app) }

var countKey = store.Key("rehearsals", "count")

// Open prepares the rehearsal of an app, or prepares it again for what its manifest says now: what it did before is then
// forgotten, for it was another app's doing. raw is the manifest as it is written.
func (r *Rehearsals) Open(ctx context.Context, raw []byte, redirect string) (*Rehearsal, Admission, error) {
	m, err := manifest.Parse(raw)
	if err != nil {
		return nil, Admission{}, err
	}
	r.begin.Lock()
	defer r.begin.Unlock()
	held, err := r.Get(ctx, m.ID)
	if errors.Is(err, ErrNotFound) {
		held, err = r.number(ctx, m.ID)
	}
	if err != nil {
		return nil, Admission{}, err
	}
	if held.People, err = r.Stage.Invent(ctx, held.Prefix, held.Number, held.Password); err != nil {
		return nil, Admission{}, fmt.Errorf("inventing the people of a rehearsal: %w", err)
	}
	admitted, err := r.Stage.Admit(ctx, m, redirect)
	if err != nil {
		return nil, Admission{}, fmt.Errorf("admitting an app to its rehearsal: %w", err)
	}
	held.Manifest, held.Opened, held.Findings = manifest.Digest(raw), r.Now().UTC(), Findings{}
	err = r.DB.Update(ctx, store.Global, func(tx store.Tx) error { return store.PutJSON(tx, rehearsalKey(m.ID), held) })
	if err != nil {
		return nil, Admission{}, fmt.Errorf("keeping a rehearsal: %w", err)
	}
	return held, admitted, nil
}

// number gives a new rehearsal its number, the ids of its people and their password.
func (r *Rehearsals) number(ctx context.Context, app string) (*Rehearsal, error) {
	sum := sha256.Sum256([]byte(app))
	out := &Rehearsal{App: app, Prefix: "r" + hex.EncodeToString(sum[:5]), Password: rand.Text()[:16]}
	err := r.DB.Update(ctx, store.Global, func(tx store.Tx) error {
		var count int
		if _, err := store.GetJSON(tx, countKey, &count); err != nil {
			return err
		}
		out.Number = count
		return store.PutJSON(tx, countKey, count+1)
	})
	if err != nil {
		return nil, fmt.Errorf("numbering a rehearsal: %w", err)
	}
	return out, nil
}

// Get returns the rehearsal of an app, or ErrNotFound.
func (r *Rehearsals) Get(ctx context.Context, app string) (*Rehearsal, error) {
	var out Rehearsal
	var found bool
	err := r.DB.View(ctx, store.Global, func(tx store.Tx) (err error) {
		found, err = store.GetJSON(tx, rehearsalKey(app), &out)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading a rehearsal: %w", err)
	}
	if !found {
		return nil, ErrNotFound
	}
	return &out, nil
}

// change rewrites the findings of an app's rehearsal; one that is not there is left so.
func (r *Rehearsals) change(ctx context.Context, app string, do func(*Rehearsal) bool) error {
	err := r.DB.Update(ctx, store.Global, func(tx store.Tx) error {
		var held Rehearsal
		found, err := store.GetJSON(tx, rehearsalKey(app), &held)
		if err != nil || !found || !do(&held) {
			return err
		}
		return store.PutJSON(tx, rehearsalKey(app), held)
	})
	if err != nil {
		return fmt.Errorf("keeping what an app did: %w", err)
	}
	return nil
}
