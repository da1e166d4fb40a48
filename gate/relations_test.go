package gate

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/space"
)

// TestFind: a name is given to who may read it; whoever else asks cannot tell, and each question is logged.
func TestFind(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	for _, tt := range []struct {
		who, number string
		found       bool
	}{
		{"dr-lam-free", "urn:ins|1", true}, {"dr-roux-free", "urn:ins|1", true}, {"dr-loin-free", "urn:ins|1", false},
		{"dr-bloque-free", "urn:ins|1", false}, {"dr-lam-free", "urn:ins|9", false},
	} {
		size, err := w.log.Size(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		id, name, found, err := w.gate.Find(t.Context(), w.grants[tt.who], tt.number)
		if err != nil || found != tt.found || found != (id == "camille" && name == "Name of camille") || !found && id+name != "" {
			t.Errorf("%s finds %q, %q, %v (%v)", tt.who, id, name, found, err)
		}
		if after, err := w.log.Size(t.Context()); err != nil || after != size+1 {
			t.Errorf("%s, %s: %d entries (%v), want one: asking must cost the same", tt.who, tt.number, after-size, err)
		}
	}
	w.db.log.Store(true)
	if _, name, found, err := w.gate.Find(t.Context(), w.grants["dr-lam-free"], "urn:ins|1"); err == nil || found || name != "" {
		t.Errorf("found %q without a log (%v)", name, err)
	}
}

// TestDelegations: those that run now, in the words of the person's own records.
func TestDelegations(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().minor()
	w.put("camille", delegate("camille", "karim-past", space.Carer, "RelatedPerson/karim", "2020-01-01"))
	w.put("camille", delegate("camille", "other", space.Carer, "RelatedPerson/sofia", "2020-01-01"))
	w.put("camille", `{"resourceType":"RelatedPerson","id":"karim-past","active":false,"patient":{"reference":"Patient/camille"},"identifier":[{"system":"urn:pontlevis:person","value":"RelatedPerson/karim"}],"relationship":[{"coding":[{"system":"urn:pontlevis:delegation","code":"carer"}]}],"period":{"start":"2020-01-01"}}`)
	got, err := w.gate.Delegations(t.Context(), "RelatedPerson/karim")
	if err != nil {
		t.Fatal(err)
	}
	want := []Delegation{{Patient: "lucas", Name: "Name of lucas", Kind: "representative", Actor: "RelatedPerson/karim-for-lucas"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("delegations (-want +got):\n%s", diff)
	}
	if got, err := w.gate.Delegations(t.Context(), "RelatedPerson/nobody"); err != nil || got != nil {
		t.Errorf("a stranger acts for %v (%v)", got, err)
	}
}

// TestRepresentativeSees: everything but the confidential act, its log entry included (rules.md P8).
func TestRepresentativeSees(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().minor()
	w.put("lucas", document("act", of("lucas"), labelled(secret)), document("cold", of("lucas")))
	w.get("karim", "/DocumentReference/act").is(404)
	w.get("karim", "/DocumentReference/cold").is(200)
	w.get("lucas", "/DocumentReference/act").is(200)
	w.get("dr-lam-of-lucas", "/DocumentReference?patient=lucas"+since2000).is(200)
	hidden := 0
	for _, e := range w.entries("lucas") {
		if e.Actor.ID == "Practitioner/dr-lam" {
			if e.Hidden(secret) {
				hidden++
				if diff := cmp.Diff([]string{"DocumentReference/act"}, e.Resources); diff != "" {
					t.Errorf("a hidden entry hides more (-want +got):\n%s", diff)
				}
			}
		}
	}
	if hidden != 1 {
		t.Errorf("%d entries of the doctor are hidden, want 1", hidden)
	}
	seen := func(who string) int {
		n := 0
		for _, e := range w.get(who, "/AuditEvent?patient=lucas&_count=200").is(200).node().Get("entry").Items() {
			for _, a := range e.Get("resource").Get("agent").Items() {
				if a.Get("who").Get("reference").Text() == "Practitioner/dr-lam" {
					n++
				}
			}
		}
		return n
	}
	if lucas, karim := seen("lucas"), seen("karim"); lucas != 2 || karim != 1 {
		t.Errorf("lucas sees %d readings of the doctor, karim %d; want 2 and 1", lucas, karim)
	}
}
