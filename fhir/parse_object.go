package fhir

// manyMembers is the number of members from which names are compared through a
// set: comparing each with each would let an object of a megabyte take minutes.
const manyMembers = 24

// object reads the members of an object whose brace is at p.i.
func (p *parser) object(self uint32, depth int) *SyntaxError {
	if depth > p.limits.Depth {
		return p.fail(p.i, "nested too deeply")
	}
	p.i++
	p.space()
	if p.i < len(p.b) && p.b[p.i] == '}' {
		p.i++
		return nil
	}
	var seen map[string]struct{}
	previous := uint32(0)
	for count := uint32(1); ; count++ {
		child, err := p.member(depth)
		if err != nil {
			return err
		}
		if count == manyMembers {
			seen = p.names(self)
		}
		if p.repeated(self, child, seen) {
			err := p.fail(int(p.nodes[child].name)-1, "member name used twice")
			err.under(p.name(child))
			return err
		}
		if previous != 0 {
			p.nodes[previous].next = child
		}
		previous = child
		p.space()
		if p.i >= len(p.b) {
			return p.unexpected("a comma or a closing brace")
		}
		switch p.b[p.i] {
		case ',':
			p.i++
			p.space()
		case '}':
			p.i++
			p.nodes[self].size = count
			return nil
		default:
			return p.unexpected("a comma or a closing brace")
		}
	}
}

// member reads a name, a colon and a value.
func (p *parser) member(depth int) (uint32, *SyntaxError) {
	if p.i >= len(p.b) || p.b[p.i] != '"' {
		return 0, p.unexpected("a member name")
	}
	from := p.i + 1
	escaped, err := p.str()
	if err != nil {
		return 0, err
	}
	to := p.i - 1
	p.space()
	if p.i >= len(p.b) || p.b[p.i] != ':' {
		return 0, p.unexpected("a colon")
	}
	p.i++
	p.space()
	child, err := p.value(depth)
	if err != nil {
		name := asText(p.b[from:to])
		if escaped {
			name = unescape(name)
		}
		err.under(name)
		return 0, err
	}
	n := &p.nodes[child]
	n.name, n.nameEnd, n.nameEsc = uint32(from), uint32(to), escaped
	return child, nil
}

func (p *parser) name(i uint32) string {
	n := &p.nodes[i]
	raw := asText(p.b[n.name:n.nameEnd])
	if n.nameEsc {
		return unescape(raw)
	}
	return raw
}

// names collects the names of the members that are already linked.
func (p *parser) names(self uint32) map[string]struct{} {
	seen := make(map[string]struct{}, 2*manyMembers)
	for i := self + 1; i != 0; i = p.nodes[i].next {
		seen[p.name(i)] = struct{}{}
	}
	return seen
}

// repeated tells whether an earlier member of the object has the child's name.
func (p *parser) repeated(self, child uint32, seen map[string]struct{}) bool {
	name := p.name(child)
	if seen != nil {
		if _, found := seen[name]; found {
			return true
		}
		seen[name] = struct{}{}
		return false
	}
	for i := self + 1; i != 0 && i != child; i = p.nodes[i].next {
		if p.name(i) == name {
			return true
		}
	}
	return false
}
