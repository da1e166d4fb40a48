package label

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/cases"
	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/signing"
	"github.com/pontlevis/pontlevis/catalog/usage"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/test/pages"
)

// unused is an app that nobody used.
type unused struct{}

func (unused) Of(context.Context, string, string) (usage.Month, error) { return usage.Month{}, nil }

// listed are open cases.
type listed []cases.Case

func (l listed) Overdue(context.Context, *gate.Grant) ([]cases.Case, error) { return l, nil }
func (listed) See(context.Context, *gate.Grant, string) (*cases.File, error) {
	return nil, cases.ErrNotFound
}
func (listed) Close(context.Context, *gate.Grant, string, string, string) (*cases.Case, error) {
	return nil, cases.ErrNotFound
}

// about is an open case about a plugin that tried to escape while it was checked.
func about(app string) cases.Case {
	return cases.Case{
		ID: "of-" + app, Kind: cases.App, Opener: audit.Agent{Name: app}, Due: time.Now().Add(time.Hour),
		Use: &cases.Use{App: app, Month: "2026-11", Tripped: "system-call", Version: "9.8.7", Checked: true},
	}
}

// world is the desk over a catalogue and a log of their own, with glycare submitted; nobody's keys are at the gateway.
type world struct {
	*pages.World
	apps    catalog.Apps
	signing signing.Desk
	keys    []ed25519.PrivateKey
	version string
	found   []catalog.Criterion
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: pages.New(t)}
	w.apps = catalog.Apps{DB: w.DB, Now: time.Now}
	trust := label.Trust{Authority: "Autorité", Threshold: 2}
	for range 2 {
		w.keys = append(w.keys, key(t))
		trust.Keys = append(trust.Keys, label.Key{Public: label.PublicText(label.Public(w.keys[len(w.keys)-1])), Holder: "somebody"})
	}
	log, err := label.Open(t.Context(), w.DB, label.Options{Origin: "test/labels", Key: key(t), Trust: trust})
	if err != nil {
		t.Fatal(err)
	}
	w.signing = signing.Desk{DB: w.DB, Apps: w.apps, Log: log}
	p, err := New(w.Desk, Config{Apps: w.apps, Log: log, Signing: w.signing, Used: unused{}, Check: w.check, Cases: listed{about("glycare"), about("another")}})
	if err != nil {
		t.Fatal(err)
	}
	p.Mount(w.Mux)
	raw, err := os.ReadFile(filepath.Join("..", "..", "catalog", "manifest", "testdata", "glycare.json"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	vendor := catalog.Actor{Part: catalog.Publisher, ID: "Person/vendor", Owner: m.Publisher.SIREN}
	if err := w.apps.Save(t.Context(), vendor, m.ID, raw); err != nil {
		t.Fatal(err)
	}
	machine := catalog.Actor{Part: catalog.Machine, ID: "criteria"}
	v, err := w.apps.Take(t.Context(), catalog.Step{App: m.ID, Step: "submit", By: vendor}, catalog.Step{App: m.ID, Step: "admit", By: machine})
	if err != nil {
		t.Fatal(err)
	}
	w.version = v.Version
	return w
}

func key(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

// check finds what the test says that the machine's checks find.
func (w *world) check(context.Context, string, []byte) []catalog.Criterion { return w.found }

// take has others than the authority take steps.
func (w *world) take(part string, steps ...string) {
	w.Helper()
	by := catalog.Actor{Part: part, ID: "Person/" + part, Owner: "732829320"}
	for _, name := range steps {
		if _, err := w.apps.Take(w.Context(), catalog.Step{App: "glycare", Version: w.version, Step: name, By: by}); err != nil {
			w.Fatal(err)
		}
	}
}

// TestForTheAuthorityAlone: whoever is not of it finds nothing at any address, whatever they send.
func TestForTheAuthorityAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, who := range []string{"camille", "vendor-glyc"} {
		b := w.SignIn(who, "/oauth2/sessions")
		csrf := b.Get("/oauth2/sessions").Value("input[name=csrf]")
		for _, path := range []string{"/label", "/label/app/glycare", "/label/app/glycare/" + w.version, "/label/act/x", "/label/act/x/envelope", "/label/use/x"} {
			b.Get(path).Is(http.StatusNotFound)
			b.Send(http.MethodPost, path, url.Values{"csrf": {csrf}, "do": {"step"}, "step": {"evaluate"}}).Is(http.StatusNotFound)
		}
	}
	if v, err := w.apps.Version(t.Context(), "glycare", w.version); err != nil || v.State != catalog.Admissible {
		t.Errorf("%v, %+v", err, v)
	}
	authority := w.SignIn("label-authority", "/oauth2/sessions")
	for _, path := range []string{"/label/app/none", "/label/app/glycare/9.9.9", "/label/act/none", "/label/act/none/envelope", "/label/app/..%2f.."} {
		authority.Get(path).Is(http.StatusNotFound)
	}
}

// TestCasesBeforeTheLabel: whoever evaluates a version sees what waits about its app, and about no other.
func TestCasesBeforeTheLabel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.SignIn("label-authority", "/oauth2/sessions").Get("/label/app/glycare/" + w.version).Is(http.StatusOK)
	page.Says("A process of version 9.8.7 made a system call by which escapes from the cage are tried", "before any label")
	if s := page.Raw; !strings.Contains(s, "/label/use/of-glycare") || strings.Contains(s, "of-another") {
		t.Errorf("it does not lead to the case of the app alone")
	}
}

// TestUntried: a program that could not be tried is not said to fail.
func TestUntried(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("%w: %w", catalog.ErrStart, catalog.ErrUntried), "untried"}, {fmt.Errorf("%w: it crashed", catalog.ErrStart), "start"},
	} {
		if got := problem(one.err); got != one.want {
			t.Errorf("%v is told as %q", one.err, got)
		}
	}
}

// TestForms: one without the page's token, too large, or not whole changes nothing, and what is to be mended is said beside what was typed.
func TestForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("label-authority", "/oauth2/sessions")
	path := "/label/app/glycare/" + w.version
	page := b.Get(path).Is(http.StatusOK).Says("732829320", "The publisher has not signed")
	b.Send(http.MethodPost, path, url.Values{"do": {"step"}, "step": {"evaluate"}}).Is(http.StatusForbidden)
	b.Send(http.MethodPost, path, url.Values{"csrf": {"x"}, "do": {"step"}, "step": {"evaluate"}}).Is(http.StatusForbidden)
	page.Submit("input[value=step]", "step", "return", "fr", "Il manque un texte.").Is(http.StatusUnprocessableEntity).Says("Say why", "Il manque un texte.")
	page.Submit("input[value=step]", "step", "publish").Is(http.StatusUnprocessableEntity)
	page.Submit("input[value=step]", "step", "agree").Is(http.StatusUnprocessableEntity).Says("not yours")
	page.Submit("input[value=step]", "step", "<script>").Is(http.StatusUnprocessableEntity)
	page.Submit("input[value=step]", "step", "evaluate", "fr", strings.Repeat("x", 70_000)).Is(http.StatusRequestEntityTooLarge)
	page.Upload("input[value=publication]", "key", "ed25519:x", "envelope-file", strings.Repeat("x", maxSent)).Is(http.StatusRequestEntityTooLarge)
	page.Upload("input[value=publication]", "key", "ed25519:x", "envelope", "{}").Is(http.StatusUnprocessableEntity)
	page.Upload("input[value=publication]", "key", "ed25519:x", "envelope", " ").Is(http.StatusUnprocessableEntity).Says("Give the publisher’s public key")
	page.Submit("input[value=step]").Is(http.StatusUnprocessableEntity).Says("Choose a step")
	page.Submit("input[value=step]", "step", "evaluate", "do", "nothing").Is(http.StatusUnprocessableEntity)
	if v, err := w.apps.Version(t.Context(), "glycare", w.version); err != nil || v.State != catalog.Admissible {
		t.Fatalf("%v, %+v", err, v)
	}
	page.Submit("input[value=step]", "step", "evaluate").Is(http.StatusOK).Says("Favourable opinion")
	page.Submit("input[value=step]", "step", "evaluate", "fr", "autre", "en", "other").Is(http.StatusUnprocessableEntity).Says("the app has changed state")
}

// TestSignedElsewhere: files go out and come back; what does not fit is refused in words, and too few signatures put nothing online.
func TestSignedElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.take(catalog.Authority, "evaluate", "favour")
	w.take(catalog.Publisher, "agree")
	b := w.SignIn("label-authority", "/oauth2/sessions")
	path := "/label/app/glycare/" + w.version
	criterion := catalog.Criterion{ID: "redirect", Title: catalog.Text{FR: "Adresses", EN: "Addresses"}, State: catalog.Failed, Evidence: catalog.Text{FR: "Vagues.", EN: "Vague."}}
	w.found = []catalog.Criterion{criterion}
	b.Get(path).Submit("input[value=step]", "step", "test").Is(http.StatusUnprocessableEntity).Says("A check of the machine failed", "Vague.")
	criterion.State, criterion.Evidence.EN = catalog.Passed, "Exact."
	w.found = []catalog.Criterion{criterion}
	b.Get(path).Submit("input[value=step]", "step", "test").Is(http.StatusOK).Says("Exact.")
	b.Get(path).Submit("input[value=issue]").Is(http.StatusUnprocessableEntity).Says("has not signed this version yet")
	v, err := w.apps.Version(t.Context(), "glycare", w.version)
	if err != nil {
		t.Fatal(err)
	}
	publisher := key(t)
	draft, err := label.DraftPublication("glycare", w.version, v.Manifest, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed := func(k ed25519.PrivateKey, envelope []byte) string {
		raw, err := label.Sign(envelope, k)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	page := b.Get(path)
	page.Upload("input[value=publication]", "key", label.PublicText(label.Public(publisher)), "envelope-file", signed(key(t), draft)).Is(http.StatusUnprocessableEntity).Says("does not fit")
	page.Upload("input[value=publication]", "key", label.PublicText(label.Public(publisher)), "envelope-file", signed(publisher, draft)).Is(http.StatusOK).Says("received")
	act := b.Get(path).Submit("input[value=issue]").Is(http.StatusOK).Says("0 of 2")
	if !strings.HasPrefix(act.At, "/label/act/") || strings.Contains(act.Raw, `value="sign"`) {
		t.Fatalf("it leads to %s, or signs with a key that is at the gateway", act.At)
	}
	envelope := []byte(b.Get(act.At + "/envelope").Is(http.StatusOK).Raw)
	for name, bad := range map[string]string{"nothing": "", "a picture": "\x00\xff", "no envelope": "{}", "something else": signed(w.keys[0], draft)} {
		t.Log(name)
		act.Upload("input[value=upload]", "envelope-file", bad).Is(http.StatusUnprocessableEntity)
	}
	act.Upload("input[value=upload]", "envelope-file", signed(key(t), envelope)).Is(http.StatusOK).Says("0 of 2")
	act.Upload("input[value=upload]", "envelope-file", signed(w.keys[0], envelope)).Is(http.StatusOK).Says("1 of 2")
	csrf := act.Value("input[name=csrf]")
	b.Send(http.MethodPost, act.At, url.Values{"csrf": {csrf}, "do": {"sign"}}).Is(http.StatusUnprocessableEntity)
	b.Send(http.MethodPost, act.At, url.Values{"csrf": {csrf}, "do": {"finish"}}).Is(http.StatusUnprocessableEntity).Says("Signatures are missing")
	act.Upload("input[value=upload]", "envelope", signed(w.keys[1], envelope)).Is(http.StatusOK).Says("2 of 2").
		Submit("input[value=finish]").Is(http.StatusOK).Says("In force")
	b.Send(http.MethodPost, act.At, url.Values{"csrf": {csrf}, "do": {"finish"}}).Is(http.StatusNotFound).Says("This decision waits no more")
	if a, err := w.apps.Get(t.Context(), "glycare"); err != nil || a.Status != catalog.Online {
		t.Errorf("%v, %+v", err, a)
	}
}
