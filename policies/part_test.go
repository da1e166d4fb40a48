package policies

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// asParts gives the same input with every member that is an object converted beforehand.
func asParts(t testing.TB, input map[string]any) map[string]any {
	t.Helper()
	out := maps.Clone(input)
	for name, v := range out {
		if m, ok := v.(map[string]any); ok {
			p, err := NewPart(m)
			if err != nil {
				t.Fatal(err)
			}
			out[name] = p
		}
	}
	return out
}

// TestPartsAreTheirFacts gives the same facts as parts and as maps, in random worlds: one identity, one verdict, one decision.
func TestPartsAreTheirFacts(t *testing.T) {
	t.Parallel()
	r, worlds := worldsOf(t, bundles["embedded"])
	rapid.Check(t, func(rt *rapid.T) {
		c := worlds.Next(drawFrom(rt))
		plain, err := r.Session(c.Input)
		if err != nil {
			rt.Fatal(err)
		}
		parted, err := r.Session(asParts(t, c.Input))
		if err != nil {
			rt.Fatal(err)
		}
		if plain.Context().Digest() != parted.Context().Digest() {
			rt.Fatal("the same facts have two identities")
		}
		if plain.blank != parted.blank {
			rt.Fatal("other attributes are blank")
		}
		none, err := NewResource(c.Resource)
		if err != nil {
			rt.Fatal(err)
		}
		if a, b := plain.context.Input(none), parted.context.Input(none); a.Compare(b) != 0 {
			rt.Fatalf("%v and %v", a, b)
		}
	})
}

// TestContextsHaveTheirOwnIdentity changes one place of a random world: another input has another digest, parts or not.
func TestContextsHaveTheirOwnIdentity(t *testing.T) {
	t.Parallel()
	_, worlds := worldsOf(t, bundles["embedded"])
	rapid.Check(t, func(rt *rapid.T) {
		draw := drawFrom(rt)
		a, b := worlds.Next(draw), worlds.Next(draw)
		x, err := NewContext(asParts(t, a.Input))
		if err != nil {
			rt.Fatal(err)
		}
		y, err := NewContext(b.Input)
		if err != nil {
			rt.Fatal(err)
		}
		none := &Resource{enc: "o;"}
		if same := x.Input(none).Compare(y.Input(none)) == 0; same != (x.Digest() == y.Digest()) {
			rt.Fatalf("same input %v, same identity %v", same, x.Digest() == y.Digest())
		}
	})
}

// TestPartIsJudgedByEachRevision holds one part to two schemas: the verdict of the one is not the other's.
func TestPartIsJudgedByEachRevision(t *testing.T) {
	t.Parallel()
	first := load(t, small(t))
	narrower := small(t)
	replace(t, narrower, schemaFile, `"kind": {"type": "string"}`, `"kind": {"type": "string", "enum": ["professional"]}`)
	second, err := LoadWith(t.Context(), narrower, LoadOptions{SkipTests: true})
	if err != nil {
		t.Fatal(err)
	}
	in := facts()
	in["actor"].(map[string]any)["kind"] = "patient"
	in = asParts(t, in)
	for range 2 {
		if _, err := first.Session(in); err != nil {
			t.Errorf("the first schema has patients: %v", err)
		}
		if _, err := second.Session(in); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "input.actor.kind") {
			t.Errorf("the second has none: %v", err)
		}
	}
	swapped := maps.Clone(in)
	swapped["actor"], swapped["patient"] = in["patient"], in["actor"]
	if _, err := first.Session(swapped); !errors.Is(err, ErrInput) {
		t.Errorf("a patient passes for an actor: %v", err)
	}
}

// TestPartStaysWhatItWas changes the map after the part was made, and puts a part where none may be.
func TestPartStaysWhatItWas(t *testing.T) {
	t.Parallel()
	list := []any{"a", "b"}
	m := map[string]any{"x": list, "n": json.Number("1.5"), "none": nil}
	p, err := NewPart(m)
	if err != nil {
		t.Fatal(err)
	}
	m["x"], list[0] = "other", "other"
	if got := p.asTerm().Value.String(); got != `{"n": 1.5, "x": ["a", "b"]}` {
		t.Errorf("the part is now %s", got)
	}
	if _, err := NewContext(map[string]any{"in": map[string]any{"deeper": p}}); !errors.Is(err, ErrPart) {
		t.Errorf("a part inside a fact gives %v", err)
	}
	if _, err := NewPart(map[string]any{"n": json.Number("one")}); err == nil {
		t.Error("what is no number was taken for one")
	}
}

// TestResourceDecidesAsItsMap decides random resources both ways, in contexts that blank different attributes.
func TestResourceDecidesAsItsMap(t *testing.T) {
	t.Parallel()
	r, worlds := worldsOf(t, bundles["embedded"])
	rapid.Check(t, func(rt *rapid.T) {
		draw := drawFrom(rt)
		c := worlds.Next(draw)
		res, err := NewResource(c.Resource)
		if err != nil {
			rt.Fatal(err)
		}
		for range 3 {
			s, err := r.Session(worlds.Next(draw).Input)
			if err != nil {
				rt.Fatal(err)
			}
			for range 2 {
				a, errA := s.Decide(t.Context(), res)
				b, errB := s.Decide(t.Context(), c.Resource)
				if !a.Equal(b) || (errA == nil) != (errB == nil) {
					rt.Fatalf("%+v (%v) and %+v (%v)", a, errA, b, errB)
				}
			}
		}
	})
}
