package fhir

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The naive evaluator is a second opinion: it reads expressions with regular
// expressions and walks decoded maps without knowing any definition. A choice
// is a member whose name goes on with a capital letter.

var (
	naiveWhere  = regexp.MustCompile(`^where\((\w+) ?= ?'([^']*)'\)$`)
	naiveTarget = regexp.MustCompile(`^where\(resolve\(\) is (\w+)\)$`)
	naiveHas    = regexp.MustCompile(`^where\(hasExtension\('([^']*)'\)\)$`)
	naiveExt    = regexp.MustCompile(`^extension\('([^']*)'\)$`)
	naiveAs     = regexp.MustCompile(`^(?:as|ofType)\((\w+)\)$`)
	naiveIndex  = regexp.MustCompile(`^(\w+)\[(\d)\]$`)
	naiveInfix  = regexp.MustCompile(`^\(?([^ ]+) as (\w+)\)?((?:\..*)?)$`)
)

type naiveItem struct {
	value  any
	choice string // what followed the name of the element
}

// splitOutside splits at a separator outside parentheses and quotes.
func splitOutside(s, separator string) []string {
	var parts []string
	depth, quote, from := 0, false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			quote = !quote
		case quote:
		case s[i] == '(':
			depth++
		case s[i] == ')':
			depth--
		case depth == 0 && strings.HasPrefix(s[i:], separator):
			parts, from = append(parts, s[from:i]), i+len(separator)
		}
	}
	return append(parts, s[from:])
}

func naive(expression string, root map[string]any) []any {
	var found []any
	for _, part := range splitOutside(expression, "|") {
		part = strings.TrimSpace(part)
		// "extension('u').value as T" is "extension('u').value.as(T)".
		if m := naiveInfix.FindStringSubmatch(part); m != nil {
			part = m[1] + ".as(" + m[2] + ")" + m[3]
		}
		steps := splitOutside(part, ".")
		switch head := steps[0]; {
		case head == root["resourceType"], head == "Resource", head == "DomainResource":
			steps = steps[1:]
		case head[0] >= 'A' && head[0] <= 'Z':
			continue
		}
		items := []naiveItem{{value: root}}
		for _, s := range steps {
			items = naiveStep(items, s, root)
		}
		for _, i := range items {
			found = append(found, i.value)
		}
	}
	return found
}

func naiveStep(items []naiveItem, s string, root map[string]any) []naiveItem {
	keep := func(test func(m map[string]any) bool) []naiveItem {
		return slices.DeleteFunc(slices.Clone(items), func(i naiveItem) bool {
			m, ok := i.value.(map[string]any)
			return !ok || !test(m)
		})
	}
	if m := naiveWhere.FindStringSubmatch(s); m != nil {
		return keep(func(v map[string]any) bool { return v[m[1]] == m[2] })
	}
	if m := naiveTarget.FindStringSubmatch(s); m != nil {
		return keep(func(v map[string]any) bool { return naiveResolves(v, m[1], root) })
	}
	if m := naiveHas.FindStringSubmatch(s); m != nil {
		return keep(func(v map[string]any) bool { return len(naiveExtensions(v, m[1])) > 0 })
	}
	if m := naiveAs.FindStringSubmatch(s); m != nil {
		return slices.DeleteFunc(slices.Clone(items), func(i naiveItem) bool { return !strings.EqualFold(i.choice, m[1]) })
	}
	if m := naiveIndex.FindStringSubmatch(s); m != nil {
		inner := naiveStep(items, m[1], root)
		if i, _ := strconv.Atoi(m[2]); i < len(inner) {
			return inner[i : i+1]
		}
		return nil
	}
	var found []naiveItem
	m := naiveExt.FindStringSubmatch(s)
	for _, i := range items {
		v, ok := i.value.(map[string]any)
		switch {
		case !ok:
		case m != nil:
			found = append(found, naiveExtensions(v, m[1])...)
		default:
			found = append(found, naiveChildren(v, s)...)
		}
	}
	return found
}

func naiveExtensions(v map[string]any, url string) []naiveItem {
	var found []naiveItem
	list, _ := v["extension"].([]any)
	for _, x := range list {
		if x.(map[string]any)["url"] == url {
			found = append(found, naiveItem{value: x})
		}
	}
	return found
}

func naiveChildren(v map[string]any, name string) []naiveItem {
	var found []naiveItem
	var names []string
	for k := range v {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		rest, matches := strings.CutPrefix(k, name)
		if !matches || rest != "" && (v[name] != nil || DefinitionOf(rest) == nil && DefinitionOf(strings.ToLower(rest[:1])+rest[1:]) == nil) {
			continue
		}
		list, many := v[k].([]any)
		if !many {
			list = []any{v[k]}
		}
		for _, x := range list {
			if x != nil {
				found = append(found, naiveItem{x, rest})
			}
		}
	}
	return found
}

// naiveResolves guesses the type a reference points to.
func naiveResolves(v map[string]any, typ string, root map[string]any) bool {
	text, _ := v["reference"].(string)
	if id, found := strings.CutPrefix(text, "#"); found {
		list, _ := root["contained"].([]any)
		for _, c := range list {
			if c := c.(map[string]any); c["id"] == id {
				return c["resourceType"] == typ
			}
		}
		return false
	}
	if regexp.MustCompile(`(^|/)` + typ + `(/[A-Za-z0-9.-]{1,64}(/_history/[^/]*)?|\?.*)$`).MatchString(text) {
		return true
	}
	return v["type"] == typ && !regexp.MustCompile(`[A-Z]\w+[/?]`).MatchString(text)
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
				if g, w := plain(got), plain(naive(p.Expression, root)); !reflect.DeepEqual(g, w) {
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
