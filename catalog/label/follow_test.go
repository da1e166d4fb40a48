package label

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/pontlevis/pontlevis/merkle"
	"github.com/pontlevis/pontlevis/store"
)

// follower is a log that follows another, in a store of its own.
func follower(t testing.TB, c *clock, change func(*Options)) (*Log, store.DB) {
	t.Helper()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "follower.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	o := Options{Verifier: must(merkle.VerifierKey(origin, keyOf("log"))), Trust: trust(), Now: c.Now}
	if change != nil {
		change(&o)
	}
	return must(Open(t.Context(), db, o)), db
}

// published is what a log says, kept as it was at one moment.
type kept map[string][]byte

func (k kept) Fetch(_ context.Context, path string, most int64) ([]byte, error) {
	b, ok := k[path]
	if !ok {
		return nil, fs.ErrNotExist
	}
	if int64(len(b)) > most {
		return nil, errors.New("too long")
	}
	return b, nil
}

func keep(t testing.TB, l *Log) kept {
	t.Helper()
	k := kept{}
	if err := l.Export(t.Context(), func(path string, body []byte) error { k[path] = body; return nil }); err != nil {
		t.Fatal(err)
	}
	return k
}

// TestFollow: over HTTP and from a folder, entry by entry and past the end of a bundle; the follower says the same.
func TestFollow(t *testing.T) {
	t.Parallel()
	l, c, _ := opened(t)
	ctx := t.Context()
	server := httptest.NewServer(l.Handler("/catalog/log"))
	defer server.Close()
	for i := range 300 {
		must(l.Issue(ctx, first(t, fmt.Sprintf("app-%03d", i))))
	}
	f, db := follower(t, c, nil)
	if err := f.Sync(ctx, must(NewSource(server.URL+"/catalog/log"))); err != nil {
		t.Fatal(err)
	}
	var heard []string
	f.o.OnChange = func(app string) { heard = append(heard, app) }
	must(l.Order(ctx, order(Revoke, "app-007", "label-app-007-1", c.Now(), authority[:2]...)))
	folder := t.TempDir()
	err := l.Export(ctx, func(path string, body []byte) error {
		full := filepath.Join(folder, filepath.FromSlash(path))
		return errors.Join(os.MkdirAll(filepath.Dir(full), 0o700), os.WriteFile(full, body, 0o600))
	})
	if err != nil {
		t.Fatal(err)
	}
	c.pass(2 * signAgain)
	if err := f.Sync(ctx, must(NewSource(folder))); err != nil {
		t.Fatal(err)
	}
	if f.Size() != 301 || len(heard) != 1 || heard[0] != "app-007" {
		t.Errorf("the follower has %d entries and heard %v", f.Size(), heard)
	}
	standsAs(t, f, "app-007", c.Now(), Revoked, "mistake")
	standsAs(t, f, "app-299", c.Now(), InForce, "")
	if _, err := f.Issue(ctx, first(t, "newapp")); !errors.Is(err, ErrReadOnly) {
		t.Errorf("a follower takes a label: %v", err)
	}
	o := f.o
	standsAs(t, must(Open(ctx, db, o)), "app-007", c.Now(), Revoked, "mistake")
	if err := f.Sync(ctx, must(NewSource(server.URL))); err == nil {
		t.Error("a log is followed where there is none")
	}
	p := must(f.Prove(ctx, 300)) // a follower publishes and proves what it follows
	if e, _, err := VerifyProof(p, f.VerifierKey()); err != nil || e.Order.Kind != Revoke {
		t.Errorf("%+v, %v", e, err)
	}
}

// TestFreshness: a day as usual, a week without anything new, then nothing.
func TestFreshness(t *testing.T) {
	t.Parallel()
	l, c, _ := opened(t)
	ctx := t.Context()
	must(l.Issue(ctx, first(t, "glycare")))
	f, db := follower(t, c, nil)
	if at, _ := f.Status("glycare", c.Now()); at.Status != None || f.Freshness(c.Now()) != Old {
		t.Errorf("before the first sight of the log: %+v, %v", at, f.Freshness(c.Now()))
	}
	early := keep(t, l)
	if err := f.Sync(ctx, early); err != nil {
		t.Fatal(err)
	}
	binary := binaries["linux/amd64"]
	admits := func() bool {
		return f.Admits("glycare", "1.0.0", DigestOf(manifest), "linux/amd64", binary, c.Now()) == nil
	}
	c.pass(24 * time.Hour)
	if at := standsAs(t, f, "glycare", c.Now(), InForce, ""); !at.Admit || at.Waits || !admits() {
		t.Error("after a day nothing may begin")
	}
	c.pass(time.Second)
	if at := standsAs(t, f, "glycare", c.Now(), InForce, ""); at.Admit || !at.Waits || admits() {
		t.Error("after more than a day something new may begin")
	}
	if err := f.Sync(ctx, early); err != nil { // the same again, as by whoever keeps news from us
		t.Fatal(err)
	}
	if f.Freshness(c.Now()) != Aging {
		t.Error("an old checkpoint makes the log fresh")
	}
	c.pass(6*24*time.Hour - time.Second)
	standsAs(t, f, "glycare", c.Now(), InForce, "")
	c.pass(time.Second)
	standsAs(t, f, "glycare", c.Now(), Suspended, Stale)
	if again := must(Open(ctx, db, f.o)); again.Freshness(c.Now()) != Old {
		t.Error("a restart makes the log fresh")
	}
	standsAs(t, l, "glycare", c.Now(), InForce, "") // one's own log is always fresh
	if err := f.Sync(ctx, keep(t, l)); err != nil {
		t.Fatal(err)
	}
	if at := standsAs(t, f, "glycare", c.Now(), InForce, ""); !at.Admit {
		t.Error("seen again, and nothing may begin")
	}
}

// TestAnotherPast: a log that is shorter, that forks at its head or within, that leaves something out, or that is another's,
// is noticed; what was known stays in force.
func TestAnotherPast(t *testing.T) {
	t.Parallel()
	l, c, _ := opened(t)
	ctx := t.Context()
	twin := func(apps ...string) *Log {
		other, _, _ := opened(t)
		other.o.Now = c.Now
		for _, app := range apps {
			must(other.Issue(ctx, first(t, app)))
		}
		return other
	}
	for _, app := range []string{"glycare", "oldapp"} {
		must(l.Issue(ctx, first(t, app)))
	}
	f, _ := follower(t, c, nil)
	if err := f.Sync(ctx, keep(t, l)); err != nil {
		t.Fatal(err)
	}
	c.pass(2 * signAgain)
	must(l.Order(ctx, order(Revoke, "oldapp", "label-oldapp-1", c.Now(), authority[:2]...)))
	honest := keep(t, l)
	with := func(path string, body []byte) kept {
		k := maps.Clone(honest)
		k[path] = body
		return k
	}
	const bundle = "tile/entries/000.p/3"
	stranger, _, _ := opened(t)
	stranger.o.Now = c.Now
	undated := must(note.Sign(&note.Note{Text: stranger.edge.Head().Text(origin)}, stranger.signers[0]))
	for _, x := range []struct {
		name string
		from kept
		want error
	}{
		{"set back", keep(t, twin("glycare")), ErrRollback},
		{"another entry", keep(t, twin("glycare", "another")), ErrSplit},
		{"another past under a longer log", keep(t, twin("glycare", "another", "third")), ErrSplit},
		{"without a date", with("checkpoint", undated), ErrWitness},
		{"changed on its way", with(bundle, bytes.Replace(honest[bundle], []byte("AuditLog"), []byte("x"), 1)[:len(honest[bundle])-1]), ErrEnvelope},
		{"more than it says", with(bundle, append(bytes.Clone(honest[bundle]), 0)), ErrEnvelope},
	} {
		if err := f.Sync(ctx, x.from); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", x.name, err, x.want)
		}
		if f.Size() != 2 {
			t.Fatalf("%s: the follower has %d entries", x.name, f.Size())
		}
		standsAs(t, f, "oldapp", c.Now(), InForce, "")
	}
	for name, from := range map[string]kept{
		"no checkpoint": {}, "not signed": with("checkpoint", []byte("labels.example\n3\nAAAA\n\n")),
		"no entries": {"checkpoint": honest["checkpoint"]},
	} {
		if err := f.Sync(ctx, from); err == nil || f.Size() != 2 {
			t.Errorf("%s: taken", name)
		}
	}
	fresh := len(keep(t, twin("glycare", "oldapp"))["tile/entries/000.p/2"]) // where the entry begins that is not here yet
	for i := fresh; i < len(honest[bundle]); i += 7 {
		flipped := bytes.Clone(honest[bundle])
		flipped[i] ^= 1
		if err := f.Sync(ctx, with(bundle, flipped)); err == nil || f.Size() != 2 {
			t.Fatalf("byte %d of what came was changed, and is taken", i)
		}
	}
	if err := f.Sync(ctx, honest); err != nil {
		t.Fatal(err)
	}
	standsAs(t, f, "oldapp", c.Now(), Revoked, "mistake")
}

// TestWitnesses: a checkpoint counts when enough of them signed it (C2SP tlog-cosignature).
func TestWitnesses(t *testing.T) {
	t.Parallel()
	l, c, _ := opened(t)
	ctx := t.Context()
	must(l.Issue(ctx, first(t, "glycare")))
	var signers []note.Signer
	var keys []string
	for _, name := range []string{"one.example", "two.example", "three.example"} {
		w := must(merkle.NewCosigner(name, keyOf(name), c.Now))
		signers, keys = append(signers, w), append(keys, w.VerifierKey())
	}
	f, _ := follower(t, c, func(o *Options) { o.Witnesses, o.Quorum = keys, 2 })
	from := keep(t, l)
	signedBy := func(by ...note.Signer) []byte {
		n := must(note.Open(from["checkpoint"], note.VerifierList(must(note.NewVerifier(l.VerifierKey())))))
		return must(note.Sign(n, by...))
	}
	stranger := must(merkle.NewCosigner("four.example", keyOf("four"), c.Now))
	for name, signed := range map[string][]byte{
		"none": from["checkpoint"], "one": signedBy(signers[0]), "one and a stranger": signedBy(signers[0], stranger),
		"one twice": signedBy(signers[0], signers[0]),
	} {
		k := maps.Clone(from)
		k["checkpoint"] = signed
		if err := f.Sync(ctx, k); err == nil || f.Size() != 0 {
			t.Errorf("%s: taken (%v)", name, err)
		}
	}
	from["checkpoint"] = signedBy(signers[2], signers[0])
	if err := f.Sync(ctx, from); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, f.db, Options{Verifier: f.vkey, Trust: trust(), Witnesses: keys, Quorum: 4}); !errors.Is(err, ErrWitness) {
		t.Errorf("a quorum that cannot be: %v", err)
	}
}

// TestPublished: what may be kept for how long, and what is not there.
func TestPublished(t *testing.T) {
	t.Parallel()
	l, _, _ := opened(t)
	must(l.Issue(t.Context(), first(t, "glycare")))
	h := l.Handler("/catalog/log")
	get := func(method, path string) *http.Response {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		return w.Result()
	}
	for path, cached := range map[string]string{
		"checkpoint": forAMoment, "tile/0/000.p/1": forGood, "tile/entries/000.p/1": forGood, "proof/0": forAMinute,
		"consistency/0": forAMinute, "consistency/1": forAMinute, "key": forAMinute, "authority.json": forAMinute, "app/glycare": "no-store",
	} {
		if a := get("GET", "/catalog/log/"+path); a.StatusCode != 200 || a.Header.Get("Cache-Control") != cached {
			t.Errorf("%s: %s, %q", path, a.Status, a.Header.Get("Cache-Control"))
		}
	}
	for _, path := range []string{
		"", "tile", "tile/0/000", "tile/0/000.p/2", "tile/entries/000", "tile/entries/001.p/1", "tile/data/000.p/1", "tile/1/000.p/1",
		"tile/0/x999/x999/x999/x999/x999/999.p/1", "tile/8/000.p/1", "proof/1", "proof/-1", "proof/00", "proof/9223372036854775808", "consistency/2",
		"app/oldapp", "app/../glycare", "entry/0",
	} {
		if a := get("GET", "/catalog/log/"+path); a.StatusCode != 404 {
			t.Errorf("%s: %s", path, a.Status)
		}
	}
	if a := get("POST", "/catalog/log/checkpoint"); a.StatusCode != 405 {
		t.Errorf("POST: %s", a.Status)
	}
}

// TestManifestThatCannotBeRead: a manifest that is not here is left out, one that cannot be read is an error and no "not found".
func TestManifestThatCannotBeRead(t *testing.T) {
	t.Parallel()
	l, _, _ := opened(t)
	b := first(t, "glycare")
	must(l.Issue(t.Context(), b))
	digest := l.now.Load().labels["label-glycare-1"].Manifest
	broken := errors.New("the disk is broken")
	for _, c := range []struct{ given, want error }{{fmt.Errorf("glycare 1.0.0: %w", ErrNotFound), nil}, {broken, broken}} {
		l.o.Manifest = func(context.Context, string, string) ([]byte, error) { return nil, c.given }
		if err := l.Export(t.Context(), func(string, []byte) error { return nil }); !errors.Is(err, c.want) {
			t.Errorf("%v: exported with %v", c.given, err)
		}
		if _, _, _, err := l.Read(t.Context(), "manifest/"+digest); errors.Is(err, ErrNotFound) != (c.want == nil) {
			t.Errorf("%v: read with %v", c.given, err)
		}
	}
}
