package fhir

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// errExpression says that a search expression uses FHIRPath beyond the part
// that R4's search parameters use.
var errExpression = errors.New("unsupported search expression")

// segment is one step of a path as written: a name, a call or an index.
type segment struct {
	name  string
	call  bool
	index int // -1 for none
	text  string
	path  []segment // left side inside where(), or before a comparison
	op    string    // =, != or is inside where()
}

// clause is one side of a union: a path, or a conjunction of tests.
type clause struct {
	path  []segment
	tests []segment // op "exists", "=" or "!=" over their path
}

// lex splits an expression into names, strings (kept with their quote), numbers
// and signs.
func lex(s string) ([]string, error) {
	var tokens []string
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			i++
		case c == '\'':
			end := strings.IndexByte(s[i+1:], '\'')
			if end < 0 {
				return nil, fmt.Errorf("%w: open string", errExpression)
			}
			tokens = append(tokens, s[i:i+1+end])
			i += end + 2
		case isWord(c) || c == '%':
			from := i
			for i++; i < len(s) && isWord(s[i]); i++ {
			}
			tokens = append(tokens, s[from:i])
		case strings.HasPrefix(s[i:], "!="):
			tokens = append(tokens, "!=")
			i += 2
		case strings.IndexByte("().[]|=", c) >= 0:
			tokens = append(tokens, s[i:i+1])
			i++
		default:
			return nil, fmt.Errorf("%w: character %q", errExpression, c)
		}
	}
	return tokens, nil
}

func isWord(c byte) bool {
	return c|0x20-'a' < 26 || c-'0' < 10 || c == '_'
}

// reader reads clauses from tokens.
type reader struct {
	tokens []string
	err    error
}

func (r *reader) peek() string {
	if len(r.tokens) == 0 {
		return ""
	}
	return r.tokens[0]
}

func (r *reader) take() string {
	t := r.peek()
	if len(r.tokens) > 0 {
		r.tokens = r.tokens[1:]
	}
	return t
}

func (r *reader) accept(t string) bool {
	if r.peek() != t {
		return false
	}
	r.take()
	return true
}

func (r *reader) expect(t string) {
	if !r.accept(t) {
		r.fail()
	}
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = fmt.Errorf("%w at %q", errExpression, r.peek())
	}
	r.tokens = nil
}

// parseExpression reads an expression as a union of clauses.
func parseExpression(s string) ([]clause, error) {
	tokens, err := lex(s)
	if err != nil {
		return nil, err
	}
	r := &reader{tokens: tokens}
	all := []clause{r.clause()}
	for r.accept("|") {
		all = append(all, r.clause())
	}
	if len(r.tokens) > 0 {
		r.fail()
	}
	return all, r.err
}

// clause reads a path, or tests joined by and.
func (r *reader) clause() clause {
	path := r.path()
	test, found := r.test(path)
	if !found {
		return clause{path: path}
	}
	c := clause{tests: []segment{test}}
	for r.accept("and") {
		test, found := r.test(r.path())
		if !found {
			r.fail()
		}
		c.tests = append(c.tests, test)
	}
	return c
}

// test recognises exists() at the end of a path, or a comparison behind it.
func (r *reader) test(path []segment) (segment, bool) {
	if n := len(path); n > 0 && path[n-1].call && path[n-1].name == "exists" {
		return segment{op: "exists", path: path[:n-1]}, true
	}
	if op := r.peek(); op == "=" || op == "!=" {
		r.take()
		return segment{op: op, path: path, text: r.literal()}, true
	}
	return segment{}, false
}

// literal reads 'text', true or false; the text without its quote.
func (r *reader) literal() string {
	t := r.take()
	if quoted, found := strings.CutPrefix(t, "'"); found {
		return quoted
	}
	if t != "true" && t != "false" {
		r.fail()
	}
	return t
}

// path reads a.b.c, parentheses around its beginning and "as Type" behind it.
func (r *reader) path() []segment {
	var path []segment
	if r.accept("(") {
		path = r.path()
		r.expect(")")
	} else {
		path = []segment{r.segment()}
	}
	for r.accept(".") {
		path = append(path, r.segment())
	}
	if r.accept("as") {
		path = append(path, segment{name: "as", call: true, index: -1, text: r.take()})
	}
	return path
}

func (r *reader) segment() segment {
	s := segment{name: r.take(), index: -1}
	if s.name == "" || !isWord(s.name[0]) && s.name[0] != '%' {
		r.fail()
		return s
	}
	if r.accept("(") {
		s.call = true
		r.argument(&s)
		r.expect(")")
	}
	if r.accept("[") {
		index, err := strconv.Atoi(r.take())
		if err != nil || index < 0 {
			r.fail()
		}
		s.index = index
		r.expect("]")
	}
	return s
}

// argument reads what a function takes.
func (r *reader) argument(s *segment) {
	switch s.name {
	case "exists", "resolve":
	case "as", "ofType":
		s.text = r.take()
	case "extension", "hasExtension":
		s.text = r.literal()
	case "where":
		s.path = r.path()
		switch s.op = r.peek(); s.op {
		case "=":
			r.take()
			s.text = r.literal()
		case "is":
			r.take()
			s.text = r.take()
		default:
			s.op = ""
		}
	default:
		r.fail()
	}
}
