package record

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestSupposedEqualsWhatIsWritten writes at random, the first writes for good and the last ones in memory alone, and
// compares all that can be read with a store in which all were written.
func TestSupposedEqualsWhatIsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		now := func() time.Time { return at }
		written, beneath := ephemeral(t), ephemeral(t)
		written.now, beneath.now = now, now
		writes := rapid.IntRange(0, 10).Draw(t, "writes")
		supposed := Suppose(beneath, "", now)
		for k := range writes + rapid.IntRange(1, 10).Draw(t, "supposed writes") {
			if rapid.Bool().Draw(t, "later") {
				at = at.Add(time.Second)
			}
			patient, changes := drawWrite(t)
			var into Source = supposed
			if k < writes {
				into = beneath
			}
			one, err := into.Write(t.Context(), patient, changes)
			two, want := written.Write(t.Context(), patient, changes)
			if (err == nil) != (want == nil) || cmp.Diff(versionsOf(one), versionsOf(two)) != "" {
				t.Fatalf("writing %v: %v (%v), want %v (%v)", changes, versionsOf(one), err, versionsOf(two), want)
			}
			for _, kind := range []error{ErrConflict, ErrExists, ErrInvalid, ErrNotFound} {
				if k >= writes && errors.Is(err, kind) != errors.Is(want, kind) {
					t.Fatalf("writing %v fails with %v, want %v", changes, err, want)
				}
			}
		}
		if diff := cmp.Diff(allThatIsRead(t, written), allThatIsRead(t, supposed)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// drawWrite draws a write to one of two records, or to the directory. Ids say whose they are: what a refused write
// claims an id for is no concern of what is only supposed.
func drawWrite(t *rapid.T) (patient string, changes []Change) {
	patient = rapid.SampledFrom([]string{"p", "q", ""}).Draw(t, "patient")
	seen := map[Ref]bool{}
	for range rapid.IntRange(1, 3).Draw(t, "changes") {
		kind, id := "Observation", fmt.Sprintf("%so%d", patient, rapid.IntRange(0, 2).Draw(t, "n"))
		body := observation(id, patient, rapid.SampledFrom([]string{"c1", "c2"}).Draw(t, "code"))
		switch value := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "identifier"); {
		case patient == "":
			kind, id = "Practitioner", "d"+id
			body = fmt.Sprintf(`{"resourceType":"Practitioner","id":%q,"identifier":[{"system":"urn:x","value":%q}]}`, id, value)
		case rapid.Bool().Draw(t, "document"):
			kind = "DocumentReference"
			body = fmt.Sprintf(`{"resourceType":"DocumentReference","id":%q,"status":"current","identifier":[{"value":%q}],"subject":{"reference":"Patient/%s"},"content":[]}`, id, value, patient)
		case rapid.IntRange(0, 4).Draw(t, "person") == 0:
			kind, id = "Patient", patient
			body = fmt.Sprintf(`{"resourceType":"Patient","id":%q,"identifier":[{"system":"urn:x","value":%q}]}`, id, value)
		}
		c := Change{Ref: Ref{kind, id}, Body: []byte(body), IfNone: rapid.IntRange(0, 5).Draw(t, "none") == 0}
		if rapid.IntRange(0, 3).Draw(t, "delete") == 0 {
			c.Delete, c.Body = true, nil
		}
		if rapid.IntRange(0, 5).Draw(t, "compare") == 0 {
			v := rapid.IntRange(0, 3).Draw(t, "version")
			c.IfVersion = &v
		}
		if !seen[c.Ref] {
			seen[c.Ref] = true
			changes = append(changes, c)
		}
	}
	return patient, changes
}

func versionsOf(all []*Stored) (out []string) {
	for _, s := range all {
		out = append(out, plainly(s))
	}
	return out
}

func plainly(s *Stored) string {
	return fmt.Sprint(s.Ref, s.Version, s.Updated, s.Deleted, s.Created, s.Patient, s.Attributes, s.Plain, string(s.Body))
}

// allThatIsRead is what each question to a source gives.
func allThatIsRead(t *rapid.T, src Source) map[string]any {
	ctx, out := t.Context(), map[string]any{}
	types := []string{"DocumentReference", "Observation", "Patient", "Practitioner"}
	for _, patient := range []string{"p", "q", "nobody"} {
		c, err := src.Patient(ctx, patient)
		of := ""
		if c.Patient != nil {
			of = plainly(c.Patient)
		}
		n, _ := src.Sequence(ctx, patient)
		out["patient "+patient] = []any{c.ID, c.Sequence, n, of, errors.Is(err, ErrNotFound)}
		out["record "+patient] = collected(t, src.Compartment(ctx, patient, nil, nil))
		out["documents "+patient] = collected(t, src.Compartment(ctx, patient, types[:1], nil))
		var histories []string
		for versions, err := range src.Histories(ctx, patient, types) {
			if err != nil {
				t.Fatal(err)
			}
			histories = append(histories, fmt.Sprint(versionsOf(versions)))
		}
		out["histories "+patient] = histories
	}
	out["directory"] = collected(t, src.Directory(ctx, nil, nil))
	for _, kind := range types {
		for _, identifier := range []string{"urn:x|a", "urn:x|b", "|a", "|b", "urn:x|"} {
			refs, err := src.Lookup(ctx, kind, identifier)
			out["lookup "+kind+identifier] = fmt.Sprint(refs, err)
		}
		for _, id := range []string{"p", "q", "po0", "po1", "po2", "qo0", "qo1", "qo2", "do0", "do1", "do2"} {
			readOne(ctx, src, Ref{kind, id}, out)
		}
	}
	return out
}

func readOne(ctx context.Context, src Source, ref Ref, out map[string]any) {
	if s, err := src.Read(ctx, ref); err == nil {
		out["read "+ref.String()] = plainly(s)
	}
	if all, err := src.History(ctx, ref); err == nil {
		out["history "+ref.String()] = versionsOf(all)
	}
	for _, v := range []string{"1", "2", "3", "01", "x"} {
		if s, err := src.Version(ctx, ref, v); err == nil {
			out["version "+v+ref.String()] = plainly(s)
		}
	}
}

func collected(t *rapid.T, all iter.Seq2[*Stored, error]) (out []string) {
	for s, err := range all {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, plainly(s))
	}
	return out
}

// TestSupposedWritesNothing: what is supposed is beneath for nobody, and refuses whole.
func TestSupposedWritesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := ephemeral(t)
		if _, err := e.Write(t.Context(), "p", []Change{{Ref: Ref{"Observation", "po0"}, Body: []byte(observation("po0", "p", "c1"))}}); err != nil {
			t.Fatal(err)
		}
		before := allThatIsRead(t, e)
		s := Suppose(e, "", e.now)
		for range 3 {
			patient, changes := drawWrite(t)
			held := allThatIsRead(t, s)
			if _, err := s.Write(t.Context(), patient, changes); err != nil && cmp.Diff(held, allThatIsRead(t, s)) != "" {
				t.Fatalf("%v was refused (%v), and half of it written", changes, err)
			}
		}
		if _, err := s.Write(t.Context(), "q", []Change{{Ref: Ref{"Observation", "po0"}, Body: []byte(observation("po0", "q", "c1"))}}); !errors.Is(err, ErrElsewhere) {
			t.Fatalf("a resource moved to another record: %v", err)
		}
		if diff := cmp.Diff(before, allThatIsRead(t, e)); diff != "" {
			t.Fatal(diff)
		}
	})
}
