package history_test

import (
	"io"
	"log/slog"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/cases"
	"github.com/pontlevis/pontlevis/notice"
	"github.com/pontlevis/pontlevis/test/pages"
	"github.com/pontlevis/pontlevis/web/history"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	os.Exit(m.Run())
}

// world is the history over a real gate, with a register of cases and inboxes that follow its log.
type world struct {
	*pages.World
	cases   *cases.Register
	notices *notice.Service
	pages   *history.Pages
}

// person is the key of the account of one of the cast.
func (w *world) person(login string) string {
	w.Helper()
	p, err := w.People.Person(w.Context(), login)
	if err != nil {
		w.Fatal(err)
	}
	return p.Key
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: pages.New(t)}
	var err error
	if w.cases, err = cases.New(t.Context(), cases.Config{DB: w.DB, Log: w.Entries, Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	if w.notices, err = notice.New(notice.Config{DB: w.DB, Log: w.Entries, Now: time.Now, Base: w.URL}); err != nil {
		t.Fatal(err)
	}
	w.cases.Through(w.Gate)
	w.notices.Through(w.Gate)
	p, err := history.New(w.Desk, w.cases, w.notices)
	if err != nil {
		t.Fatal(err)
	}
	p.Mount(w.Mux)
	w.pages = p
	return w
}

// catch lets the register and the inboxes take in what was logged.
func (w *world) catch() {
	w.Helper()
	if err := w.cases.Catch(w.Context()); err != nil {
		w.Fatal(err)
	}
	if err := w.notices.Catch(w.Context()); err != nil {
		w.Fatal(err)
	}
}

// reads lets a professional of the cast read some things of camille's, whatever comes of it.
func (w *world) reads(key string, targets ...string) {
	w.Helper()
	for _, target := range targets {
		_, _ = w.As(key, target)
	}
}

// newest are the newest entries of a person's log.
func (w *world) newest(patient string, n int) []audit.Entry {
	w.Helper()
	all, err := w.Entries.OfPatient(w.Context(), patient, "", n)
	if err != nil {
		w.Fatal(err)
	}
	return all
}

// ok opens a page that there is.
func ok(b *pages.Browser, path string) *pages.Page { return b.Get(path).Is(http.StatusOK) }

// visited writes visits of the médecin traitant into camille's log, an hour apart.
func (w *world) visited(n int) {
	w.Helper()
	for k := range n {
		err := w.Entries.Append(w.Context(), audit.Entry{
			At: time.Now().Add(-time.Duration(k+1) * time.Hour), Patient: "camille", Outcome: audit.Granted, Interaction: "read", Mode: "normal", Rule: "L6.treating",
			Actor: audit.Agent{Kind: "professional", ID: "Practitioner/dr-roux", Name: "Dr Anne Roux"}, Resources: []string{"AllergyIntolerance/camille-penicillin"},
		})
		if err != nil {
			w.Fatal(err)
		}
	}
}
