package fhir

import (
	"encoding/json"
	"slices"
)

// member is a name and the text of its value.
type member struct {
	name  string
	value []byte
}

// emptyObject is the tree of {}.
var emptyObject = func() *Node {
	n, err := Parse([]byte("{}"), Limits{})
	if err != nil {
		panic(err)
	}
	return n
}()

// With returns the text of the object with one member set: its value replaced
// where it stands, or the member added behind the others. All other bytes stay
// as they were. The value must be a JSON text; it is copied unread. A node that
// is no object comes back unchanged.
func (n *Node) With(name string, value []byte) []byte {
	return n.set("", []member{{name, value}})
}

// set is With for several members. New ones go behind the member called after,
// or behind all others if there is none of that name.
func (n *Node) set(after string, members []member) []byte {
	if n.Kind() != Object {
		return slices.Clone(n.Bytes())
	}
	var added []byte
	replaced := make(map[*Node][]byte, len(members))
	for _, m := range members {
		if c := n.Get(m.name); c != nil {
			replaced[c] = m.value
			continue
		}
		added = append(append(append(added, ','), quoted(m.name)...), ':')
		added = append(added, m.value...)
	}
	at := n.contentEnd()
	if c := n.Get(after); c != nil {
		at = c.end - n.start
	}
	if n.size == 0 && len(added) > 0 {
		added = added[1:] // nothing stands before that a comma would part it from
	}
	src := n.Bytes()
	out := make([]byte, 0, len(src)+len(added)+256)
	from := uint32(0)
	put := func(to uint32, text []byte, skip uint32) {
		out = append(append(out, src[from:to]...), text...)
		from = skip
	}
	for c := n.first(); c != nil; c = c.sibling() {
		if value, found := replaced[c]; found {
			put(c.start-n.start, value, c.end-n.start)
		}
		if c.end-n.start == at {
			put(at, added, at)
			added = nil
		}
	}
	put(max(at, from), added, max(at, from))
	return append(out, src[from:]...)
}

// contentEnd is the place in Bytes behind the last member, or behind the brace.
func (n *Node) contentEnd() uint32 {
	if n.size == 0 {
		return 1
	}
	c := n.first()
	for c.next != 0 {
		c = c.sibling()
	}
	return c.end - n.start
}

// Without returns the text of the object without the members of those names,
// nor the commas that went with them. All other bytes stay as they were. A node
// that is no object comes back unchanged.
func (n *Node) Without(names ...string) []byte {
	src := n.Bytes()
	if n.Kind() != Object || n.size == 0 {
		return slices.Clone(src)
	}
	out := make([]byte, 0, len(src))
	out = append(out, '{')
	from, kept := uint32(1), false
	for c := n.first(); c != nil; c = c.sibling() {
		to := c.end - n.start
		for src[to] != ',' && src[to] != '}' { // white space alone may stand there
			to++
		}
		if !slices.Contains(names, c.Name()) {
			if kept {
				out = append(out, ',')
			}
			out, kept = append(out, src[from:to]...), true
		}
		from = to + 1
	}
	return append(out, '}')
}

// quoted returns a text as a JSON string, with <, > and & left as they are.
func quoted(s string) []byte {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = !special[s[i]] && s[i] < 0x80
	}
	if plain {
		return append(append(append(make([]byte, 0, len(s)+2), '"'), s...), '"')
	}
	b, err := json.Marshal(s)
	if err != nil { // a string always has a JSON form
		return []byte(`""`)
	}
	return b
}
