package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/store"
)

// engines are the stores that this package's tests can run on; PONTLEVIS_TEST_STORE names one. An engine that joins gets
// every race, attack and injected fault of the package with one line here.
var engines = map[string]func(t testing.TB) store.DB{
	"bbolt": func(t testing.TB) store.DB {
		db, err := store.OpenBolt(filepath.Join(t.TempDir(), "test.db"))
		if err != nil {
			t.Fatal(err)
		}
		return db
	},
}

func openStore(t testing.TB) store.DB {
	t.Helper()
	name := os.Getenv("PONTLEVIS_TEST_STORE")
	if name == "" {
		name = "bbolt"
	}
	open, ok := engines[name]
	if !ok {
		t.Fatalf("no store %q: there are %v", name, slices.Sorted(maps.Keys(engines)))
	}
	return open(t)
}

// fault is what a store does wrong, once.
type fault string

const (
	errorBefore fault = "error before the commit"       // nothing is written
	crashAfter  fault = "crash after the commit"        // written, and the answer is lost
	runTwice    fault = "the function runs twice"       // as engines that retry do
	delay       fault = "the commit is slow"            // others come in between
	faultPause        = 20 * time.Millisecond           // of a slow commit
	noFault     fault = "nothing, but the work is seen" // counts writes
)

var errInjected = errors.New("injected fault")

// faulty injects one fault into the n-th Update from now on, and sees how many rows an Update writes or deletes.
type faulty struct {
	store.DB
	mu      sync.Mutex
	kind    fault
	left    int // Updates until the fault; 0 for none
	fired   bool
	updates int
	most    int // writes and deletes of the largest Update
}

func (f *faulty) arm(kind fault, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kind, f.left, f.fired, f.updates, f.most = kind, n, false, 0, 0
}

// seen tells whether the fault happened, how many Updates there were, and the work of the largest.
func (f *faulty) seen() (fired bool, updates, most int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fired, f.updates, f.most
}

func (f *faulty) next() fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.updates++
	if f.left == 0 {
		return noFault
	}
	if f.left--; f.left > 0 {
		return noFault
	}
	f.fired = true
	return f.kind
}

func (f *faulty) Update(ctx context.Context, p store.Partition, fn func(store.Tx) error) error {
	counted := func(tx store.Tx) error {
		c := &countingTx{Tx: tx}
		err := fn(c)
		f.mu.Lock()
		f.most = max(f.most, c.n)
		f.mu.Unlock()
		return err
	}
	switch f.next() {
	case errorBefore:
		return errInjected
	case crashAfter:
		return errors.Join(f.DB.Update(ctx, p, counted), errInjected)
	case runTwice:
		err := f.DB.Update(ctx, p, func(tx store.Tx) error { return errors.Join(fn(tx), errInjected) })
		if !errors.Is(err, errInjected) {
			return err
		}
	case delay:
		time.Sleep(faultPause)
	}
	return f.DB.Update(ctx, p, counted)
}

type countingTx struct {
	store.Tx
	n int
}

func (c *countingTx) Put(key, value []byte) error { c.n++; return c.Tx.Put(key, value) }
func (c *countingTx) Delete(key []byte) error     { c.n++; return c.Tx.Delete(key) }

// faultyWorld is a world over a store that can be made to fail.
func faultyWorld(t *testing.T) (*world, *faulty) {
	t.Helper()
	f := new(faulty)
	w := newWorld(t, func(w *world, _ *oauth.Config) {
		f.DB = w.db.DB
		w.db.DB = f
	})
	return w, f
}

// restart opens the server anew over the same store, as after a crash: nothing that it remembered counts.
func (w *world) restart() {
	w.t.Helper()
	fresh, err := oauth.New(w.config)
	if err != nil {
		w.t.Fatal(err)
	}
	old := w.serving.Swap(fresh)
	w.server = fresh
	_ = old.Close()
}

// operation is one change of state, as a client or a browser asks for it.
type operation struct {
	// prepare makes what the operation uses up, and returns the operation: a success, or a refusal.
	prepare func(w *world) func() reply
	// again is what a repetition is answered with after the change was committed and its answer lost.
	again int
	// sound tells what is wrong after the last answer: whatever happened, nothing may be half done.
	sound func(w *world, last reply) string
}

func livesOnce(w *world, last reply) string {
	if token := last.text("access_token"); last.status == http.StatusOK && !w.alive(token) {
		return "the token that was given does not live"
	}
	return ""
}

// operations are those of oauth.md §3.
var operations = map[string]operation{
	"redeem a code": {
		prepare: func(w *world) func() reply {
			code := w.newBrowser().code()
			return func() reply { return w.redeem(code) }
		},
		again: http.StatusBadRequest, sound: livesOnce,
	},
	"rotate a refresh token": { // a lost answer is given again: the client cannot tell the difference
		prepare: func(w *world) func() reply {
			token := w.tokens().text("refresh_token")
			return func() reply { return w.refresh(token) }
		},
		again: http.StatusOK, sound: func(w *world, last reply) string {
			if r := w.refresh(last.text("refresh_token")); r.status != http.StatusOK {
				return "the new head does not refresh: " + r.raw
			}
			return ""
		},
	},
	"use an assertion": {
		prepare: func(w *world) func() reply {
			s := newSigner(w.t.(*testing.T), w, "lab-key")
			assertion := s.sign(assertionOf(w, "lab-key", "jti", fmt.Sprint(time.Now().UnixNano())), nil)
			return func() reply { return w.assert(assertion) }
		},
		again: http.StatusUnauthorized, sound: livesOnce,
	},
	"agree to a pushed request": {
		prepare: func(w *world) func() reply {
			b := w.newBrowser()
			form := b.signIn(b.come(w.push()), "camille")
			return func() reply {
				p := b.submit(form, "decision", "allow", "patient", "camille")
				if p.location != nil && p.location.Query().Get("code") != "" {
					return reply{status: http.StatusOK, json: map[string]any{"code": p.location.Query().Get("code")}}
				}
				return reply{status: p.status, raw: p.body}
			}
		},
		again: http.StatusBadRequest, sound: func(w *world, last reply) string {
			if last.status == http.StatusOK && w.redeem(last.text("code")).status != http.StatusOK {
				return "the code that was given is worth nothing"
			}
			return ""
		},
	},
	"exchange a token": {
		prepare: func(w *world) func() reply {
			exchangers(w.t.(*testing.T), w, "plugin-a")
			subject := w.tokens().text("access_token")
			return func() reply { return w.exchange("plugin-a", subject) }
		},
		again: http.StatusOK, sound: livesOnce,
	},
	"revoke": { // never a false 200, and what was revoked stays so
		prepare: func(w *world) func() reply {
			r := w.tokens()
			return func() reply {
				out := w.post("/oauth2/revoke", url.Values{"token": {r.text("refresh_token")}, "client_id": {"glycare"}}, "")
				if out.status == http.StatusOK && w.alive(r.text("access_token")) {
					w.t.Error("the answer was 200 and the token lives")
				}
				return out
			}
		},
		again: http.StatusOK, sound: func(*world, reply) string { return "" },
	},
}

// TestStorageFaults injects each fault into each write of each operation, starts the server anew as after a crash, and
// repeats the operation (oauth.md §3): what failed before its commit succeeds then, what was committed is not done twice.
func TestStorageFaults(t *testing.T) {
	t.Parallel()
	for name, op := range operations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, f := faultyWorld(t)
			clean := op.prepare(w)
			f.arm(noFault, 0)
			if r := clean(); r.status != http.StatusOK {
				t.Fatalf("without a fault: %d %s", r.status, r.raw)
			}
			_, writes, _ := f.seen()
			for _, kind := range []fault{errorBefore, crashAfter, runTwice, delay} {
				for n := 1; injected(t, w, f, op, kind, n, writes); n++ {
					if n > 8 {
						t.Fatal("the operation never ends")
					}
				}
			}
		})
	}
}

// injected does an operation with a fault in its n-th of so many writes; false when it has no such write.
func injected(t *testing.T, w *world, f *faulty, op operation, kind fault, n, writes int) bool {
	t.Helper()
	do := op.prepare(w)
	f.arm(kind, n)
	first := do()
	fired, _, _ := f.seen()
	f.arm(noFault, 0)
	if !fired {
		return false
	}
	last := first
	switch {
	case kind == runTwice || kind == delay:
		if first.status != http.StatusOK {
			t.Errorf("%s, write %d: %d %s", kind, n, first.status, first.raw)
		}
	case first.status != http.StatusServiceUnavailable:
		t.Errorf("%s, write %d: answered %d %s, want 503", kind, n, first.status, first.raw)
	default:
		w.restart()
		last = do()
		nothing, all := kind == errorBefore && n == 1, kind == crashAfter && n == writes // of it was committed
		if !(last.status == http.StatusOK && !all || last.status == op.again && !nothing) {
			t.Errorf("%s, write %d of %d, then again: %d %s", kind, n, writes, last.status, last.raw)
		}
	}
	if wrong := op.sound(w, last); wrong != "" {
		t.Errorf("%s, write %d: %s", kind, n, wrong)
	}
	return true
}

// TestStorageOneWrite holds that ending access is one write, whatever hangs on it: nothing can be half ended.
func TestStorageOneWrite(t *testing.T) {
	t.Parallel()
	w, f := faultyWorld(t)
	r := w.tokens()
	for range 5 {
		w.clock.Advance(time.Second)
		if r = w.refresh(r.text("refresh_token")); r.status != http.StatusOK {
			t.Fatal(r.raw)
		}
	}
	g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
	if err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func() error{
		"a grant":          func() error { return w.server.RevokeGrant(t.Context(), g.ID) },
		"an app":           func() error { return w.server.RevokeAll(t.Context(), "camille", "glycare") },
		"all of a patient": func() error { return w.server.RevokeAll(t.Context(), "camille", "") },
		"a scope":          func() error { return w.server.EndScope(t.Context(), g.ID, "patient/*.rs") },
		"a session":        func() error { return w.server.EndSession(t.Context(), "camille", "x") },
	} {
		f.arm(errorBefore, 1)
		if err := end(); err == nil {
			t.Errorf("ending %s on a store that fails says nothing", name)
		}
		f.arm(noFault, 0)
		if err := end(); err != nil {
			t.Errorf("ending %s: %v", name, err)
		}
		if _, updates, most := f.seen(); updates != 1 || most > 1 {
			t.Errorf("ending %s takes %d transactions, the largest of %d writes", name, updates, most)
		}
	}
	if w.alive(r.text("access_token")) {
		t.Error("the token lives")
	}
}

// TestStorageSweep holds that the sweep is bounded: no transaction of it is large, however much is due, and it comes to an
// end.
func TestStorageSweep(t *testing.T) {
	t.Parallel()
	w, f := faultyWorld(t)
	const grants = 400
	for range grants { // one patient's list of grants is in one partition
		if _, _, err := w.server.Mint(t.Context(), oauth.MintRequest{Person: "camille", Client: "portal"}); err != nil {
			t.Fatal(err)
		}
	}
	w.clock.Advance(24 * time.Hour)
	total := 0
	for range 10 {
		f.arm(noFault, 0)
		n, err := w.server.Sweep(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, _, most := f.seen(); most > 2*256 {
			t.Errorf("one transaction of the sweep removes %d keys", most)
		}
		if total += n; n == 0 {
			break
		}
	}
	if total < 3*grants {
		t.Errorf("%d rows were swept of %d grants", total, grants)
	}
	if left := w.stored("portal"); left > 0 {
		t.Errorf("%d rows are left", left)
	}
}
