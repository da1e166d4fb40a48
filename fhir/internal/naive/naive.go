// Package naive evaluates the expressions of search parameters as a second opinion for tests: it reads them with regular
// expressions and walks decoded maps without knowing any definition. A choice is a member whose name goes on with a
// type. It shares nothing with package fhir, which it is held against.
package naive

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	whereStep  = regexp.MustCompile(`^where\((\w+) ?= ?'([^']*)'\)$`)
	targetStep = regexp.MustCompile(`^where\(resolve\(\) is (\w+)\)$`)
	hasStep    = regexp.MustCompile(`^where\(hasExtension\('([^']*)'\)\)$`)
	extStep    = regexp.MustCompile(`^extension\('([^']*)'\)$`)
	asStep     = regexp.MustCompile(`^(?:as|ofType)\((\w+)\)$`)
	indexStep  = regexp.MustCompile(`^(\w+)\[(\d)\]$`)
	infixStep  = regexp.MustCompile(`^\(?([^ ]+) as (\w+)\)?((?:\..*)?)$`)
)

// Item is a value that an expression leads to.
type Item struct {
	Value  any
	Choice string // what followed the name of its element: "Quantity" of valueQuantity
}

// evaluation is one resource being looked at.
type evaluation struct {
	root   map[string]any
	isType func(string) bool
}

// noChoices are members that end like a choice of another element and are elements of their own.
var noChoices = []string{"subscriberId", "statusDate", "targetLocation"}

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

// Evaluate follows a search parameter's expression from a focus in a decoded resource: the resource itself, or an
// element of a composite. isType tells the names of R4's types.
func Evaluate(expression string, root map[string]any, focus any, isType func(string) bool) []Item {
	e := evaluation{root, isType}
	var found []Item
	for _, part := range splitOutside(expression, "|") {
		part = strings.TrimSpace(part)
		// "extension('u').value as T" is "extension('u').value.as(T)".
		if m := infixStep.FindStringSubmatch(part); m != nil {
			part = m[1] + ".as(" + m[2] + ")" + m[3]
		}
		steps := splitOutside(part, ".")
		switch head := steps[0]; {
		case head == root["resourceType"], head == "Resource", head == "DomainResource":
			steps = steps[1:]
		case head == "%resource":
		case head[0] >= 'A' && head[0] <= 'Z':
			continue
		}
		items := []Item{{Value: focus}}
		if len(steps) > 0 && steps[0] == "%resource" {
			items, steps = []Item{{Value: root}}, steps[1:]
		}
		for _, s := range steps {
			items = e.step(items, s)
		}
		found = append(found, items...)
	}
	return found
}

func (e *evaluation) step(items []Item, s string) []Item {
	keep := func(test func(m map[string]any) bool) []Item {
		return slices.DeleteFunc(slices.Clone(items), func(i Item) bool {
			m, ok := i.Value.(map[string]any)
			return !ok || !test(m)
		})
	}
	if m := whereStep.FindStringSubmatch(s); m != nil {
		return keep(func(v map[string]any) bool { return v[m[1]] == m[2] })
	}
	if m := targetStep.FindStringSubmatch(s); m != nil {
		return keep(func(v map[string]any) bool { return resolves(v, m[1], e.root) })
	}
	if m := hasStep.FindStringSubmatch(s); m != nil {
		return keep(func(v map[string]any) bool { return len(extensions(v, m[1])) > 0 })
	}
	if m := asStep.FindStringSubmatch(s); m != nil {
		return slices.DeleteFunc(slices.Clone(items), func(i Item) bool { return !strings.EqualFold(i.Choice, m[1]) })
	}
	if m := indexStep.FindStringSubmatch(s); m != nil {
		inner := e.step(items, m[1])
		if i, _ := strconv.Atoi(m[2]); i < len(inner) {
			return inner[i : i+1]
		}
		return nil
	}
	var found []Item
	m := extStep.FindStringSubmatch(s)
	for _, i := range items {
		v, ok := i.Value.(map[string]any)
		switch {
		case !ok:
		case m != nil:
			found = append(found, extensions(v, m[1])...)
		default:
			found = append(found, e.children(v, s)...)
		}
	}
	return found
}

func extensions(v map[string]any, url string) []Item {
	var found []Item
	list, _ := v["extension"].([]any)
	for _, x := range list {
		if x.(map[string]any)["url"] == url {
			found = append(found, Item{Value: x})
		}
	}
	return found
}

func (e *evaluation) children(v map[string]any, name string) []Item {
	var found []Item
	var names []string
	for k := range v {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		rest, matches := strings.CutPrefix(k, name)
		if !matches || slices.Contains(noChoices, k) && k != name || rest != "" && (v[name] != nil || !e.isType(rest) && !e.isType(strings.ToLower(rest[:1])+rest[1:])) {
			continue
		}
		list, many := v[k].([]any)
		if !many {
			list = []any{v[k]}
		}
		for _, x := range list {
			if x != nil {
				found = append(found, Item{x, rest})
			}
		}
	}
	return found
}

// resolves guesses the type a reference points to.
func resolves(v map[string]any, typ string, root map[string]any) bool {
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
