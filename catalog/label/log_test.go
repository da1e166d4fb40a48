package label

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// standsAs fails unless an app stands so at an instant.
func standsAs(t testing.TB, l *Log, app string, at time.Time, status, cause string) Standing {
	t.Helper()
	got, _ := l.Status(app, at)
	if got.Status != status || got.Cause != cause {
		t.Errorf("at %v %s is %s (%s), want %s (%s)", at, app, got.Status, got.Cause, status, cause)
	}
	return got
}

// TestLifeOfALabel: issued, suspended, reinstated, replaced, revoked, and issued anew; each in force when the call returns,
// and the same after a restart.
func TestLifeOfALabel(t *testing.T) {
	t.Parallel()
	l, c, db := opened(t)
	ctx := t.Context()
	var heard []string
	l.o.OnChange = func(app string) {
		at, _ := l.Status(app, c.Now())
		heard = append(heard, app+" "+at.Status)
	}
	if _, known := l.Status("glycare", c.Now()); known {
		t.Error("an app without a label is known")
	}
	must(l.Issue(ctx, first(t, "glycare")))
	at := standsAs(t, l, "glycare", c.Now(), InForce, "")
	if !at.Admit || at.Entry != 0 || !at.Cut.IsZero() || at.Label.Categories[0] != "measures" {
		t.Errorf("%+v", at)
	}
	c.pass(time.Hour)
	must(l.Order(ctx, order(Suspend, "glycare", "label-glycare-1", c.Now(), authority[2])))
	at = standsAs(t, l, "glycare", c.Now(), Suspended, "mistake")
	if at.Admit || at.Words.FR == "" || !at.Until.Equal(c.Now().Add(SuspendAtMost)) || at.Entry != 1 {
		t.Errorf("%+v", at)
	}
	standsAs(t, l, "glycare", c.Now().Add(SuspendAtMost-time.Second), Suspended, "mistake")
	standsAs(t, l, "glycare", c.Now().Add(SuspendAtMost), InForce, "")
	c.pass(time.Hour)
	must(l.Order(ctx, order(Reinstate, "glycare", "label-glycare-1", c.Now(), authority[:2]...)))
	standsAs(t, l, "glycare", c.Now(), InForce, "")
	must(l.Issue(ctx, after(t, "glycare", 2)))
	if at := standsAs(t, l, "glycare", c.Now(), InForce, ""); at.Label.Version != "1.2.0" {
		t.Errorf("the label in force is of version %s", at.Label.Version)
	}
	must(l.Order(ctx, order(Revoke, "glycare", "label-glycare-2", c.Now(), authority[:2]...)))
	standsAs(t, l, "glycare", c.Now(), Revoked, "mistake")
	anew := predicate()
	anew.ID, anew.Sequence = "label-glycare-3", 3
	revoked := c.Now()
	c.pass(time.Hour)
	must(l.Issue(ctx, bundle(t, anew, authority[:2]...)))
	if at := standsAs(t, l, "glycare", c.Now(), InForce, ""); !at.Cut.Equal(revoked.Truncate(time.Second).Add(time.Second)) {
		t.Errorf("what was given before the revocation of %v ends at %v", revoked, at.Cut)
	}
	standsAs(t, l, "glycare", anew.NotAfter, Lapsed, "")
	standsAs(t, l, "glycare", anew.NotBefore.Add(-time.Second), None, TooSoon)
	want := []string{"glycare online", "glycare suspended", "glycare online", "glycare online", "glycare recalled", "glycare online"}
	if diff := cmp.Diff(want, heard); diff != "" {
		t.Errorf("OnChange heard (-want +got):\n%s", diff)
	}
	again := must(Open(ctx, db, options(c)))
	if again.Size() != 6 {
		t.Errorf("after a restart the log has %d entries", again.Size())
	}
	for at := c.Now(); at.Before(anew.NotAfter.AddDate(0, 1, 0)); at = at.AddDate(0, 1, 0) {
		was, _ := l.Status("glycare", at)
		is, _ := again.Status("glycare", at)
		if diff := cmp.Diff(was, is); diff != "" {
			t.Errorf("after a restart, at %v:\n%s", at, diff)
		}
	}
}

// TestTheLogRefuses what does not follow from what is there.
func TestTheLogRefuses(t *testing.T) {
	t.Parallel()
	l, c, _ := opened(t)
	ctx := t.Context()
	must(l.Issue(ctx, first(t, "glycare")))
	must(l.Issue(ctx, first(t, "oldapp")))
	revoked := order(Revoke, "oldapp", "label-oldapp-1", c.Now(), authority[:2]...)
	must(l.Order(ctx, revoked))
	label := func(change func(*Predicate), keys ...ed25519.PrivateKey) func() error {
		p := predicate()
		change(&p)
		return func() error { _, err := l.Issue(ctx, bundle(t, p, keys...)); return err }
	}
	orders := func(envelope []byte) func() error {
		return func() error { _, err := l.Order(ctx, envelope); return err }
	}
	stolen := predicate()
	stolen.ID, stolen.Sequence, stolen.Replaces, stolen.Publisher.Key = "label-glycare-2", 2, "label-glycare-1", PublicText(Public(keyOf("thief")))
	theirs := Bundle{must(Sign(must(Draft(stolen, manifest, binaries)), authority[:2]...)), must(Sign(must(DraftPublication("glycare", "1.0.0", manifest, binaries)), keyOf("thief")))}
	two, now := authority[:2], c.Now()
	longer := Order{ID: "order-longer", Kind: Suspend, Authority: "Autorité du label", App: "glycare", Label: "label-glycare-1", Reason: "security", Words: &Text{"a", "b"}, From: now, Until: now.Add(SuspendAtMost + time.Second)}
	foreign := Order{ID: "order-foreign", Kind: Revoke, Authority: "Another", App: "glycare", Label: "label-glycare-1", Reason: "security", Words: &Text{"a", "b"}, From: now}
	for _, c := range []struct {
		name string
		do   func() error
		want error
	}{
		{"the same label again", func() error { _, err := l.Issue(ctx, first(t, "glycare")); return err }, ErrTwice},
		{"a second first label", label(func(p *Predicate) { p.ID, p.Sequence = "label-other", 2 }, two...), ErrState},
		{"an older sequence", label(func(p *Predicate) { p.ID, p.Replaces = "label-other", "label-glycare-1" }, two...), ErrState},
		{"a sequence left out", label(func(p *Predicate) { p.ID, p.Sequence, p.Replaces = "label-other", 3, "label-glycare-1" }, two...), ErrState},
		{"in the place of another's", label(func(p *Predicate) { p.ID, p.Sequence, p.Replaces = "label-other", 2, "label-oldapp-1" }, two...), ErrState},
		{"a label by one key", label(func(p *Predicate) { p.ID, p.Sequence, p.Replaces = "label-other", 2, "label-glycare-1" }, two[0]), ErrThreshold},
		{"a label that has run out", label(func(p *Predicate) {
			p.ID, p.Sequence, p.Replaces, p.NotBefore, p.NotAfter = "label-other", 2, "label-glycare-1", now.Add(-2*time.Hour), now
		}, two...), ErrExpired},
		{"a label in the place of a revoked one", label(func(p *Predicate) {
			p.ID, p.App, p.Publisher.Key, p.Sequence, p.Replaces = "label-other", "oldapp", PublicText(Public(keyOf("oldapp"))), 2, "label-oldapp-1"
		}, two...), ErrState},
		{"a new app in the second place", label(func(p *Predicate) {
			p.ID, p.App, p.Sequence, p.Publisher.Key = "label-other", "newapp", 2, PublicText(Public(keyOf("newapp")))
		}, two...), ErrState},
		{"another publisher", func() error { _, err := l.Issue(ctx, theirs); return err }, ErrNewKey},
		{"an order again", orders(revoked), ErrTwice},
		{"a revocation by one key", orders(order(Revoke, "glycare", "label-glycare-1", now, authority[0])), ErrThreshold},
		{"a revocation by nobody", orders(order(Revoke, "glycare", "label-glycare-1", now)), ErrThreshold},
		{"a suspension by nobody", orders(order(Suspend, "glycare", "label-glycare-1", now)), ErrThreshold},
		{"a suspension by a stranger", orders(order(Suspend, "glycare", "label-glycare-1", now, keyOf("x"))), ErrThreshold},
		{"a reinstatement of what runs", orders(order(Reinstate, "glycare", "label-glycare-1", now, two...)), ErrState},
		{"a reinstatement of what is revoked", orders(order(Reinstate, "oldapp", "label-oldapp-1", now, two...)), ErrState},
		{"a revocation of what is revoked", orders(order(Revoke, "oldapp", "label-oldapp-1", now, two...)), ErrState},
		{"an order about no label", orders(order(Revoke, "glycare", "label-glycare-9", now, two...)), ErrState},
		{"an order about another's label", orders(order(Revoke, "glycare", "label-oldapp-1", now, two...)), ErrState},
		{"an order that was held back", orders(order(Revoke, "glycare", "label-glycare-1", now.Add(-orderKept-time.Second), two...)), ErrLate},
		{"an order of tomorrow", orders(order(Revoke, "glycare", "label-glycare-1", now.Add(clockSkew+time.Second), two...)), ErrLate},
		{"a suspension without end", orders(must(Sign(must(draft(orderType, longer)), two...))), ErrOrder},
		{"an order of another authority", orders(must(Sign(must(foreign.Draft()), two...))), ErrAuthority},
		{"a label as an order", orders(first(t, "glycare").Label), ErrPayloadType},
		{"an order as a label", func() error { _, err := l.Issue(ctx, Bundle{revoked, revoked}); return err }, ErrPayloadType},
	} {
		if err := c.do(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if l.Size() != 3 {
			t.Fatalf("%s: the log has %d entries", c.name, l.Size())
		}
	}
	standsAs(t, l, "glycare", now, InForce, "")
	standsAs(t, l, "oldapp", now, Revoked, "mistake")
}

// TestOneKeyStopsForAWeek: and not for ever, one week after the other.
func TestOneKeyStopsForAWeek(t *testing.T) {
	t.Parallel()
	l, c, _ := opened(t)
	ctx := t.Context()
	must(l.Issue(ctx, first(t, "glycare")))
	must(l.Order(ctx, order(Suspend, "glycare", "label-glycare-1", c.Now(), authority[0])))
	c.pass(SuspendAtMost)
	standsAs(t, l, "glycare", c.Now(), InForce, "")
	if _, err := l.Order(ctx, order(Suspend, "glycare", "label-glycare-1", c.Now(), authority[1])); !errors.Is(err, ErrThreshold) {
		t.Errorf("one key suspends again: %v", err)
	}
	must(l.Issue(ctx, after(t, "glycare", 2)))
	if _, err := l.Order(ctx, order(Suspend, "glycare", "label-glycare-2", c.Now(), authority[1])); !errors.Is(err, ErrThreshold) {
		t.Errorf("one key suspends the next label so soon: %v", err)
	}
	must(l.Order(ctx, order(Suspend, "glycare", "label-glycare-2", c.Now(), authority[:2]...)))
	standsAs(t, l, "glycare", c.Now(), Suspended, "mistake")
	c.pass(SuspendAgain)
	must(l.Order(ctx, order(Suspend, "glycare", "label-glycare-2", c.Now(), authority[1])))
}

// TestKeysAreRotated by enough of the former and of the next; what the former signed stays signed, also once they expired.
func TestKeysAreRotated(t *testing.T) {
	t.Parallel()
	l, c, db := opened(t)
	ctx := t.Context()
	must(l.Issue(ctx, first(t, "glycare")))
	fresh := []ed25519.PrivateKey{keyOf("dan"), keyOf("eve")}
	next := Trust{Authority: trust().Authority, Threshold: 2}
	for _, k := range fresh {
		next.Keys = append(next.Keys, Key{Public: PublicText(Public(k)), NotAfter: start.AddDate(0, 6, 0)})
	}
	rotation := Order{ID: "order-rotation", Kind: Keys, Authority: trust().Authority, From: c.Now(), Next: &next}
	drafted := must(rotation.Draft())
	for name, keys := range map[string][]ed25519.PrivateKey{
		"the former alone": authority[:2], "the next alone": fresh, "one of the former": {authority[0], fresh[0], fresh[1]},
		"one of the next": {authority[0], authority[1], fresh[0]},
	} {
		if _, err := l.Order(ctx, must(Sign(drafted, keys...))); !errors.Is(err, ErrThreshold) {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(l.Order(ctx, must(Sign(drafted, slices.Concat(authority[:2], fresh)...))))
	if _, err := l.Issue(ctx, after(t, "glycare", 2)); !errors.Is(err, ErrThreshold) {
		t.Errorf("the former keys still sign: %v", err)
	}
	p := predicate()
	p.ID, p.Sequence, p.Replaces = "label-glycare-2", 2, "label-glycare-1"
	must(l.Issue(ctx, bundle(t, p, fresh...)))
	c.pass(300 * 24 * time.Hour) // past the end of the next keys
	p.ID, p.Sequence, p.Replaces = "label-glycare-3", 3, "label-glycare-2"
	if _, err := l.Issue(ctx, bundle(t, p, fresh...)); !errors.Is(err, ErrThreshold) {
		t.Errorf("expired keys sign: %v", err)
	}
	standsAs(t, must(Open(ctx, db, options(c))), "glycare", c.Now(), InForce, "")
}

// TestAPublisherChangesItsKey only with the former one.
func TestAPublisherChangesItsKey(t *testing.T) {
	t.Parallel()
	l, _, _ := opened(t)
	must(l.Issue(t.Context(), first(t, "glycare")))
	p := predicate()
	p.ID, p.Sequence, p.Replaces, p.Publisher.Key = "label-glycare-2", 2, "label-glycare-1", PublicText(Public(keyOf("next")))
	published := must(DraftPublication("glycare", "1.0.0", manifest, binaries))
	b := Bundle{Label: must(Sign(must(Draft(p, manifest, binaries)), authority[:2]...)), Publication: must(Sign(published, keyOf("next")))}
	if _, err := l.Issue(t.Context(), b); !errors.Is(err, ErrNewKey) {
		t.Errorf("another key: %v", err)
	}
	b.Publication = must(Sign(published, keyOf("next"), keyOf("glycare")))
	must(l.Issue(t.Context(), b))
}

// TestTheOperatorsListWins over any label, and back.
func TestTheOperatorsListWins(t *testing.T) {
	t.Parallel()
	l, c, _ := opened(t)
	must(l.Issue(t.Context(), first(t, "glycare")))
	var heard []string
	l.o.OnChange = func(app string) { heard = append(heard, app) }
	l.Deny(map[string]string{"glycare": "We saw it misbehave.", "unknown": "Never here."})
	if at := standsAs(t, l, "glycare", c.Now(), Suspended, Denied); at.Admit || at.Words.EN == "" {
		t.Errorf("%+v", at)
	}
	standsAs(t, l, "unknown", c.Now(), Suspended, Denied)
	if err := l.Admits("glycare", "1.0.0", DigestOf(manifest), "linux/amd64", binaries["linux/amd64"], c.Now()); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("a process starts: %v", err)
	}
	l.Deny(nil)
	standsAs(t, l, "glycare", c.Now(), InForce, "")
	if slices.Sort(heard); !slices.Equal(heard, []string{"glycare", "glycare", "unknown", "unknown"}) {
		t.Errorf("OnChange heard %v", heard)
	}
}

// TestAdmits: the version, the manifest and the binary that were labelled, and nothing else.
func TestAdmits(t *testing.T) {
	t.Parallel()
	l, c, _ := opened(t)
	must(l.Issue(t.Context(), first(t, "glycare")))
	type ask struct{ app, version, manifest, platform, digest string }
	good := ask{"glycare", "1.0.0", DigestOf(manifest), "linux/amd64", binaries["linux/amd64"]}
	admits := func(a ask, at time.Time) error {
		return l.Admits(a.app, a.version, a.manifest, a.platform, a.digest, at)
	}
	if err := admits(good, c.Now()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*ask){
		"another app": func(a *ask) { a.app = "oldapp" }, "another version": func(a *ask) { a.version = "1.0.1" },
		"another manifest": func(a *ask) { a.manifest = DigestOf(nil) }, "another platform": func(a *ask) { a.platform = "linux/arm64" },
		"another binary": func(a *ask) { a.digest = DigestOf(nil) }, "no platform": func(a *ask) { a.platform, a.digest = "linux/mips", "" },
	} {
		bad := good
		change(&bad)
		if err := admits(bad, c.Now()); !errors.Is(err, ErrNotAllowed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := admits(good, predicate().NotAfter); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("after its end: %v", err)
	}
}

func BenchmarkStatus(b *testing.B) {
	l, c, _ := opened(b)
	must(l.Issue(b.Context(), first(b, "glycare")))
	l.Deny(map[string]string{"oldapp": "no"})
	now := c.Now()
	b.ReportAllocs()
	for b.Loop() {
		if at, ok := l.Status("glycare", now); !ok || at.Status != InForce {
			b.Fatal(at)
		}
	}
}

// TestNobodyEndsASuspensionAlone: neither by another suspension that is over sooner, nor by an end that was signed before it.
func TestNobodyEndsASuspensionAlone(t *testing.T) {
	t.Parallel()
	l, c, _ := opened(t)
	ctx := t.Context()
	must(l.Issue(ctx, first(t, "glycare")))
	until := func(at time.Time, keys ...ed25519.PrivateKey) []byte {
		o := Order{
			ID: fmt.Sprintf("order-%06d", orders.Add(1)), Kind: Suspend, Authority: "Autorité du label", App: "glycare", Label: "label-glycare-1",
			Reason: "mistake", Words: &Text{"Une erreur.", "A mistake."}, From: c.Now(), Until: at,
		}
		return must(Sign(must(o.Draft()), keys...))
	}
	begun := c.Now()
	must(l.Order(ctx, until(begun.Add(24*time.Hour), authority[:2]...)))
	early := order(Reinstate, "glycare", "label-glycare-1", c.Now(), authority[:2]...)
	if _, err := l.Order(ctx, until(begun.Add(time.Minute), authority[2])); !errors.Is(err, ErrThreshold) {
		t.Errorf("a shorter one by one key: %v", err)
	}
	standsAs(t, l, "glycare", begun.Add(time.Hour), Suspended, "mistake")
	must(l.Order(ctx, until(begun.Add(25*time.Hour), authority[2])))
	must(l.Order(ctx, until(begun.Add(24*time.Hour), authority[:2]...)))

	c.pass(48 * time.Hour) // it is over, and its end was never logged
	standsAs(t, l, "glycare", c.Now(), InForce, "")
	must(l.Order(ctx, until(c.Now().Add(24*time.Hour), authority[:2]...)))
	if _, err := l.Order(ctx, early); !errors.Is(err, ErrLate) {
		t.Errorf("the end of the one before: %v", err)
	}
	standsAs(t, l, "glycare", c.Now(), Suspended, "mistake")
	must(l.Order(ctx, order(Reinstate, "glycare", "label-glycare-1", c.Now().Add(-time.Second), authority[:2]...)))
	standsAs(t, l, "glycare", c.Now(), InForce, "")
}
