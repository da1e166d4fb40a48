package plan_test

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// residueCase is a small policy, one thing about it that what is left for a page must respect, and documents that tell.
type residueCase struct {
	what      string
	rules     string // what they say goes by `says`
	inputs    []string
	documents []string // "" is none
	query     string   // "" is what they say
}

var residueCases = []residueCase{
	{
		"a set that is empty for one document is not taken for the next from room that another rule has used since",
		`r1 contains 2 if min({input.a}) < input.resource.k
		 r4 if r1[input.resource.c]
		 r5 contains input.resource.list if { not input.resource.list[0] != r4; every v in object.keys(input.resource) { v < v } }
		 says contains ["r1", r1]
		 says contains ["r5", r5]`,
		[]string{`{"a": "y", "n": 2}`},
		[]string{`{"c": "x", "k": 1, "list": ["x"]}`, `{"c": "x", "k": 1, "list": ["x"]}`, `{"c": "x", "k": 1, "list": []}`, `{"c": "c2", "k": 1, "list": ["x"], "t": {}}`,
			`{"b": null, "c": false, "k": 1, "list": ["x"], "t": {}}`, `{"b": null, "c": false, "k": 1, "list": ["x"], "t": {}}`},
		"",
	},
	{
		"a body that fails for the page still fails with an error where it would have met one before",
		`r1 if { to_number(input.resource.k) == 1; count(input.names) > 1 }
		 says contains ["r1", r1]
		 says contains "always"`,
		[]string{`{"names": ["x"]}`, `{"names": ["x", "y"]}`},
		[]string{`{"k": "1"}`, `{"k": "x"}`, `{"k": "2"}`, `{"k": "x"}`, `{}`, `{"k": 1}`},
		"",
	},
	{
		"a rule with two values fails although a body that asks for it fails for the page",
		`r1 := input.resource.k if input.resource.b
		 r1 := 1 if input.resource.c
		 r2 if { r1; count(input.names) > 1 }
		 says contains ["r2", r2]
		 says contains "always"`,
		[]string{`{"names": ["x"]}`, `{"names": ["x", "y"]}`},
		[]string{`{"k": 1, "b": true, "c": "c"}`, `{"k": 2, "b": true, "c": "c"}`, `{"k": 2, "b": true}`, `{"k": 2, "b": true, "c": "c"}`, `{}`, `{"k": 1.0, "b": true, "c": "c"}`},
		"",
	},
	{
		"a function that never has a value is called if it may fail",
		`f(x) if { to_number(x) == 1; count(input.names) > 1 }
		 r1 if f(input.resource.k)
		 says contains ["r1", r1]
		 says contains "always"`,
		[]string{`{"names": ["x"]}`, `{"names": ["x", "y"]}`},
		[]string{`{"k": "1"}`, `{"k": "x"}`, `{"k": "2"}`, `{"k": "x"}`, `{}`, `{"k": 1}`},
		"",
	},
	{
		"a condition of the page that fails with an error tells nothing, and fails where it is met",
		`r1 if { input.resource.b; to_number(input.a) == 1 }
		 says contains ["r1", r1]
		 says contains "always"`,
		[]string{`{}`, `{"a": "x"}`, `{"a": "2"}`, `{"a": "x"}`, `{"a": "1"}`},
		[]string{`{"b": false}`, `{"b": true}`, `{}`, `{"b": true}`, `{"b": false}`},
		"",
	},
	{
		"what always fails with an error fails where it is met",
		`r1 if { input.resource.b; to_number("x") == 1 }
		 says contains ["r1", r1]
		 says contains "always"`,
		[]string{`{}`},
		[]string{`{"b": false}`, `{"b": true}`, `{}`, `{"b": true}`, `{"b": false}`},
		"",
	},
	{
		"a member of the input may have one that is called as what varies",
		`r1 := input.other.resource.k
		 r2 := input.resource.k
		 r3 := input.resource.resource.k
		 says contains ["r1", r1]
		 says contains ["r2", r2]
		 says contains ["r3", r3]`,
		[]string{`{"other": {"resource": {"k": 7}}}`, `{"other": {"resource": {}}}`},
		[]string{`{"k": 1}`, `{"k": 2}`, `{"resource": {"k": 3}}`, `{"k": 1, "resource": {"k": 4}}`},
		"",
	},
	{
		"an object may be given a name twice",
		`says contains {"p": input.resource.k, "p": input.resource.c, "q": 1}`,
		[]string{`{}`},
		[]string{`{"k": 1, "c": 1}`, `{"k": 2, "c": 2}`, `{"k": 2, "c": 2.0}`, `{"k": 2, "c": 3}`, `{"k": 2}`, `{"k": 5, "c": 5}`},
		"",
	},
	{
		"a function is asked again about a list made for it",
		`f(l) := "many" if count(l) > 1
		 f(l) := "few" if count(l) <= 1
		 says contains f([x | some x in input.resource.list; x != input.a])`,
		[]string{`{"a": "x"}`},
		[]string{`{"list": [1, 2]}`, `{"list": [1]}`, `{"list": []}`, `{"list": [3, 4]}`, `{"list": ["x", 4]}`},
		"",
	},
	{
		"a list that a function gives is made anew for each document",
		`f(x) := [x, input.a, input.resource.k]
		 g(x) := [x, "y"]
		 says contains f(input.resource.c)
		 says contains [g(input.resource.c), [input.resource.k, [input.resource.k]]]`,
		[]string{`{"a": "x"}`},
		[]string{`{"c": "c", "k": 1}`, `{"c": "c", "k": 1}`, `{"c": "c", "k": 2}`, `{"c": "c"}`, `{"c": "c", "k": 2, "list": [1]}`, `{"c": "d", "k": 2}`},
		"",
	},
	{
		"a function may give its argument back",
		`f(x) := x
		 g(x) := x if input.resource.b
		 says contains ["f", f(input.resource.k)]
		 says contains ["g", g(input.resource.k)]`,
		[]string{`{}`},
		[]string{`{"k": 1}`, `{"k": 2}`, `{"k": [1], "b": true}`, `{}`, `{"k": 1.0, "b": true}`},
		"",
	},
	{
		"a function of two arguments hangs on both",
		`f(x, y) := "same" if x == y
		 f(x, y) := "other" if x != y
		 says contains f(input.resource.c, input.resource.k)`,
		[]string{`{}`},
		[]string{`{"c": 1, "k": 1}`, `{"c": 1, "k": 2}`, `{"c": 1, "k": 1}`, `{"c": 2, "k": 1}`},
		"",
	},
	{
		"what stands after else is asked when a function called before it has no value",
		`f(x) := "one" if x == 1
		 r1 := v if { v := f(input.resource.k) } else := "second"
		 r2 := f(input.resource.k) if { true } else := r1
		 r3 := 1 if input.resource.k == 1
		 r4 := v if { v := r3 } else := "second"
		 says contains ["r1", r1]
		 says contains ["r2", r2]
		 says contains ["r4", r4]`,
		[]string{`{}`},
		[]string{`{"k": 1}`, `{"k": 2}`, `{}`, `{"k": 1}`},
		"",
	},
	{
		"a rule hangs on all of a document when a rule below it is asked with another input",
		`r1 := input.a
		 r2 := v if v := r1 with input.a as input.resource.k
		 r3 := "yes" if r2 == "x"
		 r4 := "no" if not r3
		 says contains ["r3", r3]
		 says contains ["r4", r4]`,
		[]string{`{"a": "y"}`, `{"a": "x"}`},
		[]string{`{"k": "x"}`, `{"k": "y"}`, `{"k": "x"}`, `{}`, `{"k": "x"}`},
		"",
	},
	{
		"numbers that are equal are in a list however they are written, and the first of two stands",
		`r1 if input.resource.k in [1, 2]
		 r2 := 1 if input.resource.k
		 r2 := input.resource.k if input.resource.b
		 r3 := input.resource.k if input.resource.k
		 r3 := 1 if input.resource.b
		 says contains ["r1", r1]
		 says contains ["r2", r2]
		 says contains ["r3", r3]`,
		[]string{`{}`},
		[]string{`{"k": 1, "b": true}`, `{"k": 1.0, "b": true}`, `{"k": 2.0}`, `{"k": 1.0}`, `{"k": 1.0, "b": true}`, `{"k": 3}`},
		"",
	},
	{
		"a member whose name the page tells is another when the document is",
		`r1 := input.resource[input.a]
		 r2 := "yes" if input.resource[input.a] == "x"
		 says contains ["r1", r1]
		 says contains ["r2", r2]`,
		[]string{`{"a": "z"}`, `{"a": "w"}`},
		[]string{`{"z": "x", "w": 1}`, `{"z": "y", "w": 1}`, `{"z": "y", "w": "x"}`, `{"w": "x"}`, `{"z": "x"}`},
		"",
	},
	{
		"min, count, in and union are not only about sets and lists",
		`r1 := min(input.resource.list)
		 r2 := count(input.resource.list)
		 r3 := input.names | input.resource.list
		 r4 if input.a in input.resource.list
		 says contains ["r1", r1]
		 says contains ["r2", r2]
		 says contains ["r4", r4]`,
		[]string{`{"a": "x", "names": []}`},
		[]string{`{"list": ["y", "x"]}`, `{"list": {"y", "x"}}`, `{"list": "yxz"}`, `{"list": []}`, `{"list": {"a": "x"}}`, `{"list": 1}`, `{"list": set()}`},
		"",
	},
	{
		"min is not only about sets",
		`says contains min(input.resource.list)`,
		[]string{`{}`},
		[]string{`{"list": ["y", "x"]}`, `{"list": {"y", "x"}}`, `{"list": [3, 1, 2]}`, `{"list": []}`, `{"list": [1]}`},
		"",
	},
	{
		"count is not only about lists",
		`says contains count(input.resource.list)`,
		[]string{`{}`},
		[]string{`{"list": ["y", "x"]}`, `{"list": "yxz"}`, `{"list": {"y", "x"}}`, `{"list": ""}`, `{"list": {"a": 1}}`, `{"list": "yx"}`},
		"",
	},
	{
		"every is about lists, sets and objects alone",
		`r1 if { every x in input.resource.list { x == "x" } }
		 r2 if not r1
		 says contains ["r1", r1]
		 says contains ["r2", r2]`,
		[]string{`{}`},
		[]string{`{"list": ["x"]}`, `{"list": 1}`, `{"list": "x"}`, `{"list": {"x"}}`, `{"list": ["y"]}`, `{}`, `{"list": {"k": "x"}}`, `{"list": null}`, `{"list": []}`},
		"",
	},
	{
		"a negation whose condition cannot hold for the page holds, unless what comes before it fails",
		`r1 if not to_number(input.resource.k) == input.zzz
		 r2 if not startswith(input.resource.c, input.zzz)
		 r3 if { not input.resource.c == input.zzz; input.resource.k }
		 says contains ["r1", r1]
		 says contains ["r2", r2]
		 says contains ["r3", r3]`,
		[]string{`{"a": "x"}`, `{"zzz": "1"}`},
		[]string{`{"k": "1"}`, `{"k": "1", "c": "c"}`, `{"k": "x"}`, `{"c": "c"}`, `{"k": "2", "c": 1}`},
		"",
	},
	{
		"a union of what are no sets is an error",
		`says contains input.names | input.resource.list`,
		[]string{`{"names": []}`, `{"names": set()}`, `{"names": {"x"}}`},
		[]string{`{"list": []}`, `{"list": ["x"]}`, `{"list": set()}`, `{"list": {"y"}}`, `{"list": {}}`},
		"",
	},
	{
		"a document handed on as an argument is another when any of its members is",
		`f(r) := "yes" if r.b
		 f(r) := "no" if not r.b
		 r1 := f(input.resource)
		 r2 := "told" if r1 == "yes"
		 says contains ["r1", r1]
		 says contains ["r2", r2]`,
		[]string{`{}`},
		[]string{`{"b": true}`, `{"b": false}`, `{"b": true}`, `{}`, `{"b": true, "c": 1}`},
		"",
	},
	{
		"a value is compared, not only asked whether it holds",
		`r1 := true if input.resource.b
		 r1 := false if input.resource.c
		 r2 if r1 != true
		 r3 if r1 == false
		 r4 if r1
		 says contains ["r2", r2]
		 says contains ["r3", r3]
		 says contains ["r4", r4]`,
		[]string{`{}`},
		[]string{`{"b": true}`, `{"c": true}`, `{}`, `{"b": true, "c": false}`},
		"",
	},
	{
		"rules are looked up by a name that a document tells",
		`p.one := input.resource.k
		 p.two := input.a
		 p.three := 3 if input.resource.b`,
		[]string{`{"a": "x"}`, `{}`},
		[]string{`{"n": "one", "k": 1}`, `{"n": "two", "k": 1}`, `{"n": "three", "k": 2}`, `{"n": "three", "k": 2, "b": true}`, `{"n": "four"}`, `{"n": "one", "k": 2}`},
		"x := [v | v := data.grown.p[input.resource.n]]",
	},
	{
		"a query is asked with another input",
		`r1 := [input.a, input.resource.k] if input.resource.b != input.a`,
		[]string{`{"a": "x"}`, `{"a": "y"}`},
		[]string{`{"k": 1, "b": "y"}`, `{"k": 2, "b": "y"}`, `{"k": 2, "b": "z"}`, `{"k": 1}`},
		"x := [v | v := data.grown.r1 with input.a as \"z\"]",
	},
	manyMembers(),
}

func (c residueCase) subject(t testing.TB) *subject {
	t.Helper()
	var pages []subjectPage
	for _, input := range c.inputs {
		page := subjectPage{input: ast.MustParseTerm(input).Value.(ast.Object)}
		for _, text := range c.documents {
			d := subjectDocument{}
			if text != "" {
				d.resource = ast.MustParseTerm(text).Value
			}
			page.documents = append(page.documents, d)
		}
		pages = append(pages, page)
	}
	query := cmp.Or(c.query, "x := data.grown.says")
	s, err := newSubject(t.Context(), "case", query, "package grown\n\nimport rego.v1\n\n"+c.rules, append(pages, pages...))
	if err != nil {
		t.Fatalf("%s: %v", c.what, err)
	}
	s.name = c.what
	return s
}

// TestResidueCases asks each policy about its documents, one after the other.
func TestResidueCases(t *testing.T) {
	t.Parallel()
	for _, c := range residueCases {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			s := c.subject(t)
			for _, fit := range []int{1, 3} {
				seen := &told{}
				if err := s.differs(t.Context(), fit, seen); err != nil {
					t.Errorf("%v", err)
				}
				if seen.unanswered+seen.refused > 0 {
					t.Errorf("no answer where OPA has one: %+v", *seen)
				}
			}
		})
	}
}

// manyMembers is a policy that looks at more members than a set of them has bits, in more combinations than are told apart.
func manyMembers() residueCase {
	c := residueCase{what: "rules look at more members, and more sets of them, than are told apart", inputs: []string{`{}`}}
	const many = 70
	var all []string
	for i := range many {
		c.rules += fmt.Sprintf("r%d := \"yes\" if input.resource.m%d == 1\nsays contains [%d, r%d]\n", i, i, i, i)
		for _, j := range []int{(i + 1) % 60, (i + 7) % 60} {
			c.rules += fmt.Sprintf("s%d_%d := \"both\" if { input.resource.m%d == input.resource.m%d }\nsays contains [%d, %d, s%d_%d]\n", i, j, i, j, i, j, i, j)
		}
		all = append(all, fmt.Sprintf("%q: 0", "m"+strconv.Itoa(i)))
	}
	for _, i := range []int{-1, 0, 1, 30, 40, 45, 50, 55, 58, 59, 60, 61, 62, 63, 64, 65, 69, -1} {
		some := slices.Clone(all)
		if i >= 0 {
			some[i] = fmt.Sprintf("%q: 1", "m"+strconv.Itoa(i))
		}
		c.documents = append(c.documents, "{"+strings.Join(some, ", ")+"}")
	}
	return c
}

// TestNegatedLookupIsRefused keeps to OPA what its planner gets wrong: a rule that a name of the input chooses, negated.
func TestNegatedLookupIsRefused(t *testing.T) {
	t.Parallel()
	s := residueCase{
		"negated", "r1[\"x\"] := input.mode\nr3 := 0 if not r1[input.a] == 1\nsays contains [\"r3\", r3]", []string{`{"a": "x", "mode": "own"}`}, []string{`{"c": 1}`}, "",
	}.subject(t)
	if want := s.pages[0].documents[0].want; want != `{["r3", 0]}` {
		t.Errorf("OPA says %s", want)
	}
	seen := &told{}
	if err := s.differs(t.Context(), 1, seen); err != nil || seen.refused == 0 {
		t.Errorf("%+v, %v", *seen, err)
	}
}
