package uploads

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/store"
)

// desk is a shelf over a catalogue of its own, whose clock stands.
type desk struct {
	*testing.T
	*Shelf
	now time.Time
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	d := &desk{T: t, now: time.Now()}
	apps := catalog.Apps{DB: db, Now: func() time.Time { return d.now }}
	d.Shelf = &Shelf{Folder: filepath.Join(t.TempDir(), "uploads"), DB: db, Apps: apps, PerPublisher: 1000, Total: 1500}
	return d
}

func artifact(binary []byte) manifest.Artifact {
	sum := sha256.Sum256(binary)
	return manifest.Artifact{OS: "linux", Arch: "amd64", SHA256: hex.EncodeToString(sum[:]), Size: int64(len(binary))}
}

// declares has a publisher's draft name binaries.
func (d *desk) declares(owner, app string, all ...manifest.Artifact) {
	d.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "manifest", "testdata", "rappel.json"))
	if err != nil {
		d.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		d.Fatal(err)
	}
	m["id"] = app
	var list []any
	for k, a := range all {
		list = append(list, map[string]any{"os": "linux", "arch": []string{"amd64", "arm64"}[k], "sha256": a.SHA256, "size": a.Size})
	}
	m["plugin"].(map[string]any)["artifacts"] = list
	if raw, err = json.Marshal(m); err != nil {
		d.Fatal(err)
	}
	if _, err := manifest.Parse(raw); err != nil {
		d.Fatal(err)
	}
	if err := d.Apps.Save(d.Context(), catalog.Actor{Part: catalog.Publisher, ID: "Person/" + owner, Owner: owner}, app, raw); err != nil {
		d.Fatal(err)
	}
}

// there are the names in the folder.
func (d *desk) there() (names []string) {
	d.Helper()
	all, err := os.ReadDir(d.Folder)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		d.Fatal(err)
	}
	for _, one := range all {
		names = append(names, one.Name())
	}
	return names
}

func (d *desk) takes(want error, owner string, a manifest.Artifact, from io.Reader) {
	d.Helper()
	if err := d.Take(d.Context(), owner, a, from); !errors.Is(err, want) {
		d.Errorf("%s of %s: %v, want %v", a.SHA256, owner, err, want)
	}
}

// endless never ends, as somebody who fills disks.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// A binary is kept under its digest when it is the very one that is declared; anything else leaves neither a file nor room taken.
func TestExactly(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	binary := bytes.Repeat([]byte("a"), 900)
	a := artifact(binary)
	d.declares("ada", "rappels", a)
	other := bytes.Clone(binary)
	other[0]++
	for name, from := range map[string]io.Reader{
		"another byte": bytes.NewReader(other), "too short": bytes.NewReader(binary[:899]), "too long": io.MultiReader(bytes.NewReader(binary), strings.NewReader("b")),
		"nothing": strings.NewReader(""), "endless": endless{},
	} {
		t.Log(name)
		d.takes(ErrDigest, "ada", a, from)
	}
	broken := errors.New("the line is cut")
	d.takes(broken, "ada", a, io.MultiReader(bytes.NewReader(binary[:500]), iotest.ErrReader(broken)))
	gone, stop := context.WithCancel(t.Context())
	stop()
	if err := d.Take(gone, "ada", a, bytes.NewReader(binary)); !errors.Is(err, context.Canceled) {
		t.Errorf("of whoever has gone: %v", err)
	}
	for _, bad := range []string{"../" + a.SHA256[3:], strings.ToUpper(a.SHA256), "", a.SHA256 + "0", "/etc/passwd"} {
		d.takes(ErrLarge, "ada", manifest.Artifact{SHA256: bad, Size: 900}, bytes.NewReader(binary))
	}
	d.takes(ErrLarge, "ada", manifest.Artifact{SHA256: a.SHA256, Size: MaxSize + 1}, bytes.NewReader(binary))
	if left := d.there(); len(left) != 0 || d.Has(a) {
		t.Fatalf("it left %v", left)
	}
	for range 2 { // sent again it is the same
		d.takes(nil, "ada", a, bytes.NewReader(binary))
		if got := d.there(); len(got) != 1 || got[0] != a.SHA256 || !d.Has(a) {
			t.Fatalf("it keeps %v", got)
		}
	}
	d.takes(ErrDigest, "ada", a, bytes.NewReader(other)) // what is there stays
	if got, err := os.ReadFile(filepath.Join(d.Folder, a.SHA256)); err != nil || !bytes.Equal(got, binary) {
		t.Errorf("%v: other bytes than were sent", err)
	}
}

// Nobody has more room than theirs, nor all together more than there is; what no manifest names any more makes room.
func TestRoom(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var binaries [4][]byte
	for k := range binaries {
		binaries[k] = bytes.Repeat([]byte{byte('a' + k)}, 600)
	}
	at := func(k int) manifest.Artifact { return artifact(binaries[k]) }
	d.declares("ada", "rappels", at(0), at(1))
	d.takes(nil, "ada", at(0), bytes.NewReader(binaries[0]))
	d.takes(ErrQuota, "ada", at(1), endless{})
	d.declares("bob", "autres", at(2))
	d.takes(nil, "bob", at(2), bytes.NewReader(binaries[2]))
	d.declares("eve", "encore", at(3))
	d.takes(ErrFull, "eve", at(3), endless{})

	d.declares("ada", "rappels", at(1)) // the draft names another now: the first makes room
	d.takes(nil, "ada", at(1), bytes.NewReader(binaries[1]))
	if d.Has(at(0)) || !d.Has(at(1)) || !d.Has(at(2)) {
		t.Errorf("there are %v", d.there())
	}
	d.now = d.now.Add(unasked + time.Hour) // drafts that nobody submits hold nothing for ever
	d.takes(nil, "eve", at(3), bytes.NewReader(binaries[3]))
	if got := d.there(); len(got) != 1 || !d.Has(at(3)) {
		t.Errorf("there are %v", got)
	}
}

// One file of a publisher comes at a time, and few of all; a process that dies leaves nothing for good.
func TestHalf(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	binary := bytes.Repeat([]byte("a"), 900)
	a := artifact(binary)
	d.declares("ada", "rappels", a)
	from, to := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- d.Take(context.Background(), "ada", a, from) }()
	if _, err := to.Write(binary[:500]); err != nil { // it is being read
		t.Fatal(err)
	}
	d.takes(ErrBusy, "ada", a, bytes.NewReader(binary))
	if d.Has(a) {
		t.Error("half of it is there")
	}
	if _, err := to.Write(binary[500:]); err != nil || to.Close() != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || !d.Has(a) {
		t.Errorf("the whole of it: %v", err)
	}
	for k := range atOnce {
		d.begin(string(rune('a' + k)))
	}
	d.takes(ErrBusy, "bob", a, bytes.NewReader(binary))
	d.coming = nil

	if err := os.WriteFile(filepath.Join(d.Folder, partial+"dead"), binary[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	err := d.DB.Update(t.Context(), store.Global, func(tx store.Tx) error {
		return store.PutJSON(tx, rowKey("eve", strings.Repeat("0", 64)), kept{Size: 600, At: d.now})
	})
	if err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(2 * unfinished)
	d.takes(nil, "ada", a, bytes.NewReader(binary))
	if got := d.there(); len(got) != 1 {
		t.Errorf("there are %v", got)
	}
	rows, err := d.rows(t.Context())
	if err != nil || len(rows) != 1 || rows[0].owner != "ada" {
		t.Errorf("room is held for %v: %v", rows, err)
	}
}

// A file that a process died over comes again into the room that was set aside for it, not into as much once more.
func TestAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	binary := bytes.Repeat([]byte("a"), 900)
	a := artifact(binary)
	d.declares("ada", "rappels", a)
	err := d.DB.Update(t.Context(), store.Global, func(tx store.Tx) error {
		return store.PutJSON(tx, rowKey("ada", a.SHA256), kept{Size: a.Size, At: d.now})
	})
	if err != nil {
		t.Fatal(err)
	}
	d.takes(nil, "ada", a, bytes.NewReader(binary))
}

// TestTwoPublishersOfOneBinary: a file that the version of somebody else names stays when whoever sent it names it no more.
func TestTwoPublishersOfOneBinary(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	binary, other := bytes.Repeat([]byte("a"), 600), bytes.Repeat([]byte("b"), 300)
	a := artifact(binary)
	d.declares("ada", "rappels", a)
	d.takes(nil, "ada", a, bytes.NewReader(binary))
	d.declares("bob", "autres", a)
	bob := catalog.Actor{Part: catalog.Publisher, ID: "Person/bob", Owner: "bob"}
	if _, err := d.Apps.Take(d.Context(), catalog.Step{App: "autres", Step: "submit", By: bob}); err != nil {
		t.Fatal(err)
	}
	d.declares("ada", "rappels", artifact(other))
	d.takes(nil, "ada", artifact(other), bytes.NewReader(other))
	if !d.Has(a) {
		t.Errorf("what bob's version names is gone: there are %v", d.there())
	}
}

// TestRoomOfWhoNamesIt: what the versions of another publisher alone name takes their room, not that of who sent it: nobody fills
// a publisher's room by naming its binaries.
func TestRoomOfWhoNamesIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	binary, other, third := bytes.Repeat([]byte("a"), 600), bytes.Repeat([]byte("b"), 600), bytes.Repeat([]byte("c"), 600)
	a := artifact(binary)
	d.declares("ada", "rappels", a)
	d.takes(nil, "ada", a, bytes.NewReader(binary))
	d.declares("bob", "autres", a)
	bob := catalog.Actor{Part: catalog.Publisher, ID: "Person/bob", Owner: "bob"}
	if _, err := d.Apps.Take(d.Context(), catalog.Step{App: "autres", Step: "submit", By: bob}); err != nil {
		t.Fatal(err)
	}
	d.declares("ada", "rappels", artifact(other))
	d.takes(nil, "ada", artifact(other), bytes.NewReader(other))
	if !d.Has(a) || !d.Has(artifact(other)) {
		t.Errorf("there are %v", d.there())
	}
	d.declares("bob", "encore", artifact(third))
	d.takes(ErrQuota, "bob", artifact(third), bytes.NewReader(third))
	if _, err := d.Apps.Take(d.Context(), catalog.Step{App: "autres", Step: "withdraw", By: bob, Version: "1.0.0"}); err != nil {
		t.Fatal(err)
	}
	d.takes(nil, "bob", artifact(third), bytes.NewReader(third))
	if d.Has(a) {
		t.Errorf("what nobody names any more is there: %v", d.there())
	}
}

// TestRoomIsShared: where there is no more room, who has most beside versions gives way to whoever has less, and nobody else does.
func TestRoomIsShared(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	binary := func(name string, size int) []byte { return bytes.Repeat([]byte(name), size) }
	sends := func(want error, owner, app, name string, size int) manifest.Artifact {
		t.Helper()
		a := artifact(binary(name, size))
		d.declares(owner, app, a)
		d.takes(want, owner, a, bytes.NewReader(binary(name, size)))
		d.now = d.now.Add(time.Second)
		return a
	}
	first := sends(nil, "mal", "premier", "a", 450)
	second := sends(nil, "mal", "deux", "b", 450)
	other := sends(nil, "ada", "rappels", "c", 500)
	small := sends(nil, "eve", "petit", "d", 300)
	if d.Has(first) || !d.Has(second) || !d.Has(other) || !d.Has(small) {
		t.Errorf("eve's takes the room of others than mal's oldest: %v", d.there())
	}
	mal := catalog.Actor{Part: catalog.Publisher, ID: "Person/mal", Owner: "mal"}
	if _, err := d.Apps.Take(d.Context(), catalog.Step{App: "deux", Step: "submit", By: mal}); err != nil {
		t.Fatal(err)
	}
	sends(ErrFull, "bob", "gros", "e", 500) // ada has no more than bob would, and what mal submitted stays
	if !d.Has(second) || !d.Has(other) || !d.Has(small) {
		t.Errorf("in vain: %v", d.there())
	}
	if late := sends(nil, "bob", "gros", "f", 280); !d.Has(late) || d.Has(other) {
		t.Errorf("bob's takes the room of others than ada's: %v", d.there())
	}
}
