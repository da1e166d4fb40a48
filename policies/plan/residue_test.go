package plan_test

import (
	"math/rand/v2"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/pontlevis/pontlevis/policies/plan"
)

// mixed is a policy in which what the page tells and what a document tells meet in every way: rules that are false, undefined, one of
// several, in conflict; documents looked at whole, under another name, as an argument, member by member.
const mixed = `package mixed

import rego.v1

flag if input.a == "x"

flag := false if input.a == "y"

own := input.resource.b if input.mode == "own"

other := input.resource.b

kind := "first" if {
	input.a == "x"
	input.resource.k == 1
} else := "second" if {
	input.resource.k == 2
} else := "third" if flag

default level := 0

level := input.resource.k if input.mode != "none"

whole := input.resource

named := r.c if r := input.resource

text := sprintf("%v", [input.resource.k])

twice(v) := v * 2 if v > 1

twice(v) := "small" if v <= 1

passed(r) := r.b if input.mode == "own"

passed(r) := r.c if input.mode == "other"

deny contains "a" if other

deny contains "b" if not other

deny contains "c" if {
	input.mode == "own"
	not flag
	some x in input.resource.list
	x == input.a
}

deny contains "d" if {
	other
	input.mode == "other"
	not kind == "second"
}

deny contains x if {
	some x in input.resource.list
	not x in input.names
}

merged := {"k": input.resource.k, "fixed": input.a, "inner": {"c": input.resource.c}}

late := object.union({"z": 1}, {"k": input.resource.k}) if input.mode == "own"

conflict := 1 if input.a == "x"

conflict := input.resource.k if input.mode == "own"

all if every x in input.resource.list { x in input.names }

count_of[x] := n if {
	some x in input.names
	n := count([1 | some y in input.resource.list; y == x])
}

chosen := data.table[input.resource.c][input.a]

scanned := [y | some x in input.names; y := data.table[input.resource.c][x]]

again := [kind | level >= 0]

least := min(deny)

nested if {
	not deny["a"]
	not nothing
}

nothing if {
	input.mode == "none"
	input.resource.c
}

last := v if v := twice(level)

given := v if v := passed(input.resource)

mirror := false if {
	not other
}

mirror if other

seen if mirror

unseen if not mirror
`

var mixedData = map[string]any{"table": map[string]any{"c1": map[string]any{"x": true, "y": "t"}, "c2": map[string]any{"x": false}}}

// TestResidueEqualsOPA decides random documents in random contexts, one after the other on pages, with what is left of the program for them.
func TestResidueEqualsOPA(t *testing.T) {
	t.Parallel()
	queries := []string{
		"flag", "own", "other", "kind", "level", "whole", "named", "text", "deny", "merged", "late", "conflict", "all", "count_of", "chosen",
		"scanned", "again", "least", "nested", "last", "given", "mirror", "seen", "unseen",
	}
	for i, q := range queries {
		t.Run(q, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(uint64(i), 5))
			query := "x := data.mixed." + q
			if i%2 == 0 { // beside others that share its rules
				query = "x := [v | some n in [\"" + queries[(i+5)%len(queries)] + "\", \"" + q + "\", \"" + queries[(i+9)%len(queries)] + "\"]; v := data.mixed[n]]"
			}
			options := []func(*rego.Rego){
				rego.Query(query), rego.Module("mixed.rego", mixed), rego.Store(inmem.NewFromObject(mixedData)),
			}
			reference, err := rego.New(append(options, rego.StrictBuiltinErrors(true),
				rego.GenerateJSON(func(t *ast.Term, _ *rego.EvalContext) (any, error) { return t.Value, nil }))...).PrepareForEval(t.Context())
			must(t, err)
			planned, err := plan.Of(t.Context(), options...)
			must(t, err)
			data, err := plan.FromAST(ast.MustInterfaceToValue(mixedData))
			must(t, err)
			p, err := plan.Compile(planned, plan.Entrypoint, data, plan.Options{Vary: "resource", StrictBuiltinErrors: true, Fit: 1})
			must(t, err)
			for range 60 {
				mixedPage(t, rng, p, reference)
			}
		})
	}
}

func mixedPage(t *testing.T, rng *rand.Rand, p *plan.Program, reference rego.PreparedEvalQuery) {
	t.Helper()
	input := drawn(rng, map[string][]string{"a": {`"x"`, `"y"`, `"z"`}, "mode": {`"own"`, `"other"`, `"none"`}, "names": {`["x"]`, `["x", "y"]`, `[]`}})
	in, err := plan.FromAST(input)
	must(t, err)
	page := p.Page(in)
	defer page.Close()
	for range 12 {
		var resource ast.Object
		var value plan.Value
		whole := ast.NewObject()
		input.Foreach(func(k, v *ast.Term) { whole.Insert(k, v) })
		if rng.IntN(12) > 0 {
			resource = drawn(rng, map[string][]string{
				"b": {"true", "false", "null", `"b"`}, "c": {`"c1"`, `"c2"`, `"c3"`, "false"}, "k": {"1", "2", "1.0", "2.5", "0"},
				"list": {"[]", `["x"]`, `["y", "x"]`, `["z", "z"]`, `["x", 1]`},
			})
			value, err = plan.FromAST(resource)
			must(t, err)
			whole.Insert(ast.StringTerm("resource"), ast.NewTerm(resource))
		}
		rs, wantErr := reference.Eval(t.Context(), rego.EvalParsedInput(whole))
		got, gotErr := page.Evaluate(t.Context(), value)
		if gotErr != nil {
			if wantErr == nil && len(rs) > 0 {
				t.Logf("no answer where OPA has one: %v", gotErr)
			}
			continue
		}
		if wantErr != nil || got.Defined() != (len(rs) > 0) || got.Defined() && got.AST().Compare(rs[0].Bindings["x"].(ast.Value)) != 0 {
			t.Fatalf("input %v\ngot  %v\nwant %v (%v)", whole, got, rs, wantErr)
		}
		if got.Defined() && got.String() != rs[0].Bindings["x"].(ast.Value).String() {
			t.Fatalf("input %v\nwritten %v\nwant    %v", whole, got, rs[0].Bindings["x"])
		}
	}
}

// drawn gives an object with some of the members, each with one of its values.
func drawn(rng *rand.Rand, members map[string][]string) ast.Object {
	out := ast.NewObject()
	for _, name := range []string{"a", "mode", "names", "flag", "n", "b", "c", "k", "list", "t", "m"} {
		values, ok := members[name]
		if n := rng.IntN(len(values) + 1); ok && n < len(values) {
			out.Insert(ast.StringTerm(name), ast.MustParseTerm(values[n]))
		}
	}
	return out
}
