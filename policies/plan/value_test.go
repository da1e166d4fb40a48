package plan_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/pontlevis/pontlevis/policies/plan"
)

// termOf reads a ground value in OPA's syntax.
func termOf(s string) (v ast.Value, ok bool) {
	t, err := ast.ParseTerm(s)
	if err != nil || !ast.IsConstant(t.Value) {
		return nil, false
	}
	switch t.Value.(type) {
	case ast.Null, ast.Boolean, ast.Number, ast.String, *ast.Array, ast.Object, ast.Set:
		return t.Value, true
	}
	return nil, false
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// long says whether a text may hold a number of more digits than OPA compares exactly.
func long(s string) bool {
	digits := 0
	for _, c := range s {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	return digits > 15
}

func TestFromGo(t *testing.T) {
	t.Parallel()
	v, err := plan.FromGo(map[string]any{"b": []string{"x"}, "a": []any{nil, true, 1, 1.5}, "c": map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := v.String(), `{"a": [null, true, 1, 1.5], "b": ["x"], "c": {}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := plan.FromGo(struct{}{}); !errors.Is(err, plan.ErrValue) {
		t.Errorf("a struct is taken: %v", err)
	}
	b, _ := v.Get("b")
	var items []string
	for e := range b.Items() {
		s, _ := e.Text()
		items = append(items, s)
	}
	if diff := cmp.Diff([]string{"x"}, items); diff != "" {
		t.Error(diff)
	}
}

// module compiles one module and asks data.p.x of it.
func module(t *testing.T, text string, o plan.Options) (*plan.Program, error) {
	t.Helper()
	p, err := plan.Of(t.Context(), rego.Query("data.p.x"), rego.Module("p.rego", text))
	if err != nil {
		t.Fatal(err)
	}
	return plan.Compile(p, plan.Entrypoint, plan.NewObject(), o)
}

func TestUnsupportedListsAll(t *testing.T) {
	t.Parallel()
	_, err := module(t, "package p\nx if {\n\ttime.now_ns() > 0\n\tnet.lookup_ip_addr(\"a\") == set()\n}\n", plan.Options{})
	var u *plan.Unsupported
	if !errors.As(err, &u) {
		t.Fatalf("got %v", err)
	}
	want := []plan.Construct{{Kind: "builtin time.now_ns", File: "p.rego", Row: 3}, {Kind: "builtin net.lookup_ip_addr", File: "p.rego", Row: 4}}
	if diff := cmp.Diff(want, u.Constructs); diff != "" {
		t.Error(diff)
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	text := "package p\nx := count([1 | some a in input.l; some b in input.l; some c in input.l; a + b + c == -1])\n"
	p, err := module(t, text, plan.Options{Steps: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	list := make([]any, 200)
	for i := range list {
		list[i] = i
	}
	in, _ := plan.FromGo(map[string]any{"l": list})
	page := p.Page(in)
	defer page.Close()
	if _, err := page.Evaluate(t.Context(), plan.Value{}); !errors.Is(err, plan.ErrBudget) {
		t.Errorf("eight million turns end with %v", err)
	}
}

func TestConflict(t *testing.T) {
	t.Parallel()
	p, err := module(t, "package p\nx := 1 if input.a\nx := 2 if input.v\n", plan.Options{Vary: "v"})
	if err != nil {
		t.Fatal(err)
	}
	in, _ := plan.FromGo(map[string]any{"a": true})
	page := p.Page(in)
	defer page.Close()
	yes, _ := plan.FromGo(true)
	if _, err := page.Evaluate(t.Context(), yes); !errors.Is(err, plan.ErrConflict) {
		t.Errorf("two values of one rule: %v", err)
	}
	if v, err := page.Evaluate(t.Context(), plan.Value{}); err != nil || v.String() != "1" {
		t.Errorf("after a conflict: %v, %v", v, err)
	}
}
