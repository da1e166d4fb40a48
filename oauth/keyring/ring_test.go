package keyring_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"

	"github.com/pontlevis/pontlevis/oauth/keyring"
	"github.com/pontlevis/pontlevis/store"
	"github.com/pontlevis/pontlevis/test/clock"
)

// breakable is a store whose writes a test can make fail.
type breakable struct {
	store.DB
	err error
}

func (b *breakable) Update(ctx context.Context, p store.Partition, fn func(store.Tx) error) error {
	if b.err != nil {
		return b.err
	}
	return b.DB.Update(ctx, p, fn)
}

type bench struct {
	db    *breakable
	clock *clock.Clock
}

func newBench(t testing.TB) *bench {
	t.Helper()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return &bench{db: &breakable{DB: db}, clock: clock.New(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))}
}

var seal = bytes.Repeat([]byte("s"), 32)

func (b *bench) open(t testing.TB) *keyring.Ring {
	t.Helper()
	r, err := keyring.Open(t.Context(), keyring.Options{DB: b.db, Seal: seal, Now: b.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sign(t testing.TB, r *keyring.Ring, alg jose.SignatureAlgorithm) (token, kid string) {
	t.Helper()
	token, err := r.Sign(t.Context(), alg, "JWT", []byte(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{alg})
	if err != nil {
		t.Fatal(err)
	}
	return token, parsed.Signatures[0].Protected.KeyID
}

// states counts the keys of an algorithm by state.
func states(t testing.TB, r *keyring.Ring, alg jose.SignatureAlgorithm) map[keyring.State]int {
	t.Helper()
	all, err := r.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := map[keyring.State]int{}
	for _, k := range all {
		if k.Algorithm == alg {
			n[k.State]++
		}
	}
	return n
}

func tend(t testing.TB, r *keyring.Ring) {
	t.Helper()
	if err := r.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
}

const day = 24 * time.Hour

// TestLife follows a key through its states: published before it signs, verifying after it is retired, then gone.
func TestLife(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.open(t)
	first, firstID := sign(t, r, jose.ES256)
	tend(t, r)
	if n := states(t, r, jose.ES256); n[keyring.Current] != 1 || n[keyring.Next] != 1 {
		t.Fatalf("after the first tending: %v", n)
	}
	set, err := r.Public(t.Context())
	if err != nil || len(set.Keys) != 4 {
		t.Fatalf("%d keys are published, want two of each algorithm: %v", len(set.Keys), err)
	}
	for _, k := range set.Keys {
		if !k.IsPublic() || k.Use != "sig" || k.KeyID == "" {
			t.Errorf("published key %+v", k)
		}
	}
	b.clock.Advance(90*day - time.Second)
	tend(t, r)
	if _, id := sign(t, r, jose.ES256); id != firstID {
		t.Error("the next key signs before its time")
	}
	b.clock.Advance(2 * time.Second)
	tend(t, r)
	if _, id := sign(t, r, jose.ES256); id == firstID {
		t.Error("the next key does not sign when its time has come")
	}
	b.clock.Advance(90*day - 10*time.Second)
	tend(t, r)
	if _, err := r.Verify(t.Context(), "JWT", first); err != nil {
		t.Errorf("a retired key does not verify: %v", err)
	}
	b.clock.Advance(11 * time.Second)
	tend(t, r)
	if _, err := r.Verify(t.Context(), "JWT", first); !errors.Is(err, keyring.ErrSignature) {
		t.Errorf("a removed key verifies: %v", err)
	}
}

// TestRotate asks for a rotation when the next key is too young: it waits, and happens as soon as it may.
func TestRotate(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.open(t)
	_, before := sign(t, r, jose.RS256)
	if _, err := r.Rotate(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if _, id := sign(t, r, jose.RS256); id != before {
		t.Fatal("a key signs that nobody could have seen published")
	}
	b.clock.Advance(day)
	tend(t, r)
	_, after := sign(t, r, jose.RS256)
	if after == before {
		t.Fatal("the rotation that was asked for did not happen")
	}
	b.clock.Advance(day)
	tend(t, r)
	if _, id := sign(t, r, jose.RS256); id != after {
		t.Error("one wish rotated twice")
	}
	if _, err := r.Rotate(t.Context(), false); err != nil { // the next key has been published for a day
		t.Fatal(err)
	}
	if _, id := sign(t, r, jose.RS256); id == after {
		t.Error("a rotation waits although the next key was published long enough")
	}
}

// TestWithdraw holds that after a withdrawal nothing signed before verifies, and that signing goes on.
func TestWithdraw(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.open(t)
	stolen, _ := sign(t, r, jose.ES256)
	if _, err := r.Rotate(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Verify(t.Context(), "JWT", stolen); !errors.Is(err, keyring.ErrSignature) {
		t.Errorf("a withdrawn key verifies: %v", err)
	}
	token, _ := sign(t, r, jose.ES256)
	if _, err := r.Verify(t.Context(), "JWT", token); err != nil {
		t.Error(err)
	}
	if n := states(t, r, jose.ES256); n[keyring.Current] != 1 || n[keyring.Next] != 1 || n[keyring.Retired] != 0 {
		t.Errorf("after a withdrawal: %v", n)
	}
}

// TestNodes lets many nodes tend one store at the moment a rotation is due: one step is taken, and each node signs with
// the new key from then on, without being opened again.
func TestNodes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	nodes := []*keyring.Ring{b.open(t), b.open(t), b.open(t), b.open(t)}
	tend(t, nodes[0])
	_, old := sign(t, nodes[0], jose.ES256)
	b.clock.Advance(91 * day)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			if err := nodes[i%len(nodes)].Tend(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := states(t, nodes[1], jose.ES256); n[keyring.Current] != 1 || n[keyring.Retired] != 1 || n[keyring.Next] != 1 {
		t.Errorf("after a crowded rotation: %v", n)
	}
	var ids []string
	for _, r := range nodes {
		_, id := sign(t, r, jose.ES256)
		ids = append(ids, id)
	}
	for _, id := range ids {
		if id == old || id != ids[0] {
			t.Errorf("nodes sign with %v; the old key was %s", ids, old)
			break
		}
	}
}

// TestSealed holds that the stored row alone gives no key, and that another secret opens nothing.
func TestSealed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.open(t)
	_, err := keyring.Open(t.Context(), keyring.Options{DB: b.db, Seal: bytes.Repeat([]byte("x"), 32), Now: b.clock.Now})
	if err == nil || !strings.Contains(err.Error(), "does not open") {
		t.Errorf("another secret opens the ring: %v", err)
	}
}

// TestForeign refuses what this ring did not sign: another key under a known kid, another type, a changed payload, no
// signature, the next key before its time.
func TestForeign(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.open(t)
	good, kid := sign(t, r, jose.ES256)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: kid}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	forged, err := signer.Sign([]byte(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	foreign, _ := forged.CompactSerialize()
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{
		"foreign key": foreign, "changed payload": parts[0] + ".eyJhIjoyfQ." + parts[2], "no signature": parts[0] + "." + parts[1] + ".",
		"alg none": "eyJhbGciOiJub25lIn0." + parts[1] + ".", "empty": "", "long": strings.Repeat("a", 20000),
	} {
		if _, err := r.Verify(t.Context(), "JWT", token); !errors.Is(err, keyring.ErrSignature) {
			t.Errorf("%s is accepted: %v", name, err)
		}
	}
	if _, err := r.Verify(t.Context(), "logout+jwt", good); !errors.Is(err, keyring.ErrSignature) {
		t.Error("a token of one type is accepted as another")
	}
}

// TestFaults breaks the store at each step: what was is still there, and the step is taken once the store works again.
func TestFaults(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.open(t)
	_, before := sign(t, r, jose.ES256)
	b.db.err = errors.New("disk full")
	if err := r.Tend(t.Context()); err == nil {
		t.Error("tending a broken store says nothing")
	}
	if _, err := r.Rotate(t.Context(), true); err == nil {
		t.Error("rotating on a broken store says nothing")
	}
	b.db.err = nil
	if _, id := sign(t, r, jose.ES256); id != before {
		t.Error("a failed rotation changed the key")
	}
	tend(t, r)
	if n := states(t, r, jose.ES256); n[keyring.Next] != 1 {
		t.Errorf("after the store was mended: %v", n)
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, s := range []keyring.Schedule{{Publish: time.Second}, {Publish: 2 * day, Rotate: day}, {Keep: time.Minute}} {
		if _, err := keyring.Open(t.Context(), keyring.Options{DB: b.db, Seal: seal, Schedule: s}); err == nil {
			t.Errorf("schedule %+v is accepted", s)
		}
	}
}

// TestAnyTime moves the clock at random and rotates at random: there is always one key that signs, it was published long
// enough unless it is the first, and what it signed verifies for as long as promised.
func TestAnyTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		b := newBench(t)
		r, err := keyring.Open(t.Context(), keyring.Options{
			DB: b.db, Seal: seal, Now: b.clock.Now, Only: []jose.SignatureAlgorithm{jose.ES256},
		})
		if err != nil {
			rt.Fatal(err)
		}
		start := b.clock.Now()
		type signed struct {
			token string
			until time.Time
		}
		var tokens []signed
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			b.clock.Advance(time.Duration(rapid.Int64Range(0, int64(60*day)).Draw(rt, "time")))
			var err error
			if rapid.IntRange(0, 4).Draw(rt, "rotate") == 0 {
				_, err = r.Rotate(t.Context(), false)
			} else {
				err = r.Tend(t.Context())
			}
			if err != nil {
				rt.Fatal(err)
			}
			all, err := r.List(t.Context())
			if err != nil {
				rt.Fatal(err)
			}
			for _, k := range all {
				if k.State == keyring.Current && k.Since.Sub(k.Made) < day && !k.Made.Equal(start) {
					rt.Errorf("key %s signs %v after it was published", k.ID, k.Since.Sub(k.Made))
				}
			}
			if n := states(t, r, jose.ES256); n[keyring.Current] != 1 || n[keyring.Next] > 1 {
				rt.Errorf("states: %v", n)
			}
			for _, s := range tokens {
				if _, err := r.Verify(t.Context(), "JWT", s.token); err != nil && b.clock.Now().Before(s.until) {
					rt.Errorf("a token does not verify %v before its time", s.until.Sub(b.clock.Now()))
				}
			}
			token, _ := sign(t, r, jose.ES256)
			tokens = append(tokens, signed{token, b.clock.Now().Add(90 * day)})
		}
	})
}
