package audit_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/audit"
)

// excerpt is what a reader was shown of some entries, newest first.
func excerpt(n ...int) audit.Excerpt {
	x := audit.Excerpt{Patient: "camille", Made: time.Date(2026, 11, 22, 9, 40, 0, 0, time.UTC), Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, i := range n {
		x.Events = append(x.Events, audit.Event{ID: entry(i, "").ID, Body: json.RawMessage(`{ "resourceType": "AuditEvent", "id": "` + entry(i, "").ID + `" }`)})
	}
	return x
}

func attest(t *testing.T, l *audit.Log, x audit.Excerpt) ([]byte, *audit.Attested) {
	t.Helper()
	a, err := l.Attest(ctx, x)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return b, a
}

func TestAttested(t *testing.T) {
	t.Parallel()
	l := openLog(t, openStore(t), options())
	fill(t, l, 0, 21)
	b, a := attest(t, l, excerpt(20, 6, 2))
	s, err := audit.VerifyHistory(b, l.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	want := audit.Statement{Origin: a.Log, Size: 21, Root: s.Root, Patient: "camille", Made: excerpt().Made, Since: excerpt().Since, Entries: 3, Digest: s.Digest}
	if diff := cmp.Diff(want, *s); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(string(b), "salt") || strings.Contains(string(b), "record\"") {
		t.Error("the history tells what was written, which its reader may not know all of")
	}
	// It continues the log: the statement is a checkpoint.
	fill(t, l, 21, 19)
	c, err := l.ProveConsistency(ctx, 21)
	if err != nil {
		t.Fatal(err)
	}
	if err := audit.VerifyConsistency([]byte(a.Signed), c, l.VerifierKey()); err != nil {
		t.Errorf("the statement is no checkpoint of the log: %v", err)
	}
	empty, _ := attest(t, l, excerpt())
	if s, err := audit.VerifyHistory(empty, l.VerifierKey()); err != nil || s.Entries != 0 {
		t.Errorf("an empty history: %+v, %v", s, err)
	}
}

func TestAttestedTampered(t *testing.T) {
	t.Parallel()
	l, other := openLog(t, openStore(t), options()), options()
	fill(t, l, 0, 21)
	b, _ := attest(t, l, excerpt(20, 6, 2))
	other.Key = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))
	foreign := openLog(t, openStore(t), other)
	fill(t, foreign, 0, 21)
	_, theirs := attest(t, foreign, excerpt(20, 6, 2))
	for name, change := range map[string]func(*audit.Attested){
		"an event":            func(a *audit.Attested) { a.Entries[1].Event = json.RawMessage(`{"resourceType":"AuditEvent"}`) },
		"no event":            func(a *audit.Attested) { a.Entries[1].Event = nil },
		"one left out":        func(a *audit.Attested) { a.Entries = a.Entries[1:] },
		"one twice":           func(a *audit.Attested) { a.Entries[1] = a.Entries[0] },
		"another order":       func(a *audit.Attested) { a.Entries[0], a.Entries[1] = a.Entries[1], a.Entries[0] },
		"another place":       func(a *audit.Attested) { a.Entries[0].Sequence-- },
		"a negative place":    func(a *audit.Attested) { a.Entries[0].Sequence = -1 },
		"another commitment":  func(a *audit.Attested) { a.Entries[0].Leaf[3] ^= 1 },
		"a short commitment":  func(a *audit.Attested) { a.Entries[0].Leaf = a.Entries[0].Leaf[1:] },
		"a hash":              func(a *audit.Attested) { a.Entries[1].Hashes[0][0] ^= 1 },
		"no hashes":           func(a *audit.Attested) { a.Entries[1].Hashes = nil },
		"another person":      func(a *audit.Attested) { a.Patient = "lucas" },
		"another log":         func(a *audit.Attested) { a.Log = "else" },
		"the statement":       func(a *audit.Attested) { a.Signed = strings.Replace(a.Signed, "\n3\n", "\n4\n", 1) },
		"no statement":        func(a *audit.Attested) { a.Signed = "" },
		"a foreign statement": func(a *audit.Attested) { a.Signed = theirs.Signed },
		"a foreign history":   func(a *audit.Attested) { *a = *theirs },
		"another form":        func(a *audit.Attested) { a.Format += "1" },
	} {
		var a audit.Attested
		if err := json.Unmarshal(b, &a); err != nil {
			t.Fatal(err)
		}
		change(&a)
		changed, _ := json.Marshal(a)
		if _, err := audit.VerifyHistory(changed, l.VerifierKey()); err == nil {
			t.Errorf("%s: the history still holds", name)
		}
	}
}

func TestStatementOfAQRCode(t *testing.T) {
	t.Parallel()
	l := openLog(t, openStore(t), options())
	fill(t, l, 0, 21)
	_, a := attest(t, l, excerpt(20, 6))
	plain := audit.PlainStatement(a.Signed)
	for _, c := range plain {
		if c > 126 {
			t.Fatalf("%q is not ASCII", c)
		}
	}
	if len(plain) > 600 {
		t.Errorf("%d bytes are too many for a code that a phone reads from paper", len(plain))
	}
	want, err := audit.ReadStatement(a.Signed, l.VerifierKey())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{plain, strings.ReplaceAll(plain, "\n", "\r\n"), "  " + plain + "\n\n", strings.TrimSpace(plain)} {
		got, err := audit.ReadStatement(text, l.VerifierKey())
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	checkpoint, err := l.Checkpoint(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"a checkpoint": string(checkpoint), "nothing": "", "another number": strings.Replace(plain, "\n2\n", "\n3\n", 1),
		"a line more": strings.Replace(plain, "\n2\n", "\n2\n2\n", 1), "too long": plain + strings.Repeat("x", 5000),
	} {
		if _, err := audit.ReadStatement(text, l.VerifierKey()); err == nil {
			t.Errorf("%s was taken for a statement", name)
		}
	}
	if _, err := audit.ReadStatement(plain, "no key"); err == nil {
		t.Error("a key that is none was taken")
	}
}

// TestAttestedErased leaves out what was erased meanwhile, and takes nothing that the log never had.
func TestAttestedErased(t *testing.T) {
	t.Parallel()
	l := openLog(t, openStore(t), options())
	fill(t, l, 0, 21)
	if err := l.Erase(ctx, entry(6, "").ID); err != nil {
		t.Fatal(err)
	}
	x := excerpt(20, 6, 2)
	x.Events = append(x.Events, audit.Event{ID: "never", Body: json.RawMessage(`{}`)})
	b, _ := attest(t, l, x)
	if s, err := audit.VerifyHistory(b, l.VerifierKey()); err != nil || s.Entries != 2 {
		t.Errorf("%+v, %v", s, err)
	}
	for name, event := range map[string]audit.Event{
		"no JSON": {ID: entry(2, "").ID, Body: json.RawMessage(`{`)}, "of somebody else": {ID: entry(3, "").ID, Body: json.RawMessage(`{}`)},
	} {
		x.Events = []audit.Event{event}
		if _, err := l.Attest(ctx, x); err == nil {
			t.Errorf("an event that is %s was signed", name)
		}
	}
}

// FuzzVerifyHistory never panics, and takes nothing but what the log signed.
func FuzzVerifyHistory(f *testing.F) {
	key := openLog(f, openStore(f), options()).VerifierKey()
	f.Add([]byte(`{"format":"pontlevis access history 2","signed":"x\n1\nAAAA\n","entries":[{"sequence":0,"leaf":"","hashes":[""],"event":{}}]}`))
	f.Add([]byte(`{"format":"pontlevis access history 1"}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := audit.VerifyHistory(b, key); err == nil {
			t.Errorf("%q was taken", b)
		}
		if _, err := audit.ReadStatement(string(b), key); err == nil {
			t.Errorf("%q was taken for a statement", b)
		}
	})
}
