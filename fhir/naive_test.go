package fhir

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/fhir/internal/naive"
)

// naively evaluates an expression from the root of a resource by the second opinion of package naive.
func naively(expression string, root map[string]any) []any {
	var found []any
	for _, i := range naive.Evaluate(expression, root, root, func(name string) bool { return DefinitionOf(name) != nil }) {
		found = append(found, i.Value)
	}
	return found
}

// plain makes found values comparable whatever their order.
func plain(values []any) []string {
	var texts []string
	for _, v := range values {
		b, _ := json.Marshal(v)
		texts = append(texts, string(b))
	}
	slices.Sort(texts)
	return texts
}

func TestExpressionsAgreeWithNaiveEvaluation(t *testing.T) {
	t.Parallel()
	evaluations, nodes := 0, 0
	hits := map[string]bool{}
	for _, pattern := range []string{"hl7-r4-examples/*", "fr-ans/examples", "synthea-bulk-2025/*", "synthea-hiv-2021/1-*"} {
		seen := map[string]int{}
		eachResource(t, pattern, func(name string, r *Resource) {
			if seen[r.Type()]++; seen[r.Type()] > 60 {
				return
			}
			root := decoded(r.Node()).(map[string]any)
			for _, p := range Params(r.Type()) {
				if strings.Contains(p.Expression, ".exists()") {
					continue // tested by hand
				}
				var got []any
				for _, n := range p.Nodes(r) {
					got = append(got, decoded(n))
				}
				evaluations++
				nodes += len(got)
				if len(got) > 0 {
					hits[p.URL] = true
				}
				if g, w := plain(got), plain(naively(p.Expression, root)); !reflect.DeepEqual(g, w) {
					t.Errorf("%s %s (%s):\n got %v\nwant %v", name, p.Name, p.Expression, g, w)
				}
			}
		})
	}
	t.Logf("%d evaluations found %d nodes through %d parameters", evaluations, nodes, len(hits))
	if nodes < 10_000 || len(hits) < 300 {
		t.Errorf("too little was compared: %d nodes, %d parameters", nodes, len(hits))
	}
}
