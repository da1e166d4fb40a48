package fhir

import (
	"iter"
	"unsafe"
)

// Kind is the JSON type of a Node.
type Kind uint8

// The kinds of JSON values. Absent is the kind of a nil Node.
const (
	Absent Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

var kindNames = [...]string{"absent", "null", "boolean", "number", "string", "array", "object"}

// String returns the word JSON uses for the kind.
func (k Kind) String() string { return kindNames[k] }

// document is one parsed text and the slab its nodes live in, in the order in
// which the values begin in the text.
type document struct {
	bytes []byte
	text  string // the same memory as bytes
	nodes []Node
}

// Node is one JSON value of a lossless tree: it only knows where its text
// begins and ends, so numbers stay lexical, order and spelling are kept.
// A Node never changes, may be read from several goroutines and keeps the whole
// text it was parsed from in memory. All methods accept a nil receiver, which
// stands for an absent value.
type Node struct {
	doc        *document
	start, end uint32 // of the value in the text
	name       uint32 // start of the member name (after its quote)
	nameEnd    uint32 // end of the member name (before its quote); 0 without name
	self       uint32 // own place in the slab
	next       uint32 // place of the next sibling, 0 for the last
	size       uint32 // number of children
	kind       Kind
	escaped    bool // the string holds a backslash
	nameEsc    bool // the member name holds a backslash
}

// Kind tells the JSON type, Absent for nil.
func (n *Node) Kind() Kind {
	if n == nil {
		return Absent
	}
	return n.kind
}

// Len is the number of members of an object or of elements of an array, 0 for
// other values.
func (n *Node) Len() int {
	if n == nil {
		return 0
	}
	return int(n.size)
}

// Offset is the position in bytes of the value in the text given to Parse.
func (n *Node) Offset() int {
	if n == nil {
		return 0
	}
	return int(n.start)
}

// Name is the member name under which an object holds the value, empty for
// elements of arrays and for the root.
func (n *Node) Name() string {
	if n == nil || n.nameEnd == 0 {
		return ""
	}
	raw := n.doc.text[n.name:n.nameEnd]
	if n.nameEsc {
		return unescape(raw)
	}
	return raw
}

// first returns the first child, nil without any.
func (n *Node) first() *Node {
	if n == nil || n.size == 0 {
		return nil
	}
	return &n.doc.nodes[n.self+1]
}

// sibling returns the next value of the same array or object, nil at its end.
func (n *Node) sibling() *Node {
	if n.next == 0 {
		return nil
	}
	return &n.doc.nodes[n.next]
}

// Get returns the member of that name, nil when the value is no object or has
// no such member.
func (n *Node) Get(name string) *Node {
	if n == nil || n.kind != Object {
		return nil
	}
	for c := n.first(); c != nil; c = c.sibling() {
		if !c.nameEsc {
			if n.doc.text[c.name:c.nameEnd] == name {
				return c
			}
		} else if c.Name() == name {
			return c
		}
	}
	return nil
}

// At follows member names from object to object, nil as soon as one is absent.
func (n *Node) At(names ...string) *Node {
	for _, name := range names {
		n = n.Get(name)
	}
	return n
}

// Items returns the elements of an array. A value that is no array is a list of
// itself, because FHIR's expressions do not tell one from the other; nil gives
// none. Each allocates nothing and gives the same elements.
func (n *Node) Items() []*Node {
	if n == nil {
		return nil
	}
	if n.kind != Array {
		return []*Node{n}
	}
	if n.size == 0 {
		return nil
	}
	items := make([]*Node, 0, n.size)
	for c := n.first(); c != nil; c = c.sibling() {
		items = append(items, c)
	}
	return items
}

// Each gives what Items returns, one after the other, without allocating.
func (n *Node) Each() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		if n == nil {
			return
		}
		if n.kind != Array {
			yield(n)
			return
		}
		for c := n.first(); c != nil; c = c.sibling() {
			if !yield(c) {
				return
			}
		}
	}
}

// Fields gives the members of an object in the order of the text; nothing for
// other values.
func (n *Node) Fields() iter.Seq2[string, *Node] {
	return func(yield func(string, *Node) bool) {
		if n == nil || n.kind != Object {
			return
		}
		for c := n.first(); c != nil; c = c.sibling() {
			if !yield(c.Name(), c) {
				return
			}
		}
	}
}

// Text returns the contents of a string, or the lexical form of a number or of
// a boolean. It is empty for null, arrays, objects and absent values. The text
// shares memory with the bytes given to Parse unless it had escapes.
func (n *Node) Text() string {
	if n == nil {
		return ""
	}
	switch n.kind {
	case String:
		raw := n.doc.text[n.start+1 : n.end-1]
		if n.escaped {
			return unescape(raw)
		}
		return raw
	case Number, Bool:
		return n.doc.text[n.start:n.end]
	}
	return ""
}

// str returns the contents of a string and nothing for other kinds: a code
// written as a number must not pass for that code.
func (n *Node) str() string {
	if n == nil || n.kind != String {
		return ""
	}
	return n.Text()
}

// Bytes returns the value exactly as it stood in the text. The caller must not
// change them.
func (n *Node) Bytes() []byte {
	if n == nil {
		return nil
	}
	return n.doc.bytes[n.start:n.end:n.end]
}

// asText views bytes as a string without copying: Parse's contract forbids
// changing the bytes afterwards.
func asText(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}
