package fhir

// visit is called for each node an expression leads to, with its data type.
type visit func(n *Node, typ string)

var trueNode, falseNode = literalNode("true"), literalNode("false")

func literalNode(text string) *Node {
	n, err := Parse([]byte(text), Limits{})
	if err != nil {
		panic(err)
	}
	return n
}

// each evaluates the expression from a focus in the resource.
func (e expression) each(r *Resource, focus *Node, typ string, v visit) {
	for i := range e {
		b := &e[i]
		if len(b.tests) > 0 {
			if b.holds(r, focus) {
				v(trueNode, "boolean")
			} else {
				v(falseNode, "boolean")
			}
			continue
		}
		if b.root {
			r.follow(r.node, r.typ, b.steps, v)
		} else {
			r.follow(focus, typ, b.steps, v)
		}
	}
}

// holds evaluates a conjunction of tests. What is absent equals nothing, so a
// comparison with it fails either way.
func (b *branch) holds(r *Resource, focus *Node) bool {
	for _, t := range b.tests {
		found := false
		r.follow(focus, "", t.steps, func(n *Node, _ string) {
			switch t.op {
			case "exists":
				found = true
			case "=":
				found = found || n.Text() == t.text
			case "!=":
				found = found || n.Text() != t.text
			}
		})
		if !found {
			return false
		}
	}
	return true
}

// follow takes the steps from a node, depth first.
func (r *Resource) follow(n *Node, typ string, steps []step, v visit) {
	if len(steps) == 0 {
		v(n, typ)
		return
	}
	s := &steps[0]
	switch s.kind {
	case stepChild:
		r.into(n, s, steps[1:], v)
	case stepEqual:
		if s.equal(n) {
			r.follow(n, typ, steps[1:], v)
		}
	case stepTarget:
		if f, ok := r.reference(n); ok && f.Type == s.text {
			r.follow(n, typ, steps[1:], v)
		}
	case stepExtension:
		for x := range n.Get("extension").Each() {
			if x.Get("url").str() == s.text {
				r.follow(n, typ, steps[1:], v)
				return
			}
		}
	}
}

// into goes to the members of a node.
func (r *Resource) into(n *Node, s *step, rest []step, v visit) {
	for i := range s.names {
		name := &s.names[i]
		c := n.Get(name.name)
		if c == nil {
			continue
		}
		if c.kind != Array {
			if s.index <= 0 && c.kind != Null {
				r.follow(c, name.typ, rest, v)
			}
			continue
		}
		at := 0
		for item := c.first(); item != nil; item = item.sibling() {
			if (s.index < 0 || s.index == at) && item.kind != Null {
				r.follow(item, name.typ, rest, v)
			}
			at++
		}
	}
}

// equal tells whether a member has the step's text.
func (s *step) equal(n *Node) bool {
	for _, name := range s.names {
		for c := range n.Get(name.name).Each() {
			if c.Text() == s.text {
				return true
			}
		}
	}
	return false
}

// Nodes are the nodes the parameter's expression leads to in a resource of its
// type, in the order of the expression; none for other types.
func (p *Param) Nodes(r *Resource) []*Node {
	if r.typ != p.Resource {
		return nil
	}
	var found []*Node
	p.compiled.each(r, r.node, r.typ, func(n *Node, _ string) { found = append(found, n) })
	return found
}

// Values are the values the parameter takes in a resource of its type; none for
// other types. An element whose form does not fit the parameter's type gives
// no value.
func (p *Param) Values(r *Resource) []Value {
	if r.typ != p.Resource {
		return nil
	}
	c := collector{r: r, room: maxValues}
	p.compiled.each(r, r.node, r.typ, func(n *Node, typ string) {
		if p.Type == "composite" {
			c.composite(p, n, typ)
		} else {
			c.collect(p.Type, n, typ)
		}
	})
	return c.values
}

// composite adds the values of the components in one element, if each has any.
func (c *collector) composite(p *Param, n *Node, typ string) {
	if c.room == 0 {
		return
	}
	parts := make([][]Value, 0, len(p.Components))
	for i := range p.Components {
		component := &p.Components[i]
		inner := collector{r: c.r, room: c.room}
		component.compiled.each(c.r, n, typ, func(n *Node, typ string) {
			inner.collect(component.Type, n, typ)
		})
		c.room = inner.room
		if len(inner.values) == 0 {
			return
		}
		parts = append(parts, inner.values)
	}
	c.add(Value{Kind: CompositeValue, Parts: parts})
}
