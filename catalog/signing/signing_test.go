package signing_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/signing"
	"github.com/pontlevis/pontlevis/store"
)

var (
	nadia    = catalog.Actor{Part: catalog.Authority, ID: "Person/nadia", Name: "Nadia"}
	machine  = catalog.Actor{Part: catalog.Machine, ID: "checks"}
	keys     = []ed25519.PrivateKey{keyOf("ana"), keyOf("bob"), keyOf("cleo")}
	glycare  = keyOf("glycare")
	stranger = keyOf("stranger")
)

// checked is what the machine's checks found.
var checked = []catalog.Criterion{{ID: "manifest", State: catalog.Passed}}

func keyOf(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// desk is a desk over a catalogue and a log of their own, with one version that is ready for its label.
type desk struct {
	t testing.TB
	signing.Desk
	version *catalog.Version
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	db := must[*store.Bolt](t)(store.OpenBolt(filepath.Join(t.TempDir(), "state.db")))
	t.Cleanup(func() { db.Close() })
	trust := label.Trust{Authority: "Autorité", Threshold: 2}
	for _, k := range keys {
		trust.Keys = append(trust.Keys, label.Key{Public: label.PublicText(label.Public(k))})
	}
	log := must[*label.Log](t)(label.Open(t.Context(), db, label.Options{Origin: "test/labels", Key: keyOf("log"), Trust: trust}))
	d := &desk{t: t, Desk: signing.Desk{DB: db, Log: log, Apps: catalog.Apps{DB: db, Now: time.Now}}}
	d.Apps.Labels = func(app string, now time.Time) label.Standing {
		at, _ := log.Status(app, now)
		return at
	}
	raw := must[[]byte](t)(os.ReadFile(filepath.Join("..", "manifest", "testdata", "glycare.json")))
	d.ready(raw)
	return d
}

// ready takes a manifest through all that comes before its label.
func (d *desk) ready(raw []byte) {
	d.t.Helper()
	m := must[*manifest.Manifest](d.t)(manifest.Parse(raw))
	vendor := catalog.Actor{Part: catalog.Publisher, ID: "Person/vendor", Owner: m.Publisher.SIREN}
	if err := d.Apps.Save(d.t.Context(), vendor, m.ID, raw); err != nil {
		d.t.Fatal(err)
	}
	for _, s := range []catalog.Step{
		{Step: "submit", By: vendor}, {Step: "admit", By: nadia}, {Step: "evaluate", By: nadia}, {Step: "favour", By: nadia},
		{Step: "agree", By: vendor}, {Step: "test", By: machine, Evidence: checked},
	} {
		s.App, s.Version = m.ID, m.Version
		d.version = must[*catalog.Version](d.t)(d.Apps.Take(d.t.Context(), s))
	}
}

// published has the publisher sign the version with a key.
func (d *desk) published(key ed25519.PrivateKey) error {
	d.t.Helper()
	draft := must[[]byte](d.t)(label.DraftPublication(d.version.App, d.version.Version, d.version.Manifest, nil))
	signed := must[[]byte](d.t)(label.Sign(draft, key))
	return d.Publish(d.t.Context(), d.version.App, d.version.Version, label.PublicText(label.Public(glycare)), signed)
}

// signs brings back a copy of the act's envelope as it was first, signed by a key.
func (d *desk) signs(a *signing.Act, key ed25519.PrivateKey) (*signing.Act, error) {
	d.t.Helper()
	return d.Sign(d.t.Context(), nadia, a.ID, must[[]byte](d.t)(label.Sign(a.Envelope, key)))
}

func (d *desk) status() string {
	at, _ := d.Log.Status("glycare", time.Now())
	return at.Status
}

func (d *desk) issue() *signing.Act {
	d.t.Helper()
	return must[*signing.Act](d.t)(d.Issue(d.t.Context(), nadia, "glycare", d.version.Version, signing.Terms{Level: label.Exchanging, Months: 12}))
}

// signed is a label that two of the authority have signed, of a version that its publisher did.
func (d *desk) signed() *signing.Act {
	d.t.Helper()
	if err := d.published(glycare); err != nil {
		d.t.Fatal(err)
	}
	a := d.issue()
	must[*signing.Act](d.t)(d.signs(a, keys[0]))
	return must[*signing.Act](d.t)(d.signs(a, keys[1]))
}

// A label is given once two of the authority have each signed a copy of their own, and the publisher the bytes.
func TestIssue(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	terms := signing.Terms{Level: label.Exchanging, Months: 12}
	if _, err := d.Issue(t.Context(), nadia, "glycare", d.version.Version, terms); !errors.Is(err, signing.ErrPublication) {
		t.Fatalf("without the publisher: %v", err)
	}
	if err := d.published(stranger); !errors.Is(err, label.ErrPublisher) {
		t.Fatalf("signed by another than the publisher: %v", err)
	}
	if err := d.published(glycare); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Issue(t.Context(), machine, "glycare", d.version.Version, terms); !errors.Is(err, signing.ErrPart) {
		t.Fatalf("by another than the authority: %v", err)
	}
	a := d.issue()
	if _, err := d.Issue(t.Context(), nadia, "glycare", d.version.Version, terms); !errors.Is(err, signing.ErrWaits) {
		t.Errorf("twice: %v", err)
	}
	for _, key := range []ed25519.PrivateKey{keys[0], keys[0], stranger} { // the same twice, and one that does not count
		must[*signing.Act](t)(d.signs(a, key))
	}
	if err := d.Finish(t.Context(), nadia, a.ID); !errors.Is(err, signing.ErrFew) || d.status() != label.None {
		t.Fatalf("with one signature: %v, %s", err, d.status())
	}
	if got := must[*signing.Act](t)(d.signs(a, keys[2])); !got.Enough() || len(got.Signed) != 2 {
		t.Fatalf("%+v", got.Signed)
	}
	if err := d.Finish(t.Context(), machine, a.ID); !errors.Is(err, signing.ErrPart) {
		t.Fatalf("finished by another than the authority: %v", err)
	}
	if err := d.Finish(t.Context(), nadia, a.ID); err != nil {
		t.Fatal(err)
	}
	app := must[catalog.App](t)(d.Apps.Get(t.Context(), "glycare"))
	if d.status() != label.InForce || app.At(time.Now()) != catalog.Online || !app.Exchange {
		t.Errorf("%s, %+v", d.status(), app)
	}
	if all := must[[]signing.Act](t)(d.All(t.Context())); len(all) != 0 {
		t.Errorf("it still waits: %+v", all)
	}
	if err := d.Finish(t.Context(), nadia, a.ID); !errors.Is(err, signing.ErrNotFound) {
		t.Errorf("finished twice: %v", err)
	}
}

// A process that dies after the log has the label, and before the catalogue does, finishes at the next try.
func TestFinishAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	a := d.signed()
	published := must[*signing.Publication](t)(d.Published(t.Context(), "glycare", a.Version))
	must[label.Entry](t)(d.Log.Issue(t.Context(), label.Bundle{Label: a.Envelope, Publication: published.Envelope}))
	if err := d.Finish(t.Context(), nadia, a.ID); err != nil {
		t.Fatal(err)
	}
	if app := must[catalog.App](t)(d.Apps.Get(t.Context(), "glycare")); app.At(time.Now()) != catalog.Online || d.Log.Size() != 1 {
		t.Errorf("%+v, %d entries", app, d.Log.Size())
	}
}

// One suspends; two lift it, and two recall. What was changed, or is about something else, is not taken.
func TestOrders(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	a := d.signed()
	if err := d.Finish(t.Context(), nadia, a.ID); err != nil {
		t.Fatal(err)
	}
	why := label.Text{FR: "Une faille.", EN: "A flaw."}
	order := func(kind, reason string, until time.Time) *signing.Act {
		t.Helper()
		return must[*signing.Act](t)(d.Order(context.Background(), nadia, "glycare", kind, reason, why, until))
	}
	suspend := order(label.Suspend, "security", time.Now().Add(24*time.Hour))
	if _, err := d.Sign(t.Context(), nadia, suspend.ID, a.Envelope); !errors.Is(err, label.ErrPayloadType) {
		t.Errorf("another envelope: %v", err)
	}
	changed := strings.Replace(string(must[[]byte](t)(label.Sign(suspend.Envelope, keys[0]))), `"sig":"`, `"sig":"AAAA`, 1)
	if _, err := d.Sign(t.Context(), nadia, suspend.ID, []byte(changed)); err == nil {
		t.Error("a signature that does not fit is taken")
	}
	for _, one := range []struct {
		act   *signing.Act
		needs int
		want  string
	}{
		{suspend, 1, label.Suspended},
		{nil, 2, label.InForce}, {nil, 2, label.Revoked},
	} {
		act := one.act
		if act == nil {
			kind, reason := label.Reinstate, "remedied"
			if one.want == label.Revoked {
				kind, reason = label.Revoke, "security"
			}
			act = order(kind, reason, time.Time{})
		}
		before := d.status()
		for k := range one.needs {
			if err := d.Finish(t.Context(), nadia, act.ID); !errors.Is(err, signing.ErrFew) || d.status() != before {
				t.Fatalf("%s with %d signatures: %v, %s", act.Kind, k, err, d.status())
			}
			must[*signing.Act](t)(d.signs(act, keys[k]))
		}
		if err := d.Finish(t.Context(), nadia, act.ID); err != nil || d.status() != one.want {
			t.Fatalf("%s: %v, %s", act.Kind, err, d.status())
		}
		v := must[*catalog.Version](t)(d.Apps.Version(t.Context(), "glycare", d.version.Version))
		if last := v.Steps[len(v.Steps)-1]; v.State != one.want || last.Reason != catalog.Text(why) {
			t.Fatalf("%s: the catalogue says %s: %+v", act.Kind, v.State, last)
		}
		if one.want != label.Suspended {
			continue
		}
		terms := signing.Terms{Level: label.Exchanging, Months: 12}
		if _, err := d.Issue(t.Context(), nadia, "glycare", v.Version, terms); !errors.Is(err, label.ErrSuspended) {
			t.Errorf("a label is proposed for what is suspended: %v", err)
		}
		if err := d.relabel(); !errors.Is(err, label.ErrSuspended) || d.status() != label.Suspended {
			t.Errorf("a label goes round a suspension: %v", err)
		}
	}
}

// relabel has a label logged that takes the place of the one in force, signed as it must be.
func (d *desk) relabel() error {
	d.t.Helper()
	at, _ := d.Log.Status("glycare", time.Now())
	p := at.Label.Predicate
	p.ID, p.Sequence, p.Replaces = "label-round", p.Sequence+1, p.ID
	signed := must[[]byte](d.t)(label.Sign(must[[]byte](d.t)(label.Draft(p, d.version.Manifest, nil)), keys[0], keys[1]))
	published := must[*signing.Publication](d.t)(d.Published(d.t.Context(), "glycare", d.version.Version))
	_, err := d.Log.Issue(d.t.Context(), label.Bundle{Label: signed, Publication: published.Envelope})
	return err
}

// What is given up is forgotten.
func TestDrop(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if err := d.published(glycare); err != nil {
		t.Fatal(err)
	}
	a := d.issue()
	if err := d.Drop(t.Context(), machine, a.ID); !errors.Is(err, signing.ErrPart) {
		t.Errorf("dropped by another than the authority: %v", err)
	}
	if err := d.Drop(t.Context(), nadia, a.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Get(t.Context(), a.ID); !errors.Is(err, signing.ErrNotFound) {
		t.Error(err)
	}
}

// A publisher without a SIREN, one abroad or one that did not say, is named in its label by its id in the catalogue.
func TestIssueWithoutSIREN(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	raw := must[[]byte](t)(os.ReadFile(filepath.Join("..", "manifest", "testdata", "glycare.json")))
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	m["id"] = "abroad"
	publisher := m["publisher"].(map[string]any)
	delete(publisher, "siren")
	publisher["country"] = "BE"
	raw = must[[]byte](t)(json.Marshal(m))
	vendor := catalog.Actor{Part: catalog.Publisher, ID: "Person/vendor", Owner: "publisher-abroad"}
	if err := d.Apps.Save(t.Context(), vendor, "abroad", raw); err != nil {
		t.Fatal(err)
	}
	step := func(name string, by catalog.Actor) catalog.Step {
		return catalog.Step{App: "abroad", Step: name, By: by}
	}
	d.version = must[*catalog.Version](t)(d.Apps.Take(t.Context(), step("submit", vendor), step("admit", machine), step("evaluate", nadia),
		step("favour", nadia), step("agree", vendor), catalog.Step{App: "abroad", Step: "test", By: machine, Evidence: checked}))
	if err := d.published(glycare); err != nil {
		t.Fatal(err)
	}
	a := must[*signing.Act](t)(d.Issue(t.Context(), nadia, "abroad", d.version.Version, signing.Terms{Level: label.Exchanging, Months: 12}))
	if l := must[*label.Label](t)(label.Peek(a.Envelope)); l.Publisher.ID != "publisher-abroad" {
		t.Errorf("the label names %+v", l.Publisher)
	}
}

// What a publisher signed is known also of a version whose label was logged elsewhere than at the desk.
func TestPublishedBesideTheLabel(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	a := d.signed()
	brought := must[*signing.Publication](t)(d.Published(t.Context(), "glycare", a.Version))
	must[label.Entry](t)(d.Log.Issue(t.Context(), label.Bundle{Label: a.Envelope, Publication: brought.Envelope}))
	err := d.DB.Update(t.Context(), store.Global, func(tx store.Tx) error { return tx.Delete(store.Key("publication", "glycare", a.Version)) })
	if err != nil {
		t.Fatal(err)
	}
	logged, err := d.Published(t.Context(), "glycare", a.Version)
	if err != nil || logged.Key != brought.Key || label.CheckPublication(logged.Envelope, logged.Key, "glycare", a.Version, d.version.Manifest) != nil {
		t.Errorf("%v, %+v", err, logged)
	}
	if _, err := d.Published(t.Context(), "glycare", "99.0.0"); !errors.Is(err, signing.ErrPublication) {
		t.Errorf("of a version without a label: %v", err)
	}
}

// A label is not given in vain: nothing is logged for a version whose program does not come up, and the act waits until it does.
func TestIssueOfWhatDoesNotStart(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	a := d.signed()
	broken := true
	d.Apps.Starts = func(context.Context, *catalog.Version) error {
		if broken {
			return errors.New("it said nothing in time")
		}
		return nil
	}
	if err := d.Finish(t.Context(), nadia, a.ID); !errors.Is(err, catalog.ErrStart) || d.Log.Size() != 0 {
		t.Fatalf("%v, and %d entries", err, d.Log.Size())
	}
	broken = false
	if err := d.Finish(t.Context(), nadia, a.ID); err != nil || d.status() != label.InForce {
		t.Errorf("%v, and it is %s", err, d.status())
	}
}

// A label that was proposed over other bytes than the version has by then is not given: a version that was returned comes back
// under its number.
func TestOtherBytesMeanwhile(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	raw := []byte(strings.NewReplacer(`"id": "glycare"`, `"id": "courbes"`).Replace(string(d.version.Manifest)))
	m := must[*manifest.Manifest](t)(manifest.Parse(raw))
	vendor := catalog.Actor{Part: catalog.Publisher, ID: "Person/vendor", Owner: m.Publisher.SIREN}
	take := func(steps ...catalog.Step) {
		t.Helper()
		for k := range steps {
			steps[k].App, steps[k].Version = m.ID, m.Version
		}
		d.version = must[*catalog.Version](t)(d.Apps.Take(t.Context(), steps...))
	}
	save := func(raw []byte) {
		t.Helper()
		if err := d.Apps.Save(t.Context(), vendor, m.ID, raw); err != nil {
			t.Fatal(err)
		}
	}
	save(raw)
	take(catalog.Step{Step: "submit", By: vendor}, catalog.Step{Step: "admit", By: nadia}, catalog.Step{Step: "evaluate", By: nadia})
	if err := d.published(glycare); err != nil {
		t.Fatal(err)
	}
	a := must[*signing.Act](t)(d.Issue(t.Context(), nadia, m.ID, m.Version, signing.Terms{Level: label.Exchanging, Months: 12}))
	must[*signing.Act](t)(d.signs(a, keys[0]))
	must[*signing.Act](t)(d.signs(a, keys[1]))
	take(catalog.Step{Step: "return", By: nadia, Reason: catalog.Text{FR: "Incomplet.", EN: "Not whole."}})
	save(append([]byte(" "), raw...))
	take(
		catalog.Step{Step: "submit", By: vendor}, catalog.Step{Step: "admit", By: nadia}, catalog.Step{Step: "evaluate", By: nadia}, catalog.Step{Step: "favour", By: nadia},
		catalog.Step{Step: "agree", By: vendor}, catalog.Step{Step: "test", By: machine, Evidence: checked},
	)
	if err := d.Finish(t.Context(), nadia, a.ID); !errors.Is(err, catalog.ErrLabel) || d.Log.Size() != 0 {
		t.Errorf("%v, %d entries in the log", err, d.Log.Size())
	}
}
