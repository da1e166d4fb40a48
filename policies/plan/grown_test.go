package plan_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
)

// grower writes policies at random, in which what the page tells and what a document tells meet: rules with several bodies, `else` and
// default, sets and objects made by parts, functions, negation, loops, comprehensions, and now and then what fails. A policy grown from a
// number is always the same.
type grower struct {
	draw  func(n int) int
	out   strings.Builder
	made  []grownRule
	vars  int
	deep  int
	bold  bool // what it says may fail
	named bool // rules p.one and p.two are there, to be found by a name
}

// grownRule is a rule that later ones may lean on.
type grownRule struct {
	name string
	kind int
}

// The kinds of grown rules.
const (
	oneValue = iota
	yes
	setOf
	objectOf
	function
	deepOf
	kinds
)

// grow gives a policy and its query: all that its rules say.
func grow(seed uint64) string {
	rng := rand.New(rand.NewPCG(seed, 0x67726f776e))
	g := &grower{draw: rng.IntN, bold: rng.IntN(4) == 0}
	g.line("package grown\n\nimport rego.v1\n")
	for _, name := range []string{"one", "two"} {
		body, seen := g.body(nil)
		g.line("p.%s := %s if {\n%s}\n", name, g.term(seen), body)
	}
	g.named = true
	for range 4 + g.draw(7) {
		g.rule()
	}
	for _, r := range g.made {
		switch r.kind {
		case function:
			g.line("says contains [%q, v] if v := %s(%s)\n", r.name, r.name, g.given())
		default:
			g.line("says contains [%q, %s]\n", r.name, r.name)
		}
	}
	return g.out.String()
}

func (g *grower) line(format string, args ...any) { fmt.Fprintf(&g.out, format+"\n", args...) }

func (g *grower) of(list ...string) string { return list[g.draw(len(list))] }

func (g *grower) fresh() string {
	g.vars++
	return fmt.Sprintf("v%d", g.vars)
}

// rule writes one rule, of one body or several.
func (g *grower) rule() {
	r := grownRule{fmt.Sprintf("r%d", len(g.made)), g.draw(kinds)}
	switch r.kind {
	case oneValue, yes:
		g.complete(r)
	case setOf:
		for range 1 + g.draw(3) {
			body, seen := g.body(nil)
			g.line("%s contains %s if {\n%s}\n", r.name, g.term(seen), body)
		}
	case objectOf:
		body, seen := g.body(nil)
		g.line("%s[%s] := %s if {\n%s}\n", r.name, g.key(seen), g.of("true", "1", g.page(), g.term(seen)), body)
	case deepOf:
		body, seen := g.body(nil)
		g.line("%s[%s][%s] := %s if {\n%s}\n", r.name, g.key(seen), g.key(seen), g.of("true", "1", g.page()), body)
	case function:
		for i := range 1 + g.draw(2) {
			arg, seen := "a", []string{"a"}
			if g.draw(3) == 0 {
				arg, seen = g.of(`"x"`, `"c1"`, "1"), nil
			}
			body, seen := g.body(seen)
			value := g.of(`"same"`, g.term(seen))
			if i == 0 && g.draw(3) > 0 || !g.bold {
				value = `"same"`
			}
			g.line("%s(%s) := %s if {\n%s}\n", r.name, arg, value, body)
		}
	}
	g.made = append(g.made, r)
}

// complete writes a rule of one value: true, or another; with a default, and with `else`.
func (g *grower) complete(r grownRule) {
	value := func(seen []string) string {
		if r.kind == yes {
			return "true"
		}
		return g.of(`"first"`, `"first"`, "false", "0", g.term(seen))
	}
	bodies := 1 + g.draw(3)
	if one := value(nil); bodies > 1 && !g.bold {
		value = func([]string) string { return one }
	}
	if g.draw(4) == 0 {
		g.line("default %s := %s\n", r.name, g.of("false", `"first"`, "0"))
	}
	for range bodies {
		body, seen := g.body(nil)
		g.line("%s := %s if {\n%s}", r.name, value(seen), body)
		if g.draw(4) == 0 {
			body, seen = g.body(nil)
			g.line("else := %s if {\n%s}", g.of("false", `"second"`, g.term(seen)), body)
		}
		g.line("")
	}
}

// body writes conditions, and gives the variables that they bind.
func (g *grower) body(seen []string) (string, []string) {
	var b strings.Builder
	given := len(seen)
	seen = append([]string(nil), seen...)
	for range 1 + g.draw(3) {
		var c string
		c, seen = g.condition(seen)
		b.WriteString("\t" + c + "\n")
	}
	for _, v := range seen[given:] { // OPA wants each of them used
		if n := len(regexp.MustCompile(`\b`+v+`\b`).FindAllString(b.String(), 2)); n == 1 {
			b.WriteString("\t" + v + " == " + v + "\n")
		}
	}
	return b.String(), seen
}

func (g *grower) condition(seen []string) (string, []string) {
	switch g.draw(20) {
	case 0, 1, 2:
		return g.pageCondition(), seen
	case 3, 4, 5:
		return g.documentCondition(), seen
	case 6:
		return "not " + strings.ReplaceAll(g.documentCondition(), "_", "0"), seen
	case 7:
		return "not " + strings.ReplaceAll(g.pageCondition(), "_", "0"), seen
	case 8, 9:
		return g.of("", "", "not ") + g.leaned(seen), seen
	case 10, 11:
		v := g.fresh()
		return "some " + v + " in " + g.list(seen), append(seen, v)
	case 12:
		v := g.fresh()
		return v + " := " + g.term(seen), append(seen, v)
	case 13:
		v := g.fresh()
		return fmt.Sprintf("every %s in %s { %s }", v, g.list(seen), g.comparedTo(v, append(seen, v))), seen
	case 14:
		v, w := g.fresh(), g.fresh()
		return fmt.Sprintf("some %s, %s in %s", v, w, g.of("input.resource", "input.resource.t", g.list(seen))), append(seen, v, w)
	case 15:
		if g.bold {
			return g.failing(seen), seen
		}
	}
	return g.of("", "", "not ") + g.compared(seen), seen
}

func (g *grower) pageCondition() string {
	return g.of(`input.a == "x"`, `input.a != "y"`, `input.mode == "own"`, `input.names[_] == "x"`, "input.flag", `"x" in input.names`, "input.mode",
		`input.mode in {"own", "other"}`, "count(input.names) > 1", "input.a == input.names[0]")
}

func (g *grower) documentCondition() string {
	return g.of(`input.resource.c == "c1"`, "input.resource.b", "input.resource.k > 1", "input.resource.list[_] == input.a", "input.resource",
		"input.resource.t.u == input.resource.k", `"x" in input.resource.list`, "input.resource.b != input.flag", `input.resource.c in {"c1", "c2"}`,
		"count(input.resource.list) > 1", "input.resource.c", "input.resource.t", "input.resource.k == 1", "input.resource == input.resource.t")
}

// failing writes a condition that now and then ends the evaluation with an error.
func (g *grower) failing(seen []string) string {
	switch g.draw(4) {
	case 0:
		return "to_number(" + g.of(g.page(), g.document()) + ") == 1"
	case 1:
		return "4 / " + g.of("input.resource.k", "input.n") + " > 1"
	case 2:
		return "object.get(" + g.of("input.resource", "data.table", "input.resource.t") + `, "u", ` + g.term(seen) + ") == 1"
	}
	return "startswith(" + g.of("input.a", "input.resource.c") + `, "` + g.of("c", "x") + `")`
}

// compared compares two values, of which one may be of any type.
func (g *grower) compared(seen []string) string {
	return g.comparedTo(g.of(append([]string{g.page(), g.document()}, seen...)...), seen)
}

func (g *grower) comparedTo(one string, seen []string) string {
	other := g.term(seen)
	if g.draw(2) == 0 {
		one, other = other, one
	}
	return one + g.of(" == ", " == ", " != ", " < ") + other
}

// leaned is a condition on an earlier rule.
func (g *grower) leaned(seen []string) string {
	if len(g.made) == 0 {
		return g.pageCondition()
	}
	switch r := g.made[g.draw(len(g.made))]; r.kind {
	case setOf:
		return r.name + "[" + g.key(seen) + "]"
	case objectOf:
		return r.name + "[" + g.key(seen) + "]" + g.of("", " == 1")
	case deepOf:
		return r.name + "[" + g.key(seen) + "]" + g.of("", "["+g.key(seen)+"]", "["+g.key(seen)+"] == 1")
	case function:
		return r.name + "(" + g.argument(seen) + ")" + g.of("", ` == "same"`)
	default:
		return r.name + g.of("", "", ` == "first"`, " == true", " != false", " with input.a as "+g.of("input.resource.c", "input.mode", `"x"`),
			" with input.resource as "+g.of("input.resource.t", `{"k": 1}`))
	}
}

func (g *grower) page() string {
	return g.of("input.a", "input.mode", "input.n", "input.flag", "input.names")
}

func (g *grower) document() string {
	return g.of("input.resource.b", "input.resource.c", "input.resource.k", "input.resource.list", "input.resource.t", "input.resource.t.u", "input.resource",
		"input.resource.list[0]", "input.resource.k")
}

// given is an argument that stands alone.
func (g *grower) given() string { return g.of(g.page(), g.document(), g.document(), `"x"`, "1") }

func (g *grower) argument(seen []string) string { return g.of(g.given(), g.document(), g.term(seen)) }

func (g *grower) key(seen []string) string {
	return g.of(`"x"`, "input.a", "input.resource.c", "input.resource.c", append([]string{`"c1"`}, seen...)[g.draw(1+len(seen))])
}

func (g *grower) list(seen []string) string {
	switch g.draw(7) {
	case 0:
		return "[" + g.term(seen) + ", " + g.term(seen) + "]"
	case 1:
		for _, r := range g.made {
			if (r.kind == setOf || r.kind == objectOf) && g.draw(2) == 0 {
				return r.name
			}
		}
	case 2, 3:
		return "input.names"
	case 4:
		return "object.keys(" + g.of("input.resource", "input.resource.t", "data.table") + ")"
	}
	return "input.resource.list"
}

// term writes a value.
func (g *grower) term(seen []string) string {
	g.deep++
	defer func() { g.deep-- }()
	if n := len(seen); n > 0 && g.draw(3) == 0 {
		return seen[g.draw(n)]
	}
	if g.deep > 2 {
		return g.of(g.page(), g.document(), `"x"`, "1")
	}
	switch g.draw(20) {
	case 16:
		return "sprintf(\"%v %v\", [" + g.term(seen) + ", " + g.document() + "])"
	case 17:
		return "object.union({" + `"p": ` + g.term(seen) + `}, {"q": ` + g.document() + "})"
	case 18:
		return "input.resource[" + g.key(seen) + "]"
	case 0, 1:
		return g.of(`"x"`, `"c1"`, "1", "2", "true", "false", "null")
	case 2, 3:
		return g.page()
	case 4, 5, 6, 7:
		return g.document()
	case 8:
		v := g.fresh()
		return fmt.Sprintf("[%s | some %s in %s; %s]", g.of(v, g.term(append(seen, v))), v, g.list(seen), g.comparedTo(v, append(seen, v)))
	case 9:
		v := g.fresh()
		return fmt.Sprintf("{%s | some %s in %s}", v, v, g.list(seen))
	case 10:
		return fmt.Sprintf("{%q: %s, %q: %s}", g.of("p", "q"), g.term(seen), g.of("r", "s", "p"), g.term(seen))
	case 11:
		return g.of("count(", "count(") + g.list(seen) + ")"
	case 12:
		return g.of("min(", "min(", "max(") + g.sets() + ")"
	case 13:
		return "(" + g.sets() + g.of(" | ", " & ", " - ") + g.sets() + ")"
	case 14:
		if g.named && g.draw(2) == 0 {
			return "p[" + g.of("input.resource.c", "input.mode", `"one"`) + "]"
		}
		return "data.table[" + g.key(seen) + "]" + g.of("", "[input.a]")
	}
	return g.value(seen)
}

func (g *grower) sets() string {
	for _, r := range g.made {
		if r.kind == setOf && g.draw(2) == 0 {
			return r.name
		}
	}
	return g.of("{input.a}", "{x | some x in input.resource.list}", "{x | some x in input.names}", `{"x", input.resource.c}`)
}

// value is what an earlier rule says.
func (g *grower) value(seen []string) string {
	for range 4 {
		if len(g.made) == 0 {
			break
		}
		switch r := g.made[g.draw(len(g.made))]; r.kind {
		case oneValue, yes:
			return r.name
		case function:
			return r.name + "(" + g.argument(seen) + ")"
		case objectOf:
			return g.of(r.name, r.name+"["+g.key(seen)+"]")
		}
	}
	return g.document()
}
