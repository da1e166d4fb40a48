package record

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// model is what a store should hold, as plainly as it can be said.
type model struct {
	versions map[string][]string // Ref → code of each version, "" for a deletion
	owner    map[string]string
	sequence map[string]uint64
}

// TestStoreEqualsItsModel writes at random, all or nothing, and compares everything that can be read with a map.
func TestStoreEqualsItsModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := ephemeral(t)
		m := &model{versions: map[string][]string{}, owner: map[string]string{}, sequence: map[string]uint64{}}
		for range rapid.IntRange(1, 25).Draw(t, "writes") {
			m.write(t, e)
		}
		m.compare(t, e)
	})
}

// write draws one transaction of one to three changes and applies it to both, or finds both refusing it.
func (m *model) write(t *rapid.T, e *Embedded) {
	patient := rapid.SampledFrom([]string{"p", "q"}).Draw(t, "patient")
	next := map[string][]string{}
	var changes []Change
	var refusal error
	effect := false
	for range rapid.IntRange(1, 3).Draw(t, "changes") {
		ref := Ref{"Observation", fmt.Sprintf("%s%d", rapid.SampledFrom([]string{"p", "q", patient, patient}).Draw(t, "id"), rapid.IntRange(0, 2).Draw(t, "n"))}
		code := rapid.SampledFrom([]string{"c1", "c2", ""}).Draw(t, "code")
		c := Change{Ref: ref, Delete: code == "", IfNone: rapid.IntRange(0, 4).Draw(t, "none") == 0}
		if !c.Delete {
			c.Body = []byte(observation(ref.ID, patient, code))
		}
		versions := m.versions[ref.String()]
		alive := len(versions) > 0 && versions[len(versions)-1] != ""
		if rapid.IntRange(0, 3).Draw(t, "cas") == 0 {
			v := rapid.IntRange(0, 3).Draw(t, "version")
			c.IfVersion = &v
		}
		changes = append(changes, c)
		switch owner := m.owner[ref.String()]; {
		case refusal != nil:
		case next[ref.String()] != nil:
			refusal = ErrInvalid // twice in one transaction
		case owner != "" && owner != patient && !c.Delete:
			refusal = ErrElsewhere
		case owner != "" && owner != patient:
			refusal = ErrNotFound
		case c.IfVersion != nil && *c.IfVersion != len(versions):
			refusal = ErrConflict
		case c.IfNone && alive:
			refusal = ErrExists
		case c.Delete && len(versions) == 0:
			refusal = ErrNotFound
		}
		next[ref.String()] = versions
		if !c.Delete || alive {
			next[ref.String()] = append(versions[:len(versions):len(versions)], code)
			effect = true
		}
	}
	_, err := e.Write(context.Background(), patient, changes)
	if refusal != nil {
		// Which of several reasons comes first is free, that nothing is written is not.
		if err == nil {
			t.Fatalf("%v was written, want %v", changes, refusal)
		}
		m.claimed(changes, patient, err)
		return
	}
	if err != nil {
		t.Fatalf("%v: %v", changes, err)
	}
	for ref, versions := range next {
		m.versions[ref], m.owner[ref] = versions, patient
	}
	if effect {
		m.sequence[patient]++
	}
}

// claimed notes that a refused write claims its ids nevertheless, when nothing was wrong with the changes themselves:
// the ids are then this patient's for ever.
func (m *model) claimed(changes []Change, patient string, err error) {
	if errors.Is(err, ErrInvalid) {
		return
	}
	for _, c := range changes {
		if m.owner[c.Ref.String()] == "" && !c.Delete {
			m.owner[c.Ref.String()] = patient
		}
	}
}

func (m *model) compare(t *rapid.T, e *Embedded) {
	ctx := context.Background()
	living := map[string]int{}
	for ref, versions := range m.versions {
		if len(versions) == 0 {
			continue
		}
		r, _ := ParseRef(ref)
		history, err := e.History(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		if len(history) != len(versions) {
			t.Fatalf("%s has %d versions, want %d", ref, len(history), len(versions))
		}
		for i, code := range versions {
			s := history[len(history)-1-i]
			if s.Version != i+1 || s.Deleted != (code == "") || !strings.Contains(string(s.Body), code) || s.Patient != m.owner[ref] {
				t.Fatalf("%s version %d is %+v, want %q of %s", ref, i+1, s, code, m.owner[ref])
			}
			if i > 0 && !s.Updated.After(history[len(history)-i].Updated) {
				t.Fatalf("%s version %d is not newer than the one before", ref, i+1)
			}
		}
		if versions[len(versions)-1] != "" {
			living[m.owner[ref]]++
		}
	}
	for _, patient := range []string{"p", "q"} {
		n := 0
		for s, err := range e.Compartment(ctx, patient, nil, nil) {
			if err != nil || s.Patient != patient {
				t.Fatalf("%v, %v", s, err)
			}
			n++
		}
		if n != living[patient] {
			t.Fatalf("%d living resources of %s, want %d", n, patient, living[patient])
		}
		if got, _ := e.Sequence(ctx, patient); got != m.sequence[patient] {
			t.Fatalf("the sequence of %s is %d, want %d", patient, got, m.sequence[patient])
		}
		checkIndexes(t, e, patient)
	}
}
