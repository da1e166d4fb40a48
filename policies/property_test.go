package policies

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"pgregory.net/rapid"
)

// tried is a bundle that properties are tried on, loaded once for all of them.
type tried struct {
	rev    *Revision
	worlds *Worlds
}

// bundles are a small one, and the one that ships.
var bundles = map[string]func() (tried, error){
	"small":    sync.OnceValues(func() (tried, error) { return tryOn(os.DirFS("testdata/small")) }),
	"embedded": sync.OnceValues(func() (tried, error) { return tryOn(Embedded()) }),
}

func tryOn(fsys fs.FS) (tried, error) {
	r, err := LoadWith(context.Background(), fsys, LoadOptions{SkipTests: true})
	if err != nil {
		return tried{}, err
	}
	w, err := NewWorlds(context.Background(), r)
	return tried{r, w}, err
}

func worldsOf(t *testing.T, open func() (tried, error)) (*Revision, *Worlds) {
	t.Helper()
	b, err := open()
	if err != nil {
		t.Fatal(err)
	}
	return b.rev, b.worlds
}

func drawFrom(t *rapid.T) Draw {
	return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "choice") }
}

// TestTableEqualsEvaluator compares the whole decision that a session gives (through the table, from the attributes in the read set alone)
// with OPA's on the whole input, twice, so that the second answer comes from the table.
func TestTableEqualsEvaluator(t *testing.T) {
	t.Parallel()
	for name, open := range bundles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, worlds := worldsOf(t, open)
			rules := map[string]int{}
			rapid.Check(t, func(t *rapid.T) {
				for range worldsPerCheck {
					rules[compare(t, r, worlds.Next(drawFrom(t)))]++
				}
			})
			t.Logf("%d rules decided: %v; %d hits, %d misses", len(rules), rules, r.Stats().Hits(), r.Stats().Misses())
			if r.Stats().Hits() == 0 || len(rules) < 4 {
				t.Errorf("the worlds prove little: %d hits, rules %v", r.Stats().Hits(), rules)
			}
		})
	}
}

// worldsPerCheck makes each of rapid's checks a few worlds long: drawing is cheaper than starting.
const worldsPerCheck = 15

// compare asks both ways, twice, and gives the rule that decided.
func compare(t *rapid.T, r *Revision, c Case) string {
	for range 2 {
		if err := Differential(context.Background(), r.Reference(), Tabled{r}, c); err != nil {
			t.Fatal(err)
		}
	}
	s, err := r.Session(c.Input)
	if err != nil {
		t.Fatal(err)
	}
	d, err := s.Decide(context.Background(), c.Resource)
	if err != nil {
		t.Fatalf("no decision on %v %v: %v", c.Input, c.Resource, err)
	}
	return d.Rule
}

// TestSeedsEqual tries every input of the bundle's own tests.
func TestSeedsEqual(t *testing.T) {
	t.Parallel()
	for name, open := range bundles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, worlds := worldsOf(t, open)
			if len(worlds.Seeds()) == 0 {
				t.Fatal("no test input fits the schema")
			}
			for _, c := range worlds.Seeds() {
				if err := Differential(t.Context(), r.Reference(), Tabled{r}, c); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestUnreadAttributesDoNotDecide changes attributes outside the read set: OPA's own decision on the whole input must not change.
func TestUnreadAttributesDoNotDecide(t *testing.T) {
	t.Parallel()
	for name, open := range bundles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, worlds := worldsOf(t, open)
			unread := []string{}
			for _, attribute := range sortedKeys(r.schema.members[resourceMember].members) {
				if !r.reads.has(attribute) {
					unread = append(unread, attribute)
				}
			}
			if len(unread) == 0 {
				t.Skip("NOTHING TO CHECK: the modules read every attribute of the schema")
			}
			rapid.Check(t, func(t *rapid.T) {
				draw := drawFrom(t)
				c := worlds.Next(draw)
				other := c
				other.Resource = maps.Clone(c.Resource)
				attribute := unread[draw(len(unread))]
				other.Resource[attribute] = (&maker{w: worlds, draw: draw, now: ordinaryNow}).value(r.schema.members[resourceMember].members[attribute], attribute)
				if a, b := whole(t, r, c), whole(t, r, other); !a.Equal(b) {
					t.Fatalf("changing resource.%s changes %+v to %+v", attribute, a, b)
				}
			})
		})
	}
}

// whole asks OPA about the whole input, without projection or table.
func whole(t *rapid.T, r *Revision, c Case) *Decision {
	facts, err := NewContext(c.Input)
	if err != nil {
		t.Fatal(err)
	}
	resource, err := NewResource(c.Resource)
	if err != nil {
		t.Fatal(err)
	}
	d, err := r.Reference().Evaluate(context.Background(), facts, resource)
	if err != nil {
		return nil
	}
	return d
}

// TestClassesAreInjective draws pairs of attribute sets: the same bytes mean the same value.
func TestClassesAreInjective(t *testing.T) {
	t.Parallel()
	value := rapid.Custom(func(t *rapid.T) any { return drawJSON(t, 3) })
	rapid.Check(t, func(t *rapid.T) {
		a, b := value.Draw(t, "a"), value.Draw(t, "b")
		x, errX := appendValue(nil, a, 0)
		y, errY := appendValue(nil, b, 0)
		va, errA := ast.InterfaceToValue(withoutNulls(a))
		vb, errB := ast.InterfaceToValue(withoutNulls(b))
		if errX != nil || errY != nil || errA != nil || errB != nil {
			t.Fatal(errX, errY, errA, errB)
		}
		if (string(x) == string(y)) != (va.Compare(vb) == 0) {
			t.Fatalf("%v and %v: one class %v, one value %v", a, b, string(x) == string(y), va.Compare(vb) == 0)
		}
		if back := canonical(x).term(); back.Compare(va) != 0 {
			t.Fatalf("%v comes back as %v", va, back)
		}
		z, err := appendTerm(nil, va, 0)
		if err != nil || string(z) != string(x) {
			t.Fatalf("%v as a value of OPA has other bytes, %v", a, err)
		}
	})
}

// withoutNulls leaves null members of objects out, as facts are taken.
func withoutNulls(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = withoutNulls(e)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			if e != nil {
				out[k] = withoutNulls(e)
			}
		}
		return out
	}
	return v
}

func drawJSON(t *rapid.T, depth int) any {
	kinds := 4
	if depth > 0 {
		kinds = 7
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return rapid.SampledFrom([]string{"", "a", "b", "ab", "1", "s\x01a"}).Draw(t, "text")
	case 1:
		return rapid.IntRange(-2, 2).Draw(t, "number")
	case 2:
		return rapid.Bool().Draw(t, "bool")
	case 3:
		return nil
	case 4:
		return rapid.SliceOfN(rapid.SampledFrom([]string{"", "a", "b"}), 0, 3).Draw(t, "texts")
	case 5:
		out := make([]any, rapid.IntRange(0, 3).Draw(t, "length"))
		for i := range out {
			out[i] = drawJSON(t, depth-1)
		}
		return out
	}
	out := map[string]any{}
	for range rapid.IntRange(0, 3).Draw(t, "members") {
		out[rapid.SampledFrom([]string{"", "a", "b", "ab"}).Draw(t, "name")] = drawJSON(t, depth-1)
	}
	return out
}

// wrong is an evaluator that lies about one rule.
type wrong struct {
	Evaluator
	lie func(d *Decision)
}

func (w wrong) Evaluate(ctx context.Context, c *Context, resource *Resource) (*Decision, error) {
	d, err := w.Evaluator.Evaluate(ctx, c, resource)
	if err != nil {
		return nil, err
	}
	told := *d
	w.lie(&told)
	return &told, nil
}

// TestDifferentialSeesEveryPart lies about each part of a decision in turn.
func TestDifferentialSeesEveryPart(t *testing.T) {
	t.Parallel()
	r := load(t, small(t))
	old := letter()
	old["status"] = "superseded"
	c := Case{Input: facts(), Resource: old}
	for name, lie := range map[string]func(d *Decision){
		"allow": func(d *Decision) { d.Allow = !d.Allow }, "rule": func(d *Decision) { d.Rule = "P2" }, "layer": func(d *Decision) { d.Layer = "law" },
		"tell": func(d *Decision) { d.Tell = !d.Tell }, "reason": func(d *Decision) { d.Reason.FR = "" }, "remedy": func(d *Decision) { d.Remedy.EN = "" },
		"no obligations": func(d *Decision) { d.Obligations = nil }, "revision": func(d *Decision) { d.Revision = "x" },
		"obligation": func(d *Decision) {
			d.Obligations = []Obligation{{Type: "trace", Properties: map[string]any{"status": "x"}}}
		},
	} {
		if err := Differential(t.Context(), r.Reference(), wrong{r.Reference(), lie}, c); err == nil {
			t.Errorf("a lie about %s goes unseen", name)
		}
	}
	if err := Differential(t.Context(), r.Reference(), wrong{r.Reference(), func(*Decision) {}}, c); err != nil {
		t.Error(err)
	}
}

func TestIDsOrderAsPeopleRead(t *testing.T) {
	t.Parallel()
	rules := map[string]Rule{}
	for _, id := range []string{"P10", "P2", "L1", "P2.b", "P2.a", "M1"} {
		rules[id] = Rule{ID: id}
	}
	s := newStats(rules)
	for id := range rules {
		s.known(&Decision{Rule: id}).tally()
	}
	got := ""
	for _, c := range s.Counts() {
		got += fmt.Sprint(c.Rule, " ")
	}
	if diff := cmp.Diff("L1 M1 P2 P2.a P2.b P10 ", got); diff != "" {
		t.Error(diff)
	}
}
