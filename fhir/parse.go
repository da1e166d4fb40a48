package fhir

import (
	"sync"
	"unicode/utf8"
)

// Limits bounds what Parse accepts. Zero fields take the defaults.
type Limits struct {
	// Depth is how deep arrays and objects may nest; it keeps the recursion,
	// here and in every reader of the tree, short. Default 64.
	Depth int
	// Bytes is the size of the text. Default 16 MiB, at most 2 GiB.
	Bytes int
	// Nodes is the number of values: a text of "[0,0,0…" costs twenty times its
	// size in memory without it. Default 1 Mi.
	Nodes int
}

// The defaults of Limits.
const (
	DefaultDepth = 64
	DefaultBytes = 16 << 20
	DefaultNodes = 1 << 20
)

func (l Limits) orDefaults() Limits {
	if l.Depth <= 0 {
		l.Depth = DefaultDepth
	}
	if l.Bytes <= 0 {
		l.Bytes = DefaultBytes
	}
	if l.Bytes > 1<<31 {
		l.Bytes = 1 << 31
	}
	if l.Nodes <= 0 {
		l.Nodes = DefaultNodes
	}
	return l
}

// Parse reads one JSON text (RFC 8259) into a tree. Beyond the grammar it
// refuses what two readers could understand differently: member names used
// twice in an object, invalid UTF-8 and lone surrogates (I-JSON, RFC 7493 §2.1
// and §2.3), as well as what exceeds the limits. Errors are *SyntaxError.
// The tree refers to b: the caller must not change b afterwards.
func Parse(b []byte, l Limits) (*Node, error) {
	l = l.orDefaults()
	if len(b) > l.Bytes {
		return nil, &SyntaxError{Offset: l.Bytes, Msg: "the text is too large"}
	}
	if !utf8.Valid(b) {
		return nil, &SyntaxError{Offset: invalidAt(b), Msg: "invalid UTF-8"}
	}
	slab := slabs.Get().(*[]Node)
	p := parser{b: b, nodes: (*slab)[:0], limits: l}
	err := p.document()
	var root *Node
	if err == nil {
		root = p.finish()
	}
	if cap(p.nodes) <= maxPooled {
		*slab = p.nodes[:0]
	}
	slabs.Put(slab)
	if err != nil {
		return nil, err
	}
	return root, nil
}

// maxPooled keeps one enormous text from pinning its slab for ever (nodes).
const maxPooled = 1 << 16

// slabs holds the scratch in which trees grow before they are copied to their
// exact size.
var slabs = sync.Pool{New: func() any { s := make([]Node, 0, 256); return &s }}

func invalidAt(b []byte) int {
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(b)
}

type parser struct {
	b      []byte
	i      int
	nodes  []Node
	limits Limits
}

// finish copies the nodes to a slab of their exact size.
func (p *parser) finish() *Node {
	d := &document{bytes: p.b, text: asText(p.b), nodes: make([]Node, len(p.nodes))}
	copy(d.nodes, p.nodes)
	for i := range d.nodes {
		d.nodes[i].doc = d
	}
	return &d.nodes[0]
}

func (p *parser) fail(at int, msg string) *SyntaxError {
	return &SyntaxError{Offset: at, Msg: msg}
}

// unexpected tells the byte that does not fit, or the end of the text.
func (p *parser) unexpected(wanted string) *SyntaxError {
	if p.i >= len(p.b) {
		return p.fail(len(p.b), "the text ends where "+wanted+" is expected")
	}
	return p.fail(p.i, "unexpected character where "+wanted+" is expected")
}

func (p *parser) space() {
	for p.i < len(p.b) {
		switch p.b[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

func (p *parser) document() error {
	p.space()
	if _, err := p.value(0); err != nil {
		return err
	}
	p.space()
	if p.i < len(p.b) {
		return p.fail(p.i, "data after the value")
	}
	return nil
}

// value reads one value and returns its place in the slab.
func (p *parser) value(depth int) (uint32, *SyntaxError) {
	if p.i >= len(p.b) {
		return 0, p.unexpected("a value")
	}
	if len(p.nodes) >= p.limits.Nodes {
		return 0, p.fail(p.i, "too many values")
	}
	self := uint32(len(p.nodes))
	p.nodes = append(p.nodes, Node{start: uint32(p.i), self: self})
	var err *SyntaxError
	kind, escaped := Absent, false
	switch c := p.b[p.i]; c {
	case '"':
		kind = String
		escaped, err = p.str()
	case '{':
		kind = Object
		err = p.object(self, depth+1)
	case '[':
		kind = Array
		err = p.array(self, depth+1)
	case 't':
		kind, err = Bool, p.word("true")
	case 'f':
		kind, err = Bool, p.word("false")
	case 'n':
		kind, err = Null, p.word("null")
	default:
		kind, err = Number, p.number()
	}
	if err != nil {
		return 0, err
	}
	n := &p.nodes[self]
	n.kind, n.escaped, n.end = kind, escaped, uint32(p.i)
	return self, nil
}

func (p *parser) word(w string) *SyntaxError {
	if len(p.b)-p.i < len(w) || string(p.b[p.i:p.i+len(w)]) != w {
		return p.unexpected("a value")
	}
	p.i += len(w)
	return nil
}

func (p *parser) digits() bool {
	from := p.i
	for p.i < len(p.b) && p.b[p.i]-'0' <= 9 {
		p.i++
	}
	return p.i > from
}

// number follows the grammar of RFC 8259 §6; nothing is converted.
func (p *parser) number() *SyntaxError {
	if p.b[p.i] == '-' {
		p.i++
	}
	zero := p.i < len(p.b) && p.b[p.i] == '0'
	if zero {
		p.i++
	} else if !p.digits() {
		return p.unexpected("a value")
	}
	if p.i < len(p.b) && p.b[p.i] == '.' {
		p.i++
		if !p.digits() {
			return p.unexpected("a digit")
		}
	}
	if p.i < len(p.b) && p.b[p.i]|0x20 == 'e' {
		p.i++
		if p.i < len(p.b) && (p.b[p.i] == '+' || p.b[p.i] == '-') {
			p.i++
		}
		if !p.digits() {
			return p.unexpected("a digit")
		}
	}
	return nil
}

func (p *parser) array(self uint32, depth int) *SyntaxError {
	if depth > p.limits.Depth {
		return p.fail(p.i, "nested too deeply")
	}
	p.i++
	p.space()
	if p.i < len(p.b) && p.b[p.i] == ']' {
		p.i++
		return nil
	}
	previous := uint32(0)
	for count := uint32(1); ; count++ {
		child, err := p.value(depth)
		if err != nil {
			err.underIndex(int(count - 1))
			return err
		}
		if previous != 0 {
			p.nodes[previous].next = child
		}
		previous = child
		p.space()
		if p.i >= len(p.b) {
			return p.unexpected("a comma or a closing bracket")
		}
		switch p.b[p.i] {
		case ',':
			p.i++
			p.space()
		case ']':
			p.i++
			p.nodes[self].size = count
			return nil
		default:
			return p.unexpected("a comma or a closing bracket")
		}
	}
}
