package label

import (
	"fmt"
	"path/filepath"
	"sync/atomic"

	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/store"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

var (
	start    = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	manifest = []byte(`{"id":"glycare","version":"1.0.0"}`)
	binaries = map[string]string{"linux/amd64": DigestOf([]byte("amd64")), "linux/arm64": DigestOf([]byte("arm64"))}
)

// keyOf makes the same key from a name each time.
func keyOf(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

var authority = []ed25519.PrivateKey{keyOf("ana"), keyOf("bob"), keyOf("cléo")}

func trust() Trust {
	t := Trust{Authority: "Autorité du label", Threshold: 2}
	for _, k := range authority {
		t.Keys = append(t.Keys, Key{Public: PublicText(Public(k))})
	}
	return t
}

func predicate() Predicate {
	return Predicate{
		ID: "label-glycare-1", Authority: "Autorité du label", App: "glycare", Version: "1.0.0",
		Publisher: Publisher{ID: "552100554", Key: PublicText(Public(keyOf("glycare")))}, Level: Exchanging,
		Purposes: []string{"PATRQT"}, Categories: []string{"measures"}, Directions: []string{"read"},
		NotBefore: start.Add(-time.Hour), NotAfter: start.AddDate(1, 0, 0), Sequence: 1,
	}
}

// bundle makes a label signed by some keys of the authority and by its publisher.
func bundle(t testing.TB, p Predicate, keys ...ed25519.PrivateKey) Bundle {
	t.Helper()
	drafted := must(Draft(p, manifest, binaries))
	published := must(DraftPublication(p.App, p.Version, manifest, binaries))
	return Bundle{Label: must(Sign(drafted, keys...)), Publication: must(Sign(published, keyOf(p.App)))}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// resign makes an envelope of a payload as it stands, with signatures by some keys.
func resign(t testing.TB, kind string, body []byte, keys ...ed25519.PrivateKey) json.RawMessage {
	t.Helper()
	e := dsse.Envelope{PayloadType: kind, Payload: encode64(body), Signatures: []dsse.Signature{}}
	for _, k := range keys {
		e.Signatures = append(e.Signatures, dsse.Signature{KeyID: KeyID(Public(k)), Sig: encode64(ed25519.Sign(k, dsse.PAE(kind, body)))})
	}
	return must(json.Marshal(e))
}

// clock is a clock that tests set.
type clock struct{ atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.Store(start.UnixNano())
	return c
}
func (c *clock) Now() time.Time       { return time.Unix(0, c.Load()).UTC() }
func (c *clock) pass(d time.Duration) { c.Add(int64(d)) }

const origin = "labels.example"

func options(c *clock) Options {
	return Options{Origin: origin, Key: keyOf("log"), Trust: trust(), Now: c.Now}
}

// opened is a fresh log with its clock.
func opened(t testing.TB) (*Log, *clock, store.DB) {
	t.Helper()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "labels.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c := newClock()
	return must(Open(t.Context(), db, options(c))), c, db
}

var orders atomic.Int64

// order makes an order about a label, signed by some keys.
func order(kind, app, id string, at time.Time, keys ...ed25519.PrivateKey) []byte {
	o := Order{
		ID: fmt.Sprintf("order-%06d", orders.Add(1)), Kind: kind, Authority: "Autorité du label", App: app, Label: id,
		Reason: "mistake", Words: &Text{"Une erreur.", "A mistake."}, From: at,
	}
	if kind == Suspend {
		o.Until = at.Add(SuspendAtMost)
	}
	return must(Sign(must(o.Draft()), keys...))
}

// first is a label of an app, signed by two keys.
func first(t testing.TB, app string) Bundle {
	t.Helper()
	p := predicate()
	p.ID, p.App, p.Publisher.Key = "label-"+app+"-1", app, PublicText(Public(keyOf(app)))
	return bundle(t, p, authority[:2]...)
}

// after is the label that replaces a former one of an app.
func after(t testing.TB, app string, sequence int64) Bundle {
	t.Helper()
	p := predicate()
	p.ID, p.App, p.Publisher.Key = fmt.Sprintf("label-%s-%d", app, sequence), app, PublicText(Public(keyOf(app)))
	p.Sequence, p.Replaces, p.Version = sequence, fmt.Sprintf("label-%s-%d", app, sequence-1), fmt.Sprintf("1.%d.0", sequence)
	return bundle(t, p, authority[1:]...)
}
