package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
)

// crowd is how many ask at once. In each race the store holds them back until all have read, then lets them write.
const crowd = 100

// together runs fn crowd times at once and counts the answers by status.
func together(fn func(i int) reply) (map[int]int, []reply) {
	replies := make([]reply, crowd)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range crowd {
		wg.Go(func() {
			<-start
			replies[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	counts := map[int]int{}
	for _, r := range replies {
		counts[r.status]++
	}
	return counts, replies
}

// D01 under load: of 100 simultaneous redemptions of one code exactly one succeeds, and because the others are replays
// the family is dead afterwards.
func TestRaceCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.newBrowser().code()
	w.db.gather(crowd)
	counts, replies := together(func(int) reply { return w.redeem(code) })
	if counts[200] != 1 || counts[400] != crowd-1 {
		t.Fatalf("answers by status: %v", counts)
	}
	for _, r := range replies {
		if r.status == http.StatusOK && w.alive(r.text("access_token")) {
			t.Error("the tokens of a replayed code live")
		}
		if r.status != http.StatusOK && r.text("error") != "invalid_grant" {
			t.Errorf("a loser was told %s", r.raw)
		}
	}
}

// F02 under load: 100 simultaneous refreshes with one token give one living successor, no server error, and every
// success the same answer.
func TestRaceRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.tokens().text("refresh_token")
	w.db.gather(crowd)
	counts, replies := together(func(int) reply { return w.refresh(token) })
	if counts[200] == 0 || counts[200]+counts[400] != crowd {
		t.Fatalf("answers by status: %v", counts)
	}
	heads := map[string]bool{}
	for _, r := range replies {
		if r.status == http.StatusOK {
			heads[r.text("refresh_token")] = true
		}
	}
	if len(heads) != 1 {
		t.Fatalf("%d successors were handed out", len(heads))
	}
	for head := range heads {
		if r := w.refresh(head); r.status != http.StatusOK {
			t.Errorf("the head does not live: %d %s", r.status, r.raw)
		}
	}
}

// Double submit under load: 100 simultaneous consents give one code, and keep one agreement.
func TestRaceConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	p := b.signIn(b.authorize(), "camille")
	codes := make(chan string, crowd)
	var wg sync.WaitGroup
	for range crowd {
		wg.Go(func() {
			if got := b.submit(p, "decision", "allow", "patient", "camille"); got.location != nil {
				codes <- got.location.Query().Get("code")
			}
		})
	}
	wg.Wait()
	close(codes)
	if n := len(codes); n != 1 {
		t.Errorf("%d codes for one consent", n)
	}
	if len(w.agreed) != 1 {
		t.Errorf("%d agreements are kept", len(w.agreed))
	}
}

// Double submit over a change of configuration: two servers on one store answer at once, and the store gives one code.
func TestRaceConsentOfTwoServers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	form := b.signIn(b.authorize(), "camille").hidden
	form.Set("decision", "allow")
	form.Set("patient", "camille")
	after, err := oauth.New(w.config)
	if err != nil {
		t.Fatal(err)
	}
	defer after.Close()
	w.db.gather(2)
	var codes atomic.Int32
	var wg sync.WaitGroup
	for _, s := range []*oauth.Server{w.server, after} {
		wg.Go(func() {
			r, out := b.request(http.MethodPost, form.Encode()), httptest.NewRecorder()
			r.URL.Path = "/oauth2/continue"
			s.Handler().ServeHTTP(out, r)
			if strings.Contains(out.Header().Get("Location"), "code=") {
				codes.Add(1)
			} else if out.Code != http.StatusBadRequest {
				t.Errorf("the loser is told %d %s", out.Code, out.Body)
			}
		})
	}
	wg.Wait()
	if n := codes.Load(); n != 1 {
		t.Errorf("%d codes for one consent", n)
	}
}

// Double submit of an emergency: 20 at once open it once, so that the access log has one opening.
func TestRaceEmergency(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	p := b.emergency(glass)
	var codes, answered atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			switch got := b.submit(p, "decision", "allow"); {
			case got.location != nil && got.location.Query().Has("code"):
				codes.Add(1)
			case got.status == http.StatusBadRequest:
				answered.Add(1)
			default:
				t.Errorf("%d %v", got.status, got.location)
			}
		})
	}
	wg.Wait()
	if n := len(w.opened.opened); n != 1 || codes.Load() != 1 || answered.Load() != 19 {
		t.Errorf("%d openings, %d codes, %d told that it was answered", n, codes.Load(), answered.Load())
	}
}

// G09 under load: once RevokeGrant has returned, no request that begins later gets through.
func TestRaceRevocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	access := w.tokens().text("access_token")
	g, err := w.server.Authenticate(t.Context(), gate.Bearer(access))
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					w.alive(access)
				}
			}
		})
	}
	if err := w.server.RevokeGrant(t.Context(), g.ID); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if w.alive(access) {
			t.Error("a revoked token was accepted")
			break
		}
	}
	close(stop)
	wg.Wait()
}

// F01 under load: a thief's old token and the owner's living one come at once, fifty times each. Whatever wins, the
// family is dead afterwards, and with it all that was handed out.
func TestRaceReuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stolen := w.tokens().text("refresh_token")
	head := w.refresh(w.refresh(stolen).text("refresh_token")).text("refresh_token")
	w.clock.Advance(time.Minute)
	counts, replies := together(func(i int) reply {
		if i%2 == 0 {
			return w.refresh(stolen)
		}
		return w.refresh(head)
	})
	if counts[200]+counts[400] != crowd {
		t.Fatalf("answers by status: %v", counts)
	}
	for i, r := range replies {
		if i%2 == 0 && r.status == http.StatusOK {
			t.Error("the stolen token gave something")
		}
		if r.status == http.StatusOK && (w.alive(r.text("access_token")) || w.refresh(r.text("refresh_token")).status == http.StatusOK) {
			t.Error("what was handed out during the race lives")
		}
	}
	if r := w.refresh(head); r.text("error") != "invalid_grant" || !w.told("refresh_reuse") {
		t.Errorf("the family lives: %d %s", r.status, r.raw)
	}
}
