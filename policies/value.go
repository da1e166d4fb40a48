package policies

import (
	"encoding/json"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/pontlevis/pontlevis/policies/plan"
)

// canonical is a value in canonical bytes, as appendValue writes them; what reads it trusts that they are whole.
type canonical string

// reader goes through canonical bytes.
type reader struct {
	s  canonical
	at int
}

// tag takes the next tag.
func (r *reader) tag() byte {
	t := r.s[r.at]
	r.at++
	return t
}

// length takes a uvarint.
func (r *reader) length() int {
	n, shift := 0, 0
	for {
		c := r.s[r.at]
		r.at++
		n |= int(c&0x7f) << shift
		if c < 0x80 {
			return n
		}
		shift += 7
	}
}

// text takes a length and what it measures.
func (r *reader) text() string {
	n := r.length()
	s := r.s[r.at : r.at+n]
	r.at += n
	return string(s)
}

// member takes the name of the next member of an object; false at its end.
func (r *reader) member() (string, bool) {
	if r.tag() == tagEnd {
		return "", false
	}
	return r.text(), true
}

// skip leaves a value out.
func (r *reader) skip() {
	switch r.tag() {
	case tagText, tagNumber:
		n := r.length()
		r.at += n
	case tagArray, tagSet:
		for n := r.length(); n > 0; n-- {
			r.skip()
		}
	case tagObject:
		for {
			if _, more := r.member(); !more {
				return
			}
			r.skip()
		}
	}
}

// find gives a part of a value, by the names of members; false when it is absent.
func (c canonical) find(path []string) (canonical, bool) {
	r := reader{s: c}
steps:
	for _, name := range path {
		if r.tag() != tagObject {
			return "", false
		}
		for {
			k, more := r.member()
			if !more {
				return "", false
			}
			if k == name {
				continue steps
			}
			r.skip()
		}
	}
	begin := r.at
	r.skip()
	return c[begin:r.at], true
}

// empty reports whether a value is surely nothing: an empty string, array or object.
func (c canonical) empty() bool {
	return len(c) == 2 && (c == "s\x00" || c == "a\x00" || c == "o;")
}

// isText gives a string.
func (c canonical) isText() (string, bool) {
	if c == "" || c[0] != tagText {
		return "", false
	}
	r := reader{s: c, at: 1}
	return r.text(), true
}

// term gives the value as OPA's.
func (c canonical) term() ast.Value {
	r := reader{s: c}
	return r.term()
}

func (r *reader) term() ast.Value {
	switch r.tag() {
	case tagTrue:
		return ast.InternedTerm(true).Value
	case tagFalse:
		return ast.InternedTerm(false).Value
	case tagText:
		return ast.String(r.text())
	case tagNumber:
		return ast.Number(json.Number(r.text()))
	case tagArray:
		return ast.NewArray(r.terms()...)
	case tagSet:
		return ast.NewSet(r.terms()...)
	case tagObject:
		var pairs [][2]*ast.Term
		for {
			name, more := r.member()
			if !more {
				return ast.NewObject(pairs...)
			}
			pairs = append(pairs, [2]*ast.Term{ast.InternedTerm(name), ast.NewTerm(r.term())})
		}
	}
	return ast.NullValue
}

func (r *reader) terms() []*ast.Term {
	out := make([]*ast.Term, r.length())
	for i := range out {
		out[i] = ast.NewTerm(r.term())
	}
	return out
}

// value gives the value as the compiled plan takes it. It shares the texts.
func (c canonical) value() (plan.Value, error) {
	r := reader{s: c}
	return r.value()
}

func (r *reader) value() (plan.Value, error) {
	begin := r.at
	switch r.tag() {
	case tagTrue:
		return plan.FromGo(true)
	case tagFalse:
		return plan.FromGo(false)
	case tagText:
		return plan.FromGo(r.text())
	case tagNumber:
		return plan.FromGo(json.Number(r.text()))
	case tagArray:
		return r.values()
	case tagSet:
		r.at = begin
		return plan.FromAST(r.term())
	case tagObject:
		return r.members()
	}
	return plan.FromGo(nil)
}

func (r *reader) values() (plan.Value, error) {
	n := r.length()
	if n > 0 && r.s[r.at] == tagText {
		if texts, ok := r.texts(n); ok {
			return plan.FromGo(texts)
		}
	}
	list := make([]any, n)
	for i := range list {
		v, err := r.value()
		if err != nil {
			return v, err
		}
		list[i] = v
	}
	return plan.FromGo(list)
}

// texts reads n values when all are strings, and stays where it is otherwise.
func (r *reader) texts(n int) ([]string, bool) {
	begin, list := r.at, make([]string, n)
	for i := range list {
		if r.tag() != tagText {
			r.at = begin
			return nil, false
		}
		list[i] = r.text()
	}
	return list, true
}

func (r *reader) members() (plan.Value, error) {
	var few [16]plan.Member
	list := few[:0]
	for {
		name, more := r.member()
		if !more {
			return plan.NewObject(list...), nil
		}
		v, err := r.value()
		if err != nil {
			return v, err
		}
		list = append(list, plan.Member{Name: name, Value: v})
	}
}
