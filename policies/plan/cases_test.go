package plan_test

import (
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// residueCase is a small policy, one thing about it that what is left for a page must respect, and documents that tell.
type residueCase struct {
	what      string
	rules     string // what they say goes by `says`
	input     string
	documents []string // "" is none
}

var residueCases = []residueCase{
	{
		"a set that is empty for one document is not taken for the next from room that another rule has used since",
		`r1 contains 2 if min({input.a}) < input.resource.k
		 r4 if r1[input.resource.c]
		 r5 contains input.resource.list if { not input.resource.list[0] != r4; every v in object.keys(input.resource) { v < v } }
		 says contains ["r1", r1]
		 says contains ["r5", r5]`,
		`{"a": "y", "n": 2}`,
		[]string{`{"c": "x", "k": 1, "list": ["x"]}`, `{"c": "x", "k": 1, "list": ["x"]}`, `{"c": "x", "k": 1, "list": []}`, `{"c": "c2", "k": 1, "list": ["x"], "t": {}}`,
			`{"b": null, "c": false, "k": 1, "list": ["x"], "t": {}}`, `{"b": null, "c": false, "k": 1, "list": ["x"], "t": {}}`},
	},
}

func (c residueCase) subject(t testing.TB) *subject {
	t.Helper()
	page := subjectPage{input: ast.MustParseTerm(c.input).Value.(ast.Object)}
	for _, text := range c.documents {
		d := subjectDocument{}
		if text != "" {
			d.resource = ast.MustParseTerm(text).Value
		}
		page.documents = append(page.documents, d)
	}
	s, err := newSubject(t.Context(), "case", "x := data.grown.says", "package grown\n\nimport rego.v1\n\n"+c.rules, []subjectPage{page, page})
	if err != nil {
		t.Fatalf("%s: %v", c.what, err)
	}
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
					t.Errorf("no answer: %+v", *seen)
				}
			}
		})
	}
}

// TestNegatedLookupIsRefused keeps to OPA what its planner gets wrong: a rule that a name of the input chooses, negated.
func TestNegatedLookupIsRefused(t *testing.T) {
	t.Parallel()
	s := residueCase{
		"negated", "r1[\"x\"] := input.mode\nr3 := 0 if not r1[input.a] == 1\nsays contains [\"r3\", r3]", `{"a": "x", "mode": "own"}`, []string{`{"c": 1}`},
	}.subject(t)
	if want := s.pages[0].documents[0].want; want != `{["r3", 0]}` {
		t.Errorf("OPA says %s", want)
	}
	seen := &told{}
	if err := s.differs(t.Context(), 1, seen); err != nil || seen.refused != 1 {
		t.Errorf("%+v, %v", *seen, err)
	}
}
