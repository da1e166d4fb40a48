package label

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// FuzzEnvelope: whatever bytes come as a label, nothing is taken that enough keys did not sign, and nothing panics; what is
// read is read again as the same.
func FuzzEnvelope(f *testing.F) {
	good := bundle(f, predicate(), authority[:2]...)
	for _, seed := range [][]byte{good.Label, good.Publication, bundle(f, predicate(), authority[0]).Label, []byte(`{"payload":"","payloadType":"","signatures":[]}`), {}} {
		f.Add(seed)
	}
	f.Add(order(Suspend, "glycare", "label-glycare-1", start, authority[0]))
	want := payload(f, good.Label)
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := Verify(Bundle{json.RawMessage(raw), good.Publication}, manifest, trust(), start)
		if (l == nil) != (err != nil) {
			t.Fatalf("%v, %v", l, err)
		}
		if err == nil && !bytes.Equal(payload(t, raw), want) {
			t.Fatalf("a label that nobody signed: %s", payload(t, raw))
		}
		if o, _, err := openOrder(raw, trust(), start); err == nil && o.check() != nil {
			t.Fatalf("an order that makes no sense: %+v", o)
		}
		if e, body, err := parseEnvelope(raw); err == nil {
			again, same, err := parseEnvelope(must(encodeEnvelope(e)))
			if err != nil || !bytes.Equal(body, same) || len(again.Signatures) != len(e.Signatures) {
				t.Fatalf("read again: %v", err)
			}
		}
	})
}

// FuzzRecord: whatever bytes come as an entry of the log, it does not panic, and an entry that is taken can be written and
// read again as the same.
func FuzzRecord(f *testing.F) {
	b := first(f, "glycare")
	for _, r := range []Record{{Kind: Issue, At: start, Bundle: &b}, {Kind: Revoke, At: start, Order: order(Revoke, "glycare", "label-glycare-1", start, authority[:2]...)}} {
		f.Add(must(r.encode()))
	}
	f.Add([]byte(`{"kind":"issue","at":"2026-11-22T08:00:00Z"}`))
	given := newState(trust())
	given, _, _ = given.next(&Record{Kind: Issue, At: start, Bundle: &b})
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := parseRecord(raw)
		if err != nil {
			return
		}
		again, err := parseRecord(must(r.encode()))
		if err != nil || again.Kind != r.Kind || !again.At.Equal(r.At) {
			t.Fatalf("read again: %+v, %v", again, err)
		}
		for _, s := range []*state{newState(trust()), given} {
			size := s.size
			if next, _, err := s.next(r); s.size != size || (next == nil) != (err != nil) {
				t.Fatalf("%v, %v", next, err)
			}
		}
		_, _ = entryOf(0, r)
	})
}

// FuzzBundleOfEntries: whatever bytes a log that is followed sends.
func FuzzBundleOfEntries(f *testing.F) {
	f.Add([]byte{0, 1, 'x', 0, 0}, 2)
	f.Add([]byte{0xff, 0xff}, 1)
	f.Fuzz(func(t *testing.T, raw []byte, n int) {
		list, err := splitBundle(raw, n%300)
		total := 0
		for _, one := range list {
			total += 2 + len(one)
		}
		if err == nil && total != len(raw) {
			t.Fatalf("%d of %d bytes were read", total, len(raw))
		}
	})
}

// TestStateIsTheReplay: whatever is asked of the log in whatever order, what it says at any moment is what a log says that
// reads the same entries from the beginning; a refusal changes nothing; what is revoked never comes back under its label.
func TestStateIsTheReplay(t *testing.T) {
	t.Parallel()
	apps := []string{"app-one", "app-two"}
	rapid.Check(t, func(rt *rapid.T) {
		now, at := newState(trust()), start
		var entries []*Record
		revoked := map[string]bool{}
		for range rapid.IntRange(1, 14).Draw(rt, "steps") {
			at = at.Add(seconds(rapid.SampledFrom([]int64{0, 3600, 86400 * 8, 86400 * 40}).Draw(rt, "passes")))
			r := anyEntry(rt, t, now, rapid.SampledFrom(apps).Draw(rt, "app"), at)
			before := *now
			next, _, err := now.next(r)
			if err != nil {
				if now.size != before.size || len(now.labels) != len(before.labels) {
					rt.Fatal("a refusal changed the state")
				}
				continue
			}
			entries, now = append(entries, r), next
		}
		again := newState(trust()).loosen()
		for _, r := range entries {
			var err error
			if again, _, err = again.next(r); err != nil {
				rt.Fatalf("an entry that was taken is refused: %v", err)
			}
		}
		for id, l := range now.labels {
			if l.revoked != nil {
				revoked[id] = true
			}
		}
		for _, app := range apps {
			for _, when := range []int64{0, 1, 86400 * 6, 86400 * 500} {
				a, b := now.apps[app], again.apps[app]
				if (a == nil) != (b == nil) {
					rt.Fatalf("%s: %v and %v", app, a, b)
				}
				if a == nil {
					continue
				}
				x, y := a.at(at.Add(seconds(when))), b.at(at.Add(seconds(when)))
				if x.Status != y.Status || x.Entry != y.Entry || x.Label.ID != y.Label.ID || x.Cause != y.Cause {
					rt.Fatalf("%s: %+v and, read again, %+v", app, x, y)
				}
				if x.Status == InForce && revoked[x.Label.ID] {
					rt.Fatalf("%s is in force by a label that was revoked", app)
				}
			}
		}
	})
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

// anyEntry is something that somebody may ask of the log, often what it refuses.
func anyEntry(rt *rapid.T, t *testing.T, now *state, app string, at time.Time) *Record {
	keys := authority[:rapid.IntRange(1, 3).Draw(rt, "signers")]
	newest, id, sequence := now.apps[app], "label-"+app+"-1", int64(1)
	if newest != nil {
		id, sequence = newest.ID, newest.Sequence+1
	}
	switch kind := rapid.SampledFrom([]string{Issue, Supersede, Suspend, Revoke, Reinstate}).Draw(rt, "kind"); kind {
	case Issue, Supersede:
		p := predicate()
		p.ID, p.App, p.Publisher.Key, p.Sequence = fmt.Sprintf("label-%s-%d", app, sequence), app, PublicText(Public(keyOf(app))), sequence
		p.NotAfter = at.AddDate(0, rapid.IntRange(-1, 12).Draw(rt, "months"), 0)
		if !p.NotAfter.After(p.NotBefore) {
			p.NotAfter = p.NotBefore.Add(time.Minute)
		}
		if kind == Supersede {
			p.Replaces = id
		}
		b := bundle(t, p, keys...)
		return &Record{Kind: kind, At: at, Bundle: &b}
	default:
		reason := "security"
		if kind == Reinstate {
			reason = "remedied"
		}
		o := Order{ID: fmt.Sprintf("order-%06d", orders.Add(1)), Kind: kind, Authority: trust().Authority, App: app, Label: id, Reason: reason, Words: &Text{"a", "b"}, From: at}
		if kind == Suspend {
			o.Until = at.Add(SuspendAtMost)
		}
		return &Record{Kind: kind, At: at, Order: must(Sign(must(o.Draft()), keys...))}
	}
}
